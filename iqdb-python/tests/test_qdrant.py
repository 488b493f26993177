"""qdrant's client in memory as an oracle: the same filters and the same ranking, for what both have.

Made-up databases with a seed each; a failure names it. Distances agree within 1e-6, ids where distances
differ by more. Conditions are tuples, which are written in both languages.
"""

from __future__ import annotations

import random
import uuid
import warnings
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

pytest.importorskip("qdrant_client", reason="qdrant-client is not installed")

from qdrant_client import QdrantClient, models

import iqdb
from iqdb import key
from qdrant_rules import RULES

METRICS = {"cosine": "Cosine", "dot": "Dot", "euclidean": "Euclid"}
BASE = datetime(2025, 1, 1, tzinfo=timezone.utc)
TOLERANCE = 1e-6


def made_payload(random: random.Random) -> dict[str, Any]:
    choices = {
        "n": [0, 1, 2, 3, 1.0, 2.5, None, True],
        "lang": ["en", "de", "english", "", None],
        "flag": [True, False],
        "tags": [[], ["a"], ["a", "b"], ["b", None], [1, 2], [1.0], None],
        "when": [BASE + timedelta(days=days) for days in range(3)],
        "author": [{"name": "Ada"}, {"name": "Bob", "born": 1}, {}, None],
        "list": [[{"name": "Ada"}], [{"name": "Bob"}, {"name": "Cy"}], []],
    }
    return {name: random.choice(of) for name, of in choices.items() if random.random() < 0.6}


def made_condition(random: random.Random, depth: int = 0) -> tuple[Any, ...]:
    if depth < 2 and random.random() < 0.4:
        inner = [made_condition(random, depth + 1) for _ in range(random.randint(1, 3))]
        return (random.choice(["and", "or", "not"]), inner)
    scalars = [0, 1, 2, "en", "de", "a", True, False, "Ada", ""]
    return random.choice(
        [
            ("match", random.choice(PATHS), random.choice(scalars)),
            ("any", random.choice(PATHS), random.sample(["en", "de", "a", "b", "Ada"], 2)),
            ("any", random.choice(PATHS), random.sample([0, 1, 2, 3], 2)),
            ("except", random.choice(["n", "lang"]), random.choice([["en", "de"], [0, 1]])),
            ("range", "n", random.choice(["gt", "gte", "lt", "lte"]), random.choice([0, 1, 2.5])),
            ("range", "tags", random.choice(["gt", "lte"]), random.choice([0, 1, 1.5])),
            ("between", "n", random.choice([0, 0.5]), random.choice([1, 2.5])),
            ("since", "when", BASE + timedelta(days=random.randint(0, 3))),
            ("null", random.choice(["n", "lang", "tags", "author", "author.name"])),
            ("empty", random.choice(["n", "lang", "tags", "list"])),
            ("prefix", "lang", random.choice(["", "e", "en"])),
            ("substring", "lang", random.choice(["", "n", "glis"])),
            ("ids", random.sample(IDS, 2)),
        ]
    )


PATHS = ["n", "lang", "flag", "tags", "author.name", "author.born", "list[].name"]
IDS = [0, 1, 2, 3, 4, 5, 6, uuid.UUID(int=7), uuid.UUID(int=8), 2**63]


def for_qdrant(condition: tuple[Any, ...]) -> Any:
    match condition:
        case ("and", inner):
            return models.Filter(must=[for_qdrant(one) for one in inner])
        case ("or", inner):
            return models.Filter(should=[for_qdrant(one) for one in inner])
        case ("not", inner):
            return models.Filter(must_not=[for_qdrant(one) for one in inner])
        case ("match", path, operand):
            of: Any = models.MatchValue(value=operand)
        case ("any", path, operands):
            of = models.MatchAny(any=operands)
        case ("except", path, operands):
            of = models.MatchExcept(**{"except": operands})
        case ("prefix", path, text):
            of = models.MatchPrefix(prefix=text)
        case ("substring", path, text):
            of = models.MatchSubstring(substring=text)
        case ("range", path, bound, operand):
            return models.FieldCondition(key=path, range=models.Range(**{bound: operand}))
        case ("between", path, low, high):
            return models.FieldCondition(key=path, range=models.Range(gte=low, lt=high))
        case ("since", path, time):
            return models.FieldCondition(key=path, range=models.DatetimeRange(gte=time))
        case ("null", path):
            return models.IsNullCondition(is_null=models.PayloadField(key=path))
        case ("empty", path):
            return models.IsEmptyCondition(is_empty=models.PayloadField(key=path))
        case ("ids", ids):
            return models.HasIdCondition(has_id=[as_point(id) for id in ids])
        case _:
            raise AssertionError(condition)
    return models.FieldCondition(key=path, match=of)


def for_iqdb(condition: tuple[Any, ...]) -> iqdb.Filter:
    compare = {
        "gt": lambda path, operand: path > operand,
        "gte": lambda path, operand: path >= operand,
        "lt": lambda path, operand: path < operand,
        "lte": lambda path, operand: path <= operand,
    }
    match condition:
        case ("and", inner):
            return joined(inner, lambda a, b: a & b)
        case ("or", inner):
            return joined(inner, lambda a, b: a | b)
        case ("not", inner):
            return ~joined(inner, lambda a, b: a | b)
        # A condition of qdrant is about a value, or about any element of a list.
        case ("match", path, operand):
            return (key(path) == operand) | (key(path).each() == operand)
        case ("any", path, operands):
            return key(path).is_in(operands) | key(path).each().is_in(operands)
        case ("except", path, operands):
            return key(path).exists() & ~key(path).is_null() & ~key(path).is_in(operands)
        case ("prefix", path, text):
            return key(path).starts_with(text)
        case ("substring", path, text):
            return key(path).contains_text(text)
        case ("range", path, bound, operand):
            return compare[bound](key(path), operand) | compare[bound](key(path).each(), operand)
        case ("between", path, low, high):
            return (key(path) >= low) & (key(path) < high)
        case ("since", path, time):
            return key(path) >= time
        case ("null", path):
            return key(path).is_null() | key(path).contains(None)
        case ("empty", ("tags" | "list") as path):
            return ~key(path).each().exists()
        case ("empty", path):
            return ~key(path).exists() | key(path).is_null()
        case ("ids", ids):
            return iqdb.id_in(ids)
    raise AssertionError(condition)


