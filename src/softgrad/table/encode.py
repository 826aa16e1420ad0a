"""Apply a column schema to a table: the matrix of features."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric
from softgrad.table.errors import TableError, counted, listing, quote
from softgrad.table.values import (
    booleans,
    family,
    finite_numbers,
    first_unlike_number,
    missing,
    numbers,
    refuse_missing,
    texts,
)

__all__ = ["check_present", "encode", "encode_into"]

_Block = tuple[Column, NDArray[Any]]


def encode(table: pa.Table, columns: Columns) -> NDArray[Any]:
    """Return the matrix of features, in the schema's order; further columns of the table are ignored.

    Parameters
    ----------
    table : pyarrow.Table
        The data, with at least the feature columns of the schema, in any order.
    columns : Columns
        The schema.

    Returns
    -------
    ndarray of shape (n_samples, n_encoded)
        uint8 where every value is a whole number from 0 to 255, else float64.

    Raises
    ------
    TableError
        For absent columns, columns of another kind, categories that the schema does not know, and missing
        values for which the schema holds no filling value.
    """
    check_present(table.column_names, columns)
    _refuse_gaps(table, columns)
    blocks = [(column, _values(column, table.column(column.name))) for column in columns.features]
    return _matrix(blocks, table.num_rows)


def encode_into(matrix: NDArray[Any], table: pa.Table, columns: Columns, first_row: int = 0) -> None:
    """Write what `encode` returns into `matrix` (n_samples, n_encoded), whatever its type.

    `first_row` is where the table's rows begin in the file, for the errors' sake; they are those of `encode`.
    """
    _refuse_gaps(table, columns)
    start = 0
    for column in columns.features:
        width = len(column.encoded_names)
        _place(
            matrix[:, start : start + width], column, _values(column, table.column(column.name), first_row)
        )
        start += width


def check_present(names: Collection[str], columns: Columns) -> None:
    """Raise a TableError where columns of the schema are not among the names of a table's.

    Raises
    ------
    TableError
    """
    absent = [name for name in columns.names if name not in names]
    if absent:
        raise TableError(f"the data lack {counted(len(absent), 'column')} of the model: {listing(absent)}")


def _refuse_gaps(table: pa.Table, columns: Columns) -> None:
    filled_in = (column for column in columns.features if column.fill is None)
    gaps = {column.name: _n_missing(table.column(column.name)) for column in filled_in}
    refuse_missing(gaps, "the model was fitted without --impute, so fill them in")


def _n_missing(column: pa.ChunkedArray) -> int:
    return 0 if finite_numbers(column) is not None else int(missing(column).sum())


def _matrix(blocks: list[_Block], n_rows: int) -> NDArray[Any]:
    width = sum(len(column.encoded_names) for column, _ in blocks)
    dtype = np.uint8 if all(_is_byte(column, values) for column, values in blocks) else np.float64
    matrix = np.empty((n_rows, width), dtype=dtype)
    start = 0
    for column, values in blocks:
        width = len(column.encoded_names)
        _place(matrix[:, start : start + width], column, values)
        start += width
    return matrix


def _place(part: NDArray[Any], column: Column, values: NDArray[Any]) -> None:
    """Write a column's values into its part of the matrix."""
    if isinstance(column, Category):
        part[:] = 0
        part[np.arange(len(part)), values] = 1
    else:
        part[:, 0] = values


def _is_byte(column: Column, values: NDArray[Any]) -> bool:
    """Whether the features of this column are whole numbers from 0 to 255."""
    if isinstance(column, Category) or values.dtype.kind == "b":
        return True
    return values.dtype.kind in "iu" and bool(values.min() >= 0 and values.max() <= 255)


def _values(column: Column, values: pa.ChunkedArray, first_row: int = 0) -> NDArray[Any]:
    """One array for a column: numbers, flags, or the codes of its levels."""
    match column:
        case Numeric():
            return _numeric(column, values, first_row)
        case Boolean():
            return _boolean(column, values)
        case Category():
            return _codes(column, values, first_row)


def _numeric(column: Numeric, values: pa.ChunkedArray, first_row: int) -> NDArray[Any]:
    quick = finite_numbers(values)
    if quick is not None:
        return quick
    found = family(values.type)
    if found == "empty":
        return np.full(len(values), column.fill)
    if found not in ("number", "boolean"):
        reason = first_unlike_number(values, first_row) if found == "text" else f"it is of type {values.type}"
        raise TableError(f"the model takes the column {quote(column.name)} as numbers, but {reason}")
    return _with_fill(numbers(values, column.name), column.fill, values)


def _boolean(column: Boolean, values: pa.ChunkedArray) -> NDArray[np.bool_]:
    found = family(values.type)
    if found == "empty":
        return np.full(len(values), column.fill)
    if found == "number":
        array = numbers(values, column.name)
        if np.isin(array, (0, 1)).all():
            return _with_fill(array.astype(bool), column.fill, values)
    if found != "boolean":
        raise TableError(
            f"the model takes the column {quote(column.name)} as true or false, "
            f"but it is of type {values.type}"
        )
    return _with_fill(booleans(values), column.fill, values)


def _with_fill(array: NDArray[Any], fill: float | bool | None, values: pa.ChunkedArray) -> NDArray[Any]:
    gaps = missing(values)
    if fill is None or not gaps.any():
        return array
    wide = array.astype(np.int64) if array.dtype.kind in "iu" else array
    return np.where(gaps, fill, wide)


def _codes(column: Category, values: pa.ChunkedArray, first_row: int) -> NDArray[np.intp]:
    found = family(values.type)
    if found == "empty":
        return np.full(len(values), column.levels.index(str(column.fill)))
    if found is None or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        raise TableError(
            f"the model takes the column {quote(column.name)} as text, but it is of type {values.type}"
        )
    known = pa.array(column.levels, type=pa.large_string())
    found_at = pc.index_in(texts(values), value_set=known).fill_null(-1).to_numpy()
    codes: NDArray[np.intp] = found_at.astype(np.intp)
    gaps = missing(values)
    if column.fill is not None:
        codes[gaps] = column.levels.index(column.fill)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise TableError(
            f"row {first_row + row + 1} of the column {quote(column.name)} holds {quote(str(values[row].as_py()))}, "
            f"a category that the model was not fitted with: it knows {listing(column.levels)}"
        )
    return codes
