"""Made-up data: Python's answers are those of Rust, bit for bit, and those that numpy counts.

`IQDB_ANSWERS` names the program of `oracle/src/bin/answers.rs`, which `cargo xtask python test` builds.
"""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import iqdb

ANSWERS = os.environ.get("IQDB_ANSWERS")
METRICS = ["cosine", "dot", "euclidean"]
FILTERS = [None, "n < 3", "lang = 'en'", "not n exists", "tags contains 1 or n in [0, 2]"]

floats = st.floats(-1e3, 1e3, width=32)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(0, 5),
        "lang": st.sampled_from(["en", "de"]),
        "tags": st.lists(st.integers(0, 2), max_size=3),
    },
)
ids = st.one_of(st.integers(0, 30), st.text("abc", max_size=2))


@st.composite
def databases(draw):
    """A metric, records, and queries with what they ask for."""
    metric = draw(st.sampled_from(METRICS))
    dim = draw(st.integers(1, 9))
    row = st_numpy.arrays(np.float32, dim, elements=floats)
    if metric == "cosine":
        row = row.filter(lambda components: bool(np.any(components)))
    records = draw(st.lists(st.tuples(ids, row, payloads), max_size=20))
    asked = st.tuples(
        row,
        st.integers(1, 25),
        st.one_of(st.none(), st.floats(-10, 1e4)),
        st.sampled_from(FILTERS),
    )
    return metric, dim, records, draw(st.lists(asked, min_size=1, max_size=4))


def search(db, query):
    vector, k, within, where = query
    return db.search(vector, k, within=within, where=where)


def as_lines(result):
    shown = [f'"{id}"' if isinstance(id, str) else str(id) for id in result.ids.tolist()]
    bits = [struct.pack(">d", distance).hex() for distance in result.distances.tolist()]
    return "\t".join(f"{id} {of}" for id, of in zip(shown, bits))


def as_question(query):
    vector, k, within, where = query
    within = "-" if within is None else struct.pack(">d", within).hex()
    bits = " ".join(f"{bits:08x}" for bits in vector.view(np.uint32).tolist())
    return f"{k}\t{within}\t{where or '-'}\t{bits}"


@pytest.mark.skipif(ANSWERS is None, reason="IQDB_ANSWERS names no program")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(databases())
def test_answers_are_those_of_rust_bit_for_bit(made):
    metric, dim, records, queries = made
    assert ANSWERS is not None
    with tempfile.TemporaryDirectory() as folder:
        memory = iqdb.memory(dim=dim, metric=metric)
        with iqdb.open(f"{folder}/a.iqdb", dim=dim, metric=metric) as disk:
            for id, vector, payload in records:
                memory.upsert(id, vector, payload)
            disk.upsert(
                [id for id, _, _ in records],
                np.array([vector for _, vector, _ in records], np.float32).reshape(-1, dim),
                [payload for _, _, payload in records],
            )
            here = [as_lines(search(disk, query)) for query in queries]
        asked = "".join(as_question(query) + "\n" for query in queries)
        said = subprocess.run(
            [ANSWERS, f"{folder}/a.iqdb"], input=asked, capture_output=True, text=True, check=True
        )
        assert said.stdout.splitlines() == here
        assert [as_lines(search(memory, query)) for query in queries] == here


@settings(max_examples=200, deadline=None)
@given(databases())
def test_answers_are_those_that_numpy_counts(made):
    metric, dim, records, queries = made
    db = iqdb.memory(dim=dim, metric=metric)
    kept = {}
    for id, vector, payload in records:
        db.upsert(id, vector, payload)
        kept[id] = (vector.astype(np.float64), payload)
    assert len(db) == len(kept)
    for vector, k, within, where in queries:
        found = db.search(vector, k, within=within, where=where)
        matching = {record.id for record in db.scroll(where)}
        assert db.count(where) == len(matching)
        expected = []
        for id in matching:
            row, payload = kept[id]
            assert db.get(id).payload == payload
            expected.append((distance(metric, vector.astype(np.float64), row), id))
        if within is not None:
            # What is as far as the radius, but for rounding, may be in or out.
            expected = [one for one in expected if one[0] <= within + 1e-6]
        distances = sorted(one[0] for one in expected)[:k]
        if within is None or len(found) == len(distances):
            np.testing.assert_allclose(found.distances, distances, rtol=1e-9, atol=1e-9)
        assert list(found.distances) == sorted(found.distances)


def distance(metric, a, b):
    if metric == "dot":
        return -float(a @ b)
    if metric == "euclidean":
        return float(np.linalg.norm(a - b))
    return float(1 - a @ b / np.sqrt((a @ a) * (b @ b)))
