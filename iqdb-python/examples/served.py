"""asyncio: many searches at the same time while the loop goes on."""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray

from iqdb import aio


async def main() -> None:
    rows = np.random.default_rng(1).standard_normal((10_000, 32), dtype=np.float32)
    async with aio.memory(dim=32, metric="euclidean", max_workers=4) as db:
        await db.upsert(np.arange(len(rows)), rows, {"half": np.arange(len(rows)) % 2})
        queries: list[NDArray[np.float32]] = list(rows[1:20:2])
        searches = [db.search(query, 1, where="half = 1") for query in queries]
        found = await asyncio.gather(*searches)
        print([int(result.ids[0]) for result in found])
        print(await db.count("half = 0"), [record.id async for record in db.scroll(limit=3)])


if __name__ == "__main__":
    asyncio.run(main())
