"""Filters of Haystack mean what its own function says, for made-up documents and conditions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed")

from haystack import Pipeline
from haystack.dataclasses import ByteStream, Document, SparseEmbedding
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils.filters import document_matches_filter
from hypothesis import given, settings
from hypothesis import strategies as st

from iqdb.integrations.haystack import IqdbDocumentStore, IqdbEmbeddingRetriever
from iqdb.integrations.haystack.filters import Untranslatable, translate

ZONE = timezone(timedelta(hours=2))
DATES = [
    "2025-01-31",
    "2025-01-31T00:00:00",
    "2025-01-31T00:00:00Z",
    "2025-01-31T02:00:00+02:00",
    "2025-01-31 01:00:00+02:00",
    "2024-12-31T24:00",
    "2025-02-30",
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from([0.0, 1.0, 0.5, 2**53 + 1, 1e300]),
    st.sampled_from(["a", "b", "", "1"]),
    st.sampled_from(DATES),
    st.just(datetime(2025, 1, 31, 2, tzinfo=ZONE)),
)
values = st.one_of(scalars, st.lists(st.integers(0, 1), max_size=2), st.just({"deep": 1}))
keys = st.sampled_from(["a", "b"])
metas = st.dictionaries(
    keys, st.one_of(values, st.dictionaries(keys, values, max_size=2)), max_size=2
)
stored = st.builds(
    Document,
    id=st.sampled_from(["1", "2", "3"]),
    content=st.sampled_from([None, "a", "b"]),
    meta=metas,
    score=st.sampled_from([None, 0.5]),
    embedding=st.sampled_from([None, [1.0, 0.0]]),
)
fields = st.sampled_from(
    ["meta.a", "meta.b", "meta.a.b", "a", "id", "content", "score", "embedding", "x.y", "meta.c"]
)
operands = st.one_of(values, st.just(datetime(2025, 1, 31)), st.just(float("inf")))
comparisons = st.one_of(
    st.fixed_dictionaries(
        {"field": fields, "operator": st.sampled_from(["==", "!="]), "value": operands}
    ),
    st.fixed_dictionaries(
        {
            "field": fields,
            "operator": st.sampled_from(["in", "not in"]),
            "value": st.lists(operands, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "field": fields,
            "operator": st.sampled_from([">", ">=", "<", "<="]),
            "value": st.one_of(scalars, st.just(datetime(2025, 1, 31))),
        }
    ),
)
filters = st.recursive(
    comparisons,
    lambda inner: st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["AND", "OR", "NOT"]),
            "conditions": st.lists(inner, max_size=3),
        }
    ),
    max_leaves=4,
)


def expected(condition, document):
    """What Haystack says; None where it raises for what is stored, not for what is asked."""
    try:
        return document_matches_filter(condition, document)
    except (FilterError, TypeError):
        return None


@settings(max_examples=600, deadline=None)
@given(st.lists(stored, max_size=4), filters)
def test_a_filter_matches_what_haystack_says(documents, condition):
    documents = list({document.id: document for document in documents}.values())
    store = IqdbDocumentStore(dim=2)
    store.write_documents(documents)
    said = {document.id: expected(condition, document) for document in documents}
    try:
        found = {document.id for document in store.filter_documents(condition)}
    except (FilterError, TypeError):
        # An operand that is none, or a condition that is left to Haystack, which refuses it.
        return
    if None not in said.values():
        assert found == {id for id, matches in said.items() if matches}
        assert store.count_documents_by_filter(condition) == len(found)


def test_dates_with_and_without_zones_compare_as_haystack_compares_them():
    # Haystack refuses to order the others.
    dates = [date for date in DATES if date not in ("2025-02-30", "2024-12-31T24:00")]
    documents = [Document(id=date, meta={"at": {"a": date}}) for date in dates]
    store = IqdbDocumentStore(dim=2)
    store.write_documents(documents)
    for operand in [*dates, datetime(2025, 1, 31, 2), datetime(2025, 1, 31, 2, tzinfo=ZONE)]:
        for operator in ("==", "!=", ">", ">=", "<", "<="):
            condition = {"field": "meta.at.a", "operator": operator, "value": operand}
            found = [document.id for document in store.filter_documents(condition)]
            matching = [one.id for one in documents if document_matches_filter(condition, one)]
            assert found == sorted(matching), condition


def test_most_conditions_are_asked_of_the_database():
    asked = [
        {"field": "meta.a", "operator": "!=", "value": 1},
        {"field": "meta.a", "operator": "not in", "value": [None, "2025-01-31", True]},
        {"field": "meta.date", "operator": ">=", "value": "2025-01-31T00:00:00+02:00"},
        {"field": "embedding", "operator": "==", "value": None},
        {"field": "id", "operator": "in", "value": ["1", "2"]},
    ]
    for condition in asked:
        assert str(translate(condition))
    for condition in (
        {"field": "meta.a", "operator": "==", "value": [1]},
        {"field": "meta.a", "operator": ">", "value": float("inf")},
        {"field": "blob.data", "operator": "==", "value": b"a"},
    ):
        with pytest.raises(Untranslatable):
            translate(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "meta.a", "operator": ">", "value": "a"},
        {"field": "meta.a", "operator": ">", "value": {"a": 1}},
        {"field": "meta.a", "operator": "~", "value": 1},
        {"field": "meta.a", "operator": "in", "value": "ab"},
        {"operator": "XOR", "conditions": []},
        {"operator": "AND", "conditions": [{"field": "a"}]},
        {"operator": "AND", "conditions": ["a"]},
    ],
    ids=repr,
)
def test_a_condition_that_is_none_is_refused(condition):
    with pytest.raises(FilterError):
        IqdbDocumentStore(dim=2).filter_documents(condition)


def test_documents_come_back_whole(tmp_path):
    document = Document(
        content="text",
        blob=ByteStream(b"\0\xff", {"a": 1}, "image/png"),
        meta={"deep": {"date": "2025-01-31T10:00:00", "n": [1, {"a": None}]}, "dot.ted": 1},
        score=0.5,
        embedding=[0.5, 0.25],
        sparse_embedding=SparseEmbedding([3, 7], [0.5, 1.5]),
    )
    store = IqdbDocumentStore(str(tmp_path / "a.iqdb"), dim=2)
    store.write_documents([document, Document(id="bare")])
    store.close()
    assert store.filter_documents({"field": "score", "operator": ">", "value": 0}) == [document]
    assert store.write_documents([document], DuplicatePolicy.SKIP) == 0
    again = IqdbDocumentStore.from_dict(store.to_dict())
    assert (again.path, again.dim, again.metric) == (store.path, 2, "cosine")
    store.close()


def test_a_pipeline_retrieves_the_nearest():
    store = IqdbDocumentStore(dim=2, metric="cosine")
    store.write_documents(
        [
            Document(id="a", meta={"n": 1}, embedding=[1.0, 0.0]),
            Document(id="b", meta={"n": 2}, embedding=[0.0, 1.0]),
            Document(id="c", sparse_embedding=SparseEmbedding([1], [2.0])),
        ]
    )
    retriever = IqdbEmbeddingRetriever(store, top_k=1)
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever)
    found = pipeline.run({"retriever": {"query_embedding": [1.0, 0.1]}})["retriever"]["documents"]
    assert [document.id for document in found] == ["a"] and found[0].score > 0.9
    assert found[0].embedding is None
    only = {"field": "meta.n", "operator": "==", "value": 2}
    found = retriever.run([1.0, 0.1], filters=only, top_k=5)["documents"]
    assert [document.id for document in found] == ["b"]
    again = IqdbEmbeddingRetriever.from_dict(retriever.to_dict())
    assert again.top_k == 1 and again.document_store.dim == 2
    sparse = store.sparse_embedding_retrieval(SparseEmbedding([1], [1.0]), return_embedding=True)
    assert [(one.id, one.score) for one in sparse] == [("c", 2.0)]
    assert sparse[0].sparse_embedding.indices == [1]


async def test_a_retriever_is_awaited():
    store = IqdbDocumentStore(dim=1, metric="dot")
    await store.write_documents_async([Document(id="a", embedding=[2.0])])
    retriever = IqdbEmbeddingRetriever(store)
    found = (await retriever.run_async([2.0]))["documents"]
    assert found[0].score == 4.0
