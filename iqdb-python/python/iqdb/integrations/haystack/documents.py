"""Documents of Haystack as records of iqdb, and back.

A record has the keys `content`, `meta`, `blob` and `score`, and `times`: the points in time in `meta`, in the
same places, so that filters compare ISO dates as dates. `times.wall` has the time that a clock on the wall
showed, `times.utc` that in UTC of those with a zone, `times.naive` that of those without.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import dateutil.parser
from haystack.dataclasses import ByteStream, Document, SparseEmbedding

import iqdb

EMBEDDING = "vector"
SPARSE = "sparse"

_OTHERS = (datetime(2001, 1, 1), datetime(2002, 2, 2))


def payload(document: Document) -> dict[str, Any]:
    """What a record keeps of a document besides its embeddings."""
    kept: dict[str, Any] = {"meta": document.meta}
    if document.content is not None:
        kept["content"] = document.content
    if document.score is not None:
        kept["score"] = document.score
    if document.blob is not None:
        kept["blob"] = {
            "data": base64.b64encode(document.blob.data).decode("ascii"),
            "meta": document.blob.meta,
            "mime_type": document.blob.mime_type,
        }
    times = {
        kind: found
        for kind in ("wall", "utc", "naive")
        if (found := _times(document.meta, kind))
    }
    return kept | ({"times": times} if times else {})


def vectors(documents: list[Document]) -> dict[str, Any]:
    """The embeddings by the names of their fields."""
    found: dict[str, Any] = {EMBEDDING: [document.embedding for document in documents]}
    if any(document.sparse_embedding is not None for document in documents):
        found[SPARSE] = [
            None if sparse is None else iqdb.Sparse(sparse.indices, sparse.values)
            for sparse in (document.sparse_embedding for document in documents)
        ]
    return found


def document(record: iqdb.Record) -> Document:
    """The document of a record."""
    kept = record.payload
    blob, times = kept.get("blob"), kept.get("times", {})
    dense, sparse = record.vectors.get(EMBEDDING), record.vectors.get(SPARSE)
    return Document(
        id=str(record.id),
        content=kept.get("content"),
        meta=_with_zones(kept.get("meta", {}), times.get("wall", {}), times.get("utc", {})),
        score=kept.get("score"),
        blob=None if blob is None else _blob(blob),
        embedding=None if dense is None else dense.tolist(),
        sparse_embedding=None
        if sparse is None
        else SparseEmbedding(sparse.indices.tolist(), sparse.weights.tolist()),
    )


def _with_zones(
    meta: Mapping[str, Any], walls: Mapping[str, Any], utcs: Mapping[str, Any]
) -> dict[str, Any]:
    """The meta with its dates in the zones in which they were written."""
    found: dict[str, Any] = {}
    for key, value in meta.items():
        wall_time, in_utc = walls.get(key), utcs.get(key)
        if isinstance(value, Mapping):
            found[key] = _with_zones(value, wall_time or {}, in_utc or {})
        elif isinstance(value, datetime) and wall_time is not None and in_utc is not None:
            found[key] = value.astimezone(timezone(wall_time - in_utc))
        else:
            found[key] = value
    return found


def _blob(kept: Mapping[str, Any]) -> ByteStream:
    return ByteStream(base64.b64decode(kept["data"]), kept["meta"], kept["mime_type"])


def as_time(value: Any) -> datetime | None:
    """The point in time that Haystack sees in a value: a `datetime`, or a whole ISO 8601 date."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _looks_like_iso_date(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        try:
            time: datetime = dateutil.parser.isoparse(value)
            return time
        except (ValueError, OverflowError):
            return None


def as_order(value: datetime | str) -> datetime | None:
    """The point in time that Haystack orders by: of a text, any that dateutil reads as a whole date."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        try:
            # What a text leaves out is filled in from another date, which is today to Haystack.
            read = [dateutil.parser.parse(value, default=other) for other in _OTHERS]
        except (ValueError, OverflowError):
            return None
        return read[0] if read[0] == read[1] else None


def wall(time: datetime) -> datetime:
    """What a clock on the wall shows, as if it were in UTC."""
    return time.replace(tzinfo=timezone.utc)


def utc(time: datetime) -> datetime:
    """The same point in time in UTC."""
    return time.astimezone(timezone.utc)


def _looks_like_iso_date(text: str) -> bool:
    return (
        len(text) >= 10
        and text[:4].isdigit()
        and text[4] == "-"
        and text[5:7].isdigit()
        and text[7] == "-"
        and text[8:10].isdigit()
        and (len(text) == 10 or text[10] in "Tt ")
    )


def _times(meta: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The times of one kind in a dict, in the same places."""
    found: dict[str, Any] = {}
    for key, value in meta.items():
        if isinstance(value, Mapping):
            if inner := _times(value, kind):
                found[key] = inner
            continue
        time = as_time(value)
        if time is None or (kind != "wall" and (kind == "naive") != (time.tzinfo is None)):
            continue
        try:
            found[key] = utc(time) if kind == "utc" else wall(time)
        except OverflowError:
            continue
    return found
