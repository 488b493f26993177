"""Nothing that a caller passes crashes the interpreter, and no call leaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alone import alone

PROGRAM = Path(__file__).with_name("abuse.py")


def abuse(seconds: float, seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(PROGRAM), str(seconds), str(seed)],
        capture_output=True,
        text=True,
        timeout=seconds * 4 + 60,
        check=False,
    )
    assert done.returncode == 0, f"{done.returncode}, seed {seed}\n{done.stdout}\n{done.stderr}"
    assert int(done.stdout.split()[0]) > 100


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_calls_that_make_no_sense_crash_nothing():
    abuse(2, seed=1)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_calls_that_make_no_sense_crash_nothing_for_long():
    """`IQDB_ABUSE_SECONDS` says for how long: 3600 before a release."""
    for seed in range(4):
        abuse(float(os.environ.get("IQDB_ABUSE_SECONDS", "120")) / 4, seed=seed + 10)


LEAKS = """
import resource
import numpy as np
import iqdb

def pages():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1])

db = iqdb.memory(dim=8)
db.upsert(np.arange(100), np.ones((100, 8)), [{"n": n, "text": "x" * 100} for n in range(100)])
vector, listed = np.ones(8, np.float32), [1.0] * 8

def round():
    result = db.search(vector, 5, where="n < 50")
    result.ids, result.distances, result.payloads
    for hit in db.search(listed, 2): hit.payload
    db.get(7).payload, db.get(700)
    db.count(iqdb.key("n") >= 3)
    db.set_payload(3, {"n": 3})
    try:
        db.search([1.0])
    except ValueError as error:
        error.hint
    next(db.scroll("n < 5"))

CALLS = 8
for _ in range(ROUNDS // 10):
    round()
before = pages()
for _ in range(ROUNDS):
    round()
grown = (pages() - before) * resource.getpagesize()
print(grown < LIMIT or grown)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it reads what Linux says")
def test_calls_leave_no_memory_behind():
    assert alone(LEAKS.replace("ROUNDS", "3000").replace("LIMIT", "4_000_000")) == "True"


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it reads what Linux says")
def test_a_million_calls_leave_no_memory_behind():
    assert alone(LEAKS.replace("ROUNDS", "125_000").replace("LIMIT", "8_000_000")) == "True"
