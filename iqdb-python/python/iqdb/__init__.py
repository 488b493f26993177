"""iqdb: an embedded vector database, in your process, at home in numpy.

>>> import iqdb, numpy as np
>>> db = iqdb.memory(dim=3, metric="cosine")
>>> db.upsert([1, 2], np.eye(2, 3), [{"lang": "en"}, {"lang": "de"}])
Applied(version=1, inserted=2, replaced=0, deleted=0, kept=0)
>>> db.search([1.0, 0.1, 0.0], k=1).payloads
[{'lang': 'en'}]
>>> db.search([1.0, 0.1, 0.0], where=iqdb.key("lang") == "de").ids
array([2], dtype=uint64)
"""

from __future__ import annotations

from iqdb._arrays import Sparse
from iqdb._errors import (
    AlreadyExistsError,
    CancelledError,
    ClosedError,
    ConflictError,
    DamagedError,
    DeadlineExceededError,
    Error,
    InvalidInputError,
    LockedError,
    NotSupportedError,
    OutcomeUnknownError,
    StorageError,
    UnknownFieldError,
)
from iqdb._iqdb import (
    Applied,
    Database,
    Explain,
    Field,
    Filter,
    Hit,
    Key,
    Record,
    Schema,
    Scroll,
    SearchResult,
    Snapshot,
    has,
    id_in,
    key,
    memory,
    open,
)

__version__ = "0.1.0"

__all__ = [
    "AlreadyExistsError",
    "Applied",
    "CancelledError",
    "ClosedError",
    "ConflictError",
    "DamagedError",
    "Database",
    "DeadlineExceededError",
    "Error",
    "Explain",
    "Field",
    "Filter",
    "Hit",
    "InvalidInputError",
    "Key",
    "LockedError",
    "NotSupportedError",
    "OutcomeUnknownError",
    "Record",
    "Schema",
    "Scroll",
    "SearchResult",
    "Snapshot",
    "Sparse",
    "StorageError",
    "UnknownFieldError",
    "has",
    "id_in",
    "key",
    "memory",
    "open",
]
