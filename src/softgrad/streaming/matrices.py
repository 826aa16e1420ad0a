"""Where features come from, block by block: a flat file or an array (for data tables, see `encoded_table`)."""

from collections.abc import Iterator
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from softgrad.rows.flat import FlatFile

__all__ = ["ArraySlices", "FlatMatrix", "Matrices", "mapped_anew"]


class Matrices(Protocol):
    """The features of all rows, in blocks."""

    @property
    def n_features(self) -> int: ...
    @property
    def row_bytes(self) -> float:
        """What reading a row reads."""
        ...

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        """`rows` rows at a time, in order; the last block has what is left."""
        ...


@final
class FlatMatrix:
    """A matrix in a flat file."""

    def __init__(self, file: FlatFile, n_rows: int, n_features: int) -> None:
        self._file, self._n_rows, self.n_features = file, n_rows, n_features

    @property
    def row_bytes(self) -> float:
        return self._file.row_bytes

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        for start in range(0, self._n_rows, rows):
            yield self._file.read(start, min(start + rows, self._n_rows))


@final
class ArraySlices:
    """An array that is in a file or in memory already; of a memory-mapped one no more than a block is mapped in."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array, self.n_features = array, array.shape[1]

    @property
    def row_bytes(self) -> float:
        return float(self._array.itemsize * self.n_features)

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        for start in range(0, len(self._array), rows):
            yield mapped_anew(self._array, start, start + rows)


def mapped_anew(array: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    """A copy of some rows. Those of a whole memory-mapped file in C order go through a mapping of their own."""
    if not isinstance(array, np.memmap) or isinstance(array.base, np.ndarray) or array.filename is None:
        return np.array(array[start:stop])
    if not array.flags.c_contiguous:
        return np.array(array[start:stop])
    row_bytes = array.itemsize * int(np.prod(array.shape[1:]))
    shape = (min(stop, len(array)) - start, *array.shape[1:])
    offset = array.offset + start * row_bytes
    return np.array(np.memmap(array.filename, array.dtype, "r", offset, shape))
