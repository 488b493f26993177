"""Which arrays are taken for vectors and ids, and what becomes of them."""

from __future__ import annotations

import array

import numpy as np
import pytest

import iqdb

ROWS = np.array([[0.1, -2.0, 3.0], [4.0, 5.5, 1e-40], [7.0, 8.0, 9.0]])
AS_F32 = ROWS.astype(np.float32)


class ArrayLike:
    """An array of another library."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


class OnlyDLPack:
    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **kwargs):
        return self.values.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class Tensor(ArrayLike):
    """Behaves like a tensor of torch that numpy can't look into."""

    def __init__(self, device="cpu", requires_grad=False):
        super().__init__(AS_F32)
        self.device = device
        self.requires_grad = requires_grad

    def detach(self):
        return self

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


FORMS = {
    "float32": AS_F32,
    "float64": ROWS,
    "fortran": np.asfortranarray(AS_F32),
    "every other": np.repeat(AS_F32, 2, axis=0)[::2],
    "reversed": AS_F32[::-1][::-1],
    "transposed": AS_F32.T.copy().T,
    "big endian": AS_F32.astype(">f4"),
    "big endian double": ROWS.astype(">f8"),
    "read only": read_only(AS_F32),
    "lists": ROWS.tolist(),
    "tuples": tuple(tuple(row) for row in ROWS.tolist()),
    "list of arrays": list(ROWS),
    "list of float32 arrays": list(AS_F32),
    "array-like": ArrayLike(ROWS),
    "dlpack": OnlyDLPack(AS_F32),
    "memoryview": memoryview(AS_F32),
    "objects": np.array([list(row) for row in ROWS] + [None], dtype=object)[:3],
}


@pytest.mark.parametrize("form", FORMS)
def test_vectors_in_any_form_are_stored_as_float32(opened, form):
    db = opened(dim=3, metric="euclidean")
    db.upsert([1, 2, 3], FORMS[form])
    found = np.array([db.get(id).vector for id in (1, 2, 3)])
    assert found.dtype == np.float32 and found.tobytes() == AS_F32.tobytes()


@pytest.mark.parametrize("form", FORMS)
def test_queries_in_any_form_are_asked(form):
    db = iqdb.memory(dim=3, metric="euclidean")
    db.upsert([1, 2, 3], AS_F32)
    assert [result.ids[0] for result in db.search(FORMS[form], 1)] == [1, 2, 3]
    for row in FORMS["list of arrays"], FORMS["lists"], FORMS["big endian"], FORMS["fortran"]:
        assert db.search(row[1], 1).ids.tolist() == [2]
    assert db.search(AS_F32[:, ::-1][0][::-1], 1).ids.tolist() == [1]
    assert db.search(array.array("f", [7, 8, 9]), 1).ids.tolist() == [3]


def test_halves_and_integers_are_widened():
    db = iqdb.memory(dim=3, metric="euclidean")
    db.upsert([1, 2], np.array([[1, 2, 3], [4, 5, 6]], np.float16))
    db.upsert([3, 4], np.array([[1, 2, 3], [4, 5, 6]], np.int64))
    assert db.get(1).vector.tolist() == db.get(3).vector.tolist() == [1.0, 2.0, 3.0]
    assert db.search(np.array([4, 5, 6], np.uint8), within=0.0).ids.tolist() == [2, 4]


def test_a_list_rounds_as_numpy_does():
    db = iqdb.memory(dim=3, metric="dot")
    values = [0.1, 1 / 3, 16777217]
    db.upsert(1, values)
    assert db.get(1).vector.tobytes() == np.array(values, np.float32).tobytes()


