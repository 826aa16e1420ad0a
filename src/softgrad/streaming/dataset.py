"""A data table in one file or many, read batch by batch with the columns that are asked for."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from softgrad.streaming.arrow_file import ArrowFile
from softgrad.streaming.csv_file import CsvFile
from softgrad.streaming.files import Stamp, stamp
from softgrad.streaming.parquet_file import ParquetFile
from softgrad.table.errors import TableError, counted, listing, quote, quote_path
from softgrad.table.formats import GZIP_ERRORS, Source, source_of
from softgrad.table.read import check_names, is_index

__all__ = ["Batch", "DataFile", "Dataset"]


class DataFile(Protocol):
    """One file of a data table."""

    @property
    def source(self) -> Source: ...
    @property
    def schema(self) -> pa.Schema: ...
    @property
    def n_rows(self) -> int | None:
        """None where that takes reading it."""
        ...

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """The rows in order, at most `rows` at a time.

        Raises
        ------
        TableError
            For a damaged file: which, and where in it.
        """
        ...


@dataclass(frozen=True)
class Batch:
    """Some rows of a table, and where they are from: the file's name for people, and how many rows precede them."""

    table: pa.Table
    file: str
    first_row: int


class Dataset:
    """A data table that is not read yet.

    Parameters
    ----------
    name : str
        For people.
    paths : sequence of Path
        Files with the same columns, in the order of their rows.
    text_columns : collection of str
        Columns of CSV and TSV files that are text, whatever their values look like.

    Attributes
    ----------
    names : tuple of str
        The columns, less the row index of pandas.
    types : dict of str to pyarrow.DataType
        Where files disagree on the width of numbers, the type that holds both.
    stamps : tuple of Stamp
        What identifies the files' content: read again at every pass.

    Raises
    ------
    TableError
        For a file that is missing, empty, damaged or of an unknown format, and for files with other columns.
    """

    def __init__(self, name: str, paths: Sequence[Path], text_columns: Collection[str] = ()) -> None:
        self.name, self._text_columns = quote_path(name), tuple(text_columns)
        self.stamps = tuple(stamp(path) for path in paths)
        self._files = [_opened(path, text_columns) for path in paths]
        first = self._files[0]
        check_names(_names(first.schema), first.source.name)
        self.names = tuple(_names(first.schema))
        self.types = {name: first.schema.field(name).type for name in self.names}
        for other in self._files[1:]:
            self._join(first, other)

    @property
    def n_bytes(self) -> int:
        """On disk."""
        return sum(stamp.size for stamp in self.stamps)

    @property
    def n_rows(self) -> int | None:
        """None where that takes reading a file."""
        counts = [file.n_rows for file in self._files]
        return None if None in counts else sum(count or 0 for count in counts)

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[Batch]:
        """The rows in order, at most `rows` at a time, and never of two files at once.

        Raises
        ------
        TableError
            For a file that is damaged or has changed since it was opened.
        """
        wanted = pa.schema([(name, self.types[name]) for name in columns])
        for file, before in zip(self._files, self.stamps, strict=True):
            self._refuse_change(file, before)
            done = 0
            for table in _guarded(file, columns, rows):
                yield Batch(_as(table, wanted), file.source.name, done)
                done += table.num_rows
            self._refuse_change(file, before)

    def _join(self, first: DataFile, other: DataFile) -> None:
        """Take in another file's columns."""
        check_names(_names(other.schema), other.source.name)
        theirs = _names(other.schema)
        for having, lacking, names in (
            (first, other, [n for n in self.names if n not in theirs]),
            (other, first, [n for n in theirs if n not in self.names]),
        ):
            if names:
                raise TableError(
                    f"{lacking.source.name} lacks {counted(len(names), 'column')} that {having.source.name} has: "
                    f"{listing(names)}; write all files with the same columns"
                )
        for name in self.names:
            kind = other.schema.field(name).type
            common = _common(self.types[name], kind)
            if common is None:
                raise TableError(
                    f"the column {quote(name)} is of type {kind} in {other.source.name}, from row group 0 on, but of "
                    f"type {self.types[name]} in {first.source.name}: write all files with the same types"
                )
            self.types[name] = common

    def _refuse_change(self, file: DataFile, before: Stamp) -> None:
        if not before.path.is_file():
            raise TableError(f"{file.source.name} has been removed since it was opened: put it back to go on")
        if stamp(before.path) != before:
            raise TableError(
                f"{file.source.name} has changed since it was opened{self._what_changed(file, before.path)}: "
                "put it back as it was to go on, or begin anew"
            )

    def _what_changed(self, file: DataFile, path: Path) -> str:
        """The first column that is another now, where there is one."""
        try:
            now = {field.name: field.type for field in _opened(path, self._text_columns).schema}
        except TableError:
            return " (it is not whole any more)"
        for field in file.schema:
            if field.name not in now:
                return f" (from row group 0 on, the column {quote(field.name)} is gone)"
            if now[field.name] != field.type:
                return (
                    f" (from row group 0 on, the column {quote(field.name)} is of type {now[field.name]}, "
                    f"not {field.type})"
                )
        return ""


def _opened(path: Path, text_columns: Collection[str]) -> DataFile:
    source = source_of(str(path))
    try:
        if source.format == "parquet":
            return ParquetFile(source)
        return ArrowFile(source) if source.format == "arrow" else CsvFile(source, text_columns)
    except GZIP_ERRORS as error:
        raise _cut_short(source, error) from error
    except OSError as error:
        raise TableError(f"cannot read {source.name}: {error.strerror or error}") from error


def _guarded(file: DataFile, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
    try:
        yield from file.batches(columns, rows)
    except GZIP_ERRORS as error:
        raise _cut_short(file.source, error) from error
    except OSError as error:
        raise TableError(f"cannot read {file.source.name}: {error.strerror or error}") from error


def _cut_short(source: Source, error: Exception) -> TableError:
    return TableError(f"{source.name} is damaged or cut short ({error}): make or copy it again")


def _names(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if not is_index(name)]


def _common(one: Any, other: Any) -> Any:
    """The type that holds both; None where only text would."""
    if one == other:
        return one
    try:
        fields = [pa.schema([("x", kind)]) for kind in (one, other)]
        return pa.unify_schemas(fields, promote_options="permissive").field("x").type
    except pa.ArrowException:
        return None


def _as(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    table = table.select(wanted.names)
    return table if table.schema.types == wanted.types else table.cast(wanted)
