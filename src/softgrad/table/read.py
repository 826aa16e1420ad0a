"""Read a data table: CSV, TSV, Parquet and Arrow (Feather) files, or standard input."""

import csv
import gzip
import io
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from softgrad.table.errors import TableError, counted, listing, quote

__all__ = ["FORMATS", "read_table"]

FORMATS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet, .arrow or .feather"
_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_MAGIC = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"), (b"\x1f\x8b", "gzip"))
_GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class _Source:
    """Where the bytes come from: the name for people, the format, and a way to read them from the start."""

    name: str
    format: str
    open: Callable[[], BinaryIO]


def read_table(source: str, *, text_columns: Collection[str] = ()) -> pa.Table:
    """Read a whole data table into memory.

    Parameters
    ----------
    source : str
        A path whose suffix names the format, or ``-`` for standard input (the first bytes tell the format).
    text_columns : collection of str
        Columns of a CSV or TSV file that are read as text, whatever their values look like.

    Raises
    ------
    TableError
        One sentence: a file that is missing, unreadable, empty, damaged, of an unknown format, without rows,
        ragged, or with column names that are empty or not unique.
    """
    found = _standard_input() if source == "-" else _file(source)
    try:
        table = _read(found, text_columns)
    except _GZIP_ERRORS as error:
        raise TableError(f"{found.name} is damaged or cut short ({error}): make or copy it again") from error
    except OSError as error:
        raise TableError(f"cannot read {found.name}: {error.strerror or error}") from error
    _check_shape(table, found.name)
    return table


def _standard_input() -> _Source:
    return _sniffed("standard input", sys.stdin.buffer.read())


def _file(source: str) -> _Source:
    path, name = Path(source), quote(source)
    try:
        if not path.exists():
            raise TableError(f"there is no file {name}")
        if path.is_dir():
            raise TableError(f"{name} is a folder, but one file is expected: {FORMATS}")
        if not path.is_file():
            return _sniffed(name, path.read_bytes())
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise TableError(f"cannot read {name}: {error.strerror or error}") from error
    if not head:
        raise TableError(f"{name} is empty, but a table with a header and rows is expected")
    return _by_suffix(path, name, head)


def _by_suffix(path: Path, name: str, head: bytes) -> _Source:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if zipped else suffixes)[-1:]
    form = _FORMAT_OF_SUFFIX.get(suffix[0]) if suffix else None
    if form is None or (zipped and form not in ("csv", "tsv")):
        raise TableError(f"{name} has no suffix that tells its format: rename it to end in {FORMATS}")
    actual = _format_of(head)
    if actual and actual != ("gzip" if zipped else form):
        raise TableError(f"{name} is named like {form} but holds {actual}: rename it to match its content")
    return _Source(name, form, _opener(path, zipped))


def _opener(path: Path, zipped: bool) -> Callable[[], BinaryIO]:
    return (lambda: cast(BinaryIO, gzip.open(path, "rb"))) if zipped else (lambda: path.open("rb"))


def _sniffed(name: str, data: bytes) -> _Source:
    if not data:
        raise TableError(f"{name} is empty, but a table with a header and rows is expected")
    form = _format_of(data)
    if form == "gzip":
        try:
            data = gzip.decompress(data)
        except _GZIP_ERRORS as error:
            raise TableError(f"{name} is damaged or cut short ({error}): make it again") from error
        form = None
    return _Source(name, form or "csv", lambda: io.BytesIO(data))


def _format_of(head: bytes) -> str | None:
    return next((form for magic, form in _MAGIC if head.startswith(magic)), None)


def _read(source: _Source, text_columns: Collection[str]) -> pa.Table:
    if source.format in ("csv", "tsv"):
        return _read_csv(source, text_columns)
    with source.open() as stream:
        try:
            if source.format == "parquet":
                return _without_index(pa.parquet.ParquetFile(stream).read())
            return _without_index(_arrow_reader(stream).read_all())
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            form = source.format.capitalize()
            raise TableError(
                f"{source.name} is not a whole {form} file ({reason}): make or copy it again"
            ) from error


def _arrow_reader(stream: BinaryIO) -> "pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader":
    head = stream.read(6)
    stream.seek(0)
    return pa.ipc.open_file(stream) if head == b"ARROW1" else pa.ipc.open_stream(stream)


def _without_index(table: pa.Table) -> pa.Table:
    """Leave out the row index that pandas stores beside the columns."""
    names = [name for name in table.column_names if name.startswith("__index_level_")]
    return table.drop_columns(names) if names else table


def _read_csv(source: _Source, text_columns: Collection[str]) -> pa.Table:
    with source.open() as stream:
        head = stream.read(1 << 16)
    _check_text(head, source.name)
    delimiter = "\t" if source.format == "tsv" else _delimiter(head)
    try:
        with source.open() as stream:
            table = pa.csv.read_csv(
                stream,
                parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    strings_can_be_null=True, column_types=dict.fromkeys(text_columns, pa.string())
                ),
            )
    except UnicodeDecodeError as error:
        raise TableError(f"{source.name} is not UTF-8 text: save it again as UTF-8") from error
    except pa.ArrowInvalid as error:
        raise TableError(_csv_problem(source, delimiter, str(error))) from error
    odd = [field.name for field in table.schema if pa.types.is_binary(field.type)]
    if odd:
        raise TableError(f"{source.name} is not UTF-8 text in {listing(odd)}: save it again as UTF-8")
    return table


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


def _csv_problem(source: _Source, delimiter: str, reason: str) -> str:
    """Find the ragged row with Python's reader, which counts the lines of the file as an editor does."""
    with source.open() as stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
        reader = csv.reader(text, delimiter=delimiter)
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
    return f"{source.name} cannot be read as CSV: {reason.splitlines()[0]}"


def _check_shape(table: pa.Table, name: str) -> None:
    seen = table.column_names
    twice = [column for column, count in Counter(seen).items() if count > 1]
    if twice:
        raise TableError(f"{name} has more than one column named {listing(twice)}: rename them")
    if any(not column.strip() for column in seen):
        place = next(i for i, column in enumerate(seen) if not column.strip()) + 1
        raise TableError(
            f"column {place} of {name} has no name: name it, or write the file without its row index"
        )
    if table.num_rows == 0 or not seen:
        raise TableError(f"{name} has no rows, only a header: give it at least one row")
