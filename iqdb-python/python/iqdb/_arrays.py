"""What stands for vectors and ids, as arrays of numpy in the form that a field keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from iqdb._errors import invalid

_DTYPES: dict[str, Any] = {"f32": np.float32, "f16": np.float16, "i8": np.int8, "binary": np.uint8}


class Sparse(NamedTuple):
    """A sparse vector: indices that rise, and a weight for each.

    >>> import iqdb
    >>> iqdb.Sparse([3, 70_000], [0.5, 1.5]).weights
    [0.5, 1.5]
    """

    indices: Any
    weights: Any


def vector(values: Any, form: str, dim: int | None) -> Any:
    """One vector."""
    if form == "sparse":
        return _sparse(values)
    array = _dense(values, form, dim)
    if array.ndim != 1:
        raise _wrong_shape(array, "one vector, an array of one dimension")
    return array


def queries(values: Any, form: str, dim: int | None) -> Any:
    """One vector, or a list of several."""
    if form == "sparse":
        return [_sparse(item) for item in values] if _is_many_sparse(values) else _sparse(values)
    array = _dense(values, form, dim)
    if array.ndim == 1:
        return array
    if array.ndim == 2:
        return list(array)
    raise _wrong_shape(array, "one vector or a matrix, an array of one or two dimensions")


def column(values: Any, form: str, dim: int | None) -> Any:
    """A matrix; a list with None where there are gaps, or of sparse vectors."""
    if form == "sparse":
        return [None if item is None else _sparse(item) for item in values]
    listed = values.to_pylist() if _is_arrow(values) and values.null_count else values
    if isinstance(listed, (list, tuple)) and any(item is None for item in listed):
        rows = _of_others(listed, "") if isinstance(listed, (list, tuple)) else listed
        return [None if item is None else vector(item, form, dim) for item in rows]
    array = _dense(values, form, dim)
    if array.ndim == 1 and array.size == 0:
        return array.reshape(0, 1)
    if array.ndim != 2:
        raise _wrong_shape(array, "a vector for each id, an array of two dimensions")
    return array


def ids(values: Any) -> list[Any]:
    """The ids of anything that has them one after the other."""
    if isinstance(values, (str, bytes, Mapping)):
        raise invalid("invalid_id", f"ids can't be read from {type(values).__name__}")
    if _is_arrow(values):
        return list(values.to_pylist())
    try:
        return list(values.tolist()) if hasattr(values, "tolist") else list(values)
    except TypeError as error:
        raise invalid(
            "invalid_id", f"ids can't be read from {type(values).__name__}", "pass an array or a list"
        ) from error


def _dense(values: Any, form: str, dim: int | None) -> NDArray[Any]:
    _check_no_bools(values)
    array = _as_array(values, "")
    if array.dtype == object:
        array = _stacked(array)
    if form == "binary":
        return _bits(array, dim)
    kinds = "iu" if form == "i8" else "fiu"
    if array.dtype.kind not in kinds:
        wanted = "integers" if form == "i8" else "numbers"
        raise invalid(
            "invalid_vector", f"a vector has components of {array.dtype}: expected {wanted}"
        )
    if form == "i8" and array.size and (array.min() < -128 or array.max() > 127):
        raise invalid("invalid_vector", "a component doesn't fit into int8: expected -128 to 127")
    # What overflows becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        return np.require(array, _DTYPES[form], ["C", "ALIGNED", "ENSUREARRAY"])


def _check_no_bools(values: Any) -> None:
    """Refuses bools among the numbers of a list: numpy would make them numbers, too."""
    if isinstance(values, (list, tuple)):
        rows = values if values and isinstance(values[0], (list, tuple)) else [values]
        for row in rows:
            if isinstance(row, (list, tuple)):
                types = set(map(type, row))
                if not types.isdisjoint((bool, np.bool_)) and not types <= {bool, np.bool_}:
                    raise invalid("invalid_vector", "a vector has bools among its numbers")


def _bits(array: NDArray[Any], dim: int | None) -> NDArray[np.uint8]:
    if array.dtype == bool:
        if array.ndim and array.size and array.shape[-1] != dim:
            raise invalid(
                "dimension_mismatch", f"a vector has {array.shape[-1]} bools: expected {dim}"
            )
        return np.ascontiguousarray(np.packbits(array, axis=-1))
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    raise invalid(
        "invalid_vector",
        f"a vector of bits has components of {array.dtype}: expected bool, or packed bits as uint8",
        "numpy.packbits packs them",
    )


def _as_array(values: Any, at: str) -> NDArray[Any]:
    """The array that an object is; `at` is its place in what was passed, such as ` at [2]`."""
    if isinstance(values, np.ndarray):
        return values
    if _is_arrow(values):
        return _of_arrow(values)
    _check_tensor(values, at)
    if isinstance(values, (list, tuple)):
        values = _of_others(values, "")
    try:
        if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
            array: NDArray[Any] = np.from_dlpack(values)
            return array
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise invalid(
            "invalid_vector",
            f"{type(values).__name__}{at} can't be read as vectors: {error}",
            "pass an array of numbers, each row as long as the others",
        ) from error


_DEPTH = 2
"""How deep lists of vectors are nested at most: rows, and the components of a row."""


def _of_others(values: Any, path: str) -> Any:
    """A list with arrays of numpy in the place of tensors, and of other arrays that numpy doesn't know."""
    types = set(map(type, values))
    if any(issubclass(of, (list, tuple)) for of in types) and path.count("[") + 1 < _DEPTH:
        values = [
            _of_others(item, f"{path}[{n}]") if isinstance(item, (list, tuple)) else item
            for n, item in enumerate(values)
        ]
    if any(map(_is_of_others, types)):
        values = [
            _as_array(item, f" at {path}[{n}]") if _is_of_others(type(item)) else item
            for n, item in enumerate(values)
        ]
        kinds = {item.dtype.kind for item in values if isinstance(item, (np.ndarray, np.generic))}
        if "b" in kinds and kinds != {"b"}:
            raise invalid("invalid_vector", "a vector has bools among its numbers")
    return values


