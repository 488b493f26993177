"""Conditions that list or match very many documents."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed")

from haystack.dataclasses import Document
from haystack.errors import FilterError
from haystack.utils.filters import document_matches_filter

from iqdb.integrations.haystack import IqdbDocumentStore
from iqdb.integrations.haystack.filters import translate

# With these ids, the list of all is larger than a filter may be.
MANY = 3_000


@pytest.fixture
def store():
    store = IqdbDocumentStore(dim=2, metric="dot")
    store.write_documents(
        [
            Document(id=f"{n:0400}", meta={"tags": [1], "n": n}, embedding=[n % 7, 1.0])
            for n in range(MANY)
        ]
    )
    return store


def test_what_haystack_is_asked_may_match_very_many(store):
    tagged = {"field": "meta.tags", "operator": "==", "value": [1]}
    ids = [f"{n:0400}" for n in range(MANY)]
    assert [document.id for document in store.filter_documents(tagged)] == ids
    assert store.count_documents_by_filter(tagged) == MANY
    nearest = store.embedding_retrieval([1.0, 0.0], tagged, top_k=5)
    assert nearest == store.embedding_retrieval([1.0, 0.0], top_k=5)
    assert [document.score for document in nearest] == [6.0] * 5
    assert store.get_metadata_field_unique_values("meta.n", filters=tagged)[1] == MANY
    assert store.update_by_filter(tagged, {"seen": True}) == MANY
    assert store.delete_by_filter(tagged) == MANY and store.count_documents() == 0
    assert store.filter_documents(tagged) == store.embedding_retrieval([1.0, 0.0], tagged) == []


def test_a_list_of_operands_may_be_long():
    store = IqdbDocumentStore(dim=2)
    store.write_documents([Document(id=f"{n}", meta={"n": n}) for n in range(10)])
    for values, found in (
        (list(range(0, 140_000, 2)), 5),
        ([f"{n}" for n in range(20_000)] + list(range(7)), 7),
    ):
        assert store.count_documents_by_filter(
            {"field": "meta.n", "operator": "in", "value": values}
        ) == found
        assert store.count_documents_by_filter(
            {"field": "meta.n", "operator": "not in", "value": values}
        ) == 10 - found
    values = ["a", 2, None]
    said = str(translate({"field": "meta.n", "operator": "in", "value": values}))
    assert 'meta.n in [2, "a"]' in said


def test_dates_to_order_by_are_read_as_haystack_reads_them():
    stored = ["2025-01-30", "2025-01-31T10:00:00", "2025-02-01T00:00:00Z"]
    documents = [Document(id=date, meta={"at": date}) for date in stored]
    store = IqdbDocumentStore(dim=2)
    store.write_documents(documents)
    operands = ["20250131", "Jan 31 2025", "31 January 2025 10:00", "2025-W05-5", "2025-01-31 10:00Z"]
    for operand in operands:
        for operator in (">", ">=", "<", "<="):
            condition = {"field": "meta.at", "operator": operator, "value": operand}
            found = {document.id for document in store.filter_documents(condition)}
            assert found == {one.id for one in documents if document_matches_filter(condition, one)}
    for operand in ("2025-01-31T24:00", "soon", "", "1"):
        condition = {"field": "meta.at", "operator": ">", "value": operand}
        with pytest.raises(FilterError):
            store.filter_documents(condition)
        # What a text leaves out Haystack takes from the day on which it is asked.
        if operand != "1":
            with pytest.raises(FilterError):
                document_matches_filter(condition, documents[0])


def test_dates_come_back_in_their_zones_also_to_be_asked_about():
    zone = timezone(timedelta(hours=2))
    date = datetime(2025, 1, 31, 2, tzinfo=zone)
    document = Document(id="a", meta={"at": {"b": date}, "c": date.astimezone(timezone.utc)})
    store = IqdbDocumentStore(dim=2)
    store.write_documents([document])
    [found] = store.filter_documents()
    assert found == document
    assert found.meta["at"]["b"].utcoffset() == zone.utcoffset(None)
    for operand, matches in ((datetime(2025, 1, 31), False), (datetime(2025, 1, 31, 2), True)):
        condition = {"field": "meta.at.b", "operator": "in", "value": [{"deep": 1}, operand]}
        assert document_matches_filter(condition, document) == matches
        assert store.count_documents_by_filter(condition) == matches
