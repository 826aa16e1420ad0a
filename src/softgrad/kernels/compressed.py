"""CompressedTable: sparse rows as the kernels read them, by rows and by columns."""

from functools import cached_property
from typing import Any

import numpy as np


class CompressedTable:
    """A CSR array, and its CSC copy once a backward product has asked for it.

    Parameters
    ----------
    csr : CSR array of shape (n, d)
        Of any real type; read in place where its values are float64 or float32.
    """

    def __init__(self, csr: Any) -> None:
        self.csr, self.shape = csr, csr.shape

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
        """Values, column of each, and where each row starts."""
        return _parts(self.csr)

    @cached_property
    def csc(self) -> Any:
        """The same array, column by column."""
        return self.csr.tocsc()

    @cached_property
    def columns(self) -> tuple[Any, Any, Any]:
        """Values, row of each, and where each column starts."""
        return _parts(self.csc)


def _parts(array: Any) -> tuple[Any, Any, Any]:
    own = array.data.dtype in (np.float64, np.float32)
    values = array.data if own else array.data.astype(np.float64)
    return (
        np.ascontiguousarray(values),
        np.ascontiguousarray(array.indices),
        np.ascontiguousarray(array.indptr),
    )
