"""FlatFile: rows of numbers one after the other in a file, written once in order and read by the block."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@final
class FlatFile:
    """An array (n, width), or (n,) for width 0, in C order without a header: ``np.memmap`` reads it too.

    Parameters
    ----------
    file : path or open binary file
        One that is open already, such as a temporary file without a name, is unbuffered and stays open.
    dtype : dtype
    width : int, default 0
    """

    def __init__(self, file: Path | BinaryIO, dtype: npt.DTypeLike, width: int = 0) -> None:
        self._file, self._dtype, self._width = file, np.dtype(dtype), width

    @property
    def row_bytes(self) -> int:
        return self._dtype.itemsize * max(self._width, 1)

    def append(self, rows: Array) -> None:
        """Write further rows."""
        with self._opened("ab") as stream:
            stream.seek(0, os.SEEK_END)
            stream.write(np.ascontiguousarray(rows, dtype=self._dtype).data)

    def read(self, start: int, stop: int) -> Array:
        """Rows start to stop, in memory of their own.

        Raises
        ------
        OSError
            Where the file is shorter than that.
        """
        rows = np.empty((stop - start, self._width) if self._width else stop - start, dtype=self._dtype)
        left = rows.reshape(-1).view(np.uint8).data
        with self._opened("rb") as stream:
            stream.seek(start * self.row_bytes)
            while left:
                count = stream.readinto(left)
                if not count:
                    raise OSError(f"the file {stream.name!r} is cut short: it was changed during the fit")
                left = left[count:]
        return rows

    @contextmanager
    def _opened(self, mode: str) -> Iterator[Any]:
        """The file, unbuffered where it is opened here."""
        if isinstance(self._file, Path):
            with self._file.open(mode, buffering=0) as stream:
                yield stream
        else:
            yield self._file


def temporary(dtype: npt.DTypeLike) -> FlatFile:
    """One without a name, which is gone when the process ends, however it ends."""
    stream = tempfile.TemporaryFile(buffering=0, prefix="softgrad-")  # noqa: SIM115
    file = FlatFile(stream, dtype)
    weakref.finalize(file, stream.close)
    return file
