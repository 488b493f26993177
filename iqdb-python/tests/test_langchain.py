"""The suite that LangChain wrote for vector stores, all of it, and what it doesn't ask."""

from __future__ import annotations

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

import iqdb
from iqdb.integrations.langchain import IqdbVectorStore, translate

DIM = 6


class TestInMemory(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        with iqdb.memory(dim=DIM) as database:
            yield IqdbVectorStore(database, self.get_embeddings())


class TestOnDisk(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path) -> VectorStore:
        with iqdb.open(tmp_path / "store.iqdb", dim=DIM) as database:
            yield IqdbVectorStore(database, self.get_embeddings())


@pytest.fixture
def store(opened):
    store = IqdbVectorStore(opened(dim=DIM), DeterministicFakeEmbedding(size=DIM))
    metadatas = [{"n": n, "lang": "en" if n % 2 else "de"} for n in range(6)]
    store.add_texts([f"text {n}" for n in range(6)], metadatas, ids=[str(n) for n in range(6)])
    return store


def found(store, condition):
    return sorted(document.id for document in store.similarity_search("text", 10, condition))


def test_a_filter_is_a_text_a_filter_or_a_dict(store):
    for condition in (
        "metadata.lang = 'en'",
        iqdb.key("metadata.lang") == "en",
        {"lang": "en"},
        {"lang": {"$eq": "en"}},
        {"lang": {"$in": ["en", "fr"]}},
        {"lang": {"$nin": ["de"]}},
        {"lang": {"$ne": "de"}, "absent": {"$ne": 1}},
        {"$and": [{"lang": "en"}, {"n": {"$gte": 0, "$lt": 6}}]},
        {"$not": {"lang": "de"}},
        {"$or": [{"n": {"$gt": 4}}, {"n": 1}, {"n": {"$lte": 3, "$gt": 2}}]},
    ):
        assert found(store, condition) == ["1", "3", "5"], condition
    assert found(store, {}) == found(store, {"n": {"$exists": True}}) == list("012345")
    assert found(store, {"$or": []}) == found(store, {"n": {"$contains": 1}}) == []
    assert found(store, {"n": {"$exists": False}}) == []
    for wrong in ({"$nor": []}, {"n": {"$regex": "a"}}):
        with pytest.raises(ValueError, match="no operator"):
            translate(wrong)


def test_scores_are_distances_and_relevance_grows(store):
    scored = store.similarity_search_with_score("text 3", 6)
    assert scored[0][0].id == "3" and scored[0][1] == pytest.approx(0, abs=1e-6)
    assert [score for _, score in scored] == sorted(score for _, score in scored)
    relevant = store.similarity_search_with_relevance_scores("text 3", 2)
    assert relevant[0][1] == pytest.approx(1, abs=1e-6) and relevant[0][1] > relevant[1][1]


def test_marginal_relevance_and_retrievers(store):
    documents = store.max_marginal_relevance_search("text 3", k=3, fetch_k=6)
    assert documents[0].id == "3" and len({document.id for document in documents}) == 3
    retriever = store.as_retriever(search_kwargs={"k": 1, "filter": {"lang": "de"}})
    assert retriever.invoke("text 4")[0].id == "4"
    empty = IqdbVectorStore(iqdb.memory(dim=DIM), store.embeddings)
    assert empty.max_marginal_relevance_search("text") == []


def test_a_store_is_made_of_texts(tmp_path):
    model = DeterministicFakeEmbedding(size=DIM)
    store = IqdbVectorStore.from_texts(["a", "b"], model, path=tmp_path / "a.iqdb", metric="dot")
    assert store.similarity_search("b", 1)[0].page_content
    assert 0.5 < store.similarity_search_with_relevance_scores("b", 1)[0][1] < 1
    store.database.close()
    with iqdb.open(tmp_path / "a.iqdb") as database:
        assert len(database) == 2
    documents = [Document(page_content="a", metadata={"deep": {"n": [1]}}, id="x")]
    store = IqdbVectorStore.from_documents(documents, model, metric="euclidean")
    assert store.get_by_ids(["x"]) == documents
    assert store.similarity_search_with_relevance_scores("a", 1)[0][1] == pytest.approx(1)
    assert store.delete(["x"]) and len(store.database) == 0
    assert IqdbVectorStore.from_texts([], model).add_texts([]) == []


def test_what_does_not_fit_is_refused(store):
    with pytest.raises(ValueError, match="no field"):
        IqdbVectorStore(iqdb.memory(iqdb.Schema().dense("title", 2)), store.embeddings)
    with pytest.raises(ValueError, match="2 texts and 1 ids"):
        store.add_texts(["a", "b"], ids=["1"])
    with pytest.raises(ValueError, match="1 texts and 0 metadatas"):
        store.add_texts(["a"], [])


def test_a_deletion_takes_what_it_is_told(store):
    for wrong in ({"where": "metadata.n = 1"}, {"namespace": "a"}):
        with pytest.raises(TypeError, match="unexpected"):
            store.delete(**wrong)
        with pytest.raises(TypeError, match="unexpected"):
            store.delete(["1"], **wrong)
    # Without ids nothing is deleted, as LangChain's own store in memory does.
    store.delete()
    store.delete([])
    assert len(store.database) == 6
    store.delete(["1", "4"], filter={"lang": "de"})
    assert found(store, None) == list("01235")
    store.delete(filter={"n": {"$gt": 3}})
    assert found(store, None) == list("0123")
    store.delete(filter={})
    assert len(store.database) == 0


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_relevance_falls_with_the_distance(metric):
    model = DeterministicFakeEmbedding(size=DIM)
    relevance = IqdbVectorStore(iqdb.memory(dim=DIM, metric=metric), model)._select_relevance_score_fn()
    # Those of inner products have any sign and size.
    distances = [-1e6, -40.5, -40.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 1e6]
    distances = distances if metric == "dot" else [0.0, 1e-3, 0.5, 0.9, 1.0]
    scores = [relevance(distance) for distance in distances]
    assert scores == sorted(set(scores), reverse=True)
    assert all(0 <= score <= 1 for score in scores)
