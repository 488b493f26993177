"""A database in a directory: written from numpy, searched with a filter, read in order."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

import iqdb


def main(path: str) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((1_000, 64), dtype=np.float32)
    payloads = [
        {
            "lang": "en" if n % 2 else "de",
            "year": 2000 + n % 25,
            "seen": datetime(2025, 1, 1 + n % 28, tzinfo=timezone.utc),
        }
        for n in range(len(vectors))
    ]
    with iqdb.open(path, dim=64, metric="cosine") as db:
        applied = db.upsert(np.arange(len(vectors)), vectors, payloads)
        print(f"{applied.inserted} inserted")

        recent = (iqdb.key("lang") == "en") & (iqdb.key("year") >= 2020)
        query: NDArray[np.float32] = vectors[7]
        result = db.search(query, k=3, where=recent)
        for hit in result:
            print(f"{hit.id} at {hit.distance:.3f} from {hit.payload['year']}")

        queries: list[list[float]] = vectors[:10].tolist()
        many = db.search(queries, k=1)
        print(f"{sum(len(one) for one in many)} of {len(many)} found themselves")

        before = db.snapshot()
        print(f"{db.delete_where('year < 2010')} deleted, {len(before)} in the snapshot")
        for record in db.scroll(order_by="year", descending=True, limit=2, vectors=False):
            print(record.id, record.payload["year"], record.payload["seen"].date())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "quickstart.iqdb")
