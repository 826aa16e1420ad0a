"""The compact copy of a data table on disk: encoded once, in the narrowest type that is exact, read at every pass.

A copy is a folder ``softgrad-KEY`` with the files X, codes, weights and census.json. KEY is a digest of what it is
made from: the files' paths, sizes and times of their last change, and the columns asked for. It is written in a
folder of another name, which takes its final name in one step: what has that name is whole. Of two processes that
make the same copy at once, the second finds the name taken and uses the first one's. What an interrupted process has
left is removed by a later one, which sees that it is old and that nobody holds its lock any more.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from softgrad.rows.flat import FlatFile
from softgrad.streaming.census import Census, Wanted, take_census, weights_of
from softgrad.streaming.code import code_type, codes_of
from softgrad.streaming.dataset import Dataset
from softgrad.streaming.encoded_table import encoded
from softgrad.table.atomic import umask
from softgrad.table.errors import TableError, quote_path

__all__ = ["Copy", "copy_of"]

_VERSION = 1
_UNFINISHED = ".softgrad-unfinished-"
_FRESH = 60.0
"""Seconds within which a folder may be about to be locked by its maker."""


class Copy:
    """A whole copy.

    Attributes
    ----------
    census : Census
    X, codes : FlatFile
    weights : FlatFile or None
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.census = Census.from_dict(json.loads((folder / "census.json").read_text()))
        self.X, self.codes, self.weights = _files(folder, self.census, wanted)
        self.sizes_fit = all(
            file.stat().st_size == flat.row_bytes * self.census.n_rows
            for file, flat in ((folder / "X", self.X), (folder / "codes", self.codes))
        )


def copy_of(dataset: Dataset, wanted: Wanted, rows: int, folder: Path) -> Copy:
    """The copy of a data table in `folder`, made where it is not there yet, `rows` rows at a time.

    Raises
    ------
    TableError
        As :func:`softgrad.streaming.census.take_census`, and where the disk has no room.
    OSError
        Where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    final = folder / f"softgrad-{_key(dataset, wanted)}"
    found = _found(final, wanted)
    if found is not None:
        return found
    with _unfinished(folder) as place:
        census = take_census(dataset, wanted, rows)
        _refuse_full_disk(census, folder)
        _write(dataset, wanted, census, rows, place)
        place.chmod(0o777 & ~umask())
        with contextlib.suppress(OSError):  # another process was faster
            place.rename(final)
    made = _found(final, wanted)
    if made is None:
        raise OSError(f"the copy {str(final)!r} was removed or changed while it was made")
    return made


def _key(dataset: Dataset, wanted: Wanted) -> str:
    stamps = [[str(stamp.path), stamp.size, stamp.changed] for stamp in dataset.stamps]
    asked = [wanted.target, wanted.features, wanted.sample_weight, wanted.impute]
    return hashlib.sha256(json.dumps([_VERSION, stamps, asked]).encode()).hexdigest()[:24]


def _found(final: Path, wanted: Wanted) -> Copy | None:
    """The copy; None where there is none, or where it is damaged, which is removed then."""
    if not final.is_dir():
        return None
    try:
        found = Copy(final, wanted)
    except (OSError, KeyError, TypeError, ValueError):
        found = None
    if found is not None and found.sizes_fit:
        return found
    shutil.rmtree(final, ignore_errors=True)
    return None


def _write(dataset: Dataset, wanted: Wanted, census: Census, rows: int, place: Path) -> None:
    X, codes, weights = _files(place, census, wanted)
    for batch in dataset.batches(wanted.names, rows):
        X.append(encoded(batch, census.columns, census.dtype))
        codes.append(codes_of(batch, census))
        given = weights_of(batch, wanted.sample_weight)
        if weights is not None and given is not None:
            weights.append(given)
    (place / "census.json").write_text(json.dumps(census.to_dict()))
    for file in place.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


def _files(place: Path, census: Census, wanted: Wanted) -> tuple[FlatFile, FlatFile, FlatFile | None]:
    weights = None if wanted.sample_weight is None else FlatFile(place / "weights", "f8")
    width = len(census.columns.encoded_names)
    X = FlatFile(place / "X", census.dtype, width)
    return X, FlatFile(place / "codes", code_type(len(census.classes))), weights


def _refuse_full_disk(census: Census, folder: Path) -> None:
    wanted = census.n_rows * (len(census.columns.encoded_names) * int(census.dtype[1]) + 9)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise TableError(
            f"the compact copy takes {wanted / 1e9:.1f} GB, but the disk of {quote_path(folder)} has "
            f"{free / 1e9:.1f} GB left: give another folder for it, or none"
        )


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A new folder that is locked as long as this process works in it, and removed unless it is renamed."""
    place = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        with _locked(place):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[bool]:
    """Hold the folder's lock; False where somebody else does."""
    try:
        import fcntl
    except ImportError:  # Windows: what an interrupted process has left stays
        yield False
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what interrupted processes have left."""
    for place in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError), _locked(place) as mine:
            if mine and time.time() - place.stat().st_mtime > _FRESH:
                shutil.rmtree(place, ignore_errors=True)
