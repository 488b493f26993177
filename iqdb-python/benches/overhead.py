"""What a call from Python costs beside the same call in Rust. Run by `cargo xtask python bench`.

The machine should be idle. `IQDB_RATES` names the program of `oracle/src/bin/rates.rs`. Rust and Python take turns,
and of each the median of the rounds counts. Prints each figure beside its bar, and ends with 1 where one isn't met.

`overhead.py [--record FILE] [PART ...]` measures these parts, or all, and puts them into the JSON of the file.
"""

from __future__ import annotations

import argparse
import json
import operator
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

import iqdb

RATES = os.environ.get("IQDB_RATES", "")
CALLS = 100_000
ROUNDS = 5
ROWS, DIM = 1_000_000, 128
SEARCHED = 100_000
SECONDS = 4

AT_MOST, AT_LEAST = operator.le, operator.ge
BARS: dict[str, list[tuple[str, str, Callable[[float, float], bool], float]]] = {
    "calls": [
        ("array_above_rust_us", "us above Rust, a query of float32", AT_MOST, 5.0),
        ("list_above_rust_us", "us above Rust, a list of 384 floats", AT_MOST, 25.0),
        ("filter_above_rust_us", "us above Rust, with a filter as text", AT_MOST, 10.0),
    ],
    "upserts": [("share", "of Rust's rate by columns, 1M x 128", AT_LEAST, 0.8)],
    "threads": [("share", "of Rust's searches/s, as many threads as cores", AT_LEAST, 0.9)],
    "pace": [("share", "of its pace alone, of another thread in a long search", AT_LEAST, 0.8)],
}
"""Of each part the figure, what it is, and what it is to be."""


def rust(*arguments: object) -> float:
    command = [RATES, *map(str, arguments)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def median_ns(call: Callable[[], Any]) -> float:
    took = []
    clock = time.perf_counter_ns
    for _ in range(CALLS):
        start = clock()
        call()
        took.append(clock() - start)
    return statistics.median(took)


def in_turns(*measures: Callable[[], float]) -> list[float]:
    rounds = [[measure() for measure in measures] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds)]


def made(rows: int, dim: int) -> np.ndarray[Any, Any]:
    """The numbers of `oracle/src/bin/rates.rs`, by powers of its generator."""
    count = rows * dim
    states = np.empty(count, np.uint64)
    states[0] = (1664525 + 1013904223) % 2**32
    done, factor, step = 1, 1664525, 1013904223
    while done < count:
        more = min(done, count - done)
        states[done : done + more] = (states[:more] * np.uint64(factor) + np.uint64(step)) % 2**32
        done += more
        factor, step = factor * factor % 2**32, (factor + 1) * step % 2**32
    shares = states.astype(np.float32) / np.float32(2**32 - 1)
    return shares.reshape(rows, dim)


def calls() -> dict[str, float]:
    db = iqdb.memory(dim=384, metric="cosine")
    db.upsert(1, np.full(384, 0.5, np.float32), {"lang": "en"})
    array = np.full(384, 0.5, np.float32)
    listed = array.tolist()

    def read(result: iqdb.SearchResult) -> Any:
        return result.ids, result.distances

    in_rust, by_array, by_list, filtered_in_rust, filtered = in_turns(
        lambda: rust("search", CALLS),
        lambda: median_ns(lambda: read(db.search(array, 10))),
        lambda: median_ns(lambda: read(db.search(listed, 10))),
        lambda: rust("filter", CALLS),
        lambda: median_ns(lambda: read(db.search(array, 10, where="lang = 'en'"))),
    )
    return {
        "rust_ns": in_rust,
        "array_above_rust_us": (by_array - in_rust) / 1e3,
        "list_above_rust_us": (by_list - in_rust) / 1e3,
        "filter_above_rust_us": (filtered - filtered_in_rust) / 1e3,
    }


