"""The block-diagonal preconditioner: each class's own Hessian block, between two projections on the gauge."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from softgrad.optimize.equilibrate import centred_gram, unit_scales

Array = npt.NDArray[Any]

RIDGES = (1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 1e-1, 10.0)
"""Multiples of the identity tried on a block of unit diagonal until Cholesky finds it positive definite."""


@final
@dataclass(frozen=True, eq=False)
class BlockPreconditioner:
    """``M = diag_k(M_k)`` with ``M_k = mean of p_k (1 - p_k) [x 1]' [x 1] + alpha I`` (alpha not on the intercept).

    Applied between two projections: class means are taken off the residual, each class's system is solved, and class
    means are taken off the result. As ``diag(p) - p p' <= 2 diag(p (1 - p))``, and every nonzero generalised
    eigenvalue of the two is at least 1, a row's curvature lies within [1, 2] of its block's up to the common shift
    of all classes, which the projections remove.

    A block's intercept is eliminated first, which centres the columns at the class's own weighted means; what is left
    is scaled to a unit diagonal and inverted. So neither units nor offsets of the columns matter, short of
    an offset 1e8 times the deviation.

    Attributes
    ----------
    inverses : ndarray of shape (K, d, d)
        Of the centred, scaled blocks.
    scales : ndarray of shape (K, d)
        One over the root of the centred blocks' diagonals.
    means : ndarray of shape (K, d)
        Each class's centre; zeros where no intercept is fitted.
    masses : ndarray of shape (K,)
        ``mean of p_k (1 - p_k)``: the intercepts' own curvature.
    fit_intercept : bool
    """

    inverses: Array
    scales: Array
    means: Array
    masses: Array
    fit_intercept: bool

    def solve(self, residual: Array) -> Array:
        centred = residual - residual.mean(axis=0)
        by_coef = centred[:, : self.scales.shape[1]]
        if not self.fit_intercept:
            coef = self._solve_coef(by_coef)
            return np.asarray(coef - coef.mean(axis=0))
        by_intercept = centred[:, -1:]
        coef = self._solve_coef(by_coef - by_intercept * self.means)
        intercept = by_intercept[:, 0] / self.masses - (self.means * coef).sum(axis=1)
        result = np.column_stack([coef, intercept])
        return np.asarray(result - result.mean(axis=0))

    def _solve_coef(self, by_coef: Array) -> Array:
        scaled = (self.scales * by_coef)[:, :, None]
        return np.asarray(self.scales * np.matmul(self.inverses, scaled)[:, :, 0])


def block_preconditioner(grams: Array, alpha: float, *, fit_intercept: bool) -> BlockPreconditioner:
    """The preconditioner from the classes' Gram matrices (K, d + 1, d + 1). O(K d^3); `grams` is overwritten.

    Parameters
    ----------
    grams : ndarray of shape (K, d + 1, d + 1)
        ``mean of p_k (1 - p_k) [x 1]' [x 1]``.
    alpha : float
    fit_intercept : bool
    """
    n_classes, width = len(grams), grams.shape[1] - 1
    floors = np.finfo(np.float64).eps * np.einsum("kjj->kj", grams).max(axis=0)
    inverses = np.empty((n_classes, width, width))
    scales, means, masses = np.empty((n_classes, width)), np.zeros((n_classes, width)), np.empty(n_classes)
    for k, gram in enumerate(grams):
        block, means[k], masses[k] = centred_gram(gram, floors[-1], fit_intercept=fit_intercept)
        block[np.diag_indices(width)] += alpha
        scales[k] = unit_scales(np.diagonal(block), floors[:-1])
        inverses[k] = inverse_of(scales[k][:, None] * block * scales[k])
    return BlockPreconditioner(inverses, scales, means, masses, fit_intercept)


def inverse_of(block: Array) -> Array:
    """The inverse of a symmetric block of unit diagonal, with the least of `RIDGES` that makes it definite."""
    for ridge in RIDGES:
        trial = block.copy()
        trial[np.diag_indices_from(trial)] += ridge
        factor, failed = lapack.dpotrf(trial, lower=1)
        if not failed:
            inverse, _ = lapack.dpotri(factor, lower=1)
            lower = np.tril(inverse)
            return np.asarray(lower + np.tril(inverse, -1).T)
    return np.eye(len(block))
