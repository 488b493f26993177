"""Arrays whose memory is unusual, or changes while it is read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import iqdb


def unaligned(values):
    """The same array, at an address that is no multiple of an item's size."""
    memory = np.zeros(values.nbytes + 1, np.uint8)
    array = memory[1:].view(values.dtype).reshape(values.shape)
    array[...] = values
    assert not array.flags.aligned
    return array


class Payload(Mapping):
    """A payload that runs code when it is read."""

    def __init__(self, call):
        self.call = call

    def __getitem__(self, key):
        return {"a": 1}[key]

    def __len__(self):
        return 1

    def __iter__(self):
        self.call()
        return iter(["a"])


@pytest.mark.parametrize("dtype", ["<i8", "<u8"])
def test_ids_are_read_wherever_they_lie(dtype):
    packed = np.zeros(3, [("lang", "S2"), ("id", dtype)])
    packed["id"] = [1, 2, 3]
    table = np.arange(6, dtype=dtype).reshape(3, 2)
    plain = np.array([1, 2, 3], dtype)
    forms = (packed["id"], unaligned(plain), plain[::-1], table[:, 1], table[::-1, 0], plain[:0])
    for ids in forms:
        with iqdb.memory(dim=1) as db:
            db.upsert(ids, np.ones((len(ids), 1)))
            assert sorted(record.id for record in db.scroll()) == sorted(ids.tolist())
            assert [record.id for record in db.get_many(ids)] == ids.tolist()


def test_a_bool_of_numpy_is_no_id():
    db = iqdb.memory(dim=1)
    for ids in (np.bool_(True), [np.bool_(True)], np.array([True]), [1, np.True_]):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert(ids, np.ones((np.size(ids), 1)))
        assert caught.value.kind == "invalid_id" and "bool" in str(caught.value)


def test_vectors_are_read_where_they_are_not_aligned():
    rows = np.random.default_rng(1).random((5, 3), dtype=np.float32)
    for element, dtype in (("f32", np.float32), ("bf16", np.float32), ("f16", np.float16)):
        db = iqdb.memory(iqdb.Schema().dense("vector", 3, "dot", element))
        same = rows.astype(dtype)
        db.upsert(range(5), unaligned(same))
        db.upsert(5, unaligned(same[0]))
        db.upsert([6, 7], [None, unaligned(same[1])])
        stored = [record.vector for record in db.get_many([0, 1, 2, 3, 4, 5, 7])]
        assert np.allclose(stored, same[[0, 1, 2, 3, 4, 0, 1]], atol=0.01)
        query = unaligned(same[2])
        assert db.search(query, 3).ids.tolist() == db.search(query.copy(), 3).ids.tolist()
        assert len(db.search(unaligned(same), 1)) == 5


def reshaped(array):
    array.shape = (-1,)


def of_bytes(array):
    array.dtype = np.int8


def other_rows(array):
    array.shape = (2, 3, 4)


def transposed(array):
    array.shape = (4, 6)


def strided(array):
    array.strides = (0, 4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("change", [reshaped, of_bytes, other_rows, transposed, strided])
def test_an_array_that_changes_its_form_meanwhile_is_refused(change):
    db = iqdb.memory(dim=4)
    rows = np.ones((6, 4), np.float32)
    payloads = [{}, Payload(lambda: change(rows)), {}, {}, {}, {}]
    with pytest.raises(iqdb.InvalidInputError, match="changed") as caught:
        db.upsert(range(6), rows, payloads, batch_rows=2)
    assert caught.value.acknowledged == len(db) == 2
    db.upsert(0, np.ones(4, np.float32))


def test_an_array_that_changes_its_form_before_an_insert_is_refused():
    db = iqdb.memory(dim=4)
    rows = np.ones((6, 4), np.float32)
    payloads = [{}, Payload(lambda: reshaped(rows)), {}, {}, {}, {}]
    with pytest.raises(iqdb.InvalidInputError, match="changed"):
        db.insert(range(6), rows, payloads)
    assert len(db) == 0


def test_payloads_are_those_of_the_list_that_was_passed():
    db = iqdb.memory(dim=1)
    payloads = [{}, {"b": 2}, {"c": 3}]
    payloads[0] = Payload(payloads.clear)
    db.upsert([1, 2, 3], np.ones((3, 1)), payloads, batch_rows=1)
    assert [record.payload for record in db.scroll()] == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_bools_are_as_many_as_the_field_has_bits():
    db = iqdb.memory(iqdb.Schema().dense("vector", 12, "hamming", "binary"))
    bits = np.zeros((2, 12), bool)
    bits[1] = True
    db.upsert([1, 2], bits)
    for wrong in (np.zeros((2, 11), bool), np.zeros((2, 16), bool)):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert([3, 4], wrong)
        assert caught.value.kind == "dimension_mismatch"
        for call in (lambda: db.search(wrong, 1), lambda: db.search(wrong[0], 1)):
            with pytest.raises(iqdb.InvalidInputError):
                call()
        with pytest.raises(iqdb.InvalidInputError):
            db.upsert([3, 4], [None, wrong[0]])
    assert len(db) == 2 and db.search(bits[1], 1).ids.tolist() == [2]


def test_bools_among_numbers_are_no_vector():
    db = iqdb.memory(dim=2)
    for wrong in ([True, 0.5], (0.5, np.True_), [True, 1]):
        for call in (lambda: db.search(wrong, 1), lambda: db.upsert([1], [wrong])):
            with pytest.raises(iqdb.InvalidInputError) as caught:
                call()
            assert caught.value.kind == "invalid_vector" and "bool" in str(caught.value)
    with pytest.raises(iqdb.InvalidInputError):
        db.upsert([1, 2], [None, [True, 0.5]])
    assert len(db) == 0
