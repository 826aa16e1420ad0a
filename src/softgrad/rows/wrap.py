"""Arrays at the door of floor 2: which Rows hold them, and which of their classes have weight."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse

from softgrad.kernels import passes
from softgrad.kernels.compressed import CompressedTable
from softgrad.maths.arrays import as_array
from softgrad.maths.cross_entropy import check_targets, check_weights
from softgrad.rows.base import Rows
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows

Array = npt.NDArray[Any]


def as_rows(
    X: Any,
    y: npt.ArrayLike | None,
    *,
    sample_weight: npt.ArrayLike | None = None,
    n_classes: int | None = None,
) -> Rows:
    """The rows of arrays, or Rows as they are.

    Raises
    ------
    ValueError
        If shapes, labels or weights do not fit, or labels come with Rows, which hold their own.
    """
    if is_rows(X):
        return as_given(X, y, sample_weight)
    table = as_table(X)
    labels, total = counted_targets(y, n_classes)
    source = DenseRows if isinstance(table, np.ndarray) else SparseRows
    return source(table, labels, total, sample_weight)


def as_table(X: Any) -> Any:
    """X as a two-dimensional NumPy array or CSR array of real numbers, of the type it has.

    Raises
    ------
    ValueError
        If it is none.
    """
    if is_collection(X):
        raise ValueError(
            f"X is a Dask collection of type {type(X).__name__}, which is not read here as a whole; pass rows that "
            "stay on the cluster instead: X = softgrad.rows.dask.dask_rows(X, y)."
        )
    expected = "numbers of shape (n_samples, n_features)"
    table = scipy.sparse.csr_array(cast(Any, X)) if scipy.sparse.issparse(X) else as_array(X, "X", expected)
    if table.ndim != 2 or table.dtype.kind not in "biuf":
        raise ValueError(f"X of shape {table.shape} and type {table.dtype} was given; pass {expected}.")
    return table


def logits(X: Any, coef: Array, intercept: Array) -> Array:
    """``X @ coef.T + intercept`` in float64, (n, K), for a NumPy or a CSR array of any real type."""
    table = CompressedTable(X) if scipy.sparse.issparse(X) else X
    return passes.forward(
        table, np.asarray(coef, dtype=np.float64), np.asarray(intercept, dtype=np.float64)
    ).T


def is_rows(X: Any) -> bool:
    """Whether X offers the Rows protocol."""
    return callable(getattr(X, "at", None)) and hasattr(X, "weight_sum")


def is_collection(X: Any) -> bool:
    """Whether X is an array or a data frame of Dask, without importing it."""
    return not isinstance(X, np.ndarray) and hasattr(X, "__dask_graph__") and hasattr(X, "to_delayed")


def as_given(X: Any, y: Any, sample_weight: Any) -> Rows:
    """Rows, which come without further labels or weights.

    Raises
    ------
    ValueError
    """
    if y is not None or sample_weight is not None:
        raise ValueError("X is Rows, which hold their labels and weights; leave y and sample_weight out.")
    rows: Rows = X
    return rows


def checked_targets(y: Any, n_rows: int, n_classes: int | None) -> tuple[Array, int]:
    """Checked labels, and how many classes there are."""
    labels, total = counted_targets(y, n_classes)
    return check_targets(labels, n_rows, total), total


def counted_targets(y: Any, n_classes: int | None) -> tuple[Array, int]:
    """Labels as an array, not checked yet, and how many classes there are."""
    if y is None:
        raise ValueError(
            "y is missing; pass integer codes 0..n_classes-1 or soft labels of shape (n, n_classes)."
        )
    labels = as_array(y, "y", "integer codes 0..n_classes-1 or soft labels of shape (n, n_classes)")
    if n_classes is None:
        integers = labels.ndim == 1 and labels.size and np.issubdtype(labels.dtype, np.integer)
        n_classes = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1 if integers else 1
    return labels, n_classes


def present(targets: Array, sample_weight: npt.ArrayLike | None) -> Array:
    """The classes with rows of positive weight, in order."""
    weights = check_weights(sample_weight, len(targets))
    if targets.ndim == 2:
        seen = targets > 0 if weights is None else (targets > 0) & (weights[:, None] > 0)
        return np.flatnonzero(seen.any(axis=0))
    return np.unique(targets if weights is None else targets[weights > 0])


def check_present(classes: Array, n_classes: int) -> None:
    """Refuse less than two classes.

    Raises
    ------
    ValueError
    """
    if len(classes) < 2:
        seen = "no class has" if len(classes) == 0 else f"only one class ({classes[0]}) of {n_classes} has"
        raise ValueError(f"{seen} rows of positive weight; a fit needs rows of at least two classes.")


def restricted(targets: Array, classes: Array, n_classes: int) -> Array:
    """The labels counted among the given classes; rows of weight zero may get any."""
    if len(classes) == n_classes:
        return targets
    if targets.ndim == 1:
        return np.minimum(np.searchsorted(classes, targets), len(classes) - 1)
    kept = targets[:, classes].copy()
    without = kept.sum(axis=1) < 0.5
    kept[without] = 1 / len(classes)
    return kept
