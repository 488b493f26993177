"""What the tests share: databases in memory and on disk, and the option --long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import iqdb


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        skip = pytest.mark.skip(reason="takes minutes; run with --long")
        for item in items:
            if "long" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(params=["memory", "disk"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., iqdb.Database]]:
    """Opens a database that is closed after the test: in memory, and in a directory."""
    databases: list[iqdb.Database] = []

    def make(*args: Any, **kwargs: Any) -> iqdb.Database:
        if request.param == "memory":
            db = iqdb.memory(*args, **kwargs)
        else:
            db = iqdb.open(tmp_path / f"{len(databases)}.iqdb", *args, **kwargs)
        databases.append(db)
        return db

    yield make
    for db in databases:
        db.close()


@pytest.fixture
def articles(opened: Callable[..., iqdb.Database]) -> iqdb.Database:
    """Five articles on a line."""
    db = opened(dim=2, metric="euclidean")
    payloads = [
        {"lang": "en", "year": 1999, "tags": ["a", "b"]},
        {"lang": "de", "year": 2005},
        {"lang": "en", "year": 2020, "tags": ["b"]},
        {"lang": "fr", "year": 2024, "author": {"name": "Ada", "born": 1815}},
        {"year": None},
    ]
    db.upsert([1, 2, 3, 4, 5], [[float(x), 0.0] for x in range(5)], payloads)
    return db
