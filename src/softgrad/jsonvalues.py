"""Python and NumPy values as plain JSON and back, exactly: what a model file's parameters and labels may be.

What JSON has no word for becomes an object with one key that names its kind: ``{"float": "inf"}``,
``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}``, ``{"array": [...], "dtype": "<i8"}``.
"""

import hashlib
import json
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["decode", "digest", "encode"]

_DTYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248]|U\d{1,8})|\|O")
_MAX_BYTES = 64 * 2**20


def encode(value: Any) -> Any:
    """Return the value as plain JSON.

    Raises
    ------
    TypeError
        Names the kind of value that has no JSON form, for the caller's sentence.

    Examples
    --------
    >>> encode({0: 1.0, 1: float("inf")})
    {'dict': [[0, 1.0], [1, {'float': 'inf'}]]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, np.ndarray):
        return _encode_array(value)
    raise TypeError(f"a {type(value).__name__}")


def _encode_array(array: NDArray[Any]) -> dict[str, Any]:
    items = array.tolist()
    mixed = array.dtype == object and not all(isinstance(item, str) for item in items)
    if mixed or array.ndim != 1 or not _DTYPE.fullmatch(array.dtype.str):
        raise TypeError(f"an array of {array.dtype} with {array.ndim} dimensions")
    return {"array": [encode(item) for item in items], "dtype": array.dtype.str}


def decode(value: Any) -> Any:
    """Return the value that `encode` was given.

    Raises
    ------
    ValueError
        For JSON that `encode` does not write.
    """
    match value:
        case list():
            return [decode(item) for item in value]
        case {"float": str(text)}:
            return float(text)
        case {"tuple": list(items)}:
            return tuple(decode(item) for item in items)
        case {"dict": list(items)}:
            return {decode(key): decode(item) for key, item in items}
        case {"array": list(items), "dtype": str(dtype)}:
            return _decode_array(items, dtype)
        case dict():
            raise ValueError("a value of an unknown kind")
    return value


def _decode_array(items: list[Any], dtype: str) -> NDArray[Any]:
    if not _DTYPE.fullmatch(dtype) or np.dtype(dtype).itemsize * len(items) > _MAX_BYTES:
        raise ValueError("an array of an unknown type")
    expected = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": str}[np.dtype(dtype).kind]
    values = [decode(item) for item in items]
    if not all(type(item) is expected for item in values):
        raise ValueError("an array that does not hold what its type says")
    return np.array(values, dtype=dtype)


def digest(value: Any) -> str:
    """Return a text that is the same for the same value, and for no other.

    Raises
    ------
    TypeError
        As `encode`.
    """
    return hashlib.sha256(json.dumps(encode(value)).encode()).hexdigest()
