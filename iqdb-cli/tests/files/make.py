"""Makes small files as other tools write them, and the table of what an import has to make of each.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

Each case is a file, the flags of its import, and either the records that it holds, as Python knows them, or the
exit code and a part of the error. `tests/cli/tables.rs` goes through the table. A database has one field of two
components. The files are committed; run this after a change and commit what it makes.
"""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
MADE = HERE / "made"
CASES = []


def case(name, write, *, flags=(), records=None, notes=(), exit=None, error=None):
    """Writes the file `name` by `write`, unless a case before it did, and adds a line to the table."""
    path = MADE / name
    if write is not None:
        write(path)
    assert path.exists() and (records is None) == (error is not None), name
    CASES.append(
        {"file": name, "flags": list(flags), "records": records, "notes": list(notes), "exit": exit, "error": error}
    )


def record(id, payload=None, vector=(1.0, 2.0)):
    """A record as a line of an export has it."""
    made = {"id": id, "vector": list(vector)}
    if payload:
        made["payload"] = payload
    return made


def text(content):
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def frame(columns, ids=None):
    """A frame with ids, the vector (1, 2) in each row, and these columns."""
    rows = len(next(iter(columns.values())))
    ids = list(range(1, rows + 1)) if ids is None else ids
    return pd.DataFrame({"id": ids, "v0": [1.0] * rows, "v1": [2.0] * rows} | columns)


def to_csv(columns, ids=None, **options):
    return lambda path: frame(columns, ids).to_csv(path, **({"index": False} | options))


def with_n(*values):
    """Records 1, 2, … with these values of the key n; None is no key."""
    return [record(row + 1, None if value is None else {"n": value}) for row, value in enumerate(values)]


def absent(rows, column="n"):
    rows = "1 row" if rows == 1 else f"{rows} rows"
    return f"In {rows} the column {column} has no value (NaN or null): no key there."


