"""Newton's step from the exact Hessian: the singular, badly scaled K d x K d system solved in its gauge."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

Array = npt.NDArray[Any]


def solve_in_gauge(hessian: Array, gradient: Array) -> Array:
    """``H^+ gradient`` in the gauge of class means zero. O(P^3).

    The Hessian is singular along a common shift of all classes' entries of a feature (of the intercept only, with
    a penalty). The gradient's class means are zero, and a multiple of the projector on these shifts is added,
    which leaves the solution as it is. The system is scaled to a unit diagonal first. Where Cholesky finds it
    numerically singular (collinear columns, no penalty), small eigenvalues are dropped.

    Parameters
    ----------
    hessian : ndarray of shape (P, P)
        Positive semidefinite, parameters class by class.
    gradient : ndarray of shape (K, P / K)

    Returns
    -------
    ndarray of the shape of `gradient`
    """
    n_classes, width = gradient.shape
    system = hessian.reshape(n_classes, width, n_classes, width).copy()
    typical = np.einsum("kjkj->j", system) / n_classes
    features = np.arange(width)
    system[:, features, :, features] += (np.where(typical > 0, typical, 1.0) / n_classes)[:, None, None]
    flat = system.reshape(gradient.size, gradient.size)
    scales = 1 / np.sqrt(np.diagonal(flat))
    scaled = flat * scales * scales[:, None]
    solution: Array = scales * _solve(scaled, scales * gradient.ravel())
    return solution.reshape(gradient.shape)


def _solve(system: Array, right: Array) -> Array:
    """``system^+ right`` for a positive semidefinite system of unit diagonal."""
    tiny = len(right) * np.finfo(np.float64).eps
    factor, solution, failed = scipy.linalg.lapack.dposv(system, right)
    if not failed and np.diagonal(factor).min() ** 2 > tiny:
        return np.asarray(solution)
    values, vectors = np.linalg.eigh(system)
    kept = values > tiny * values[-1]
    return np.asarray(vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept]))
