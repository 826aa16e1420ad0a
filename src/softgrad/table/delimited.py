"""CSV and TSV text: its dialect, how its values are read, and what is wrong with it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv

from softgrad.table.errors import TableError, counted, listing
from softgrad.table.formats import FORMATS, Source

__all__ = ["Dialect", "convert_options", "dialect_of", "problem", "refuse_bytes"]


@dataclass(frozen=True)
class Dialect:
    """What stands between the values."""

    delimiter: str

    @property
    def parse_options(self) -> Any:
        return pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)


def dialect_of(source: Source) -> Dialect:
    """Find the delimiter.

    Raises
    ------
    TableError
        For what is not UTF-8 text.
    """
    with source.open() as stream:
        head = stream.read(1 << 16)
    _check_text(head, source.name)
    return Dialect("\t" if source.format == "tsv" else _delimiter(head))


def convert_options(types: Mapping[str, Any], columns: Any = None) -> Any:
    """How values are read: these columns as these types, the others as they look."""
    return pa.csv.ConvertOptions(strings_can_be_null=True, column_types=dict(types), include_columns=columns)


def refuse_bytes(schema: pa.Schema, name: str) -> None:
    """Raise a TableError where a column is not text as far as UTF-8 goes.

    Raises
    ------
    TableError
    UnicodeDecodeError
        Where a name is not.
    """
    odd = [name for name, kind in zip(schema.names, schema.types, strict=True) if pa.types.is_binary(kind)]
    if odd:
        raise TableError(f"{name} is not UTF-8 text in {listing(odd)}: save it again as UTF-8")


def _check_text(head: bytes, name: str) -> None:
    if not head.strip():
        raise TableError(f"{name} is empty, but a table with a header and rows is expected")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{name} is UTF-16 text, but UTF-8 is expected: save it again as UTF-8")
    if b"\0" in head or head.startswith(b"PK\x03\x04"):
        raise TableError(f"{name} is not text, so it cannot be read as CSV: expected {FORMATS}")


def _delimiter(head: bytes) -> str:
    """A comma, unless the header has none but has tabs or semicolons."""
    header = head.splitlines()[0]
    counts = {mark: header.count(mark.encode()) for mark in (",", "\t", ";")}
    return "," if counts[","] else max(counts, key=lambda mark: counts[mark])


def problem(source: Source, dialect: Dialect, reason: Exception) -> str:
    """Say why a file cannot be read.

    Finds the ragged row with Python's reader, which counts the lines of the file as an editor does.
    """
    if isinstance(reason, UnicodeDecodeError):
        return f"{source.name} is not UTF-8 text: save it again as UTF-8"
    with source.open() as stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
        reader = csv.reader(text, delimiter=dialect.delimiter)
        expected = 0
        try:
            for row in reader:
                expected = expected or len(row)
                if row and len(row) != expected:
                    return (
                        f"line {reader.line_num} of {source.name} has {counted(len(row), 'value')}, but the header has "
                        f"{counted(expected, 'column')}: mend that line"
                    )
        except csv.Error:
            pass
    return f"{source.name} cannot be read as CSV: {str(reason).splitlines()[0]}"