def csv_of_pandas():
    case("pandas_int.csv", to_csv({"n": [7, -7, 0]}), records=with_n(7, -7, 0))
    case("pandas_float.csv", to_csv({"n": [7.0, 0.1, 1e-05]}), records=with_n(7.0, 0.1, 1e-05))
    case("pandas_float_nan.csv", to_csv({"n": [7.0, float("nan")]}), records=with_n(7.0, None))
    case("pandas_nan_written.csv", to_csv({"n": [7.0, float("nan")]}, na_rep="NaN"), records=with_n(7.0, None),
         notes=[absent(1)])
    case("pandas_text_nan_written.csv", to_csv({"n": ["a", None, None]}, na_rep="nan"),
         records=with_n("a", None, None), notes=[absent(2)])
    case("pandas_nat_written.csv", to_csv({"n": pd.to_datetime(["2025-01-31", None])}, na_rep="NaT"),
         flags=["--dates", "n"], records=with_n({"$date": "2025-01-31T00:00:00Z"}, None), notes=[absent(1)])
    case("pandas_bool.csv", to_csv({"n": [True, False]}), records=with_n(True, False))
    case("pandas_bool_missing.csv", to_csv({"n": [True, None]}), records=with_n(True, None))
    case("pandas_bool_and_text.csv", to_csv({"n": ["True", "maybe"]}), records=with_n("True", "maybe"))
    case("pandas_nullable_int.csv", to_csv({"n": pd.array([7, None], dtype="Int64")}), records=with_n(7, None))
    case("pandas_uint64.csv", to_csv({"n": np.array([1, 2**64 - 1], dtype="u8")}), exit=2,
         error="the integer does not fit 64 bits")
    case("pandas_uint64.csv", None, flags=["--text", "n"], records=with_n("1", str(2**64 - 1)))
    case("pandas_infinite.csv", to_csv({"n": [0.5, float("inf")]}), exit=2, error="the number is not finite")
    case("pandas_zip.csv", to_csv({"n": ["01067", "10115"]}), records=with_n("01067", "10115"))
    case("pandas_zip_without_zero.csv", to_csv({"n": ["10115", "10117"]}), flags=["--text", "n"],
         records=with_n("10115", "10117"))
    case("pandas_mixed.csv", to_csv({"n": [7, "x"]}), records=with_n("7", "x"))
    case("pandas_text_with_quotes.csv", to_csv({"n": ['say "hi"', "two\nlines", "a,b", " padded "]}),
         records=with_n('say "hi"', "two\nlines", "a,b", " padded "))
    case("pandas_index.csv", to_csv({"n": [7]}, index=True), records=with_n(7),
         notes=["Column 1 has no name and is left out."])
    case("pandas_named_index.csv", lambda path: frame({"n": [7]}).set_index("id").to_csv(path), records=with_n(7))
    case("pandas_tab.tsv", to_csv({"n": ["a,b", "c\td"]}, sep="\t"), records=with_n("a,b", "c\td"))
    case("pandas_date.csv", to_csv({"n": pd.to_datetime(["2025-01-31"])}), records=with_n("2025-01-31"))
    naive = pd.to_datetime(["2025-01-31 10:00:00.5"])
    case("pandas_time_naive.csv", to_csv({"n": naive}), flags=["--dates", "n"], exit=2, error="--assume-tz UTC")
    case("pandas_time_naive.csv", None, flags=["--dates", "n", "--assume-tz", "+02:00"],
         records=with_n({"$date": "2025-01-31T08:00:00.5Z"}))
    case("pandas_time_zone.csv", to_csv({"n": naive.tz_localize("Europe/Berlin")}), flags=["--dates", "n"],
         records=with_n({"$date": "2025-01-31T09:00:00.5Z"}))
    fine = pd.to_datetime([1_738_317_600_000_000_001], utc=True)
    case("pandas_time_nanos.csv", to_csv({"n": fine}), flags=["--dates", "n"], exit=2,
         error="--timestamps truncate, text or int")
    case("pandas_time_nanos.csv", None, flags=["--dates", "n", "--timestamps", "truncate"],
         records=with_n({"$date": "2025-01-31T10:00:00Z"}))
    case("pandas_time_nanos.csv", None, flags=["--dates", "n", "--timestamps", "text"],
         records=with_n("2025-01-31T10:00:00.000000001Z"))
    case("pandas_time_nanos.csv", None, flags=["--dates", "n", "--timestamps", "int"],
         records=with_n(1_738_317_600_000_000_001))
    case("pandas_list.csv", to_csv({"n": [[1, 2], [3]]}), records=with_n([1, 2], [3]))
    case("pandas_list_of_texts.csv", to_csv({"n": [["a"], ["b"]]}), records=with_n("['a']", "['b']"))
    case("pandas_no_rows.csv", to_csv({"n": []}), records=[])
    case("pandas_utf8_mark.csv", to_csv({"n": ["ä"]}, encoding="utf-8-sig"), records=with_n("ä"))
    case("pandas_latin1.csv", to_csv({"n": ["ä"]}, encoding="latin-1"), exit=3, error="the cell is not UTF-8")
    case("pandas_crlf.csv", to_csv({"n": ["a", "b"]}, lineterminator="\r\n"), records=with_n("a", "b"))
    case("pandas_all_quoted.csv", to_csv({"n": [7, 8]}, quoting=csv.QUOTE_ALL), records=with_n(7, 8))


