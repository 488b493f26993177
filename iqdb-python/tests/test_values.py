"""The table of the guide: what a Python value becomes, for upsert, for a filter, and back."""

from __future__ import annotations

import decimal
import enum
import uuid
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType

import numpy as np
import pytest

import iqdb

UTC = timezone.utc
NOON = datetime(2025, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


class Lang(str, enum.Enum):
    EN = "en"


# What is written, and what is read; where they are equal, a filter finds it.
SCALARS = [
    (None, None),
    (True, True),
    (False, False),
    (0, 0),
    (-(2**63), -(2**63)),
    (2**63 - 1, 2**63 - 1),
    (0.1, 0.1),
    (-0.0, -0.0),
    (1e308, 1e308),
    ("", ""),
    ("naïve 日本\n\0", "naïve 日本\n\0"),
    (Lang.EN, "en"),
    (NOON, NOON),
    (NOON.astimezone(timezone(timedelta(hours=5, minutes=45))), NOON),
    (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
    (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    (date(2025, 1, 31), datetime(2025, 1, 31, tzinfo=UTC)),
    (np.int8(-3), -3),
    (np.uint64(7), 7),
    (np.float32(0.1), float(np.float32(0.1))),
    (np.float64(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.bool_(True), True),
    (np.str_("en"), "en"),
]

NESTED = [
    ([1, "a", None, [2.5]], [1, "a", None, [2.5]]),
    ((1, 2), [1, 2]),
    ([], []),
    ({}, {}),
    ({"a": {"b": [{"c": NOON}]}}, {"a": {"b": [{"c": NOON}]}}),
    (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (np.array([1, 2]), [1, 2]),
    (np.array([[0.5], [1.5]]), [[0.5], [1.5]]),
]

# What is refused, with the path that the error names and a part of its advice.
REFUSED = [
    ({"a": [{"b": float("nan")}]}, "a[0].b", "None"),
    ({"a": float("inf")}, "a", "None"),
    ({"a": np.float32("nan")}, "a", "None"),
    ({"when": datetime(2025, 1, 31)}, "when", "timezone.utc"),
    ({"when": np.datetime64("2025-01-31T10:00")}, "when", "timezone.utc"),
    ({"price": decimal.Decimal("1.5")}, "price", "float"),
    ({"raw": b"bytes"}, "raw", "base64"),
    ({"raw": {"deep": [0, bytearray(b"x")]}}, "raw.deep[1]", "base64"),
    ({"big": 2**63}, "big", "str"),
    ({"big": np.uint64(2**64 - 1)}, "big", "str"),
    ({"id": uuid.UUID(int=1)}, "id", "str"),
    ({"set": {1, 2}}, "set", "sorted"),
    ({"complex": 1j}, "complex", ""),
    ({"object": object()}, "object", ""),
    ({"duration": timedelta(1)}, "duration", ""),
    ({"a": {1: 2}}, "a", ""),
    ({"bad": "\ud800"}, "bad", ""),
    ({"longdouble": np.longdouble(1) / 3}, "longdouble", ""),
]


@pytest.fixture
def db():
    with iqdb.memory(dim=1, metric="dot") as db:
        yield db


@pytest.mark.parametrize(("written", "read"), SCALARS + NESTED, ids=repr)
def test_a_value_comes_back_as_the_table_says(db, written, read):
    db.upsert(1, [1.0], {"value": written})
    for payload in (db.get(1).payload, db.search([1.0]).payloads[0], next(db.scroll()).payload):
        assert payload == {"value": read}
        assert type(payload["value"]) is type(read)


@pytest.mark.parametrize(("written", "read"), SCALARS, ids=repr)
def test_a_filter_finds_what_was_written(db, written, read):
    db.upsert([1, 2], [[1.0], [1.0]], [{"value": written}, {"value": "another"}])
    assert db.search([1.0], where=iqdb.key("value") == written).ids.tolist() == [1]
    assert db.search([1.0], where=iqdb.key("value") == read).ids.tolist() == [1]
    assert db.search([1.0], where=iqdb.key("value").is_in([written])).ids.tolist() == [1]
    text = str(iqdb.key("value") == written)
    assert db.search([1.0], where=text).ids.tolist() == [1]


@pytest.mark.parametrize(("payload", "path", "advice"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_has_no_value_is_refused_by_its_path(db, payload, path, advice):
    with pytest.raises(iqdb.InvalidInputError) as caught:
        db.upsert([7], [[1.0]], [payload])
    error = caught.value
    assert error.kind == "invalid_payload" and error.record_id == 7
    assert error.operation == f"payload at {path}"
    assert advice in (error.hint or "")
    assert len(db) == 0
    scalar = payload
    while isinstance(scalar, (dict, list)):
        scalar = next(iter(scalar.values())) if isinstance(scalar, dict) else scalar[-1]
    if scalar != 2:
        with pytest.raises(iqdb.InvalidInputError):
            _ = iqdb.key("value") == scalar


def test_a_payload_is_a_dict_with_keys_that_are_str(db):
    for payload in (7, "text", [("a", 1)], {1: "a"}, {None: 1}, {b"a": 1}):
        with pytest.raises(iqdb.InvalidInputError):
            db.upsert([1], [[1.0]], [payload])


def test_nesting_has_an_end(db):
    deep: dict = {}
    deep["again"] = deep
    nested = value = {}
    for _ in range(40):
        value["a"] = value = {}
    for payload in (deep, nested):
        with pytest.raises(iqdb.InvalidInputError):
            db.upsert(1, [1.0], payload)


def test_lists_and_dicts_are_no_operands(db):
    for operand in ([1], {"a": 1}, np.array([1])):
        with pytest.raises(iqdb.InvalidInputError):
            _ = iqdb.key("value") == operand
    assert str(iqdb.key("value") == None) == "value = null"  # noqa: E711


def test_what_is_missing_in_a_column_is_absent(db):
    db.upsert(
        [1, 2, 3],
        np.ones((3, 1)),
        {
            "score": np.array([0.5, np.nan, 1.5]),
            "when": [NOON, None, NOON],
            "day": np.array(["NaT", "NaT", "NaT"], dtype="datetime64[s]"),
            "tags": [["a"], [], None],
            "flag": np.array([True, False, True]),
        },
    )
    assert db.get(1).payload == {"score": 0.5, "when": NOON, "tags": ["a"], "flag": True}
    assert db.get(2).payload == {"tags": [], "flag": False}
    assert db.count("score exists") == 2
    with pytest.raises(iqdb.InvalidInputError):
        db.upsert([1, 2], np.ones((2, 1)), {"score": [1.0]})
    with pytest.raises(iqdb.InvalidInputError):
        db.upsert([1], np.ones((1, 1)), {7: [1.0]})