def upserts() -> dict[str, float]:
    ids, rows = np.arange(ROWS, dtype=np.uint64), made(ROWS, DIM)

    def python() -> float:
        db = iqdb.memory(dim=DIM, metric="euclidean")
        start = time.perf_counter()
        db.upsert(ids, rows)
        return ROWS / (time.perf_counter() - start)

    in_rust, here = in_turns(lambda: rust("upsert", ROWS, DIM), python)
    return {"rust_rows_per_s": in_rust, "python_rows_per_s": here, "share": here / in_rust}


def threads() -> dict[str, float]:
    count = os.cpu_count() or 1
    rows = made(SEARCHED, DIM)
    db = iqdb.memory(dim=DIM, metric="euclidean")
    db.upsert(np.arange(SEARCHED), rows)
    db.prepare()

    def python() -> float:
        end = time.perf_counter() + SECONDS
        done = [0] * count

        def work(n: int) -> None:
            while time.perf_counter() < end:
                db.search(rows[(n + done[n] * 7) % SEARCHED], 10)
                done[n] += 1

        workers = [threading.Thread(target=work, args=(n,)) for n in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(done) / SECONDS

    in_rust, here = in_turns(lambda: rust("threads", count, SEARCHED, DIM, SECONDS), python)
    return {"threads": count, "rust_per_s": in_rust, "python_per_s": here, "share": here / in_rust}


def pace() -> dict[str, float]:
    """How fast another thread of Python is while a long search works, beside its pace alone."""
    rows = made(SEARCHED, DIM)
    db = iqdb.memory(dim=DIM, metric="euclidean")
    db.upsert(np.arange(SEARCHED), rows)

    def count_for(seconds: float) -> float:
        end, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            done += 1
        return done / seconds

    def beside() -> float:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                db.search(rows[:2_000], 10)

        worker = threading.Thread(target=work)
        worker.start()
        found = count_for(SECONDS)
        stop.set()
        worker.join()
        return found

    alone, busy = in_turns(lambda: count_for(SECONDS), beside)
    return {"alone_per_s": alone, "beside_per_s": busy, "share": busy / alone}


def machine() -> dict[str, Any]:
    """Where it is measured, and with what."""
    cpu = platform.processor()
    if (known := Path("/proc/cpuinfo")).exists():
        names = [line for line in known.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(": ")[2] if names else cpu
    db = iqdb.memory(dim=DIM)
    db.upsert(range(256), np.ones((256, DIM), np.float32))
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "command": "cargo xtask python bench",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
        "commit": commit.stdout.strip(),
        "machine": {
            "arch": platform.machine(),
            "os": platform.system().lower(),
            "cpu": cpu,
            "cores": os.cpu_count(),
            "kernel": db.explain(np.ones(DIM, np.float32)).kernel,
        },
        "iqdb": iqdb.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rounds": ROUNDS,
    }


def is_met(part: str, found: dict[str, float]) -> bool:
    """Prints the figures of a part, and whether they are what they are to be."""
    met = True
    for name, what, holds, bar in BARS[part]:
        good = holds(found[name], bar)
        bound = "at most" if holds is AT_MOST else "at least"
        print(f"{found[name]:8.2f} {what} ({bound} {bar}): {'met' if good else 'NOT MET'}", flush=True)
        met &= good
    return met


def main() -> bool:
    parts = {"calls": calls, "upserts": upserts, "threads": threads, "pace": pace}
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in parts]:
        parser.error(f"there is no part {unknown[0]}")
    met, record = True, machine()
    for name in options.parts or parts:
        record[name] = parts[name]()
        print(f"{name}: {json.dumps(record[name])}")
        met &= is_met(name, record[name])
    if options.record is not None:
        before = json.loads(options.record.read_text()) if options.record.exists() else {}
        options.record.write_text(json.dumps({**before, **record}, indent=2) + "\n")
    return met


if __name__ == "__main__":
    sys.exit(not main())
