"""The document store: what Haystack's protocol asks for, over a database of iqdb."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

from haystack import default_from_dict, default_to_dict
from haystack.dataclasses import Document, SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils.filters import document_matches_filter

import iqdb
from iqdb.integrations.haystack import documents as records
from iqdb.integrations.haystack import metadata
from iqdb.integrations.haystack.filters import Untranslatable, everything, translate

Filters = dict[str, Any]

_IDS_AT_ONCE = 1_000
"""How many ids a filter lists. One that listed very many would be too large."""


def _where(filters: Filters) -> iqdb.Filter | None:
    """The filter with the same meaning; None where Haystack has to be asked."""
    try:
        return translate(filters)
    # A list that is too long for a filter is an invalid one.
    except (Untranslatable, iqdb.InvalidInputError):
        return None


def _matching(snapshot: iqdb.Snapshot, filters: Filters) -> list[Any]:
    """The ids of the documents that match by Haystack's own function, in their order."""
    found = ((record.id, records.document(record)) for record in snapshot.scroll())
    return [id for id, document in found if document_matches_filter(filters, document)]


def _wheres(snapshot: iqdb.Snapshot, filters: Filters | None) -> list[iqdb.Filter | None]:
    """Filters of which every document that matches matches one, in the order of the ids."""
    if not filters:
        return [None]
    if (where := _where(filters)) is not None:
        return [where]
    ids = _matching(snapshot, filters)
    chunks = (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))
    return [iqdb.id_in(chunk) for chunk in chunks]


