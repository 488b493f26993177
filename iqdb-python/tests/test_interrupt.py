"""Ctrl-C ends what takes long, soon, and the database is usable after it."""

from __future__ import annotations

import sys

import pytest

from alone import alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are of Unix")

# A database in which a search takes far longer than a signal is given time for.
PREPARED = """
import os, signal, sys, tempfile, threading, time
from functools import partial
import numpy as np
import iqdb

LIMIT = 0.1
# On a busy machine a thread waits to be run.
SLACK = 0.4

def interrupted(call, after=0.05):
    "The exception of a call that is interrupted, which ends soon then."
    while True:
        sent, inside = [], False
        def send():
            time.sleep(after)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=send)
        thread.start()
        try:
            while True:
                inside = True
                call()
                inside = False
                if sent and time.monotonic() - sent[0] > 5:
                    sys.exit("the signal was lost")
        except KeyboardInterrupt as error:
            took = time.monotonic() - sent[0]
            thread.join()
            if took > LIMIT + SLACK:
                sys.exit(f"it took {took} s")
            # Between two calls it is Python's own.
            if inside:
                return error

def ended(prepare):
    "The exception of a call that is ended in a part of the time that it takes as a whole."
    size = 1
    while True:
        call = prepare(size)
        start = time.monotonic()
        call()
        whole = time.monotonic() - start
        if whole > 3 * (LIMIT + SLACK):
            break
        size *= 2
    call, took = prepare(size), []
    def timed():
        start = time.monotonic()
        try:
            call()
        finally:
            took.append(time.monotonic() - start)
    error = interrupted(timed)
    if took[-1] > whole / 2:
        sys.exit(f"the call went on for {took[-1]} of {whole} s")
    return error

def enough(call):
    "So many queries that a call takes far longer than a signal is given time for."
    queries = rows[:100]
    while True:
        start = time.monotonic()
        call(queries)
        if time.monotonic() - start > 2 * (LIMIT + SLACK):
            return queries
        queries = np.concatenate([queries, queries])

rows = np.random.default_rng(1).random((60_000, 128), dtype=np.float32)
"""


def test_a_search_and_a_batch_are_interrupted():
    said = alone(
        PREPARED
        + """
db = iqdb.memory(dim=128, metric="dot")
db.upsert(np.arange(len(rows)), rows)
def many(size):
    return np.concatenate([rows[:16]] * size)
ended(lambda size: partial(db.search, many(size), 10))
ended(lambda size: partial(db.search, many(size), 10, threads=2))
ended(lambda size: partial(db.search, many(size), 10, where="a exists or not a exists"))
# A call of these is over soon, also with this many records: the signal ends their loop.
interrupted(lambda: db.count("not a exists"))
interrupted(lambda: [record for record in db.scroll()])
print(db.search(rows[7], 1).distances.shape, len(db))
"""
    )
    assert said == "(1,) 60000"


def test_an_upsert_is_interrupted_between_its_batches():
    said = alone(
        PREPARED
        + """
with tempfile.TemporaryDirectory() as folder, iqdb.open(f"{folder}/a.iqdb", dim=128) as db:
    sizes = []
    def prepare(size):
        sizes.append(512 * size)
        vectors = np.resize(rows, (512 * size, 128))
        # New ids each time, as what stays is counted.
        return partial(db.upsert, np.arange(len(vectors)) + sum(sizes), vectors, batch_rows=512)
    error = ended(prepare)
    assert error.acknowledged % 512 == 0 and error.acknowledged < sizes[-1], error.acknowledged
    stays = len(db)
    assert stays == sum(sizes[:-1]) + error.acknowledged, (stays, sizes, error.acknowledged)
    db.upsert(0, rows[0])
    print(db.verify()["records"] == stays + 1)
"""
    )
    assert said == "True"


def test_maintenance_is_interrupted():
    said = alone(
        PREPARED
        + """
with tempfile.TemporaryDirectory() as folder, iqdb.open(f"{folder}/a.iqdb", dim=128) as db:
    db.upsert(np.arange(len(rows)), rows)
    n = iter(range(10**6))
    interrupted(db.verify)
    interrupted(lambda: db.backup(f"{folder}/{next(n)}.iqdb"))
    def compact():
        db.delete(np.arange(0, len(rows), 7))
        db.compact()
        db.upsert(np.arange(0, len(rows), 7), rows[::7])
    interrupted(compact)
    interrupted(db.prepare)
    db.upsert(np.arange(len(rows)), rows)
    print(len(db), db.verify()["records"])
"""
    )
    assert said == "60000 60000"


def test_a_handler_that_raises_nothing_ends_nothing():
    said = alone(
        PREPARED
        + """
calls = []
signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
db = iqdb.memory(dim=128, metric="dot")
db.upsert(np.arange(len(rows)), rows)
threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
end = time.monotonic() + 0.3
while time.monotonic() < end:
    assert len(db.search(rows[:50], 1)) == 50
print(len(calls))
"""
    )
    assert said == "1"


def test_a_forked_child_gets_a_typed_error():
    said = alone(
        """
import os, tempfile
import iqdb
with tempfile.TemporaryDirectory() as folder:
    db = iqdb.open(f"{folder}/a.iqdb", dim=2)
    db.upsert(1, [1, 0])
    child = os.fork()
    if child == 0:
        try:
            for call in (lambda: db.search([1, 0]), lambda: db.upsert(2, [0, 1]), lambda: len(db)):
                try:
                    call()
                    os._exit(1)
                except iqdb.NotSupportedError as error:
                    assert "process" in str(error), error
            db.close()
            os._exit(0)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(2)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), len(db), db.search([1, 0]).ids.tolist())
"""
    )
    assert said == "0 1 [1]"


def test_other_threads_go_on_during_a_long_search():
    said = alone(
        PREPARED
        + """
db = iqdb.memory(dim=128, metric="dot")
db.upsert(np.arange(len(rows)), rows)
ticks = []
def tick():
    while len(ticks) < 10**9 and not done:
        ticks.append(time.monotonic())
        time.sleep(0.001)
done = False
thread = threading.Thread(target=tick)
thread.start()
start = time.monotonic()
db.search(enough(lambda queries: db.search(queries, 1)), 1)
took = time.monotonic() - start
done = True
thread.join()
longest = max(b - a for a, b in zip(ticks, ticks[1:]))
print(longest < took / 4 or (longest, took))
"""
    )
    assert said == "True"
