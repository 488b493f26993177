"""What there is in the meta of documents, as Haystack counts it: `1`, `1.0`, `"1"` and `True` differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Metas = Iterable[dict[str, Any]]


def count_unique(metas: Metas, fields: list[str]) -> dict[str, int]:
    """How many different values there are, for each field."""
    names = {field: _name(field) for field in fields}
    seen: dict[str, set[Any]] = {name: set() for name in names.values()}
    for meta in metas:
        for name, values in seen.items():
            if meta.get(name) is not None:
                values.add(_distinguished(meta[name]))
    return {name: len(values) for name, values in seen.items()}


def fields_info(metas: Metas) -> dict[str, dict[str, str]]:
    """The type of each field: `boolean`, `int`, `float` or `keyword`."""
    types: dict[str, str] = {}
    for meta in metas:
        for name, value in meta.items():
            if value is not None:
                types[name] = _type(value)
    return {name: {"type": of} for name, of in types.items()}


def min_max(metas: Metas, field: str) -> dict[str, Any]:
    """The least and the greatest value; None where there is none, or they have no order."""
    name = _name(field)
    values = [meta[name] for meta in metas if isinstance(meta.get(name), (int, float, str))]
    try:
        return {"min": min(values, default=None), "max": max(values, default=None)}
    except TypeError:
        return {"min": None, "max": None}


def unique(metas: Metas, field: str, search_term: str | None) -> list[Any]:
    """The different values, in the order of their texts."""
    name = _name(field)
    found: dict[Any, Any] = {}
    for meta in metas:
        value = meta.get(name)
        if value is not None and (search_term or "").lower() in str(value).lower():
            found.setdefault(_distinguished(value), value)
    return sorted(found.values(), key=lambda value: (str(value), type(value).__name__))


def _name(field: str) -> str:
    return field.removeprefix("meta.")


def _type(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "int"), (float, "float")):
        if isinstance(value, kind):
            return name
    return "keyword"


def _distinguished(value: Any) -> Any:
    """A key that tells values from each other by their types, too."""
    if isinstance(value, dict):
        items = sorted((key, _distinguished(item)) for key, item in value.items())
        return ("dict", tuple(items))
    if isinstance(value, list):
        return ("list", tuple(map(_distinguished, value)))
    return (type(value).__name__, value)
