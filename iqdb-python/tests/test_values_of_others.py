"""Values of numpy and pandas that look like others, and columns that are none."""

from __future__ import annotations

import decimal
from datetime import datetime, timezone

import numpy as np
import pytest

import iqdb

REFUSED = [
    (np.datetime64("2025-01-31T10:00:00", "ns"), "timezone.utc"),
    (np.datetime64("2025-01-31T10:00:00.123456789"), "timezone.utc"),
    (np.datetime64("2025-01-31T10:00:00", "ps"), "timezone.utc"),
    (np.datetime64("2025-01-31T10", "h"), "timezone.utc"),
    (np.datetime64("20000-01-01", "s"), "timezone.utc"),
    (np.datetime64("NaT", "ns"), "None"),
    (np.datetime64("NaT"), "None"),
    (np.timedelta64(1, "ns"), ""),
    (np.timedelta64(1, "D"), ""),
    (np.timedelta64("NaT"), ""),
    (10**5000, "str"),
    (-(10**5000), "str"),
]


@pytest.mark.parametrize(("value", "advice"), REFUSED, ids=lambda value: type(value).__name__)
def test_times_and_durations_are_no_integers(value, advice):
    db = iqdb.memory(dim=1)
    wrong = [(value, "x"), ([0, value], "x[1]")]
    if isinstance(value, np.generic):
        wrong += [
            (np.array([value]), "x[0]"),
            (np.array([[value]]), "x[0][0]"),
            (np.array(value), "x"),
            (np.array([value], object), "x[0]"),
        ]
    for given, path in wrong:
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert(1, [1.0], {"x": given})
        assert caught.value.operation == f"payload at {path}"
        assert advice in (caught.value.hint or "")
    with pytest.raises(iqdb.InvalidInputError):
        _ = iqdb.key("x") == value
    assert len(db) == 0


def test_days_of_numpy_are_dates():
    db = iqdb.memory(dim=1)
    day = datetime(2025, 1, 31, tzinfo=timezone.utc)
    days = np.array(["2025-01-31"], "datetime64[D]")
    db.upsert(1, [1.0], {"day": days[0], "days": days, "month": np.datetime64("2025-01")})
    assert db.get(1).payload == {"day": day, "days": [day], "month": day.replace(day=1)}


def test_arrays_of_no_dimension_are_what_they_hold():
    db = iqdb.memory(dim=1)
    db.upsert(1, [1.0], {"a": np.array(7), "b": np.array({"c": [1]}, object), "d": np.array("e")})
    assert db.get(1).payload == {"a": 7, "b": {"c": [1]}, "d": "e"}


def test_an_array_that_holds_itself_is_refused():
    db = iqdb.memory(dim=1)
    itself = np.empty((), object)
    itself[()] = itself
    within = np.empty(1, object)
    within[0] = within
    around = np.empty((), object)
    around[()] = [around]
    for array in (itself, within, around):
        with pytest.raises(iqdb.InvalidInputError):
            db.upsert(1, [1.0], {"a": array})


@pytest.mark.parametrize(
    "column",
    ["Ada", b"A", {"name": "Ada"}, {"a"}, frozenset({"a"}), bytearray(b"A"), 7, None],
    ids=repr,
)
def test_what_is_no_column_is_refused(column):
    db = iqdb.memory(dim=1)
    with pytest.raises(iqdb.InvalidInputError, match="'author'") as caught:
        db.upsert([1], [[1.0]], {"author": column})
    assert caught.value.kind == "invalid_payload" and "list of dicts" in caught.value.hint
    assert len(db) == 0


class Incomparable:
    def __eq__(self, other):
        raise TypeError("can't be compared")

    def __repr__(self):
        return "Incomparable"


def test_only_what_is_missing_is_left_out_of_columns():
    pandas = pytest.importorskip("pandas")
    db = iqdb.memory(dim=1)
    missing = [None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pandas.NaT, pandas.NA]
    count = len(missing)
    db.upsert(range(count), np.ones((count, 1)), {"a": missing, "b": [1] * count})
    assert [record.payload for record in db.scroll()] == [{"b": 1}] * count
    for value in (Incomparable(), decimal.Decimal("NaN"), complex("nan")):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert([1], np.ones((1, 1)), {"a": [value]})
        assert caught.value.operation == "payload at a"
