"""SparseRows: a SciPy CSR array, never made dense."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, final

import numpy as np
import numpy.typing as npt

from softgrad.kernels.compressed import CompressedTable
from softgrad.rows.memory import MemoryRows

Array = npt.NDArray[Any]


@final
class SparseRows(MemoryRows):
    """Rows of a CSR array; cost and memory follow the stored entries."""

    @cached_property
    def table(self) -> CompressedTable:
        return CompressedTable(self.X)

    def n_stored(self) -> int:
        return int(self.X.nnz)

    @property
    def most_taken(self) -> int:
        """None: a copy of the rows would need an index of its columns, which costs more than it saves."""
        return 0

    def _tiles(self) -> Iterator[tuple[slice, Any]]:
        yield slice(0, self.n_rows), self.X

    def _squared_deviations(self, X: Any, means: Array, shares: Array) -> Array:
        """Stored entries deviate by x - mean, the zeros in between by the mean; a full column has none between."""
        rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        squares = shares[rows] * (X.data.astype(np.float64, copy=False) - means[X.indices]) ** 2
        stored = np.bincount(X.indices, squares, minlength=X.shape[1])
        zero_share = 1 - np.bincount(X.indices, shares[rows], minlength=X.shape[1])
        full = np.bincount(X.indices, minlength=X.shape[1]) == X.shape[0]
        return np.asarray(stored + np.where(full, 0, np.maximum(zero_share, 0)) * means**2)
