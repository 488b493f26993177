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
        search = asyncio.create_task(db.search(rows[:2_000], 1))
        start = last = time.monotonic()
        longest = 0.0
        while not search.done():
            await asyncio.sleep(0.001)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert len(await search) == 2_000
        assert longest < (last - start) / 4


async def test_closing_waits_for_work_and_may_be_done_again():
    rows = np.random.default_rng(1).random((30_000, 128), dtype=np.float32)
    db = await aio.memory(dim=128, metric="dot", max_workers=1)
    await db.upsert(np.arange(len(rows)), rows)
    snapshot = await db.snapshot()
    search = asyncio.create_task(db.search(rows[:4_000], 1))
    waits = asyncio.create_task(db.count())
    await asyncio.sleep(0.05)
    await db.close()
    assert len(await asyncio.wait_for(search, 0.05)) == 4_000
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


LIMIT = 0.1
"""How soon the work ends whose `await` is cancelled."""

TRIES = 8
"""On a busy machine a thread waits to be run: the best of these counts."""


async def ends_soon(db, call) -> None:
    """The only thread of `db` is free soon after an `await` of what `call` returns is cancelled.

    `call` takes how large the call is: it doubles until the call takes long enough to show anything.
    """
    size, whole = 1, 0.0
    while whole <= 6 * LIMIT:
        size *= 2
        start = time.monotonic()
        await call(size)
        whole = time.monotonic() - start
    found: list[float] = []
    for _ in range(TRIES):
        task = asyncio.create_task(call(size))
        await asyncio.sleep(whole / 3)
        if task.done():
            # It was faster this time.
            whole /= 2
            continue
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await db.get(0)
        found.append(time.monotonic() - start)
        if found[-1] <= LIMIT:
            return
    raise AssertionError(f"the thread is free after {found} s of {whole}")


ROWS = np.random.default_rng(1).random((30_000, 128), dtype=np.float32)


async def test_a_search_whose_await_is_cancelled_ends():
    async with aio.memory(dim=128, metric="dot", max_workers=1) as db:
        await db.upsert(np.arange(len(ROWS)), ROWS)

        def queries(size):
            return np.resize(ROWS, (1_000 * size, 128))

        await ends_soon(db, lambda size: db.search(queries(size), 1))
        snapshot = await db.snapshot()
        await ends_soon(db, lambda size: snapshot.search(queries(size), 1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(db.search(queries(4), 1), 0.01)
        assert len(await db.search(ROWS[:2], 1)) == 2


async def test_an_upsert_whose_await_is_cancelled_ends_between_its_batches():
    async with aio.memory(dim=128, metric="dot", max_workers=1) as db:
        before = []

        async def upsert(size):
            rows = np.resize(ROWS, (10_000 * size, 128))
            before.append(await db.count())
            # New ids each time, as what stays is counted.
            first = np.uint64(1_000_000_000) * np.uint64(len(before))
            await db.upsert(np.arange(len(rows), dtype=np.uint64) + first, rows, batch_rows=512)

        await ends_soon(db, upsert)
        left = await db.count() - before[-1]
        assert left > 0 and left % 512 == 0


async def test_an_insert_whose_await_is_cancelled_is_there_as_a_whole_or_not_at_all():
    rows = np.concatenate([ROWS] * 4)
    ids = np.arange(len(rows))
    found = set()
    for n in range(8):
        async with aio.memory(dim=128, metric="dot", max_workers=1) as db:
            task = asyncio.create_task(db.insert(ids, rows))
            await asyncio.sleep(0.02 * n)
            task.cancel()
            await asyncio.wait([task])
            found.add(await db.count())
    assert 0 in found and found <= {0, len(rows)}


async def test_a_call_that_is_cancelled_before_a_thread_takes_it_is_not_begun():
    async with aio.memory(dim=128, metric="dot", max_workers=1) as db:
        await db.upsert(np.arange(len(ROWS)), ROWS)
        search = asyncio.create_task(db.search(ROWS[:4_000], 1))
        await asyncio.sleep(0.02)
        upsert = asyncio.create_task(db.upsert("new", ROWS[0]))
        await asyncio.sleep(0.02)
        upsert.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upsert
        assert len(await search) == 4_000
        assert await db.get("new") is None


async def test_an_opening_whose_await_is_cancelled_leaves_no_database_open(tmp_path):
    path = tmp_path / "a.iqdb"
    task = asyncio.ensure_future(aio.open(path, dim=2).__aenter__())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    end = time.monotonic() + 5
    while True:
        try:
            async with aio.open(path, dim=2) as db:
                assert await db.count() == 0
            break
        except iqdb.LockedError:
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
