"""The exceptions of iqdb. Every one is an `iqdb.Error`, and also what Python would raise itself."""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """Something went wrong in iqdb; nothing has changed unless `acknowledged` says so.

    >>> import iqdb
    >>> try:
    ...     iqdb.memory(dim=2).search([1.0, 0.0, 0.0])
    ... except ValueError as error:
    ...     print(error.kind)
    dimension_mismatch
    """

    kind: str = "error"
    """What sort of error, such as `dimension_mismatch`. Decide by this or by the class."""

    hint: str | None = None
    """What a person can do about it."""

    operation: str | None = None
    """What was being attempted."""

    expected: str | None = None
    """What would have been right."""

    found: str | None = None
    """What was there instead."""

    field: str | None = None
    """The vector field at fault."""

    record_id: Any = None
    """The id of the record at fault."""

    acknowledged: int = 0
    """How many rows an upsert of several batches had written before, which stay."""

    def __init_subclass__(cls) -> None:
        cls.__module__ = "iqdb"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


Error.__module__ = "iqdb"


class InvalidInputError(Error, ValueError):
    """An argument can't be used: a vector, an id, a payload, a schema, a query or a filter."""


class UnknownFieldError(Error, KeyError):
    """The schema has no vector field of this name."""


class AlreadyExistsError(Error):
    """A record that was to be inserted is there already, or a field of this name."""


class ConflictError(Error):
    """The database has changed meanwhile. Read again and decide again."""


class OutcomeUnknownError(Error, OSError):
    """A write may or may not have taken effect. Read again before you retry."""


class DeadlineExceededError(Error, TimeoutError):
    """The call took longer than its timeout, and changed nothing."""


class CancelledError(Error):
    """The call was cancelled, and changed nothing."""


class NotSupportedError(Error):
    """This database can't do that."""


class LockedError(Error, OSError):
    """Another process or another handle has the database open."""


class StorageError(Error, OSError):
    """The operating system refused to read or to write."""


class DamagedError(Error, OSError):
    """Files are not what was written to them."""


class ClosedError(Error, ValueError):
    """The database has been closed."""

    kind = "closed"


_INVALID = (
    "dimension_mismatch",
    "element_mismatch",
    "invalid_vector",
    "invalid_id",
    "invalid_payload",
    "invalid_schema",
    "invalid_query",
    "invalid_filter",
)

_CLASSES: dict[str, type[Error]] = {
    **dict.fromkeys(_INVALID, InvalidInputError),
    "unknown_field": UnknownFieldError,
    "already_exists": AlreadyExistsError,
    "version_conflict": ConflictError,
    "snapshot_expired": ConflictError,
    "version_gone": ConflictError,
    "outcome_unknown": OutcomeUnknownError,
    "deadline_exceeded": DeadlineExceededError,
    "cancelled": CancelledError,
    "not_supported": NotSupportedError,
    "locked": LockedError,
    "io": StorageError,
    "damaged": DamagedError,
}


def raised(
    kind: str,
    message: str,
    hint: str | None = None,
    operation: str | None = None,
    expected: str | None = None,
    found: str | None = None,
    field: str | None = None,
    record_id: Any = None,
) -> Error:
    """The exception of this kind."""
    error = _CLASSES.get(kind, Error)(message)
    error.kind = kind
    error.hint = hint
    error.operation = operation
    error.expected = expected
    error.found = found
    error.field = field
    error.record_id = record_id
    return error


def invalid(kind: str, message: str, hint: str | None = None) -> Error:
    """The exception for an argument, its hint at the end of its message."""
    return raised(kind, message if hint is None else f"{message}; {hint}", hint)
