"""Filters of Haystack as filters of iqdb, with the same meaning.

Where Haystack's own function (`document_matches_filter`) is true of a document, the filter is; the tests ask
both. A condition that iqdb can't ask, such as one that compares lists, is `Untranslatable`: the store then
asks that function. Three differences are on purpose: an operand that is no operand is a `FilterError` whatever
is stored; stored values that can't be compared with it don't match, where Haystack raises for some; and stored
texts are ordered as dates where they are whole ISO dates, whereas Haystack reads "Jan 31 2025" as one, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import reduce
from typing import Any

from haystack.errors import FilterError

import iqdb
from iqdb.integrations.haystack.documents import EMBEDDING, SPARSE, as_order, as_time, utc, wall


class Untranslatable(Exception):
    """A condition that Haystack can ask of a document, and iqdb can't."""


_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_DOCUMENT_FIELDS = ("id", "content", "blob", "meta", "score", "embedding", "sparse_embedding")


def translate(filters: dict[str, Any]) -> iqdb.Filter:
    """The filter with the same meaning.

    >>> translate({"field": "meta.year", "operator": "!=", "value": 2020})
    Filter(not meta.year in [2020])
    """
    if not isinstance(filters, dict):
        raise FilterError(f"a filter is a dict: found {type(filters).__name__}")
    return _comparison(filters) if "field" in filters else _logic(filters)


def everything() -> iqdb.Filter:
    """True of all records."""
    return ~iqdb.id_in([])


def nothing() -> iqdb.Filter:
    """True of no record."""
    return iqdb.id_in([])


def _logic(filters: dict[str, Any]) -> iqdb.Filter:
    for key in ("operator", "conditions"):
        if key not in filters:
            raise FilterError(f"{key!r} key missing in {filters}")
    operands = [translate(condition) for condition in filters["conditions"]]
    match filters["operator"]:
        case "AND":
            return _all(operands)
        case "OR":
            return _any(operands)
        case "NOT":
            return ~_all(operands)
        case unknown:
            raise FilterError(f"unknown logical operator {unknown!r}: expected AND, OR or NOT")


def _comparison(filters: dict[str, Any]) -> iqdb.Filter:
    for key in ("operator", "value"):
        if key not in filters:
            raise FilterError(f"{key!r} key missing in {filters}")
    field, operator, operand = filters["field"], filters["operator"], filters["value"]
    if operator in _ORDERS:
        _check_order(operator, operand)
        return nothing() if operand is None else _ordered(field, operator, operand)
    match operator:
        case "==":
            return _within(field, [operand])
        case "!=":
            return ~_within(field, [operand])
        case "in" | "not in":
            if not isinstance(operand, list):
                raise FilterError(f"{operator!r} needs a list: found {type(operand).__name__}")
            found = _within(field, operand)
            return found if operator == "in" else ~found
        case unknown:
            expected = ", ".join(["==", "!=", *_ORDERS, "in", "not in"])
            raise FilterError(f"unknown comparison operator {unknown!r}: expected one of {expected}")


def _check_order(operator: str, operand: Any) -> None:
    if isinstance(operand, str) and as_order(operand) is None:
        raise FilterError(f"{operator!r} compares no texts but dates: found {operand!r}")
    if not (operand is None or isinstance(operand, (bool, int, float, str, datetime))):
        raise FilterError(f"{operator!r} compares numbers and dates: found {type(operand).__name__}")


def _keys(field: str) -> tuple[str, ...] | None:
    """Where in a payload a field of Haystack is; None for one that no document has."""
    root, *steps = field.split(".")
    if not steps:
        # What is no field of documents is one of their meta, as older filters write it.
        return (root,) if root in _DOCUMENT_FIELDS else ("meta", root)
    if root == "meta":
        return ("meta", *steps)
    if root in _DOCUMENT_FIELDS:
        raise Untranslatable(field)
    return None


def _path(keys: Iterable[str]) -> iqdb.Key:
    first, *rest = keys
    return reduce(lambda path, key: path[key], rest, iqdb.key(first, literal=True))


