"""Arguments that are no such thing are iqdb's error, and several fields are not added by halves."""

from __future__ import annotations

import numpy as np
import pytest

import iqdb


@pytest.fixture
def db():
    with iqdb.memory(dim=2) as db:
        db.upsert([1, 2, 3], np.ones((3, 2)), {"a": [1, 2, 1]})
        yield db


@pytest.mark.parametrize("wrong", [-1, -(10**30), 1.5, "1", None], ids=repr)
def test_a_number_of_things_is_iqdbs_error(db, wrong):
    snapshot = db.snapshot()
    calls = {
        "limit": [db.facet, db.distinct, snapshot.facet, snapshot.distinct],
        "threads": [db.search, db.explain, snapshot.search],
    }
    for name, methods in calls.items():
        for method in methods:
            with pytest.raises(iqdb.InvalidInputError) as caught:
                method("a" if name == "limit" else [1, 0], **{name: wrong})
            assert caught.value.operation == name and caught.value.kind == "invalid_query"


def test_a_huge_number_of_things_is_all_of_them(db):
    for huge in (10**30, 2**64 - 1, np.uint64(2**64 - 1)):
        assert db.distinct("a", huge) == [1, 2] and db.facet("a", limit=huge) == [(1, 2), (2, 1)]
        assert len(db.search([1, 0], threads=huge)) == 3
        assert len(db.search([[1, 0]] * 3, threads=huge)[2]) == 3


def test_a_payload_to_set_is_given(db):
    for call in (db.set_payload, db.merge_payload):
        for payload in (None, [None]):
            with pytest.raises(iqdb.InvalidInputError) as caught:
                call([1], payload)
            assert caught.value.kind == "invalid_payload" and caught.value.expected == "a dict"
    assert db.get(1).payload == {"a": 1}
    assert db.set_payload(1, {}) == 1 and db.get(1).payload == {}


def test_fields_are_added_one_at_a_time(db):
    two = iqdb.Schema().dense("image", 3).dense("vector", 2)
    for schema in (two, iqdb.Schema()):
        with pytest.raises(iqdb.InvalidInputError, match="one field"):
            db.add_field(schema)
    assert [field.name for field in db.schema.fields] == ["vector"]
    db.add_field(iqdb.Schema().dense("image", 3))
    assert [field.name for field in db.schema.fields] == ["vector", "image"]


def test_what_is_opened_to_be_read_has_the_schema_that_is_asked_for(tmp_path):
    path = tmp_path / "a.iqdb"
    iqdb.open(path, dim=2).close()
    with iqdb.open(path, dim=2, read_only=True) as db:
        assert len(db) == 0
    for wrong in ({"dim": 3}, {"dim": 2, "metric": "dot"}, {"schema": iqdb.Schema().sparse("a")}):
        with pytest.raises(iqdb.InvalidInputError, match="another schema") as caught:
            iqdb.open(path, read_only=True, **wrong)
        with pytest.raises(iqdb.InvalidInputError) as writer:
            iqdb.open(path, **wrong)
        assert caught.value.kind == writer.value.kind == "invalid_schema"
    with iqdb.open(path, dim=2) as db:
        db.add_field(iqdb.Schema().dense("image", 3))
    with iqdb.open(path, dim=2, read_only=True) as db:
        assert len(db.schema.fields) == 2