def ids():
    """The same ids through every door: a typed value keeps its type, and a text without one is read by its form."""
    uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8"
    plain = [
        ("number", 7, 7),
        ("zero", 0, 0),
        ("largest", 2**64 - 1, 2**64 - 1),
        ("zeros_before", "007", "007"),
        ("text", "doc-7", "doc-7"),
        ("uuid", uuid, {"uuid": uuid}),
        ("negative", "-7", "-7"),
        ("decimal", "7.0", "7.0"),
        ("spaces", " 7", " 7"),
        ("not_ascii", "ä", "ä"),
    ]
    for name, written, read in plain:
        case(f"id_{name}.csv", to_csv({"n": [1]}, ids=[written]), records=[record(read, {"n": 1})])
    case("id_quoted_number.csv", to_csv({"n": [1]}, ids=['"7"']), records=[record("7", {"n": 1})])
    case("id_too_large.csv", to_csv({"n": [1]}, ids=[str(2**64)]), exit=2, error="put it in quotes to mean a string")
    case("id_none.csv", lambda path: frame({"n": [1]}).drop(columns="id").to_csv(path, index=False),
         records=[record(0, {"n": 1})])
    case("id_none.csv", None, flags=["--ids", "number-from=7"], records=[record(7, {"n": 1})])
    case("id_none.csv", None, flags=["--ids", "prefix=a-"], records=[record("a-0", {"n": 1})])
    case("id_number.csv", None, flags=["--ids", "uuid"], exit=2, error="the records have ids of their own")
    for name, line, read in [
        ("number", 7, 7),
        ("largest", 2**64 - 1, 2**64 - 1),
        ("text_of_digits", "7", "7"),
        ("zeros_before", "007", "007"),
        ("text_of_a_uuid", uuid, uuid),
        ("uuid", {"uuid": uuid}, {"uuid": uuid}),
    ]:
        case(f"id_{name}.jsonl", text(json.dumps({"id": line, "vector": [1, 2]})), records=[record(read)])
    case("id_negative.jsonl", text('{"id": -7, "vector": [1, 2]}'), exit=3, error="a record id: a number of 64 bits")
    case("id_float.jsonl", text('{"id": 7.5, "vector": [1, 2]}'), exit=3, error="a record id: a number of 64 bits")
    case("id_none.jsonl", text('{"vector": [1, 2]}'), records=[record(0)])
    case("id_none.npy", lambda path: np.save(path, np.array([[1, 2]], dtype="f4")), records=[record(0)])
    case("id_none.npy", None, flags=["--ids", "prefix=row-"], records=[record("row-0")])


def text_tables():
    head = "id,v0,v1,n\n"
    row = "{},1,2,{}\n"
    case("quote_open.csv", text(head + row.format(1, "a") + row.format(2, '"b') + row.format(3, "c")), exit=3,
         error="a double quote is not closed while: reading line 3 of quote_open.csv at: column 7")
    case("quote_text_behind.csv", text(head + row.format(1, '"a"b')), exit=3,
         error="text follows a closing double quote while: reading line 2 of quote_text_behind.csv at: column 10")
    case("quote_inside.csv", text(head + row.format(1, 'a"b')), records=with_n('a"b'))
    case("cells_missing.csv", text(head + "1,1,2\n"), exit=3, error="another number of columns")
    case("blank_lines.csv", text("\n" + head + "\n" + row.format(1, "a") + "\n\n"), records=with_n("a"))
    case("no_newline.csv", text(head + "1,1,2,a"), records=with_n("a"))
    case("excel_bool.csv", text(head + row.format(1, "TRUE") + row.format(2, "FALSE")), records=with_n(True, False))
    case("excel_semicolons.csv", text("id;v0;v1;n\n1;1;2;a\n"), exit=3, error="no column holds the vector")
    case("late_text.csv", text(head + "".join(row.format(n, n) for n in range(1, 4)) + row.format(4, "x")),
         records=with_n("1", "2", "3", "x"))
    case("late_float.csv", text(head + row.format(1, 1) + row.format(2, "2.5")), records=with_n(1.0, 2.5))
    case("float_and_exact_integer.csv", text(head + row.format(1, 2**53) + row.format(2, "2.5")),
         records=with_n(float(2**53), 2.5))
    case("float_and_inexact_integer.csv", text(head + row.format(1, 2**53 + 1) + row.format(2, "2.5")), exit=2,
         error="the integer would be rounded among the floats of its column")
    case("sha.csv", text(head + row.format(1, "12e4567") + row.format(2, "deadbee")),
         records=with_n("12e4567", "deadbee"))
    case("json_cells.csv", text(head + row.format(1, '"{""a"": [1]}"') + row.format(2, '"""7"""')),
         records=with_n({"a": [1]}, "7"))
    case("json_large_integer.csv", text(head + row.format(1, f"[{2**64}]")), exit=2,
         error="the integer does not fit 64 bits")
    case("two_names.csv", text("id,v0,v1,n,n\n1,1,2,3,4\n"), exit=3, error="two columns have the same name")
    case("null_and_int.csv", text(head + row.format(1, "null") + row.format(2, 7)), records=with_n_null())
    case("empty.csv", text(""), exit=3, error="the file is empty")
    case("vector_nan.csv", text("id,v0,v1\n1,1,nan\n"), exit=3, error="the cell is not a component")


