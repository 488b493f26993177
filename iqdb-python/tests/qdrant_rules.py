"""Where qdrant and iqdb mean different things by the same condition: each rule with qdrant's documentation.

A difference that `test_qdrant.py` finds is a failure unless a rule here explains it. Hits are counted and printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Rule:
    name: str
    documentation: str
    """What qdrant's documentation says of it, and where."""

    explains: Callable[[tuple[Any, ...], dict[str, Any]], bool]
    """Whether it explains why a condition differs on a payload."""

    hits: int = field(default=0)


def _values(payload: Any, path: str) -> list[Any]:
    """The values that a path leads to, those in a list among them."""
    found = [payload]
    for step in path.split("."):
        name, inside = step.removesuffix("[]"), step.endswith("[]")
        found = [of[name] for of in found if isinstance(of, dict) and name in of]
        if inside:
            found = [item for of in found if isinstance(of, list) for item in of]
    return found + [item for of in found if isinstance(of, list) for item in of]


def _leaves(condition: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if condition[0] in ("and", "or", "not"):
        return [leaf for part in condition[1] for leaf in _leaves(part)]
    return [condition]


def _matches_the_integer_of_a_float(leaf: tuple[Any, ...], payload: dict[str, Any]) -> bool:
    """Whether a condition asks for an integer, and the value that it asks is the same number as a float."""
    name, *parts = leaf
    if name not in ("match", "any", "except"):
        return False
    operands = [parts[1]] if name == "match" else parts[1]
    integers = {one for one in operands if type(one) is int}
    return any(type(value) is float and value in integers for value in _values(payload, parts[0]))


RULES = [
    Rule(
        name="an integer is matched by integers alone",
        documentation=(
            "A match compares keywords, integers and booleans; floats are asked by ranges "
            "(https://qdrant.tech/documentation/concepts/filtering/#match). Where the type of a stored value doesn't "
            "fit the condition, the condition is not satisfied "
            "(https://qdrant.tech/documentation/concepts/payload/#payload-types). In iqdb 1 equals 1.0."
        ),
        explains=lambda condition, payload: any(
            _matches_the_integer_of_a_float(leaf, payload) for leaf in _leaves(condition)
        ),
    ),
]
