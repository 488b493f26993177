"""Payloads in columns, as payloads of rows: what is missing in a column is absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from iqdb._errors import invalid


def rows(payloads: Any, count: int) -> list[Any]:
    """A payload for each of `count` rows."""
    columns = _columns(payloads)
    if columns is None:
        return list(payloads)
    found: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, column in columns:
        if not isinstance(name, str):
            raise invalid("invalid_payload", f"the name of a column is not a str: {name!r}")
        values = _values(name, column)
        if len(values) != count:
            raise invalid(
                "invalid_payload",
                f"the column {name!r} has {len(values)} values: expected {count}, one for each id",
            )
        for row, value in zip(found, values):
            if not _is_missing(value):
                row[name] = value
    return found


def _columns(payloads: Any) -> Iterable[tuple[Any, Any]] | None:
    """The columns with their names; None where payloads are rows."""
    if isinstance(payloads, Mapping):
        return payloads.items()
    module = type(payloads).__module__.partition(".")[0]
    if module == "pandas" and hasattr(payloads, "columns"):
        return [(name, payloads[name]) for name in payloads.columns]
    if hasattr(payloads, "column_names"):
        return [(name, payloads.column(name)) for name in payloads.column_names]
    if hasattr(payloads, "get_columns"):
        return [(column.name, column) for column in payloads.get_columns()]
    return None


def _values(name: str, column: Any) -> list[Any]:
    if isinstance(column, (str, bytes, bytearray, Mapping, Set)) or not isinstance(column, Iterable):
        raise invalid(
            "invalid_payload",
            f"the column {name!r} is of {type(column).__name__}: expected a value for each id",
            "payloads of rows are a list of dicts, one for each id",
        )
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return [None if np.isnat(value) else value for value in column]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _is_missing(value: Any) -> bool:
    """Whether a value is None, a NaN, a NaT, or pandas.NA."""
    if value is None:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return type(value).__name__ in ("NaTType", "NAType") and type(value).__module__.startswith("pandas.")
