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


def _holds_whole_float(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_whole_float(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_whole_float(item) for item in value.values())
    return isinstance(value, float) and value.is_integer()


def _matches_ints(condition: tuple[Any, ...]) -> bool:
    name, *parts = condition
    if name in ("and", "or", "not"):
        return any(_matches_ints(part) for part in parts[0])
    operands = parts[1] if name in ("any", "except") else parts[1:]
    return name in ("match", "any", "except") and any(type(one) is int for one in operands)


RULES = [
    Rule(
        name="an integer is matched by integers alone",
        documentation=(
            "Match conditions are for keywords, integers and booleans, and floats are asked by ranges "
            "(https://qdrant.tech/documentation/concepts/filtering/#match). In iqdb 1 equals 1.0."
        ),
        explains=lambda condition, payload: _matches_ints(condition)
        and _holds_whole_float(payload),
    ),
]
