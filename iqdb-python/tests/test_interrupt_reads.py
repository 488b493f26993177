"""Ctrl-C in calls that read or write many records at once."""

from __future__ import annotations

import sys

import pytest

from alone import alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are of Unix")

PREPARED = """
import os, signal, threading, time
import numpy as np
import iqdb

def raised(call, after):
    "Whether a signal ends a call, and how long after it."
    sent = []
    def send():
        time.sleep(after)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=send)
    try:
        thread.start()
        call()
        # What the call didn't see ends the sleep, which a signal to another thread doesn't.
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        took = time.monotonic() - sent[0]
    thread.join()
    return took
"""


def test_reading_many_ids_is_interrupted_and_lets_others_run():
    said = alone(
        PREPARED
        + """
db = iqdb.memory(dim=1, metric="dot")
db.upsert(range(1000), np.ones((1000, 1)), [{"a": "b" * 50}] * 1000)
ids = np.arange(1000)
while True:
    start = time.monotonic()
    db.get_many(ids)
    whole = time.monotonic() - start
    if whole > 1.5:
        break
    ids = np.concatenate([ids, ids])
took = raised(lambda: db.get_many(ids), 0.1)
print(took < whole / 2 or (took, whole))
"""
    )
    assert said == "True"


def test_an_insert_is_interrupted_as_a_whole():
    # Few rows with many components.
    said = alone(
        PREPARED
        + """
rows = np.random.default_rng(1).random((20_000, 1024), dtype=np.float32)
ids = np.arange(len(rows))
start = time.monotonic()
iqdb.memory(dim=1024).insert(ids, rows)
whole = time.monotonic() - start
found = set()
for n in range(20):
    db = iqdb.memory(dim=1024)
    raised(lambda: db.insert(ids, rows), whole * n / 20)
    found.add(len(db))
print(0 in found and found <= {0, len(rows)} or found)
"""
    )
    assert said == "True"
