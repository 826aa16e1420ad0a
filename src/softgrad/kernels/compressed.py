"""CompressedTable: sparse rows as the kernels read them, and how their features are shared among threads."""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Parts = tuple[npt.NDArray[np.int64], npt.NDArray[Any]]


class CompressedTable:
    """A CSR array.

    Parameters
    ----------
    csr : CSR array of shape (n, d)
        Of any real type; read in place where its values are float64 or float32 and its rows are in order.
    """

    def __init__(self, csr: Any) -> None:
        self.csr, self.shape = csr, csr.shape
        self._parts: dict[int, Parts] = {}

    @property
    def nnz(self) -> int:
        """Stored entries."""
        return int(self.csr.nnz)

    @property
    def compiles(self) -> bool:
        """Whether the compiled kernels read its indices."""
        kinds = (self.csr.indices.dtype, self.csr.indptr.dtype)
        return kinds[0] == kinds[1] and kinds[0] in (np.int32, np.int64)

    @cached_property
    def rows(self) -> tuple[Any, Any, Any]:
        """Values, column of each, and where each row starts; columns in order."""
        csr = self.csr if self.csr.has_sorted_indices else self.csr.sorted_indices()
        own = csr.data.dtype in (np.float64, np.float32)
        return (
            np.ascontiguousarray(csr.data if own else csr.data.astype(np.float64)),
            np.ascontiguousarray(csr.indices),
            np.ascontiguousarray(csr.indptr),
        )

    def parts(self, count: int) -> Parts:
        """`count` ranges of features with about as many entries each.

        Returns
        -------
        bounds : ndarray of shape (count + 1,)
        splits : ndarray of shape (count - 1, n), of the type of the indices
            Where the ranges after the first begin in each row.
        """
        if count not in self._parts:
            self._parts[count] = self._made_parts(count)
        return self._parts[count]

    def _made_parts(self, count: int) -> Parts:
        _, columns, starts = self.rows
        before = np.cumsum(np.bincount(columns, minlength=self.shape[1]))
        inner = np.searchsorted(before, self.nnz * np.arange(1, count) / count)
        splits = np.empty((count - 1, self.shape[0]), dtype=starts.dtype)
        for split, bound in zip(splits, inner, strict=True):
            below = np.concatenate([[0], np.cumsum(columns < bound)])
            split[:] = starts[:-1] + below[starts[1:]] - below[starts[:-1]]
        return np.concatenate([[0], inner, [self.shape[1]]]).astype(np.int64), splits
