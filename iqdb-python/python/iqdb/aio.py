"""The same names for asyncio: every call that works does so on a thread of a pool.

A call whose `await` is cancelled ends soon on its thread: a write is then there as a whole or not at all, and of an
upsert the batches that were written before stay. One that still waits for a thread is not begun.

>>> import asyncio
>>> from iqdb import aio
>>> async def nearest():
...     async with aio.memory(dim=2) as db:
...         await db.upsert([1, 2], [[1.0, 0.0], [0.0, 1.0]])
...         return (await db.search([1.0, 0.0], 1)).ids.tolist()
>>> asyncio.run(nearest())
[1]
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial, update_wrapper
from itertools import islice
from typing import Any, Concatenate, ParamSpec, TypeVar

import iqdb
from iqdb._iqdb import Database, Record, Schema, Snapshot, _Cancel

__all__ = ["AsyncDatabase", "AsyncSnapshot", "memory", "open"]

P = ParamSpec("P")
T = TypeVar("T")

_PAGE = 256
"""How many records of a scroll are taken from a thread at once."""


class _Pool:
    """An object whose methods are called on threads."""

    def __init__(self, target: Any, database: Database, threads: ThreadPoolExecutor) -> None:
        self._target = target
        self._database = database
        self._threads = threads

    async def _run(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        cancel = _Cancel()
        work = partial(cancel.run, call, *args, **kwargs)
        try:
            future = loop.run_in_executor(self._threads, work)
        except RuntimeError:
            # The pool ends after its database has been closed, which the call itself says.
            if not self._database.closed:
                raise
            return work()
        try:
            return await future
        finally:
            # Where the work has ended, it ends nothing.
            cancel.set()


def _awaited(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The same method, awaited."""

    async def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        pool: _Pool = self
        return await pool._run(method, pool._target, *args, **kwargs)

    update_wrapper(call, method)
    return call


class _Reader(_Pool):
    """What a database and a snapshot have in common."""

    async def scroll(self, *args: Any, **kwargs: Any) -> AsyncIterator[Record]:
        """As `Database.scroll`, for `async for`."""
        records = await self._run(self._target.scroll, *args, **kwargs)
        while page := await self._run(lambda: list(islice(records, _PAGE))):
            for record in page:
                yield record


class AsyncSnapshot(_Reader):
    """A snapshot whose methods are awaited."""

    search = _awaited(Snapshot.search)
    get = _awaited(Snapshot.get)
    get_many = _awaited(Snapshot.get_many)
    count = _awaited(Snapshot.count)
    min_max = _awaited(Snapshot.min_max)
    distinct = _awaited(Snapshot.distinct)
    facet = _awaited(Snapshot.facet)

    @property
    def version(self) -> int:
        """The version of the database that it is."""
        return int(self._target.version)


class AsyncDatabase(_Reader):
    """A database whose methods are awaited. Made by `aio.open` and `aio.memory`."""

    search = _awaited(Database.search)
    explain = _awaited(Database.explain)
    get = _awaited(Database.get)
    get_many = _awaited(Database.get_many)
    count = _awaited(Database.count)
    min_max = _awaited(Database.min_max)
    distinct = _awaited(Database.distinct)
    facet = _awaited(Database.facet)
    upsert = _awaited(Database.upsert)
    insert = _awaited(Database.insert)
    insert_if_absent = _awaited(Database.insert_if_absent)
    replace_where = _awaited(Database.replace_where)
    delete = _awaited(Database.delete)
    delete_where = _awaited(Database.delete_where)
    set_payload = _awaited(Database.set_payload)
    merge_payload = _awaited(Database.merge_payload)
    set_vectors = _awaited(Database.set_vectors)
    add_field = _awaited(Database.add_field)
    flush = _awaited(Database.flush)
    compact = _awaited(Database.compact)
    backup = _awaited(Database.backup)
    verify = _awaited(Database.verify)
    prepare = _awaited(Database.prepare)
    refresh = _awaited(Database.refresh)

    async def snapshot(self) -> AsyncSnapshot:
        """The whole database as it is now, which never changes."""
        snapshot = await self._run(self._target.snapshot)
        return AsyncSnapshot(snapshot, self._database, self._threads)

    async def close(self) -> None:
        """Closes the database, and returns once the calls that are at work have ended.

        Calls that wait for a thread, or come later, raise a `ClosedError`. Closing again does nothing.
        """
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._database.close()
        self._threads.shutdown()

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    @property
    def sync(self) -> Database:
        """The same database, for calls that need not be awaited."""
        return self._database


async def _opened(make: Callable[[], Database], threads: int | None) -> AsyncDatabase:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="iqdb")
    try:
        database = await asyncio.get_running_loop().run_in_executor(pool, make)
    except BaseException:
        pool.shutdown(wait=False)
        raise
    return AsyncDatabase(database, database, pool)


class _Opening:
    """What `open` and `memory` return: awaited, or used in `async with`."""

    def __init__(self, make: Callable[[], Database], threads: int | None) -> None:
        self._make = make
        self._threads = threads
        self._database: AsyncDatabase | None = None

    def __await__(self) -> Generator[Any, Any, AsyncDatabase]:
        return _opened(self._make, self._threads).__await__()

    async def __aenter__(self) -> AsyncDatabase:
        database = await self
        self._database = database
        return database

    async def __aexit__(self, *_exception: object) -> None:
        if self._database is not None:
            await self._database.close()


def open(
    path: str | os.PathLike[str],
    schema: Schema | None = None,
    *,
    max_workers: int | None = None,
    **options: Any,
) -> _Opening:
    """As `iqdb.open`; `max_workers` is how many calls may work at the same time."""
    return _Opening(partial(iqdb.open, path, schema, **options), max_workers)


def memory(
    schema: Schema | None = None, *, max_workers: int | None = None, **options: Any
) -> _Opening:
    """As `iqdb.memory`; `max_workers` is how many calls may work at the same time."""
    return _Opening(partial(iqdb.memory, schema, **options), max_workers)
