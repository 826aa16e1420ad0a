"""Write a table of results: CSV or Parquet, whole or not at all."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from softgrad.table.atomic import write_atomically

__all__ = ["SUFFIXES", "to_csv", "write_table"]

SUFFIXES = (".csv", ".parquet")


def write_table(parts: Iterable[Mapping[str, NDArray[Any]]], path: str) -> None:
    """Write the parts of a table one below the other to a file, in the format that its suffix names.

    Parameters
    ----------
    parts : iterable of mapping of str to ndarray
        At least one; columns of equal length, the same in all parts.
    path : str

    Raises
    ------
    OSError
        Where the folder or the disk refuses.
    """
    write = _write_parquet if Path(path).suffix.lower() == ".parquet" else _write_csv
    write_atomically(path, lambda stream: write(parts, stream))


def to_csv(columns: Mapping[str, NDArray[Any]], *, header: bool = True) -> bytes:
    """Return columns as CSV text: floats with all their digits, booleans as true and false."""
    text = io.StringIO()
    cells = [_cells(values) for values in columns.values()]
    names = list(columns) if header else []
    writer = csv.writer(text, lineterminator="\n", quoting=_quoting([names, *cells]))
    if header:
        writer.writerow(names)
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode()


def _quoting(cells: list[list[Any]]) -> Literal[0, 2]:
    """Python before 3.13 takes a carriage return for plain text, which readers take for the end of the row."""
    returns = any("\r" in cell for column in cells for cell in column if isinstance(cell, str))
    return csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL


def _cells(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false")
    cells: list[Any] = values.tolist()
    return cells


def _write_csv(parts: Iterable[Mapping[str, NDArray[Any]]], stream: BinaryIO) -> None:
    for number, columns in enumerate(parts):
        stream.write(to_csv(columns, header=number == 0))


def _write_parquet(parts: Iterable[Mapping[str, NDArray[Any]]], stream: BinaryIO) -> None:
    writer = None
    try:
        for columns in parts:
            table = pa.table({name: pa.array(values) for name, values in columns.items()})
            if writer is None:
                writer = pa.parquet.ParquetWriter(stream, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
