"""Hits as tables of pyarrow and pandas, where those are installed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from iqdb._errors import invalid

if TYPE_CHECKING:
    from iqdb._iqdb import SearchResult

_NULLABLE = {bool: "boolean", int: "Int64", str: "string"}
"""What pandas calls columns of these with gaps: without such a name they become floats and objects."""

_EXACT = 2**53
"""Up to here a float is every whole number."""


def to_arrow(result: SearchResult) -> Any:
    """A table: `id`, `distance`, and a column for each key of the payloads."""
    import pyarrow as pa

    columns = {"id": _arrow_ids(result), "distance": pa.array(result.distances)}
    for name, values in _columns(result).items():
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowException, TypeError, OverflowError) as error:
            raise invalid(
                "not_supported",
                f"the values at {name!r} have no type of Arrow in common: {error}",
                "to_pandas() keeps them as objects",
            ) from error
    return pa.table(columns)


def _arrow_ids(result: SearchResult) -> Any:
    import pyarrow as pa

    if result.ids.dtype == object:
        return pa.array([str(value) for value in result.ids], type=pa.string())
    return pa.array(result.ids)


def to_pandas(result: SearchResult) -> Any:
    """A DataFrame: `id`, `distance`, and a column for each key of the payloads."""
    import pandas as pd

    columns = {name: _series(values) for name, values in _columns(result).items()}
    return pd.DataFrame({"id": result.ids, "distance": result.distances, **columns})


def _series(values: list[Any]) -> Any:
    """The column of pandas that keeps these as they are."""
    import pandas as pd

    there = [value for value in values if value is not None]
    types = set(map(type, there))
    has_gaps = len(there) < len(values)
    if len(types) == 1:
        (of,) = types
        if of in _NULLABLE and (has_gaps or of is str):
            return pd.array(values, dtype=_NULLABLE[of])
        if of is datetime:
            return pd.Series(values, dtype="datetime64[us, UTC]")
        if of in (bool, int, float):
            return pd.Series(values)
    if types == {int, float} and all(abs(value) <= _EXACT for value in there):
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=object)


def _columns(result: SearchResult) -> dict[str, list[Any]]:
    """The values at each key of the payloads, None where a hit lacks it."""
    payloads = [payload or {} for payload in result.payloads]
    columns: dict[str, list[Any]] = {}
    for key in dict.fromkeys(key for payload in payloads for key in payload):
        # A key of these names would hide the columns of the hits.
        name = f"payload.{key}" if key in ("id", "distance") else key
        columns[name] = [payload.get(key) for payload in payloads]
    return columns
