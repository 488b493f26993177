"""iqdb as a store of other frameworks: `langchain` and `haystack`, each an extra of the package."""
