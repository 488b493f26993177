"""Calls everything wrongly for a while: types, shapes, NaN, huge k, closed databases, threads, forks.

`abuse.py SECONDS SEED` prints how many calls it made and which exceptions they raised. It ends with 1 where an
exception is none that a caller could expect; a crash ends it with a signal.
"""

from __future__ import annotations

import collections
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import numpy as np

import iqdb

# Tables need pandas or pyarrow, which may not be there.
EXPECTED = (
    iqdb.Error, TypeError, ValueError, OverflowError, IndexError, StopIteration, ImportError
)  # fmt: skip
THREADS = 4


class Hostile:
    """Raises wherever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name) if name.startswith("__array") else AttributeError(name)

    def __len__(self) -> int:
        raise ValueError("len")

    def __iter__(self) -> Any:
        raise ValueError("iter")

    def __repr__(self) -> str:
        raise ValueError("repr")


class Nested:
    """A list of itself, and a mapping of anything to itself."""

    def keys(self) -> list[Any]:
        return ["a", 1, None]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int) and key > 9:
            raise IndexError(key)
        return self


def recursive() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def values(random: random.Random) -> list[Any]:
    shape = tuple(random.randint(0, 4) for _ in range(random.randint(0, 3)))
    return [
        None, True, 0, 1, -1, 2**63, 2**64, 10**30, 0.5, float("nan"), float("inf"), 1j,
        "", "a", "n < 3", "lang = 'en", "\ud800", "x" * 600, b"a", bytearray(b"a"), (), [], {},
        [1.0, 0.0], [0.0, 0.0], [1.0], [None, 1.0], ["a", "b"], [[1.0, 0.0]], [[1.0], [1.0, 2.0]],
        {"a": 1}, {"a": [1, {"b": b"c"}]}, {1: 2}, {"vector": [[1.0, 0.0]]}, {"a": recursive()},
        recursive(), range(3), iter([1, 2]), object(), Hostile(), Nested(), Decimal(1), uuid.uuid4(),
        datetime(2025, 1, 1), datetime.now(timezone.utc), date.today(), np.float32("nan"),
        np.datetime64("NaT"), np.int64(7), np.bool_(True), np.zeros(2, np.float32),
        np.ones((3, 2), np.float32), np.ones((2, 3)), np.full((1, 2), np.nan, np.float32),
        np.array(["a"]), np.array([object()]), np.empty((0, 2)), np.zeros(shape, np.float32),
        np.ones(2, ">f8"), np.ones((2, 2), np.float32)[:, ::-1], iqdb.key("n") < 3, iqdb.key("n"),
        iqdb.Filter("lang = 'en'"), iqdb.Schema(2), iqdb.Sparse([1], [1.0]), iqdb.Sparse(1, "a"), print,
    ]  # fmt: skip


def call(random: random.Random, target: Any) -> Any:
    """Calls a method of the target, or reads an attribute of it, with anything."""
    names = [name for name in dir(type(target)) if not name.startswith("_")]
    special = ["__len__", "__repr__", "__contains__", "__getitem__", "__next__", "__eq__", "__and__"]
    names += [name for name in special if hasattr(target, name)]
    name = random.choice([name for name in names if name != "backup"])
    if name == "close" and random.random() < 0.95:
        name = "search"
    found = getattr(target, name)
    if not callable(found):
        return found
    pick = values(random)
    if random.random() < 0.5 and name in ("search", "upsert", "count", "get", "delete"):
        usual = {
            "search": lambda: found(np.ones(2, np.float32), random.choice([1, 10**9]), where="n < 3"),
            "upsert": lambda: found([1, "b"], np.ones((2, 2)), [{"n": 1}, {"lang": "en"}]),
            "count": lambda: found("lang = 'en'"),
            "get": lambda: found(1),
            "delete": lambda: found(["b", 9]),
        }
        return usual[name]()
    arguments = [random.choice(pick) for _ in range(random.randint(0, 3))]
    keywords = {
        word: random.choice(pick)
        for word in ("where", "k", "on", "within", "threads", "timeout", "batch_rows", "limit", "payload")
        if random.random() < 0.03
    }
    if isinstance(keywords.get("threads"), int):
        keywords["threads"] = min(keywords["threads"], 4)
    return found(*arguments, **keywords)


def work(seed: int, end: float, shared: list[Any], counts: collections.Counter[str]) -> None:
    made = random.Random(seed)
    targets: list[Any] = [iqdb.key("n"), iqdb.Schema(2), iqdb.Filter("n = 1")]
    while time.monotonic() < end:
        target = made.choice(shared if made.random() < 0.8 else targets)
        try:
            result = call(made, target)
            counts["no exception"] += 1
        except EXPECTED as error:
            counts[type(error).__name__] += 1
        except RuntimeError as error:
            # What `Hostile` raises passes through.
            assert str(error).startswith("__array"), error
        else:
            if type(result).__module__ == "iqdb" and type(result).__name__ != "Database":
                targets = [*targets[-20:], result]
        for n, database in enumerate(shared):
            if isinstance(database, iqdb.Database) and database.closed and made.random() < 0.1:
                shared[n] = iqdb.memory(dim=2, metric="euclidean")


def fork_once(db: iqdb.Database) -> None:
    child = os.fork()
    if child == 0:
        try:
            db.search([1.0, 0.0])
        except iqdb.Error:
            os._exit(0)
        except BaseException:
            os._exit(3)
        os._exit(4)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status


def main(seconds: float, seed: int) -> None:
    counts: collections.Counter[str] = collections.Counter()
    failures: list[BaseException] = []
    with tempfile.TemporaryDirectory() as folder:
        disk = iqdb.open(f"{folder}/a.iqdb", dim=2, durability="relaxed")
        forked = iqdb.open(f"{folder}/b.iqdb", dim=2)
        forked.upsert(1, [1.0, 0.0])
        shared: list[Any] = [iqdb.memory(dim=2, metric="euclidean"), disk, disk.snapshot()]
        end = time.monotonic() + seconds

        def guarded(n: int) -> None:
            try:
                work(seed + n, end, shared, counts)
            except BaseException as error:
                failures.append(error)

        # A fork copies what other threads are in the middle of: it comes before them.
        fork_once(forked)
        threads = [threading.Thread(target=guarded, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        fork_once(forked)
        assert forked.verify()["records"] == 1
    print(sum(counts.values()), dict(counts))
    if failures:
        raise failures[0]


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
