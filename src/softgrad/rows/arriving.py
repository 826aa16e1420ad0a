"""A batch of a stream as rows in memory: dense ones copied and centred, sparse ones on the columns that occur."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse

from softgrad.rows.dense import DenseRows
from softgrad.rows.memory import MemoryRows
from softgrad.rows.sparse import SparseRows

Array = npt.NDArray[Any]


def column_means(X: Any, sample_weight: Array | None) -> Array:
    """Weighted means of the columns, (d,); a column that is constant has exactly its constant.

    They are taken about the first row of positive weight, so that columns far from zero keep their digits.
    """
    weights = np.ones(len(X)) if sample_weight is None else sample_weight
    origin = X[np.flatnonzero(weights)[0]].astype(np.float64)
    return np.asarray(origin + (weights / weights.sum()) @ (X.astype(np.float64) - origin))


def arriving(
    X: Any, targets: Array, sample_weight: Array | None, offsets: Array, n_classes: int
) -> MemoryRows:
    """The rows of X less the offsets (d,): a float64 copy, or X itself where it is sparse and the offsets are zero."""
    if scipy.sparse.issparse(X):
        if not offsets.any():
            return SparseRows(scipy.sparse.csr_array(cast(Any, X)), targets, n_classes, sample_weight)
        X = cast(Any, X).toarray()
    return DenseRows(X.astype(np.float64) - offsets, targets, n_classes, sample_weight)


def occurring(rows: MemoryRows) -> tuple[MemoryRows, Array]:
    """The rows on the columns that have an entry, and which these are; of dense rows all."""
    if not isinstance(rows, SparseRows):
        return rows, np.arange(rows.n_features)
    columns = np.unique(rows.X.indices)
    found, places = np.zeros(rows.n_features, dtype=np.intp), np.arange(len(columns))
    found[columns] = places
    narrow = scipy.sparse.csr_array(
        (rows.X.data, found[rows.X.indices], rows.X.indptr), shape=(rows.n_rows, len(columns))
    )
    return SparseRows(narrow, rows.targets, rows.n_classes, rows.given_weights), columns
