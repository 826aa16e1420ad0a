"""Write a table of results: CSV or Parquet, whole or not at all."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from softgrad.table.atomic import write_atomically

__all__ = ["SUFFIXES", "to_csv", "write_table"]

SUFFIXES = (".csv", ".parquet")


def write_table(columns: Mapping[str, NDArray[Any]], path: str) -> None:
    """Write columns of equal length to a file, in the format that its suffix names.

    Raises
    ------
    OSError
        Where the folder or the disk refuses.
    """
    if Path(path).suffix.lower() == ".parquet":
        table = pa.table({name: pa.array(values) for name, values in columns.items()})
        write_atomically(path, lambda stream: _write_parquet(table, stream))
    else:
        write_atomically(path, lambda stream: stream.write(to_csv(columns)))


def to_csv(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Return columns as CSV text: floats with all their digits, booleans as true and false."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))
    return text.getvalue().encode()


def _cells(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false")
    cells: list[Any] = values.tolist()
    return cells


def _write_parquet(table: pa.Table, stream: BinaryIO) -> None:
    pa.parquet.write_table(table, stream)
