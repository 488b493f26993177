"""The component of a pipeline that finds documents by an embedding."""

from __future__ import annotations

from typing import Any

from haystack import component, default_from_dict, default_to_dict
from haystack.dataclasses import Document

from iqdb.integrations.haystack.store import IqdbDocumentStore


@component
class IqdbEmbeddingRetriever:
    """Finds the documents nearest to an embedding in an `IqdbDocumentStore`.

    >>> from haystack import Document
    >>> store = IqdbDocumentStore(dim=2)
    >>> store.write_documents([Document(content="a", embedding=[1.0, 0.0])])
    1
    >>> retriever = IqdbEmbeddingRetriever(store, top_k=1)
    >>> [document.content for document in retriever.run([1.0, 0.0])["documents"]]
    ['a']
    """

    def __init__(
        self,
        document_store: IqdbDocumentStore,
        *,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        return_embedding: bool = False,
    ) -> None:
        if not isinstance(document_store, IqdbDocumentStore):
            raise ValueError("document_store is no IqdbDocumentStore")
        self.document_store = document_store
        self.filters = filters
        self.top_k = top_k
        self.return_embedding = return_embedding

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the component of."""
        return default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            return_embedding=self.return_embedding,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IqdbEmbeddingRetriever:
        """The component that `to_dict` described."""
        store = data["init_parameters"]["document_store"]
        if not isinstance(store, IqdbDocumentStore):
            data["init_parameters"]["document_store"] = IqdbDocumentStore.from_dict(store)
        retriever: IqdbEmbeddingRetriever = default_from_dict(cls, data)
        return retriever

    @component.output_types(documents=list[Document])
    def run(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """The documents nearest to the embedding; filters and `top_k` replace those of the component."""
        asked = self._asked(query_embedding, filters, top_k)
        return {"documents": self.document_store.embedding_retrieval(*asked)}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """As `run`."""
        asked = self._asked(query_embedding, filters, top_k)
        return {"documents": await self.document_store.embedding_retrieval_async(*asked)}

    def _asked(
        self, embedding: list[float], filters: dict[str, Any] | None, top_k: int | None
    ) -> tuple[list[float], dict[str, Any] | None, int, bool]:
        top_k = self.top_k if top_k is None else top_k
        return embedding, filters or self.filters, top_k, self.return_embedding
