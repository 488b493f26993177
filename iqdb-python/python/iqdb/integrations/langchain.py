"""A vector store of LangChain over a database of iqdb: `pip install iqdb[langchain]`.

>>> from langchain_core.embeddings import DeterministicFakeEmbedding
>>> from iqdb.integrations.langchain import IqdbVectorStore
>>> texts, years = ["a house", "a tree"], [{"year": 1999}, {"year": 2024}]
>>> store = IqdbVectorStore.from_texts(texts, DeterministicFakeEmbedding(size=8), years)
>>> [document.page_content for document in store.similarity_search("a tree", k=1)]
['a tree']
>>> store.similarity_search("a tree", filter={"year": {"$lt": 2000}})[0].metadata
{'year': 1999}
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

import iqdb

__all__ = ["IqdbVectorStore", "translate"]

Condition = str | iqdb.Filter | Mapping[str, Any]

_COMPARISONS: dict[str, Callable[[iqdb.Key, Any], iqdb.Filter]] = {
    "$eq": lambda key, value: key == value,
    "$ne": lambda key, value: ~(key == value),
    "$lt": lambda key, value: key < value,
    "$lte": lambda key, value: key <= value,
    "$gt": lambda key, value: key > value,
    "$gte": lambda key, value: key >= value,
    "$in": lambda key, value: key.is_in(value),
    "$nin": lambda key, value: ~key.is_in(value),
    "$contains": lambda key, value: key.contains(value),
    "$exists": lambda key, value: key.exists() if value else ~key.exists(),
}


def translate(condition: Condition) -> str | iqdb.Filter:
    """The filter of a condition on metadata: a text or a `Filter` as it is, or a dict.

    A dict is read as other stores read it: `{"lang": "en"}`, `{"year": {"$gte": 2020}}`, `$and`, `$or`,
    `$not`, and the comparisons `$eq $ne $lt $lte $gt $gte $in $nin $contains $exists`. `$ne` and `$nin`
    are true where the key is absent. Texts and filters begin their paths with `metadata`.

    >>> translate({"lang": "en", "year": {"$gte": 2020}})
    Filter(metadata.lang = "en" and metadata.year >= 2020)
    """
    if not isinstance(condition, Mapping):
        return condition
    return _all(_clause(name, value) for name, value in condition.items())


def _filter(condition: Condition) -> iqdb.Filter:
    found = translate(condition)
    return iqdb.Filter(found) if isinstance(found, str) else found


def _clause(name: str, value: Any) -> iqdb.Filter:
    if name == "$and":
        return _all(map(_filter, value))
    if name == "$or":
        return reduce(lambda a, b: a | b, map(_filter, value), ~_everything())
    if name == "$not":
        return ~_filter(value)
    if name.startswith("$"):
        raise ValueError(f"there is no operator {name}: expected $and, $or or $not")
    key = iqdb.key("metadata")[name]
    if not isinstance(value, Mapping):
        return _COMPARISONS["$eq"](key, value)
    unknown = [operator for operator in value if operator not in _COMPARISONS]
    if unknown:
        raise ValueError(f"there is no operator {unknown[0]}: expected {', '.join(_COMPARISONS)}")
    return _all(_COMPARISONS[operator](key, operand) for operator, operand in value.items())


def _everything() -> iqdb.Filter:
    return ~iqdb.id_in([])


def _all(filters: Iterable[iqdb.Filter]) -> iqdb.Filter:
    clauses = list(filters)
    return reduce(lambda a, b: a & b, clauses) if clauses else _everything()


class IqdbVectorStore(VectorStore):
    """Documents in a database of iqdb, found by the embeddings of their texts.

    The database has a dense field for the embeddings, `vector` unless `field` says otherwise. A
    document is a record with the keys `text` and `metadata`. Scores are distances: smaller is nearer.

    >>> from langchain_core.embeddings import DeterministicFakeEmbedding
    >>> store = IqdbVectorStore(iqdb.memory(dim=8), DeterministicFakeEmbedding(size=8))
    >>> store.add_texts(["a house"], [{"year": 1999}], ids=["h"])
    ['h']
    >>> [(found, score)] = store.similarity_search_with_score("a house", filter="metadata.year < 2000")
    >>> found.id, round(score, 6)
    ('h', 0.0)
    """

    def __init__(
        self, database: iqdb.Database, embedding: Embeddings, *, field: str | None = None
    ) -> None:
        self._database = database
        self._embedding = embedding
        self._field = field or "vector"
        kinds = {kind.name: kind for kind in database.schema.fields}
        if self._field not in kinds:
            raise ValueError(f"the database has no field {self._field!r}: it has {sorted(kinds)}")
        self._metric = kinds[self._field].metric

    @property
    def embeddings(self) -> Embeddings:
        """The model that embeds texts."""
        return self._embedding

    @property
    def database(self) -> iqdb.Database:
        """The database behind the store."""
        return self._database

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: str | os.PathLike[str] | None = None,
        metric: Any = "cosine",
        **kwargs: Any,
    ) -> IqdbVectorStore:
        """A store of these texts in a new database: in memory, or in the directory `path`."""
        vectors = embedding.embed_documents(texts)
        dim = len(vectors[0]) if vectors else len(embedding.embed_query(""))
        if path is None:
            database = iqdb.memory(dim=dim, metric=metric)
        else:
            database = iqdb.open(path, dim=dim, metric=metric)
        store = cls(database, embedding, **kwargs)
        store._write(texts, vectors, metadatas, ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Inserts texts, or replaces those of the same ids; returns the ids."""
        texts = list(texts)
        return self._write(texts, self._embedding.embed_documents(texts), metadatas, ids)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """As `add_texts`, with the model's own asynchronous call."""
        from langchain_core.runnables import run_in_executor

        texts = list(texts)
        vectors = await self._embedding.aembed_documents(texts)
        return await run_in_executor(None, self._write, texts, vectors, metadatas, ids)

    def _write(
        self,
        texts: list[str],
        vectors: list[list[float]],
        metadatas: list[dict[str, Any]] | None,
        ids: Sequence[str | None] | None,
    ) -> list[str]:
        for name, given in (("metadatas", metadatas), ("ids", ids)):
            if given is not None and len(given) != len(texts):
                raise ValueError(f"there are {len(texts)} texts and {len(given)} {name}")
        named = [id or str(uuid.uuid4()) for id in ids or [None] * len(texts)]
        payloads = [
            {"text": text, "metadata": metadata}
            for text, metadata in zip(texts, metadatas or [{}] * len(texts))
        ]
        if texts:
            rows = len(texts)
            self._database.upsert(named, {self._field: vectors}, payloads, batch_rows=rows)
        return named

    def delete(
        self, ids: list[str] | None = None, *, filter: Condition | None = None, **kwargs: Any
    ) -> bool | None:
        """Deletes the documents of these ids, those that match, or of these ids those that match.

        Without ids and without a filter nothing is deleted. `filter` is what `translate` takes: `{}`
        matches all documents.

        >>> from langchain_core.embeddings import DeterministicFakeEmbedding
        >>> store = IqdbVectorStore(iqdb.memory(dim=8), DeterministicFakeEmbedding(size=8))
        >>> _ = store.add_texts(["a house", "a tree"], [{"lang": "en"}, {}], ids=["h", "t"])
        >>> store.delete(["h", "t"], filter={"lang": "en"})
        True
        >>> [document.id for document in store.get_by_ids(["h", "t"])]
        ['t']
        """
        if kwargs:
            raise TypeError(f"delete() got an unexpected keyword argument {next(iter(kwargs))!r}")
        if filter is not None:
            where = _filter(filter)
            self._database.delete_where(where if ids is None else iqdb.id_in(ids) & where)
        elif ids is not None:
            self._database.delete(ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids, those that are there, in the order of the ids."""
        records = self._database.get_many(ids)
        return [_document(one.id, one.payload) for one in records if one is not None]

    def similarity_search(
        self, query: str, k: int = 4, filter: Condition | None = None, **kwargs: Any
    ) -> list[Document]:
        """The documents nearest to a text. `filter` is what `translate` takes."""
        return self.similarity_search_by_vector(
            self._embedding.embed_query(query), k, filter, **kwargs
        )

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Condition | None = None, **kwargs: Any
    ) -> list[Document]:
        """The documents nearest to a vector."""
        found = self._search(embedding, k, filter, **kwargs)
        return [_document(hit.id, hit.payload) for hit in found]

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Condition | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The documents nearest to a text, each with its distance: smaller is nearer."""
        found = self._search(self._embedding.embed_query(query), k, filter, **kwargs)
        return [(_document(hit.id, hit.payload), hit.distance) for hit in found]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Condition | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Documents that are near to a text and not too near to each other."""
        return self.max_marginal_relevance_search_by_vector(
            self._embedding.embed_query(query), k, fetch_k, lambda_mult, filter, **kwargs
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Condition | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Documents that are near to a vector and not too near to each other."""
        found = self._search(embedding, fetch_k, filter, vector=True, **kwargs)
        if not len(found):
            return []
        query = np.asarray(embedding, dtype=np.float32)
        chosen = maximal_marginal_relevance(query, found.vectors, lambda_mult, k)
        return [_document(found[n].id, found[n].payload) for n in chosen]

    def _search(
        self, embedding: list[float], k: int, filter: Condition | None, **kwargs: Any
    ) -> iqdb.SearchResult:
        where = None if filter is None else translate(filter)
        return self._database.search(embedding, k, where=where, on=self._field, **kwargs)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        if self._metric == "dot":
            return _inner_product_relevance
        if self._metric == "euclidean":
            return self._euclidean_relevance_score_fn
        return self._cosine_relevance_score_fn


def _inner_product_relevance(distance: float) -> float:
    """From 1, of a large inner product, to 0, of a large negative one; 0.5 of none."""
    return (1.0 - distance / (1.0 + abs(distance))) / 2.0


def _document(id: Any, payload: Mapping[str, Any]) -> Document:
    return Document(
        id=str(id), page_content=payload.get("text", ""), metadata=payload.get("metadata", {})
    )
