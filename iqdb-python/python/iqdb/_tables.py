"""Hits as tables of pyarrow and pandas, which are installed by whoever wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iqdb._iqdb import SearchResult


def to_arrow(result: SearchResult) -> Any:
    """A table: `id`, `distance`, and a column for each key of the payloads."""
    import pyarrow as pa

    columns = _columns(result)
    ids = columns.pop("id")
    if all(isinstance(value, int) for value in ids):
        array = pa.array(ids, type=pa.uint64())
    else:
        array = pa.array([str(value) for value in ids], type=pa.string())
    return pa.table({"id": array, **{name: pa.array(values) for name, values in columns.items()}})


def to_pandas(result: SearchResult) -> Any:
    """A DataFrame: `id`, `distance`, and a column for each key of the payloads."""
    import pandas as pd

    return pd.DataFrame(_columns(result))


def _columns(result: SearchResult) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "id": result.ids.tolist(),
        "distance": result.distances.tolist(),
    }
    payloads = [payload or {} for payload in result.payloads]
    for key in dict.fromkeys(key for payload in payloads for key in payload):
        # A key of these names would hide the columns of the hits.
        name = f"payload.{key}" if key in ("id", "distance") else key
        columns[name] = [payload.get(key) for payload in payloads]
    return columns
