"""Opening, writing, reading: each method in memory and on disk."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest

import iqdb


def ids(result):
    return result.ids.tolist()


def test_a_search_finds_the_nearest_that_match(articles):
    assert ids(articles.search([0, 0], 2)) == [1, 2]
    assert ids(articles.search([0, 0], 2, where="lang = 'en'")) == [1, 3]
    assert ids(articles.search([0, 0], 2, where=iqdb.key("lang") == "en")) == [1, 3]
    assert ids(articles.search([0, 0], within=1.5)) == [1, 2]
    assert ids(articles.search([0, 0], 1, within=1.5)) == [1]
    assert len(articles.search([0, 0])) == 5
    assert len(articles.search([0, 0], 10**30)) == 5


def test_a_result_has_arrays_payloads_and_hits(articles):
    result = articles.search([0, 0], 2)
    assert result.ids.dtype == np.uint64
    assert result.distances.dtype == np.float64
    assert result.distances.tolist() == [0.0, 1.0]
    assert result.payloads[1] == {"lang": "de", "year": 2005}
    assert result.ids is result.ids
    assert [hit.id for hit in result] == [1, 2]
    assert result[-1].payload == {"lang": "de", "year": 2005}
    assert result[0].distance == 0.0
    assert result.exact and result.recall == 1.0
    with pytest.raises(IndexError):
        result[2]
    without = articles.search([0, 0], 1, payload=False, vector=True)
    assert without.payloads == [None]
    assert without.vectors[0].tolist() == [0.0, 0.0]


def test_a_matrix_has_a_result_for_each_row(articles):
    queries = np.array([[0, 0], [4, 0]], dtype=np.float32)
    assert [ids(result) for result in articles.search(queries, 1)] == [[1], [5]]
    assert [ids(result) for result in articles.search(queries.tolist(), 1, threads=2)] == [[1], [5]]
    assert articles.search(np.empty((0, 2), np.float32), 1) == []


def test_ids_of_every_kind_come_back(opened):
    db = opened(dim=1, metric="dot")
    some = [7, 2**64 - 1, "seven", "", "7", uuid.UUID(int=7)]
    db.upsert(some, [[1.0]] * len(some))
    found = db.search([1.0], 10)
    assert found.ids.dtype == object
    assert set(found.ids) == set(some)
    assert all(db.get(id).id == id for id in some)
    assert db.get_many([*some, "absent"])[-1] is None
    assert "seven" in db and 8 not in db
    assert db.delete(some[:3]) == 3
    assert len(db) == 3


def test_one_record_is_written_like_many(opened):
    db = opened(dim=2, metric="dot")
    assert db.upsert("a", [1.0, 0.0], {"n": 1}).inserted == 1
    assert db.upsert("a", np.array([0.0, 1.0])).replaced == 1
    record = db.get("a")
    assert record.payload == {} and record.vector.tolist() == [0.0, 1.0]
    assert record.vector.dtype == np.float32
    assert db.get("b") is None


def test_insert_fails_as_a_whole_where_an_id_is_there(articles):
    with pytest.raises(iqdb.AlreadyExistsError) as caught:
        articles.insert([6, 1], [[9, 9], [9, 9]])
    assert caught.value.record_id == 1
    assert 6 not in articles
    assert articles.insert_if_absent([6, 1], [[9, 9], [9, 9]]).kept == 1
    assert articles.get(1).vector.tolist() == [0.0, 0.0]


def test_records_are_deleted_and_replaced_by_filter(articles):
    applied = articles.replace_where("lang = 'en'", [3], [[7, 7]], [{"lang": "en"}])
    assert (applied.deleted, applied.inserted) == (2, 1)
    assert articles.get(3).vector.tolist() == [7.0, 7.0]
    assert articles.delete_where(iqdb.key("year") > 2000) == 2
    assert sorted(record.id for record in articles.scroll()) == [3, 5]
    with pytest.raises(iqdb.InvalidInputError):
        articles.delete_where(None)


def test_payloads_are_set_and_merged(articles):
    assert articles.set_payload(1, {"lang": "it"}) == 1
    assert articles.get(1).payload == {"lang": "it"}
    assert articles.merge_payload([4, 99], {"author": {"born": None, "died": 1852}}) == 1
    assert articles.get(4).payload["author"] == {"name": "Ada", "died": 1852}
    assert articles.get(4).vector.tolist() == [3.0, 0.0]
    assert articles.set_payload([1, 2], [{"n": 1}, {"n": 2}]) == 2
    assert [articles.get(id).payload for id in (1, 2)] == [{"n": 1}, {"n": 2}]
    with pytest.raises(iqdb.InvalidInputError):
        articles.merge_payload([1, 2], [{"n": 3}])


def test_aggregates(articles):
    assert articles.count() == len(articles) == 5
    assert articles.count("lang = 'en'") == 2
    assert articles.min_max("year") == (1999, 2024)
    assert articles.min_max("year", where="lang = 'en'") == (1999, 2020)
    assert articles.min_max("nothing") is None
    assert articles.distinct("lang") == ["de", "en", "fr"]
    assert articles.distinct("lang", 1) == ["de"]
    assert articles.facet("tags[]") == [("b", 2), ("a", 1)]
    assert articles.facet("lang", 1) == [("en", 2)]


def test_scrolling_goes_through_one_version(articles):
    scroll = articles.scroll(order_by="year", descending=True)
    assert next(scroll).id == 4
    articles.delete([1, 2, 3])
    assert [record.id for record in scroll] == [3, 2, 1, 5]
    assert [record.id for record in articles.scroll(descending=True)] == [5, 4]
    assert [record.id for record in articles.scroll("lang exists", limit=1)] == [4]
    bare = next(articles.scroll(payload=False, vectors=False))
    assert bare.payload == {} and bare.vectors == {} and bare.vector is None


def test_scrolling_goes_through_many_pages(opened):
    db = opened(dim=1, metric="dot")
    count = 5_000
    db.upsert(np.arange(count), np.ones((count, 1), np.float32))
    assert [record.id for record in db.scroll(vectors=False)] == list(range(count))
    assert len(list(db.scroll(limit=2_000))) == 2_000


def test_a_snapshot_never_changes(articles):
    before = articles.snapshot()
    articles.delete_where("year exists")
    assert (len(before), len(articles)) == (5, 0)
    assert before.version + 1 == articles.version
    assert ids(before.search([0, 0], 1)) == [1]
    assert before.get(1).payload["lang"] == "en"
    assert before.get_many([1, 9])[1] is None
    assert before.count("lang = 'en'") == 2 and before.min_max("year") == (1999, 2024)
    assert before.distinct("lang", 1) == ["de"] and before.facet("lang", 1) == [("en", 2)]
    assert next(before.scroll()).id == 1
    assert bool(articles) and not articles.closed
    articles.close()
    for call in (before.count, before.scroll, lambda: before.get(1), lambda: before.search([0, 0])):
        with pytest.raises(iqdb.ClosedError):
            call()


def test_explain_says_what_was_done(articles):
    explain = articles.explain([0, 0], where="lang = 'en'")
    assert explain.candidates == 2 and "2 candidates" in repr(explain)
    assert articles.search([0, 0]).explain.candidates == 5
    assert articles.explain(np.empty((0, 2))).candidates == 0


def test_named_fields_of_every_element(opened):
    schema = (
        iqdb.Schema()
        .dense("title", 3, "euclidean")
        .dense("half", 2, "dot", "f16")
        .dense("brain", 2, "dot", "bf16")
        .dense("small", 2, "dot", "i8")
        .dense("bits", 9, "hamming", "binary")
        .sparse("terms")
    )
    db = opened(schema)
    assert db.schema == schema and hash(db.schema) == hash(schema)
    assert [field.name for field in db.schema.fields][-1] == "terms"
    bits = np.zeros((2, 9), bool)
    bits[0, 8] = True
    db.upsert(
        [1, 2],
        {
            "title": np.arange(6, dtype=np.float64).reshape(2, 3),
            "half": np.ones((2, 2), np.float16),
            "brain": [[1.0, 2.0], [3.0, 4.0]],
            "small": [[1, -2], [3, 4]],
            "bits": bits,
            "terms": [{3: 0.5, 1: 2.0}, None],
        },
    )
    one, two = db.get_many([1, 2])
    assert one.vectors["title"].tolist() == [0.0, 1.0, 2.0]
    assert one.vectors["half"].dtype == np.float16
    assert one.vectors["brain"].tolist() == [1.0, 2.0]
    assert one.vectors["small"].tolist() == [1, -2] and one.vectors["small"].dtype == np.int8
    assert one.vectors["bits"].tolist() == [0, 128]
    assert one.vectors["terms"].indices.tolist() == [1, 3]
    assert one.vectors["terms"].weights.tolist() == [2.0, 0.5]
    assert "terms" not in two.vectors and two.vector is None
    assert ids(db.search([0, 1, 2], 1, on="title")) == [1]
    assert ids(db.search([3, 4], 1, on="small")) == [2]
    assert ids(db.search(bits[1], 1, on="bits")) == [2]
    assert ids(db.search(iqdb.Sparse([3], [1.0]), on="terms")) == [1]
    assert ids(db.search({3: 1.0}, on="terms")) == [1]
    assert [ids(result) for result in db.search([{3: 1.0}, {9: 1.0}], on="terms")] == [[1], []]
    assert db.count(iqdb.has("terms")) == 1
    assert db.set_vectors(2, {"terms": {7: 1.0}, "title": None})
    assert "title" not in db.get(2).vectors
    with pytest.raises(iqdb.UnknownFieldError) as caught:
        db.search([0, 1, 2], 1)
    assert isinstance(caught.value, KeyError) and "title" in str(caught.value)


def test_a_field_is_added_to_a_database_in_use(articles):
    assert articles.add_field(iqdb.Schema().dense("image", 3)) == 2
    articles.set_vectors(1, {"image": [1, 2, 3]})
    assert ids(articles.search([1, 2, 3], on="image")) == [1]


def test_what_is_on_disk_stays(tmp_path: Path):
    path = tmp_path / "docs.iqdb"
    with iqdb.open(path, dim=2) as db:
        db.upsert(1, [1, 0], {"lang": "en"})
        with pytest.raises(iqdb.LockedError) as caught:
            iqdb.open(path)
        assert isinstance(caught.value, OSError) and caught.value.hint is not None
        db.backup(tmp_path / "copy.iqdb")
        db.upsert(2, [0, 1])
        db.flush()
        db.compact()
        db.prepare()
        assert db.verify()["records"] == 2
    assert db.closed
    with pytest.raises(iqdb.ClosedError):
        len(db)
    with iqdb.open(path) as db:
        assert len(db) == 2
    copy = str(tmp_path / "copy.iqdb")
    with iqdb.open(copy), pytest.raises(iqdb.LockedError):
        iqdb.open(copy, read_only=True)
    with iqdb.open(copy, read_only=True) as db, iqdb.open(copy, read_only=True) as other:
        assert len(db) == len(other) == 1 and db.refresh() == 1
        with pytest.raises(iqdb.LockedError):
            iqdb.open(copy)
        with pytest.raises(iqdb.NotSupportedError):
            db.upsert(3, [1, 1])
    with pytest.raises(iqdb.StorageError):
        iqdb.open(tmp_path / "absent.iqdb")
    with pytest.raises(iqdb.InvalidInputError):
        iqdb.open(path, dim=3)


def test_relaxed_durability_is_flushed(tmp_path: Path):
    with iqdb.open(tmp_path / "docs.iqdb", dim=1, durability="relaxed") as db:
        db.upsert(range(10), np.ones((10, 1)))
        db.flush()
    with pytest.raises(iqdb.InvalidInputError):
        iqdb.open(tmp_path / "other.iqdb", dim=1, durability="none")


def test_an_upsert_of_many_batches_says_what_stays(articles):
    vectors = np.zeros((10, 2), np.float32)
    vectors[7, 1] = np.nan
    with pytest.raises(iqdb.InvalidInputError) as caught:
        articles.upsert(np.arange(100, 110), vectors, batch_rows=3)
    assert caught.value.acknowledged == 6
    assert caught.value.record_id == 107
    assert len(articles) == 5 + 6
    assert articles.upsert(np.arange(100, 110), np.zeros((10, 2)), batch_rows=3).replaced == 6
    assert articles.upsert([], np.empty((0, 2))).inserted == 0


def test_calls_that_make_no_sense_say_so(articles):
    for call, error in [
        (lambda: articles.search([0, 0], 0), ValueError),
        (lambda: articles.search([0, 0], -1), ValueError),
        (lambda: articles.search([0, 0], "many"), ValueError),
        (lambda: articles.search([0, 0], 1.5), ValueError),
        (lambda: articles.search([0, 0], accuracy=2.0), ValueError),
        (lambda: articles.search([0, 0], accuracy="nearly"), ValueError),
        (lambda: articles.search([0, 0], within=float("nan")), ValueError),
        (lambda: articles.search([0, 0], threads=0), ValueError),
        (lambda: articles.search([0, 0], timeout=-1.0), ValueError),
        (lambda: articles.search([0, 0], timeout=0.0), TimeoutError),
        (lambda: articles.search([0, 0, 0]), ValueError),
        (lambda: articles.search([[[0, 0]]]), ValueError),
        (lambda: articles.search([0, 0], where=7), ValueError),
        (lambda: articles.search([0, 0], where="lang ="), ValueError),
        (lambda: articles.search([0, 0], where="@has image"), KeyError),
        (lambda: articles.upsert([1, 2], [[0, 0]]), ValueError),
        (lambda: articles.upsert([1], [[0, 0]], [{}, {}]), ValueError),
        (lambda: articles.upsert([1], [[0, 0]], ["lang"]), ValueError),
        (lambda: articles.upsert(7.5, [[0, 0]]), ValueError),
        (lambda: articles.upsert("x" * 600, [0, 0]), ValueError),
        (lambda: articles.get(1.5), ValueError),
        (lambda: articles.min_max("a..b"), ValueError),
        (lambda: iqdb.memory(), TypeError),
        (lambda: iqdb.memory(iqdb.Schema(2), dim=2), TypeError),
        (lambda: iqdb.memory(dim=0), ValueError),
        (lambda: iqdb.memory(dim=2, metric="manhattan"), ValueError),
        (lambda: iqdb.Schema().dense("a", 2, "cosine", "f64"), ValueError),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, (iqdb.Error, TypeError)), caught.value
        assert len(str(caught.value)) > 10


def test_a_timeout_is_an_error_that_is_a_timeout(articles):
    with pytest.raises(iqdb.DeadlineExceededError):
        articles.search([0, 0], timeout=0.0)
    assert ids(articles.search([0, 0], 1, timeout=1e300)) == [1]
