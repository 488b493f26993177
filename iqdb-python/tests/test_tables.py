"""pandas, pyarrow and polars, where they are installed: columns in, tables out."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

import numpy as np
import pytest

import iqdb

VECTORS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)


@pytest.fixture
def db():
    with iqdb.memory(dim=2, metric="euclidean") as db:
        yield db


def payloads(db):
    return [record.payload for record in db.scroll()]


def test_a_frame_of_pandas_is_columns_where_what_is_missing_is_absent(db):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "score": [0.5, float("nan"), 1.5],
            "lang": ["en", None, "de"],
            "when": pd.to_datetime(["2025-01-31", None, "2024-01-01"], utc=True),
            "flag": pd.array([True, None, False], dtype="boolean"),
        }
    )
    vectors = pd.Series(list(VECTORS))
    db.upsert(pd.Series([1, 2, 3]), vectors, frame)
    assert payloads(db)[1] == {}
    assert payloads(db)[0]["n"] == 1 and payloads(db)[2]["flag"] is False
    assert payloads(db)[2]["when"].year == 2024
    assert db.get(3).vector.tolist() == [5.0, 6.0]
    naive = pd.DataFrame({"when": pd.to_datetime(["2025-01-31"] * 3)})
    with pytest.raises(iqdb.InvalidInputError, match="zone"):
        db.upsert([1, 2, 3], VECTORS, naive)
    for missing in (pd.NA, pd.NaT):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert(1, VECTORS[0], {"a": missing})
        assert "None" in caught.value.hint
    db.upsert(pd.Index(["a", "b"]), VECTORS[:2], frame[["lang"]].head(2))
    assert db.get("a").payload == {"lang": "en"}


def test_arrays_of_arrow_are_vectors_ids_and_payloads(db):
    pa = pytest.importorskip("pyarrow")
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 2)
    listed = pa.array(VECTORS.tolist(), type=pa.list_(pa.float32()))
    table = pa.table({"lang": ["en", None, "de"], "tags": [["a"], [], None]})
    for vectors in (fixed, listed, pa.chunked_array([listed[:1], listed[1:]])):
        db.upsert(pa.array([1, 2, 3]), vectors, table)
        assert np.array([db.get(id).vector for id in (1, 2, 3)]).tolist() == VECTORS.tolist()
    assert payloads(db) == [{"lang": "en", "tags": ["a"]}, {"tags": []}, {"lang": "de"}]
    holes = pa.array([[1.0, 2.0], None, [5.0, 6.0]], type=pa.list_(pa.float32()))
    db.upsert(pa.array(["a", "b", "c"]), holes)
    assert db.get("b").vector is None and db.get("c").vector.tolist() == [5.0, 6.0]
    for wrong in (
        pa.array([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]]),
        pa.array([[1.0, None], [1.0, 2.0], [1.0, 2.0]]),
        pa.array(["a", "b", "c"]),
    ):
        with pytest.raises(iqdb.InvalidInputError):
            db.upsert([1, 2, 3], wrong)


def test_hits_are_a_table(db):
    pa = pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    rows = [{"lang": "en", "id": 7}, {"lang": "de"}, {"n": [1]}]
    db.upsert([1, 2, 3], VECTORS, rows)
    result = db.search([1, 2], 3)
    table = result.to_arrow()
    assert table.column_names == ["id", "distance", "payload.id", "lang", "n"]
    assert table["id"].type == pa.uint64() and table["id"].to_pylist() == [1, 2, 3]
    assert table["payload.id"].to_pylist() == [7, None, None]
    frame = result.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["lang"].tolist()[:2] == ["en", "de"]
    assert db.search([1, 2], within=-1.0).to_arrow().num_rows == 0
    db.upsert([uuid.UUID(int=5), "text"], VECTORS[:2])
    assert set(db.search([1, 2]).to_arrow()["id"].to_pylist()) >= {str(uuid.UUID(int=5)), "1"}


WHEN = datetime(2025, 1, 31, 12, 30, 15, 123456, tzinfo=timezone.utc)
LARGE = 2**63 - 1


def test_columns_of_pandas_keep_what_they_hold_and_have_gaps(db):
    pd = pytest.importorskip("pandas")
    rows = [
        {"n": LARGE, "flag": True, "lang": "en", "when": WHEN, "x": 0.5, "tags": [1], "k": 1, "m": 1},
        {"n": None, "k": 2, "b": False, "m": 2.5},
        {"n": -7, "flag": False, "lang": None, "k": LARGE, "b": True, "large": 0.5, "mixed": "a"},
    ]
    rows[0] |= {"b": True, "large": LARGE, "mixed": 1}
    db.upsert([1, 2, 2**64 - 1], VECTORS, rows)
    frame = db.search([1, 2], 3).to_pandas()
    types = {name: str(of) for name, of in frame.dtypes.items()}
    assert types == {
        "id": "uint64", "distance": "float64", "n": "Int64", "flag": "boolean", "lang": "string",
        "when": "datetime64[us, UTC]", "x": "float64", "tags": "object", "k": "int64", "b": "bool",
        "m": "float64", "large": "object", "mixed": "object",
    }  # fmt: skip
    assert frame["id"].tolist() == [1, 2, 2**64 - 1]
    assert frame["n"].tolist() == [LARGE, pd.NA, -7] and frame["k"].tolist() == [1, 2, LARGE]
    assert frame["flag"].tolist() == [True, pd.NA, False]
    assert frame["lang"].tolist() == ["en", pd.NA, pd.NA]
    assert frame["when"][0] == WHEN and frame["when"][1] is pd.NaT
    assert frame["large"].tolist() == [LARGE, None, 0.5]
    # What is written back from such a frame is what was read, and what is missing is absent.
    again = frame[["n", "flag", "lang", "when"]]
    db.upsert(frame["id"], VECTORS, again)
    assert db.get(1).payload == {"n": LARGE, "flag": True, "lang": "en", "when": WHEN}
    assert db.get(2).payload == {} and db.get(2**64 - 1).payload == {"n": -7, "flag": False}
    assert str(db.search([1, 2], within=-1.0).to_pandas()["id"].dtype) == "uint64"


def test_columns_of_arrow_keep_what_they_hold_and_have_gaps(db):
    pa = pytest.importorskip("pyarrow")
    rows = [{"n": LARGE, "flag": True, "when": WHEN}, {"lang": "en"}, {"n": -7, "flag": False}]
    db.upsert([1, 2, 2**64 - 1], VECTORS, rows)
    table = db.search([1, 2], 3).to_arrow()
    assert [(field.name, field.type) for field in table.schema] == [
        ("id", pa.uint64()),
        ("distance", pa.float64()),
        ("flag", pa.bool_()),
        ("n", pa.int64()),
        ("when", pa.timestamp("us", "UTC")),
        ("lang", pa.string()),
    ]
    assert table["n"].to_pylist() == [LARGE, None, -7] and table["id"].to_pylist()[2] == 2**64 - 1
    db.merge_payload(2, {"n": "seven"})
    with pytest.raises(iqdb.NotSupportedError, match="'n'") as caught:
        db.search([1, 2], 3).to_arrow()
    assert "to_pandas" in caught.value.hint