def _within(field: str, operands: list[Any]) -> iqdb.Filter:
    """Whether a field is equal to one of the operands."""
    keys = _keys(field)
    if keys is None:
        return everything() if any(operand is None for operand in operands) else nothing()
    if keys[0] not in ("meta", "content", "score") or keys == ("meta",):
        return _any(_equal_whole(keys[0], operand) for operand in operands)
    path = _path(keys)
    values: list[Any] = []
    times: list[datetime] = []
    clauses: list[iqdb.Filter] = []
    for operand in operands:
        time = as_time(operand)
        if operand is None:
            clauses = [~path.exists() | path.is_null()]
        elif isinstance(operand, (bool, int, float)):
            # As in Python, True is 1 and False is 0.
            values += [operand, *_twins(operand)]
        elif isinstance(operand, str) or (time is not None and time.tzinfo is not None):
            values.append(operand)
        elif time is None:
            raise Untranslatable(field)
        if time is not None:
            times.append(time)
    if times and keys[0] != "meta":
        raise Untranslatable(field)
    if values:
        clauses.append(_asked(path.is_in, values))
    return _any([*clauses, *_at_times(keys[1:], times)])


def _equal_whole(field: str, operand: Any) -> iqdb.Filter:
    """A condition on a part of documents that is no value of a payload."""
    if field == "id" and isinstance(operand, str):
        return iqdb.id_in([operand])
    if field in ("id", "meta") and operand is None:
        return nothing()
    if field in ("embedding", "sparse_embedding") and operand is None:
        return ~iqdb.has(EMBEDDING if field == "embedding" else SPARSE)
    if field == "blob" and operand is None:
        return ~iqdb.key("blob").exists()
    raise Untranslatable(field)


def _ordered(field: str, operator: str, operand: Any) -> iqdb.Filter:
    keys = _keys(field)
    if keys is None:
        return nothing()
    if keys[0] not in ("meta", "content", "score") or keys == ("meta",):
        raise Untranslatable(field)
    compare = _ORDERS[operator]
    time = as_order(operand) if isinstance(operand, (str, datetime)) else None
    if time is not None:
        if keys[0] != "meta":
            raise Untranslatable(field)
        return _at_time(keys[1:], compare, time)
    path = _path(keys)
    flags = [flag for flag in (False, True) if compare(flag, operand)]
    number = int(operand) if isinstance(operand, bool) else operand
    return _asked(lambda of: compare(path, of), number) | path.is_in(flags)


def _at_times(keys: tuple[str, ...], times: list[datetime]) -> Iterable[iqdb.Filter]:
    """Equality with one of these times, as `_at_time` compares them."""
    naive = [wall(time) for time in times if time.tzinfo is None]
    zoned = [time for time in times if time.tzinfo is not None]
    if naive:
        yield _path(("times", "wall", *keys)).is_in(naive)
    if zoned:
        yield _path(("times", "utc", *keys)).is_in([_in_utc(time) for time in zoned])
        yield _path(("times", "naive", *keys)).is_in([wall(time) for time in zoned])


def _in_utc(time: datetime) -> datetime:
    try:
        return utc(time)
    except OverflowError as error:
        raise Untranslatable(str(time)) from error


def _at_time(
    keys: tuple[str, ...], compare: Callable[[Any, Any], iqdb.Filter], time: datetime
) -> iqdb.Filter:
    """A comparison of times. One without a zone is in the zone of the other."""
    if time.tzinfo is None:
        return compare(_path(("times", "wall", *keys)), wall(time))
    with_zone = compare(_path(("times", "utc", *keys)), _in_utc(time))
    return with_zone | compare(_path(("times", "naive", *keys)), wall(time))


def _twins(operand: Any) -> list[Any]:
    """What Python calls equal to an operand, and iqdb doesn't."""
    if isinstance(operand, bool):
        return [int(operand)]
    return [bool(operand)] if operand in (0, 1) else []


def _asked(make: Callable[[Any], iqdb.Filter], operand: Any) -> iqdb.Filter:
    """The filter, unless its operand is one that iqdb doesn't have, such as infinity."""
    try:
        return make(operand)
    except iqdb.InvalidInputError as error:
        raise Untranslatable(str(operand)) from error


def _all(filters: Iterable[iqdb.Filter]) -> iqdb.Filter:
    clauses = list(filters)
    return reduce(lambda a, b: a & b, clauses) if clauses else everything()


def _any(filters: Iterable[iqdb.Filter]) -> iqdb.Filter:
    clauses = list(filters)
    return reduce(lambda a, b: a | b, clauses) if clauses else nothing()