@pytest.mark.parametrize(
    "vectors",
    [
        [[1.0, 2.0, float("nan")]],
        [[1.0, 2.0, float("inf")]],
        np.array([[1.0, 2.0, 1e39]]),
        [[1.0, 2.0, 10**400]],
        [["a", "b", "c"]],
        np.array([[1j, 2j, 3j]]),
        np.array([[True, False, True]]),
        [[1.0, 2.0]],
        [[1.0, 2.0, 3.0], [1.0]],
        [1.0, 2.0, 3.0],
        [[[1.0, 2.0, 3.0]]],
        [{"a": 1}],
        "abc",
        7,
        object(),
        np.array(3.0),
        np.array([["2025-01-31"] * 3], dtype="datetime64[D]"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_vector_is_refused_and_nothing_is_written(opened, vectors):
    db = opened(dim=3, metric="cosine")
    with pytest.raises(iqdb.InvalidInputError):
        db.upsert([1], vectors)
    assert len(db) == 0


@pytest.mark.parametrize(
    "query",
    [
        [1.0, 2.0],
        [1.0, 2.0, float("nan")],
        np.array([1.0, 2.0, 1e39]),
        [],
        [True, False, True],
        ["a", "b", "c"],
        [[1.0, 2.0, 3.0], [1.0]],
        [[[1.0, 2.0, 3.0]]],
        [None, 1.0, 2.0],
        {"a": 1},
        "abc",
        7,
        object(),
        np.array(3.0),
        [0.0, 0.0, 0.0],
    ],
    ids=repr,
)
def test_what_is_no_query_is_refused(query):
    db = iqdb.memory(dim=3, metric="cosine")
    with pytest.raises(iqdb.InvalidInputError):
        db.search(query)


@pytest.mark.parametrize(
    "tensor", [Tensor(device="cuda:0"), Tensor(requires_grad=True)], ids=["gpu", "grad"]
)
def test_a_tensor_that_numpy_can_not_read_is_told_what_to_call(tensor):
    db = iqdb.memory(dim=3)
    for call in (lambda: db.upsert([1, 2, 3], tensor), lambda: db.search(tensor)):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            call()
        assert ".detach().cpu()" in str(caught.value)
        assert ".detach().cpu()" in caught.value.hint
    rows = [AS_F32[0], tensor, AS_F32[2]]
    components = [[1.0, 2.0, 3.0], [1.0, tensor, 3.0], [1.0, 2.0, 3.0]]
    for listed, place in ((rows, "[1]"), (components, "[1][1]"), ([tensor, None, None], "[0]")):
        with pytest.raises(iqdb.InvalidInputError) as caught:
            db.upsert([1, 2, 3], listed)
        assert f"a tensor at {place} " in str(caught.value)
        assert ".detach().cpu()" in caught.value.hint
    with pytest.raises(iqdb.InvalidInputError) as caught:
        db.upsert(1, AS_F32[0], {"a": [0.5, {"b": tensor}]})
    assert caught.value.operation == "payload at a[1].b"
    assert ".detach().cpu()" in caught.value.hint
    assert len(db) == 0


@pytest.mark.parametrize("of", [ArrayLike, OnlyDLPack], ids=lambda of: of.__name__)
def test_lists_of_tensors_are_matrices(of):
    db = iqdb.memory(dim=3)
    tensors = [of(row) for row in AS_F32]
    scalars = [[of(np.array(number)) for number in row] for row in AS_F32]
    mixed = [AS_F32[0], tensors[1], AS_F32[2].tolist()]
    for listed in (tensors, tuple(tensors), scalars, mixed):
        db.upsert([1, 2, 3], listed)
        assert np.array([db.get(id).vector for id in (1, 2, 3)]).tolist() == AS_F32.tolist()
        assert len(db.search(listed, 1)) == 3
    assert len(db.search(scalars[0], 2)) == 2
    db.upsert([1, 2, 3], [tensors[0], None, tensors[2]])
    assert db.get(2).vector is None and db.get(3).vector.tolist() == AS_F32[2].tolist()
    with pytest.raises(iqdb.InvalidInputError, match="bools"):
        db.upsert([1, 2], [of(np.array([True, False, True])), of(AS_F32[0])])
    with pytest.raises(iqdb.InvalidInputError):
        db.upsert([1, 2], [of(AS_F32[0]), of(AS_F32[0, :2].copy())])


@pytest.mark.parametrize(
    "ids",
    [
        np.array([3, 1, 2]),
        np.array([3, 1, 2], np.uint64),
        np.array([3, 1, 2], np.uint8),
        np.array([3, 1, 2], ">i4"),
        np.array([3, 0, 1, 0, 2, 0])[::2],
        [3, 1, 2],
        (3, 1, 2),
        iter([3, 1, 2]),
        {3: "a", 1: "b", 2: "c"}.keys(),
        [np.int64(3), np.uint8(1), 2],
        np.array([3, 1, 2], dtype=object),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
def test_ids_in_any_form_are_taken(ids):
    db = iqdb.memory(dim=1, metric="dot")
    db.upsert(ids, np.ones((3, 1)))
    assert db.search([1.0]).ids.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "ids",
    [
        [True],
        np.array([True]),
        [np.bool_(True)],
        [1.0],
        np.array([1.0]),
        [-1],
        np.array([-1]),
        [2**64],
        [None],
        [b"a"],
        ["\ud800"],
        True,
        None,
        1.5,
        [[1]],
        {"a": 1},
    ],
    ids=repr,
)
def test_what_is_no_id_is_refused(ids):
    db = iqdb.memory(dim=1, metric="dot")
    with pytest.raises(iqdb.InvalidInputError) as caught:
        db.upsert(ids, [[1.0]])
    assert caught.value.kind == "invalid_id"


def test_what_an_element_does_not_hold_is_refused():
    schema = iqdb.Schema().dense("small", 2, "dot", "i8").dense("half", 2, "dot", "f16")
    schema = schema.dense("bits", 9, "hamming", "binary").sparse("terms")
    db = iqdb.memory(schema)
    for field, vector in [
        ("small", [1.5, 2.0]),
        ("small", [128, 0]),
        ("small", [-129, 0]),
        ("half", [1e6, 0.0]),
        ("bits", [1, 0, 1, 0, 1, 0, 1, 0, 1]),
        ("bits", np.zeros(9, np.uint8)),
        ("bits", np.zeros(8, bool)),
        ("terms", {-1: 1.0}),
        ("terms", {2**32: 1.0}),
        ("terms", {1: 0.0}),
        ("terms", {1: float("nan")}),
        ("terms", {}),
        ("terms", ([1, 2], [1.0])),
        ("terms", ([1, 1], [1.0, 2.0])),
        ("terms", ([0.5], [1.0])),
        ("terms", ([1], ["a"])),
        ("terms", [1.0, 2.0, 3.0]),
        ("terms", 7),
    ]:
        for call in (
            lambda: db.upsert([1], {field: [vector]}),
            lambda: db.search(vector, on=field),
            lambda: db.set_vectors(1, {field: vector}),
        ):
            with pytest.raises(iqdb.InvalidInputError):
                call()
    assert len(db) == 0