def joined(inner, join):
    first, *rest = map(for_iqdb, inner)
    for one in rest:
        first = join(first, one)
    return first


def as_point(id):
    return str(id) if isinstance(id, uuid.UUID) else id


def as_json(payload):
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in payload.items()
    }


def check(client: QdrantClient, seed: int) -> None:
    made = random.Random(seed)
    metric, dim = made.choice(list(METRICS)), made.randint(1, 6)
    numbers = np.random.default_rng(seed)
    ids = made.sample(IDS, made.randint(0, len(IDS)))
    vectors = numbers.uniform(-1, 1, (len(ids) + 1, dim)).astype(np.float32)
    payloads = [made_payload(made) for _ in ids]
    query, rows = vectors[-1], vectors[:-1]

    db = iqdb.memory(dim=dim, metric=metric)
    db.upsert(ids, rows, payloads)
    distance = models.Distance(METRICS[metric])
    config = models.VectorParams(size=dim, distance=distance)
    client.create_collection("made", vectors_config=config)
    try:
        points = [
            models.PointStruct(id=as_point(id), vector=row.tolist(), payload=as_json(payload))
            for id, row, payload in zip(ids, rows, payloads)
        ]
        if points:
            client.upsert("made", points)
        for _ in range(3):
            condition = made_condition(made)
            asked = for_qdrant(condition)
            if not isinstance(asked, models.Filter):
                asked = models.Filter(must=[asked])
            matching = {
                point.id for point in client.scroll("made", asked, limit=len(IDS))[0]
            }
            found = {as_point(record.id) for record in db.scroll(for_iqdb(condition))}
            explained = explain(condition, matching ^ found, ids, payloads)
            assert explained == matching ^ found, f"seed {seed}: {condition}: {matching} {found}"
            if not explained:
                compare_ranking(client, db, metric, query, made.randint(1, 8), asked, condition)
    finally:
        client.delete_collection("made")


def explain(condition, differing, ids, payloads):
    explained = set()
    for id, payload in zip(ids, payloads):
        if as_point(id) in differing:
            for rule in RULES:
                if rule.explains(condition, payload):
                    rule.hits += 1
                    explained.add(as_point(id))
                    break
    return explained


def compare_ranking(client, db, metric, query, k, asked, condition):
    points = client.query_points("made", query.tolist(), query_filter=asked, limit=k).points
    hits = db.search(query, k, where=for_iqdb(condition))
    sign = {"cosine": lambda score: 1 - score, "dot": lambda score: -score}
    theirs = [sign.get(metric, lambda score: score)(point.score) for point in points]
    np.testing.assert_allclose(hits.distances, theirs, atol=TOLERANCE * 4, rtol=TOLERANCE)
    ours = hits.distances.tolist()
    for n, (point, hit) in enumerate(zip(points, hits)):
        near = [m for m in (n - 1, n + 1) if 0 <= m < len(ours)]
        is_tied = any(abs(ours[n] - ours[m]) <= TOLERANCE * 4 for m in near)
        # What is behind the last hit may be as near as it is.
        if not is_tied and n + 1 < len(ours):
            assert point.id == as_point(hit.id)


def run(seeds: range) -> None:
    with warnings.catch_warnings():
        # Of points with ids of two kinds, among others, the client has something to say.
        warnings.simplefilter("ignore")
        client = QdrantClient(":memory:")
        for seed in seeds:
            check(client, seed)
    print("".join(f"\n{rule.hits} differences: {rule.name}" for rule in RULES))


def test_a_rule_explains_what_its_documentation_is_about_and_nothing_else():
    [rule] = RULES
    assert rule.documentation.count("https://qdrant.tech/documentation/") == 2
    payload = {"n": 1.0, "tags": [2, 3.0], "list": [{"n": 5.0}], "lang": "en", "half": 2.5}
    for condition in [
        ("match", "n", 1),
        ("any", "tags", [3, 9]),
        ("except", "n", [0, 1]),
        ("match", "list[].n", 5),
        ("not", [("and", [("match", "lang", "en"), ("match", "n", 1)])]),
    ]:
        assert rule.explains(condition, payload), condition
    for condition in [
        ("match", "n", 2),
        ("match", "n", True),
        ("any", "tags", [2, 4]),
        ("match", "lang", 1),
        ("match", "half", 2),
        ("range", "n", "gte", 1),
        ("null", "n"),
        ("or", [("match", "lang", "en"), ("range", "n", "lt", 1)]),
    ]:
        assert not rule.explains(condition, payload), condition


def test_qdrant_agrees_on_some_databases():
    run(range(300))


@pytest.mark.long
def test_qdrant_agrees_on_ten_thousand_databases():
    run(range(1_000, 11_000))
    assert all(rule.hits for rule in RULES), "a rule that explains nothing is none"
