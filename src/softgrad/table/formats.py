"""What a data file is: its format by its name and first bytes, and how its bytes are read."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from softgrad.table.errors import TableError, quote_path

__all__ = ["FORMATS", "GZIP_ERRORS", "SUFFIXES", "Source", "said", "source_of", "standard_input"]

FORMATS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet, .arrow or .feather"
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_MAGIC = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"), (b"\x1f\x8b", "gzip"))
GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class Source:
    """Where the bytes come from: the name for people, the format, and a way to read them from the start."""

    name: str
    format: str
    open: Callable[[], BinaryIO]
    path: Path | None = None


def said(given: str) -> str:
    """What people are told that the data come from.

    >>> said("-"), said("flowers.csv")
    ('standard input', 'flowers.csv')
    """
    return "standard input" if given == "-" else given


def standard_input() -> Source:
    """Read all of standard input."""
    return sniffed(said("-"), sys.stdin.buffer.read())


def source_of(given: str) -> Source:
    """Find out what a file holds, without reading it.

    Raises
    ------
    TableError
        For a file that is missing, unreadable, empty, or of an unknown format.
    """
    path, name = Path(given), quote_path(given)
    try:
        if not path.exists():
            raise TableError(f"there is no file {name}")
        if path.is_dir():
            raise TableError(f"{name} is a folder, but one file is expected: {FORMATS}")
        if not path.is_file():
            return sniffed(name, path.read_bytes())
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise TableError(f"cannot read {name}: {error.strerror or error}") from error
    if not head:
        raise TableError(f"{name} is empty, but a table with a header and rows is expected")
    return _by_suffix(path, name, head)


def _by_suffix(path: Path, name: str, head: bytes) -> Source:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if zipped else suffixes)[-1:]
    form = SUFFIXES.get(suffix[0]) if suffix else None
    if form is None or (zipped and form not in ("csv", "tsv")):
        raise TableError(f"{name} has no suffix that tells its format: rename it to end in {FORMATS}")
    actual = _format_of(head)
    if actual and actual != ("gzip" if zipped else form):
        raise TableError(f"{name} is named like {form} but holds {actual}: rename it to match its content")
    return Source(name, form, _opener(path, zipped), path)


def _opener(path: Path, zipped: bool) -> Callable[[], BinaryIO]:
    return (
        (lambda: cast(BinaryIO, gzip.open(path, "rb"))) if zipped else (lambda: _WithinFile(io.FileIO(path)))
    )


class _WithinFile(io.BufferedReader):
    """A file of which no more memory is taken than it has bytes left, whatever length its own header promises."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(os.fstat(self.fileno()).st_size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def sniffed(name: str, data: bytes) -> Source:
    if not data:
        raise TableError(f"{name} is empty, but a table with a header and rows is expected")
    form = _format_of(data)
    if form == "gzip":
        try:
            data = gzip.decompress(data)
        except GZIP_ERRORS as error:
            raise TableError(f"{name} is damaged or cut short ({error}): make it again") from error
        form = None
    return Source(name, form or "csv", lambda: io.BytesIO(data))


def _format_of(head: bytes) -> str | None:
    return next((form for magic, form in _MAGIC if head.startswith(magic)), None)
