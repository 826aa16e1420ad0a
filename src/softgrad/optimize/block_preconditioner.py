"""The block-diagonal preconditioner: each class's own Hessian block, between two projections on the gauge."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.equilibrate import centred_gram
from softgrad.optimize.scaled_inverses import ScaledInverses

Array = npt.NDArray[Any]


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


def block_preconditioner(grams: Array, alpha: float, *, fit_intercept: bool) -> BlockPreconditioner:
    """The preconditioner from the classes' Gram matrices (K, d + 1, d + 1). O(K d^3).

    The inverses take the place of `grams`, so that K matrices are in memory, not 2 K.

    Parameters
    ----------
    grams : ndarray of shape (K, d + 1, d + 1)
        ``mean of p_k (1 - p_k) [x 1]' [x 1]``.
    alpha : float
    fit_intercept : bool
    """
    n_classes, width = len(grams), grams.shape[1] - 1
    floors = np.finfo(np.float64).eps * np.einsum("kjj->kj", grams).max(axis=0)
    means, masses = np.zeros((n_classes, width)), np.empty(n_classes)

    def centred(k: int) -> Array:
        block, means[k], masses[k] = centred_gram(grams[k], floors[-1], fit_intercept=fit_intercept)
        block[np.diag_indices(width)] += alpha
        return block

    blocks = ScaledInverses.of(map(centred, range(n_classes)), floors[:-1], into=grams[:, :-1, :-1])
    return BlockPreconditioner(blocks, means, masses, fit_intercept)
