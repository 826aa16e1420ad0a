"""Which files a source names, and what identifies their content."""

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from softgrad.table.errors import TableError, quote, quote_path
from softgrad.table.formats import FORMATS, SUFFIXES

__all__ = ["Stamp", "find_files", "is_many", "stamp"]


@dataclass(frozen=True)
class Stamp:
    """A file's path, size in bytes and time of the last change in nanoseconds: equal as long as it is the same."""

    path: Path
    size: int
    changed: int


def stamp(path: Path) -> Stamp:
    """The stamp of a file as it is now.

    Raises
    ------
    TableError
        Where there is none.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise TableError(f"there is no file {quote_path(path)}") from error
    return Stamp(path.resolve(), found.st_size, found.st_mtime_ns)


def is_many(source: str) -> bool:
    """Whether a source is a folder, or a pattern (with ``*``, ``?`` or ``[``) that is no file's name itself."""
    return not Path(source).is_file() and (Path(source).is_dir() or glob.has_magic(source))


def find_files(source: str) -> list[Path]:
    """The files of a source, sorted by name: one file, all data files in a folder, or all that match a pattern.

    In a folder, and in the folders inside it, names that begin with ``.`` or ``_`` are left out.

    Raises
    ------
    TableError
        For a folder or a pattern without data files, with files of several formats, or with folders like
        ``year=2024``, which hold a column in their names.
    """
    path = Path(source)
    if not is_many(source):
        return [path]
    if path.is_dir():
        found = _inside(path)
    else:
        found = [Path(name) for name in glob.glob(source, recursive=True) if Path(name).is_file()]
    if not found:
        what = "folder" if path.is_dir() else "pattern"
        raise TableError(f"the {what} {quote_path(source)} has no data file: {FORMATS} are expected")
    kinds = {_format(file): file for file in found}
    if len(kinds) > 1:
        one, other = [quote_path(file) for file in list(kinds.values())[:2]]
        raise TableError(
            f"{quote_path(source)} has files of several formats, such as {one} and {other}: keep one format"
        )
    return sorted(found)


def _inside(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        holding = [name for name in folders if "=" in name]
        if holding:
            raise TableError(
                f"the folder {quote(holding[0])} in {quote_path(place)} holds a column in its name, which is not read: "
                "write the files with all their columns"
            )
        kept = (Path(place, name) for name in files if not name.startswith((".", "_")))
        found += [file for file in kept if _format(file) is not None]
    return found


def _format(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kept = suffixes[:-1] if suffixes[-1:] == [".gz"] else suffixes
    return SUFFIXES.get(kept[-1]) if kept else None
