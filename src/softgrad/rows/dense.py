"""DenseRows: a NumPy array of any real type and order."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
import numpy.typing as npt

from softgrad.rows.memory import MemoryRows

Array = npt.NDArray[Any]

TILE_ENTRIES = 2**18
"""Entries of X a tile holds: 2 MB as float64, which the second level of cache keeps for the backward product."""

MOST_TAKEN, LARGEST_TAKEN = 2 / 3, 2**26
"""The share of the rows, and the bytes of them, their probabilities and labels, up to which they are copied."""


def tiles(X: Array) -> Iterator[tuple[slice, Array]]:
    """X in float64, a few rows at a time."""
    height = max(64, TILE_ENTRIES // max(X.shape[1], 1))
    for start in range(0, X.shape[0], height):
        part = slice(start, start + height)
        yield part, X[part].astype(np.float64, copy=False)


@final
class DenseRows(MemoryRows):
    """Rows of a dense array, read tile by tile; narrower types become float64 one tile at a time."""

    def n_stored(self) -> int:
        return int(self.X.size)

    @property
    def most_taken(self) -> int:
        a_row = self.n_features * self.X.itemsize + 8 * self.n_classes * self.targets.ndim
        return int(min(MOST_TAKEN * self.n_rows, LARGEST_TAKEN // a_row))

    def _tiles(self) -> Iterator[tuple[slice, Array]]:
        return tiles(self.X)

    def _squared_deviations(self, X: Array, means: Array, shares: Array) -> Array:
        return np.asarray(shares @ (X - means) ** 2)
