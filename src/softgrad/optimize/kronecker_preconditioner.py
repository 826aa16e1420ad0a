"""The Kronecker preconditioner: one matrix for the features times one for the classes, where K d^2 is too much."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
import scipy.linalg

from softgrad.optimize.equilibrate import centred_gram, unit_scales

Array = npt.NDArray[Any]

RIDGE = 1e-11


@final
@dataclass(frozen=True, eq=False)
class KroneckerPreconditioner:
    """``M = C (x) S + alpha I``, with ``S = mean of h [x 1]' [x 1]`` and ``h = (1 - |p|^2) / (K - 1)``.

    h is the multiple of ``I - 11'/K`` that fits ``diag(p) - p p'`` best; C is the mean of these K x K matrices, scaled
    to the trace K - 1. In the basis where S + alpha I, scaled to a unit diagonal, is the identity and alpha I is
    ``diag(mu)``, and where C is ``diag(c)``, M is ``c_k (1 - mu_j) + mu_j``. C's null vector is the gauge: what lies
    along it is dropped.

    Attributes
    ----------
    features : ndarray of shape (d, d)
        The basis for the features, by columns.
    shares : ndarray of shape (d,)
        mu, in [0, 1].
    classes : ndarray of shape (K, K - 1)
        The basis for the classes, by columns.
    curvatures : ndarray of shape (K - 1,)
        c.
    means : ndarray of shape (d,)
    mass : float
        The mean of h: the intercept's S.
    fit_intercept : bool
    """

    features: Array
    shares: Array
    classes: Array
    curvatures: Array
    means: Array
    mass: float
    fit_intercept: bool

    def solve(self, residual: Array) -> Array:
        width = len(self.means)
        inside = self.classes.T @ residual
        by_coef = inside[:, :width]
        if self.fit_intercept:
            by_coef = by_coef - inside[:, -1:] * self.means
        spectrum = self.curvatures[:, None] * (1 - self.shares) + self.shares
        coef = ((by_coef @ self.features) / spectrum) @ self.features.T
        if not self.fit_intercept:
            return np.asarray(self.classes @ coef)
        intercept = inside[:, -1] / (self.mass * self.curvatures) - coef @ self.means
        return np.asarray(self.classes @ np.column_stack([coef, intercept]))


def kronecker_preconditioner(
    gram: Array, between: Array, alpha: float, *, fit_intercept: bool
) -> KroneckerPreconditioner:
    """The preconditioner from ``mean of (1 - |p|^2) [x 1]' [x 1]`` and the intercept's Hessian. O(d^3 + K^3).

    Parameters
    ----------
    gram : ndarray of shape (d + 1, d + 1)
    between : ndarray of shape (K, K)
        ``mean of diag(p) - p p'``.
    alpha : float
    fit_intercept : bool
    """
    n_classes, width = len(between), len(gram) - 1
    gram = gram / max(n_classes - 1, 1)
    block, means, mass = centred_gram(gram, fit_intercept=fit_intercept)
    block[np.diag_indices(width)] += alpha
    scales = unit_scales(np.diagonal(block))
    features, shares = feature_basis(scales[:, None] * block * scales, alpha * scales**2)
    classes, curvatures = _class_basis(between)
    return KroneckerPreconditioner(
        scales[:, None] * features, shares, classes, curvatures, means, mass, fit_intercept
    )


def feature_basis(block: Array, penalty: Array) -> tuple[Array, Array]:
    """U and mu with ``U' block U = I`` and ``U' diag(penalty) U = diag(mu)``."""
    ridge = RIDGE
    while True:
        try:
            factor = np.linalg.cholesky(block + ridge * np.eye(len(block)))
            break
        except np.linalg.LinAlgError:
            ridge *= 100
    inverse = scipy.linalg.solve_triangular(factor, np.eye(len(block)), lower=True, check_finite=False)
    if not penalty.any():
        return np.asarray(inverse.T), np.zeros(len(block))
    shares, basis = np.linalg.eigh((inverse * penalty) @ inverse.T)
    return np.asarray(inverse.T @ basis), np.clip(shares, 0, 1)


def _class_basis(between: Array) -> tuple[Array, Array]:
    """Eigenvectors and eigenvalues of C off the gauge, the smallest kept from zero."""
    n_classes = len(between)
    lifted = between + np.trace(between)
    curvatures, classes = np.linalg.eigh(lifted)
    curvatures, classes = curvatures[:-1], classes[:, :-1]
    curvatures = curvatures * ((n_classes - 1) / max(np.trace(between), np.finfo(np.float64).tiny))
    return classes, np.maximum(curvatures, 1e-10)
