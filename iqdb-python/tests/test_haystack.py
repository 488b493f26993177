"""The suites that Haystack wrote for document stores, with their mixins and their async halves.

Two overrides, each where the class itself asks for it: `test_write_documents`, which has no default behaviour
to test ("override this test in your custom test class"), and `assert_documents_are_equal` ("if a Document
Store implementation has a different behaviour it should override this method"): documents come in the order
of their ids, and embeddings are float32.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("haystack.testing.document_store", reason="haystack-ai is not installed")

import numpy as np
from haystack.dataclasses import Document
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.testing import document_store as suites
from haystack.testing import document_store_async as async_suites

from iqdb.integrations.haystack import IqdbDocumentStore


def as_stored(documents):
    """The documents in the order of their ids, with the embeddings that float32 has."""
    def rounded(document):
        if document.embedding is None:
            return document
        return replace(document, embedding=np.float32(document.embedding).tolist())

    return sorted(map(rounded, documents), key=lambda document: document.id)


class Equality:
    @staticmethod
    def assert_documents_are_equal(received, expected):
        assert received == as_stored(expected)


class InMemory:
    @pytest.fixture
    def document_store(self):
        store = IqdbDocumentStore()
        yield store
        store.close()


class OnDisk:
    @pytest.fixture
    def document_store(self, tmp_path):
        store = IqdbDocumentStore(str(tmp_path / "documents.iqdb"))
        yield store
        store.close()


class Suites(
    Equality,
    suites.DocumentStoreBaseExtendedTests,
    suites.CountDocumentsByFilterTest,
    suites.CountUniqueMetadataByFilterTest,
    suites.GetMetadataFieldsInfoTest,
    suites.GetMetadataFieldMinMaxTest,
    suites.GetMetadataFieldUniqueValuesTest,
):
    def test_write_documents(self, document_store):
        document = Document(content="test doc")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])
        self.assert_documents_are_equal(document_store.filter_documents(), [document])


class AsyncSuites(
    Equality,
    async_suites.DeleteAllAsyncTest,
    async_suites.CountDocumentsAsyncTest,
    async_suites.CountDocumentsByFilterAsyncTest,
    async_suites.CountUniqueMetadataByFilterAsyncTest,
    async_suites.DeleteByFilterAsyncTest,
    async_suites.UpdateByFilterAsyncTest,
    async_suites.WriteDocumentsAsyncTest,
    async_suites.DeleteDocumentsAsyncTest,
    async_suites.GetMetadataFieldsInfoAsyncTest,
    async_suites.GetMetadataFieldMinMaxAsyncTest,
    async_suites.GetMetadataFieldUniqueValuesAsyncTest,
    async_suites.FilterDocumentsAsyncTest,
    suites.FilterableDocsFixtureMixin,
):
    async def test_write_documents_async(self, document_store):
        document = Document(content="test doc")
        assert await document_store.write_documents_async([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            await document_store.write_documents_async([document])
        found = await document_store.filter_documents_async()
        self.assert_documents_are_equal(found, [document])


class TestInMemory(InMemory, Suites):
    pass


class TestOnDisk(OnDisk, Suites):
    pass


class TestAsyncInMemory(InMemory, AsyncSuites):
    pass


class TestAsyncOnDisk(OnDisk, AsyncSuites):
    pass
