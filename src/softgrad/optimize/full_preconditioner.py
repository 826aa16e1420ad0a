"""The full preconditioner: the whole Hessian of some rows at some earlier parameters, factored once."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.scaled_inverses import ScaledInverses, scaled_inverses

Array = npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class FullPreconditioner:
    """``M^-1`` on the gauge, in coordinates where the columns are centred and M has a unit diagonal.

    It knows how the classes' blocks are coupled, which the blocks alone do not: on nearly separable rows, where each
    row is undecided between its own two or three classes, that is what conjugate gradients otherwise have to find.

    Attributes
    ----------
    system : ScaledInverses
        Of the centred M, one block of P parameters, class by class.
    means : ndarray of shape (d,)
        The columns' centre; zeros where no intercept is fitted.
    fit_intercept : bool
    """

    system: ScaledInverses
    means: Array
    fit_intercept: bool

    def solve(self, residual: Array) -> Array:
        centred = residual - residual.mean(axis=0)
        if self.fit_intercept:
            centred[:, :-1] -= centred[:, -1:] * self.means
        result = self.system.solve(centred.reshape(1, -1)).reshape(residual.shape)
        if self.fit_intercept:
            result[:, -1] -= result[:, :-1] @ self.means
        return np.asarray(result - result.mean(axis=0))


def full_preconditioner(hessian: Array, n_classes: int, *, fit_intercept: bool) -> FullPreconditioner:
    """The preconditioner from a Hessian of the objective, penalty included. O(P^3).

    Parameters
    ----------
    hessian : ndarray of shape (P, P)
        Class by class; the intercept, where one is fitted, after each class's features.
    n_classes : int
    fit_intercept : bool
    """
    width = len(hessian) // n_classes
    blocks = hessian.reshape(n_classes, width, n_classes, width).copy()
    means = np.zeros(width - fit_intercept)
    if fit_intercept:
        means = _centre(blocks)
    features = np.arange(width)
    typical = np.einsum("kjkj->j", blocks) / n_classes
    blocks[:, features, :, features] += (np.where(typical > 0, typical, 1.0) / n_classes)[:, None, None]
    return FullPreconditioner(
        scaled_inverses(iter([blocks.reshape(hessian.shape)]), 1, len(hessian)), means, fit_intercept
    )


def _centre(blocks: Array) -> Array:
    """Centres the features of (K, d + 1, K, d + 1) in place, at the mean weighted by the intercepts' curvature."""
    cross = np.einsum("kjk->j", blocks[:, :, :, -1])
    means = cross[:-1] / max(float(cross[-1]), np.finfo(np.float64).tiny)
    noise = 4 * np.finfo(np.float64).eps * np.einsum("kjkj->kj", blocks)[:, :-1]
    blocks[:, :-1] -= means[:, None, None] * blocks[:, -1:]
    blocks[:, :, :, :-1] -= means * blocks[:, :, :, -1:]
    diagonal = np.einsum("kjkj->kj", blocks)
    diagonal[:, :-1] += np.maximum(noise - diagonal[:, :-1], 0)
    return np.asarray(means)
