"""The values of one Arrow column as NumPy arrays, by the family that its type belongs to."""

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from softgrad.maths.arrays import LARGEST
from softgrad.table.errors import TableError, counted, quote

__all__ = [
    "Family",
    "booleans",
    "decoded",
    "family",
    "finite_numbers",
    "first_unlike_number",
    "missing",
    "numbers",
    "plain_numbers",
    "refuse_huge",
    "refuse_identifiers",
    "refuse_infinite",
    "refuse_missing",
    "texts",
]

Family = Literal["number", "boolean", "text", "empty"]
_EXACT = 2**53


def family(kind: pa.DataType) -> Family | None:
    """What a column of this Arrow type is to softgrad; None where it cannot be used."""
    types = pa.types
    if types.is_dictionary(kind):
        inner = family(kind.value_type)
        return "text" if inner in ("text", "number", "boolean") else inner
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text"
    return "empty" if types.is_null(kind) else None


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Replace dictionary codes by the values that they stand for (and half floats by floats)."""
    if pa.types.is_dictionary(column.type):
        chunks = [chunk.dictionary_decode() for chunk in column.chunks]
        column = pa.chunked_array(chunks, type=column.type.value_type)
    return column.cast(pa.float32()) if pa.types.is_float16(column.type) else column


def missing(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which rows have no value: null, or NaN in a column of floats."""
    values = decoded(column)
    return _numpy(pc.is_null(values, nan_is_null=pa.types.is_floating(values.type))).astype(bool)


def numbers(column: pa.ChunkedArray, name: str) -> NDArray[Any]:
    """Return a column of numbers or booleans as integers or float64; 0 where a value is missing.

    Raises
    ------
    TableError
        For infinite values, and for integers that float64 cannot represent.
    """
    array = plain_numbers(column)
    if array.dtype.kind == "f":
        refuse_infinite(int(np.isinf(array).sum()), name)
    elif array.size:
        refuse_identifiers(int(array.min()), int(array.max()), name)
    return array


def finite_numbers(column: pa.ChunkedArray) -> NDArray[Any] | None:
    """Return `numbers` of a column that needs no second look, quickly: all there, finite and exact; else None."""
    primitive = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    if not primitive or column.null_count or pa.types.is_float16(column.type) or not len(column):
        return None
    array = _numpy(column)
    if array.dtype.kind == "f":
        return array.astype(np.float64, copy=False) if np.isfinite(array).all() else None
    return array if array.itemsize < 8 or (array.max() <= _EXACT and array.min() >= -_EXACT) else None


def plain_numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return what `numbers` returns, infinite values and large integers included."""
    values = decoded(column)
    if pa.types.is_boolean(values.type):
        return booleans(values).astype(np.uint8)
    if not pa.types.is_integer(values.type):
        values = values.cast(pa.float64(), safe=False)
    return np.where(missing(values), 0, _numpy(values.fill_null(0)))


def refuse_infinite(count: int, name: str) -> None:
    """Raise a TableError where a column holds infinite values.

    Raises
    ------
    TableError
    """
    if count:
        raise TableError(
            f"the column {quote(name)} holds {counted(count, 'infinite value')}, but finite numbers are "
            "expected: mend them or leave the column out with --exclude"
        )


def refuse_huge(largest: float, name: str) -> None:
    """Raise a TableError where a column's largest number is more than a fit can square.

    Raises
    ------
    TableError
    """
    if largest > LARGEST:
        raise TableError(
            f"the column {quote(name)} holds numbers as large as {largest:.3g}, whose squares overflow: mend or scale "
            f"it so that no entry exceeds {LARGEST:g}, or leave it out with --exclude"
        )


def refuse_identifiers(lowest: int, highest: int, name: str) -> None:
    """Raise a TableError where the integers of a column are more than float64 can represent.

    Raises
    ------
    TableError
    """
    if highest > _EXACT or lowest < -_EXACT:
        raise TableError(
            f"the column {quote(name)} holds integers beyond 2**53, which look like an identifier: "
            "leave it out with --exclude"
        )


def booleans(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return a column of booleans; False where a value is missing."""
    return _numpy(decoded(column).fill_null(False)).astype(bool)


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text, whole numbers or booleans as text."""
    return decoded(column).cast(pa.large_string())


def refuse_missing(counts: dict[str, int], advice: str) -> None:
    """Raise a TableError that names the columns with missing values and their counts.

    Raises
    ------
    TableError
        Where any count is not zero.
    """
    shown = {name: count for name, count in counts.items() if count}
    if not shown:
        return
    first = [f"{quote(name)} ({count})" for name, count in list(shown.items())[:6]]
    more = f" and {len(shown) - 6} more columns" if len(shown) > 6 else ""
    raise TableError(f"values are missing in {', '.join(first)}{more}: {advice}")


def first_unlike_number(column: pa.ChunkedArray, first_row: int = 0) -> str:
    """Describe the first text in a column that does not read as a number; `first_row` rows are before it."""
    for row, value in enumerate(decoded(column).to_pylist(), start=first_row + 1):
        try:
            float(value or 0)
        except ValueError:
            return f"row {row} holds {quote(value)}"
    return "its numbers are stored as text"


def _numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(column.to_numpy())
