"""asyncio: the same names, awaited, and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

import iqdb
from iqdb import aio


async def test_every_method_is_there():
    of_database = {name for name in vars(iqdb.Database) if not name.startswith("_")}
    assert of_database - set(dir(aio.AsyncDatabase)) == {"schema", "version", "closed"}
    of_snapshot = {name for name in vars(iqdb.Snapshot) if not name.startswith("_")}
    assert of_snapshot - set(dir(aio.AsyncSnapshot)) == {"schema"}


async def test_calls_are_awaited():
    async with aio.memory(dim=2, metric="euclidean") as db:
        await db.upsert([1, 2], [[0, 0], [1, 1]], [{"lang": "en"}, {}])
        before = await db.snapshot()
        assert (await db.search([0, 0], 1)).ids.tolist() == [1]
        assert await db.count("lang = 'en'") == 1
        assert [record.id async for record in db.scroll(order_by="lang")] == [1, 2]
        assert await db.delete(1) == 1
        assert await before.count() == 2 and before.version == 1
        assert [record.id async for record in before.scroll()] == [1, 2]
        assert (await db.get(2)).vector.tolist() == [1.0, 1.0]
        with pytest.raises(iqdb.InvalidInputError):
            await db.search([0])
        assert db.sync.count() == 1
    assert db.sync.closed


async def test_a_database_on_disk_is_opened_and_closed(tmp_path):
    path = tmp_path / "a.iqdb"
    async with aio.open(path, dim=2) as db:
        await db.upsert(1, [1, 0])
        await db.flush()
    db = await aio.open(path, max_workers=1)
    assert (await db.verify())["records"] == 1
    await db.close()
    with pytest.raises(iqdb.StorageError):
        await aio.open(tmp_path / "absent.iqdb")


async def test_the_loop_goes_on_during_a_search():
    rows = np.random.default_rng(1).random((30_000, 128), dtype=np.float32)
    async with aio.memory(dim=128, metric="dot") as db:
        await db.upsert(np.arange(len(rows)), rows)
        search = asyncio.create_task(db.search(rows[:500], 1))
        start = last = time.monotonic()
        longest = 0.0
        while not search.done():
            await asyncio.sleep(0.001)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert len(await search) == 500
        assert longest < (last - start) / 4


async def test_closing_waits_for_work_and_may_be_done_again():
    rows = np.random.default_rng(1).random((30_000, 128), dtype=np.float32)
    db = await aio.memory(dim=128, metric="dot", max_workers=1)
    await db.upsert(np.arange(len(rows)), rows)
    snapshot = await db.snapshot()
    search = asyncio.create_task(db.search(rows[:500], 1))
    waits = asyncio.create_task(db.count())
    await asyncio.sleep(0.05)
    await db.close()
    assert len(await asyncio.wait_for(search, 0.05)) == 500
    await db.close()
    with pytest.raises(iqdb.ClosedError):
        await waits
    for call in (db.count, db.flush, db.snapshot, snapshot.count, lambda: db.search(rows[0])):
        with pytest.raises(iqdb.ClosedError):
            await call()
    for reader in (db, snapshot):
        with pytest.raises(iqdb.ClosedError):
            _ = [record async for record in reader.scroll()]
    async with db:
        pass
    assert db.sync.closed


async def test_a_call_that_is_cancelled_goes_on_to_its_end():
    rows = np.random.default_rng(1).random((30_000, 128), dtype=np.float32)
    async with aio.memory(dim=128, metric="dot", max_workers=1) as db:
        upsert = asyncio.create_task(db.upsert(np.arange(len(rows)), rows))
        await asyncio.sleep(0.001)
        upsert.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upsert
        assert await db.count() == len(rows)
