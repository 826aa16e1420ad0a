"""The block-diagonal preconditioner: each class's own Hessian block, between two projections on the gauge."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.equilibrate import centred_gram, unit_scales
from softgrad.optimize.scaled_inverses import ScaledInverses, scaled_inverses

Array = npt.NDArray[Any]

EPS = np.finfo(np.float64).eps
"""What a class has less curvature of than this, of another's, counts as so much."""


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
    blocks : ScaledInverses
        Of the centred blocks.
    means : ndarray of shape (K, d)
        Each class's centre; zeros where no intercept is fitted.
    masses : ndarray of shape (K,)
        ``mean of p_k (1 - p_k)``: the intercepts' own curvature.
    fit_intercept : bool
    """

    blocks: ScaledInverses
    means: Array
    masses: Array
    fit_intercept: bool

    def solve(self, residual: Array) -> Array:
        centred = residual - residual.mean(axis=0)
        by_coef = centred[:, : self.means.shape[1]]
        if not self.fit_intercept:
            coef = self.blocks.solve(by_coef)
            return np.asarray(coef - coef.mean(axis=0))
        by_intercept = centred[:, -1:]
        coef = self.blocks.solve(by_coef - by_intercept * self.means)
        intercept = by_intercept[:, 0] / self.masses - (self.means * coef).sum(axis=1)
        result = np.column_stack([coef, intercept])
        return np.asarray(result - result.mean(axis=0))


def block_preconditioner(
    grams: Iterable[Array], n_classes: int, n_features: int, alpha: float, *, fit_intercept: bool
) -> BlockPreconditioner:
    """The preconditioner from the classes' Gram matrices, which are taken and overwritten one at a time. O(K d^3).

    Parameters
    ----------
    grams : iterable of ndarray of shape (d + 1, d + 1)
        ``mean of p_k (1 - p_k) [x 1]' [x 1]``.
    n_classes, n_features : int
    alpha : float
    fit_intercept : bool
    """
    means, masses = np.zeros((n_classes, n_features)), np.empty(n_classes)
    diagonals = np.empty((n_classes, n_features))

    def centred(k: int, gram: Array) -> Array:
        block, means[k], masses[k] = centred_gram(gram, fit_intercept=fit_intercept)
        block[np.diag_indices(n_features)] += alpha
        diagonals[k] = np.diagonal(block)
        return block

    blocks = scaled_inverses(map(centred, count(), grams), n_classes, n_features)
    floors = EPS * diagonals.max(axis=0)
    scales = np.where(diagonals < floors, unit_scales(floors), blocks.scales)
    masses = np.maximum(masses, EPS * masses.max())
    return BlockPreconditioner(replace(blocks, scales=scales), means, masses, fit_intercept)
