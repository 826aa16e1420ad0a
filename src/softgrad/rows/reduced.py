"""ReducedRows: fewer rows than columns; the same fit in as many columns as the rows have dimensions.

Only the span of the rows matters: a coef outside it changes no logit and the penalty makes it zero. Write the centred
columns (:mod:`softgrad.rows.centred`; without an intercept the offsets are zero) as ``X_c = U diag(s) Q'`` with U
(n, r) and Q (d, r) orthonormal. The reduced rows are ``X_r = U diag(s)``, of shape (n, r), r <= n, and

    coef = coef_r Q',   so that   X_c coef' = X_r coef_r'   and   ||coef|| = ||coef_r||:

the objective is the same number, the intercept is left alone. Q, which is as large as X, is never made:
``Q' = diag(1 / s) U' X_c`` and so ``coef = (U diag(1 / s) coef_r')' X_c``, half a pass.

U and s come from the eigenvectors of the Gram matrix ``X_c X_c' = U diag(s^2) U'`` (n^2 d flop) where its rounding
leaves every s at least half its digits, else for dense X from R of ``X_c' = Q R`` (2 n^2 d flop) and the singular
values of R'. Directions whose s is rounding are dropped. As the coordinates are rounded, what is proved in them is not
proved of the rows: whoever fits in them must look at the rows once more.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from softgrad.rows.base import Rows
from softgrad.rows.centred import CentredRows
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows

Array = npt.NDArray[Any]

PASSES = 60
"""Passes that a fit is expected to take at least."""

THIN = 4
"""Columns of coef below which a pass costs no less: it then waits for X."""

EPS = float(np.finfo(np.float64).eps)
WELL_CONDITIONED = 1e-8
COLUMNS = 2**21


class Reduction:
    """The reduced rows, and the way there and back.

    Attributes
    ----------
    rows : DenseRows
        X_r, with the labels, the weights and the meter of the rows that were given.
    full : CentredRows
        The rows that were given, centred; parameters go to and from these.
    """

    def __init__(self, full: CentredRows, vectors: Array, values: Array) -> None:
        inner: DenseRows | SparseRows = full.inner  # type: ignore[assignment]
        self.full, self._inner = full, inner
        self._basis = vectors / values
        weights = inner.shares * inner.weight_sum
        self.rows = DenseRows(vectors * values, inner.targets, inner.n_classes, weights)
        self.rows.counted_with(inner.meter, self.rows.X.nbytes / stored_bytes(inner))

    def back(self, coef: Array, intercept: Array) -> tuple[Array, Array]:
        """(coef, intercept) of the centred rows, from reduced ones. Half a pass."""
        by_coef, sums = self._inner.pull_back(coef @ self._basis.T)
        return by_coef - sums[:, None] * self.full.offsets, intercept

    def forth(self, coef: Array, intercept: Array) -> tuple[Array, Array]:
        """The reduced (coef, intercept) with the same logits. Half a pass."""
        logits = self._inner.forward(coef, -coef @ self.full.offsets)
        return logits @ self._basis, intercept


def stored_bytes(rows: DenseRows | SparseRows) -> float:
    """What one read of X reads."""
    X = rows.X
    return float(X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes)


def reduced_where_it_pays(rows: Rows, *, centre: bool, n_fits: int = 1) -> Reduction | None:
    """The reduction, where it costs less than `PASSES` passes a fit save; None elsewhere.

    Parameters
    ----------
    rows : Rows
        Only rows whose X is in memory are reduced.
    centre : bool
        Whether an intercept is fitted.
    n_fits : int, default 1
        How many fits share the reduction.
    """
    if not isinstance(rows, DenseRows | SparseRows) or not _pays(rows, n_fits):
        return None
    with np.errstate(all="ignore"):
        offsets = rows.moments()[0] if centre else np.zeros(rows.n_features)
    if not np.isfinite(offsets).all():
        return None
    found = _decomposed(rows, offsets)
    return None if found is None else Reduction(CentredRows(rows, offsets), *found)


def _pays(rows: DenseRows | SparseRows, n_fits: int) -> bool:
    """``setup < PASSES (4 nnz - 4 n^2) K``, in flop."""
    n = float(rows.n_rows)
    saved = 4 * (_n_entries(rows) - n * n) * max(rows.n_classes, THIN)
    return saved > 0 and _gram_flop(rows) + 10 * n**3 < PASSES * n_fits * saved


def _n_entries(rows: DenseRows | SparseRows) -> float:
    return float(rows.X.size if isinstance(rows, DenseRows) else rows.X.nnz)


def _gram_flop(rows: DenseRows | SparseRows) -> float:
    if isinstance(rows, DenseRows):
        return float(rows.n_rows * rows.n_rows * rows.n_features)
    counts = np.bincount(rows.X.indices, minlength=rows.n_features).astype(np.float64)
    return float(10 * (counts @ counts))


def _decomposed(rows: DenseRows | SparseRows, offsets: Array) -> tuple[Array, Array] | None:
    """U (n, r) and s (r,) of the centred X; None where X is zero or not finite."""
    gram = _dense_gram(rows, offsets) if isinstance(rows, DenseRows) else _sparse_gram(rows.X, offsets)
    rows.meter.add(flop=_gram_flop(rows), reads=1.0)
    if not np.isfinite(gram).all() or not gram.any():
        return None
    squares, vectors = scipy.linalg.eigh(gram, check_finite=False, driver="evd")
    kept = squares > len(gram) * EPS * squares[-1]
    if squares[kept][0] > WELL_CONDITIONED * squares[-1] or isinstance(rows, SparseRows):
        return np.ascontiguousarray(vectors[:, kept]), np.sqrt(squares[kept])
    rows.meter.add(flop=2 * _gram_flop(rows), reads=1.0)
    return _by_qr(rows.X - offsets)


def _dense_gram(rows: DenseRows, offsets: Array) -> Array:
    gram = np.zeros((rows.n_rows, rows.n_rows))
    width = max(1, COLUMNS // rows.n_rows)
    for start in range(0, rows.n_features, width):
        part = slice(start, start + width)
        centred = rows.X[:, part] - offsets[part]
        gram += centred @ centred.T
    return gram


def _sparse_gram(X: Any, offsets: Array) -> Array:
    """``X X' - (X m) 1' - 1 (X m)' + m'm``."""
    X = X.astype(np.float64)
    across = X @ offsets
    gram: Array = (X @ X.T).toarray() - across[:, None] - across + offsets @ offsets
    return (gram + gram.T) / 2


def _by_qr(centred: Array) -> tuple[Array, Array]:
    """U and s from ``centred' = Q R``, ``R' = U diag(s) V'``."""
    (triangle,) = scipy.linalg.qr(centred.T, mode="r", overwrite_a=True, check_finite=False)
    vectors, values, _ = scipy.linalg.svd(triangle[: len(centred)].T, check_finite=False)
    kept = values > len(centred) * EPS * values[0]
    return np.ascontiguousarray(vectors[:, kept]), values[kept]