def with_n_null():
    return [record(1, {"n": None}), record(2, {"n": 7})]


def json_lines():
    line = '{{"id": 1, "vector": [1, 2], "n": {}}}\n'
    for name, value, read in [
        ("int", "9223372036854775807", 2**63 - 1),
        ("float", "1e30", 1e30),
        ("nested", '{"a": [1, null]}', {"a": [1, None]}),
        ("null", "null", None),
        ("zeros_before", '"007"', "007"),
    ]:
        case(f"json_{name}.jsonl", text(line.format(value)), records=[record(1, {"n": read})])
    for name, value in [("2_63", 2**63), ("2_64", 2**64), ("negative", -(2**63) - 1)]:
        case(f"json_large_{name}.jsonl", text(line.format(value)), exit=2, error="the integer does not fit 64 bits")
    case("json_nan.jsonl", text(json.dumps({"id": 1, "vector": [1, 2], "n": float("nan")})), exit=3,
         error="the line is not JSON")
    case("json_time.jsonl", text(line.format('"2025-01-31 10:00:00+00:00"')), flags=["--dates", "n"],
         records=with_n({"$date": "2025-01-31T10:00:00Z"}))
    case("json_time.jsonl", None, records=with_n("2025-01-31 10:00:00+00:00"))
    case("json_time.jsonl", None, flags=["--text", "n"], exit=2, error="put the values in quotes")
    case("pandas.jsonl", lambda path: pd.DataFrame({"id": [1], "vector": [[1.0, 2.0]], "n": [7]}).to_json(
        path, orient="records", lines=True), records=with_n(7))


def to_parquet(columns, ids=None, **options):
    """The frame with its vectors as lists, as pandas writes it through pyarrow."""
    made = frame(columns, ids).drop(columns=["v0", "v1"])
    made["vector"] = [[1.0, 2.0]] * len(made)
    return lambda path: made.to_parquet(path, **({"index": False} | options))