class IqdbDocumentStore:
    """Documents in a database of iqdb, in memory or in the directory `path`.

    Embeddings have `dim` components and are kept as float32. Documents come in the order of their ids.
    Without a policy, a document whose id is there already is an error, as with `DuplicatePolicy.FAIL`.

    >>> from haystack import Document
    >>> store = IqdbDocumentStore(dim=2, metric="dot")
    >>> store.write_documents([Document(id="a", meta={"lang": "en"}), Document(id="b")])
    2
    >>> not_english = {"field": "meta.lang", "operator": "!=", "value": "en"}
    >>> [document.id for document in store.filter_documents(not_english)]
    ['b']
    """

    def __init__(
        self, path: str | None = None, *, dim: int = 768, metric: Any = "cosine"
    ) -> None:
        self.path = path
        self.dim = dim
        self.metric = metric
        self._opened: iqdb.Database | None = None
        self._opening = Lock()

    @property
    def database(self) -> iqdb.Database:
        """The database, which is opened when it is first needed."""
        with self._opening:
            if self._opened is None:
                schema = iqdb.Schema(self.dim, self.metric).sparse(records.SPARSE)
                opened = iqdb.memory(schema) if self.path is None else iqdb.open(self.path, schema)
                self._opened = opened
            return self._opened

    def close(self) -> None:
        """Closes the database. One on disk is opened again when it is needed."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the store of; not its documents."""
        return default_to_dict(self, path=self.path, dim=self.dim, metric=self.metric)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IqdbDocumentStore:
        """The store that `to_dict` described."""
        store: IqdbDocumentStore = default_from_dict(cls, data)
        return store

    def count_documents(self) -> int:
        """How many documents there are."""
        return len(self.database)

    def count_documents_by_filter(self, filters: Filters) -> int:
        """How many documents match."""
        snapshot = self.database.snapshot()
        return sum(snapshot.count(where) for where in _wheres(snapshot, filters))

    def filter_documents(self, filters: Filters | None = None) -> list[Document]:
        """The documents that match, in the order of their ids."""
        return list(self._documents(filters))

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Writes documents, all of them or none; returns how many were written."""
        if not isinstance(documents, list) or not all(
            isinstance(document, Document) for document in documents
        ):
            raise ValueError("write_documents needs a list of Documents")
        if not documents:
            return 0
        ids = [document.id for document in documents]
        vectors = records.vectors(documents)
        payloads = [records.payload(document) for document in documents]
        if policy == DuplicatePolicy.OVERWRITE:
            self.database.upsert(ids, vectors, payloads, batch_rows=len(ids))
            return len(ids)
        if policy == DuplicatePolicy.SKIP:
            return self.database.insert_if_absent(ids, vectors, payloads).inserted
        try:
            return self.database.insert(ids, vectors, payloads).inserted
        except iqdb.AlreadyExistsError as error:
            message = f"the document {error.record_id!r} is there already"
            raise DuplicateDocumentError(message) from error

    def delete_documents(self, document_ids: list[str]) -> None:
        """Deletes the documents of these ids, those that are there."""
        self.database.delete(document_ids)

    def delete_all_documents(self, recreate_index: bool = False) -> None:
        """Deletes all documents; with `recreate_index`, frees what they took, too."""
        self.database.delete_where(everything())
        if recreate_index and self.path is None:
            self.close()
        elif recreate_index:
            self.database.compact()

    def delete_by_filter(self, filters: Filters) -> int:
        """Deletes the documents that match; returns how many there were."""
        where = _where(filters) if filters else everything()
        if where is not None:
            return self.database.delete_where(where)
        return self.database.delete(_matching(self.database.snapshot(), filters))

    def update_by_filter(self, filters: Filters, meta: dict[str, Any]) -> int:
        """Sets keys of the meta of the documents that match; returns how many there were."""
        found = self.filter_documents(filters)
        changed = [replace(document, meta={**document.meta, **meta}) for document in found]
        payloads = [records.payload(document) for document in changed]
        return self.database.set_payload([document.id for document in changed], payloads)

    def count_unique_metadata_by_filter(
        self, filters: Filters, metadata_fields: list[str]
    ) -> dict[str, int]:
        """How many different values the documents that match have, for each field of their meta."""
        return metadata.count_unique(self._metas(filters), metadata_fields)

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """The fields of the meta, each with the type of its values."""
        return metadata.fields_info(self._metas(None))

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """The least and the greatest value of a field of the meta."""
        return metadata.min_max(self._metas(None), metadata_field)

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: Filters | None = None,
    ) -> tuple[list[Any], int]:
        """A page of the different values of a field of the meta, and how many there are."""
        values = metadata.unique(self._metas(filters), metadata_field, search_term)
        return values[from_ : from_ + size], len(values)

    def embedding_retrieval(
        self,
        query_embedding: list[float],
        filters: Filters | None = None,
        top_k: int = 10,
        return_embedding: bool = False,
    ) -> list[Document]:
        """The documents nearest to an embedding, the best first. Their score is larger where they are
        nearer: the cosine or the inner product, or the negated distance."""
        return self._retrieve(query_embedding, "vector", filters, top_k, return_embedding)

    def sparse_embedding_retrieval(
        self,
        query_sparse_embedding: SparseEmbedding,
        filters: Filters | None = None,
        top_k: int = 10,
        return_embedding: bool = False,
    ) -> list[Document]:
        """The documents nearest to a sparse embedding by their inner product, the best first."""
        query = iqdb.Sparse(query_sparse_embedding.indices, query_sparse_embedding.values)
        return self._retrieve(query, records.SPARSE, filters, top_k, return_embedding)

    def _retrieve(
        self, query: Any, field: str, filters: Filters | None, top_k: int, return_embedding: bool
    ) -> list[Document]:
        snapshot = self.database.snapshot()
        hits = [
            (hit.distance, hit.id)
            for where in _wheres(snapshot, filters)
            for hit in snapshot.search(query, top_k, where=where, on=field, payload=False)
        ]
        # At the same distance the order of the ids stays.
        nearest = sorted(hits, key=lambda hit: hit[0])[: max(top_k, 0)]
        found = [record for record in snapshot.get_many([id for _, id in nearest]) if record is not None]
        without: dict[str, Any] = {}
        if not return_embedding:
            without = {"embedding": None, "sparse_embedding": None}
        best = 1.0 if field != records.SPARSE and self.metric == "cosine" else 0.0
        return [
            replace(records.document(record), score=best - distance, **without)
            for record, (distance, _) in zip(found, nearest)
        ]

    def _documents(self, filters: Filters | None) -> Iterator[Document]:
        snapshot = self.database.snapshot()
        return (
            records.document(record)
            for where in _wheres(snapshot, filters)
            for record in snapshot.scroll(where)
        )

    def _metas(self, filters: Filters | None) -> Iterable[dict[str, Any]]:
        snapshot = self.database.snapshot()
        return (
            record.payload["meta"]
            for where in _wheres(snapshot, filters)
            for record in snapshot.scroll(where, vectors=False)
        )

    async def count_documents_async(self) -> int:
        """As `count_documents`."""
        return await asyncio.to_thread(self.count_documents)

    async def count_documents_by_filter_async(self, filters: Filters) -> int:
        """As `count_documents_by_filter`."""
        return await asyncio.to_thread(self.count_documents_by_filter, filters)

    async def filter_documents_async(self, filters: Filters | None = None) -> list[Document]:
        """As `filter_documents`."""
        return await asyncio.to_thread(self.filter_documents, filters)

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """As `write_documents`."""
        return await asyncio.to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """As `delete_documents`."""
        await asyncio.to_thread(self.delete_documents, document_ids)

    async def delete_all_documents_async(self, recreate_index: bool = False) -> None:
        """As `delete_all_documents`."""
        await asyncio.to_thread(self.delete_all_documents, recreate_index)

    async def delete_by_filter_async(self, filters: Filters) -> int:
        """As `delete_by_filter`."""
        return await asyncio.to_thread(self.delete_by_filter, filters)

    async def update_by_filter_async(self, filters: Filters, meta: dict[str, Any]) -> int:
        """As `update_by_filter`."""
        return await asyncio.to_thread(self.update_by_filter, filters, meta)

    async def count_unique_metadata_by_filter_async(
        self, filters: Filters, metadata_fields: list[str]
    ) -> dict[str, int]:
        """As `count_unique_metadata_by_filter`."""
        return await asyncio.to_thread(
            self.count_unique_metadata_by_filter, filters, metadata_fields
        )

    async def get_metadata_fields_info_async(self) -> dict[str, dict[str, str]]:
        """As `get_metadata_fields_info`."""
        return await asyncio.to_thread(self.get_metadata_fields_info)

    async def get_metadata_field_min_max_async(self, metadata_field: str) -> dict[str, Any]:
        """As `get_metadata_field_min_max`."""
        return await asyncio.to_thread(self.get_metadata_field_min_max, metadata_field)

    async def get_metadata_field_unique_values_async(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: Filters | None = None,
    ) -> tuple[list[Any], int]:
        """As `get_metadata_field_unique_values`."""
        return await asyncio.to_thread(
            self.get_metadata_field_unique_values,
            metadata_field,
            search_term,
            from_,
            size,
            filters,
        )

    async def embedding_retrieval_async(
        self,
        query_embedding: list[float],
        filters: Filters | None = None,
        top_k: int = 10,
        return_embedding: bool = False,
    ) -> list[Document]:
        """As `embedding_retrieval`."""
        return await asyncio.to_thread(
            self.embedding_retrieval, query_embedding, filters, top_k, return_embedding
        )