def _is_of_others(of: type) -> bool:
    is_array = hasattr(of, "__array__") or hasattr(of, "__dlpack__")
    return is_array and not issubclass(of, (np.ndarray, np.generic))


def _check_tensor(values: Any, at: str) -> None:
    """Refuses a tensor that numpy can't look into, and says what to call first."""
    device = getattr(values, "device", None)
    is_elsewhere = device is not None and getattr(device, "type", str(device)) not in ("cpu", "")
    has_grad = getattr(values, "requires_grad", False) is True
    if hasattr(values, "detach") and (is_elsewhere or has_grad):
        what = "requires grad" if has_grad else f"is on {device}"
        raise invalid("invalid_vector", f"a tensor{at} {what}", "call .detach().cpu() first")


def _stacked(array: NDArray[Any]) -> NDArray[Any]:
    """The matrix of an array of arrays, such as a column of pandas."""
    try:
        return np.array([np.asarray(item) for item in array]) if array.size else np.empty((0, 1))
    except (TypeError, ValueError) as error:
        raise invalid(
            "invalid_vector", "the vectors differ in length, or are no numbers"
        ) from error


def _is_arrow(values: Any) -> bool:
    return type(values).__module__.partition(".")[0] == "pyarrow" and hasattr(values, "null_count")


def _of_arrow(values: Any) -> NDArray[Any]:
    if hasattr(values, "combine_chunks"):
        values = values.combine_chunks()
    if values.null_count:
        raise invalid("invalid_vector", "a vector is null", "leave out the rows without one")
    if not hasattr(values, "flatten"):
        return np.asarray(values)
    flat = values.flatten()
    if flat.null_count:
        raise invalid("invalid_vector", "a component is null")
    numbers = flat.to_numpy(zero_copy_only=False)
    lengths = {len(item) for item in values} if hasattr(values, "offsets") else set()
    if len(lengths) > 1:
        raise invalid("dimension_mismatch", f"the vectors differ in length: {sorted(lengths)[:2]}")
    matrix: NDArray[Any] = numbers.reshape(len(values), -1 if len(values) else 1)
    return matrix


def _is_many_sparse(values: Any) -> bool:
    if isinstance(values, (Mapping, Sparse)):
        return False
    if isinstance(values, tuple) and len(values) == 2:
        return isinstance(values[0], (Mapping, Sparse, tuple))
    return isinstance(values, (list, tuple))


def _sparse(values: Any) -> Sparse:
    if isinstance(values, Mapping):
        indices: Any = list(values.keys())
        weights: Any = list(values.values())
    elif hasattr(values, "indices") and not callable(values.indices):
        indices = values.indices
        weights = values.weights if hasattr(values, "weights") else values.values
    elif isinstance(values, (tuple, list)) and len(values) == 2:
        indices, weights = values
    else:
        raise invalid(
            "invalid_vector",
            f"{type(values).__name__} is no sparse vector",
            "pass iqdb.Sparse(indices, weights), or a dict from index to weight",
        )
    where, heavy = np.asarray(indices), np.asarray(weights)
    if where.ndim != 1 or where.shape != heavy.shape:
        raise invalid(
            "invalid_vector",
            f"a sparse vector has indices of shape {where.shape} and weights of {heavy.shape}",
        )
    if where.size and (where.dtype.kind not in "iu" or where.min() < 0 or where.max() > 2**32 - 1):
        raise invalid("invalid_vector", "an index of a sparse vector is not a whole number of 32 bits")
    if heavy.size and heavy.dtype.kind not in "fiu":
        raise invalid("invalid_vector", f"weights are {heavy.dtype}: expected numbers")
    order = np.argsort(where, kind="stable")
    with np.errstate(over="ignore"):
        return Sparse(where[order].astype(np.uint32), heavy[order].astype(np.float32))


def _wrong_shape(array: NDArray[Any], expected: str) -> Exception:
    return invalid(
        "dimension_mismatch", f"the shape {array.shape} is not what is expected: {expected}"
    )