def parquet_of_pandas():
    def n(name, values, **expected):
        case(f"pandas_{name}.parquet", None if values is None else to_parquet({"n": values}), **expected)

    n("int", [7, -7], records=with_n(7, -7))
    n("nullable_int", pd.array([7, None], dtype="Int64"), records=with_n(7, None), notes=[absent(1)])
    n("float", [7.0, 0.1], records=with_n(7.0, 0.1))
    n("float_nan", [7.0, float("nan")], records=with_n(7.0, None), notes=[absent(1)])
    n("float_infinite", [float("inf")], exit=2, error="not finite")
    n("float32", np.array([0.5], dtype="f4"), records=with_n(0.5))
    n("bool_missing", [True, None], records=with_n(True, None), notes=[absent(1)])
    n("text_missing", ["007", None], records=with_n("007", None), notes=[absent(1)])
    n("category", pd.Categorical(["a", "b", "a"]), records=with_n("a", "b", "a"))
    n("uint64", np.array([1, 2**64 - 1], dtype="u8"), exit=2, error="the integer does not fit 64 bits")
    n("uint64", None, flags=["--text", "n"], records=with_n("1", str(2**64 - 1)))
    n("float", None, flags=["--text", "n"], exit=2, error="integers or strings beside --text")
    n("int", None, flags=["--dates", "n"], exit=2, error="strings beside --dates")
    n("int", None, flags=["--dates", "m"], exit=2, error="there is no such column")
    naive = pd.to_datetime(["2025-01-31 10:00:00.5"])
    for unit in ["s", "ms", "us", "ns"]:
        n(f"time_naive_{unit}", naive.as_unit(unit), exit=2, error="--assume-tz UTC")
        shown = "2025-01-31T08:00:00Z" if unit == "s" else "2025-01-31T08:00:00.5Z"
        n(f"time_naive_{unit}", None, flags=["--assume-tz", "+02:00"], records=with_n({"$date": shown}))
        zoned = naive.tz_localize("Europe/Berlin").as_unit(unit)
        n(f"time_zone_{unit}", zoned, records=with_n({"$date": shown.replace("08", "09")}))
    fine = pd.to_datetime([1_738_317_600_000_000_001], utc=True)
    n("time_nanos", fine, exit=2, error="--timestamps truncate, text or int")
    for value, flag in [
        ({"$date": "2025-01-31T10:00:00Z"}, "truncate"),
        ("2025-01-31T10:00:00.000000001Z", "text"),
        (1_738_317_600_000_000_001, "int"),
    ]:
        n("time_nanos", None, flags=["--timestamps", flag], records=with_n(value))
    n("time_nat", pd.to_datetime(["2025-01-31T10:00:00", None], utc=True),
      records=with_n({"$date": "2025-01-31T10:00:00Z"}, None), notes=[absent(1)])
    n("day", [date(2025, 1, 31)], records=with_n({"$date": "2025-01-31T00:00:00Z"}),
      notes=["Days are dates, each its midnight in UTC."])
    n("text_of_time", ["2025-01-31 10:00:00+00:00"], flags=["--dates", "n"],
      records=with_n({"$date": "2025-01-31T10:00:00Z"}))
    n("list", [[1, 2], []], records=with_n([1, 2], []))
    n("list_of_texts", [["a", None]], records=with_n(["a", None]))
    n("list_with_nan", [np.array([0.5, np.nan])], records=with_n([0.5, None]))
    n("map", [{"a": 1, "b": "x"}, {"a": 2, "b": None}], records=with_n({"a": 1, "b": "x"}, {"a": 2}),
      notes=[absent(1, "n.b")])
    for codec in ["none", "snappy", "zstd"]:
        case(f"pandas_{codec}.parquet", to_parquet({"n": ["a"] * 3}, compression=None if codec == "none" else codec),
             records=with_n("a", "a", "a"))
    for codec in ["gzip", "brotli", "lz4"]:
        case(f"pandas_{codec}.parquet", to_parquet({"n": ["a"] * 3}, compression=codec), exit=2,
             error="the file's compression is not read here")
    rounded = pd.DataFrame({"id": [1], "vector": [[0.1, 2.0]]})
    case("pandas_vector_rounded.parquet", lambda path: rounded.to_parquet(path, index=False),
         records=[{"id": 1, "vector": [0.1, 2.0]}],
         notes=["Vectors of vector are of 64 bits, and rounded to 32 once."])
    uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8"
    for name, id in [("number", 7), ("largest", np.uint64(2**64 - 1)), ("text_of_digits", "7"),
                     ("zeros_before", "007"), ("text_of_a_uuid", uuid)]:
        read = id if isinstance(id, str) else int(id)
        case(f"id_{name}.parquet", to_parquet({"n": [1]}, ids=[id]), records=[record(read, {"n": 1})])
    case("id_negative.parquet", to_parquet({"n": [1]}, ids=[-7]), exit=3, error="the id is negative")
    case("id_float.parquet", to_parquet({"n": [1]}, ids=[7.5]), exit=2, error="the column id has another type")


def numpy_arrays():
    rows = np.array([[1, 2], [0.5, -2]])
    both = [record(0), record(1, vector=(0.5, -2.0))]
    for name, array, expected in [
        ("f2", rows.astype("f2"), {"records": both}),
        ("f4", rows.astype("f4"), {"records": both}),
        ("f8", rows, {"exit": 2, "error": "the array has another item type"}),
        ("big_endian", rows.astype(">f4"), {"exit": 2, "error": "the array is big-endian"}),
        ("fortran", np.asfortranarray(rows.astype("f4")), {"exit": 2, "error": "Fortran order"}),
        ("one_row", rows[0].astype("f4"), {"exit": 2, "error": "the array is not a matrix"}),
        ("no_rows", rows[:0].astype("f4"), {"exit": 2, "error": "the array is empty"}),
        ("nan", np.array([[1, np.nan]], dtype="f4"), {"exit": 3, "error": "column 1 is not a finite number"}),
    ]:
        case(f"numpy_{name}.npy", lambda path: np.save(path, array), **expected)


shutil.rmtree(MADE, ignore_errors=True)
MADE.mkdir()
csv_of_pandas()
ids()
text_tables()
json_lines()
parquet_of_pandas()
numpy_arrays()
with (HERE / "cases.jsonl").open("w") as table:
    for line in CASES:
        table.write(json.dumps(line) + "\n")
print(f"{len(CASES)} cases of {len(list(MADE.iterdir()))} files")
