"""The objective and a lower bound of its optimum at any coefficients, in plain NumPy: nothing here is softgrad's.

Two classes with one row of coefficients are scikit-learn's binary problem: the symmetric one with rows -v/2 and v/2
and twice alpha, whose loss and penalty are the same numbers.
"""

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Verdict(NamedTuple):
    """The objective at a point, and a number that no point's objective is below."""

    objective: float
    bound: float


def symmetric(coef: Array, intercept: Array, alpha: float) -> tuple[Array, Array, float]:
    """Coefficients with one row a class, and the alpha that belongs to them."""
    if len(coef) > 1:
        return coef, intercept, alpha
    return np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2, 2 * alpha


def judge(X: Any, y: Array, alpha: float, coef: Array, intercept: Array) -> Verdict:
    """Mean loss + alpha/2 ||coef||^2, and objective - ||gradient||^2 / (2 alpha).

    The bound is that of an alpha-strongly convex function of coef whose intercept is minimised out: the intercept is
    first made optimal for these coef, by Newton's method on the logits.
    """
    coef, intercept, alpha = symmetric(coef, intercept, alpha)
    logits = X @ coef.T if X.dtype != np.uint8 else _of_bytes(X, coef)
    penalty = alpha / 2 * float((coef**2).sum())
    at_hand = _loss(logits, intercept, y) + penalty
    intercept = _best_intercept(logits, intercept, y)
    residual = _proba(logits + intercept)
    residual[np.arange(len(y)), y] -= 1
    residual /= len(y)
    slope = (X.T @ residual).T if X.dtype != np.uint8 else _of_bytes_transposed(X, residual)
    # What is left of the intercept's own condition cannot enter the bound through strong convexity; with columns
    # taken from their means it multiplies numbers that are as small as can be.
    slope -= np.outer(residual.sum(axis=0), np.asarray(X.mean(axis=0)).ravel())
    slope += alpha * coef
    polished = _loss(logits, intercept, y) + penalty
    return Verdict(at_hand, polished - float((slope**2).sum()) / (2 * alpha))


def _loss(logits: Array, intercept: Array, y: Array) -> float:
    total = 0.0
    for part, z in _blocks(logits, intercept):
        top = z.max(axis=1)
        sums = np.exp(z - top[:, None]).sum(axis=1)
        total += float((np.log(sums) + top - z[np.arange(len(z)), y[part]]).sum())
    return total / len(y)


def _blocks(logits: Array, intercept: Array) -> Any:
    size = max(1, 2_000_000 // logits.shape[1])
    for begin in range(0, len(logits), size):
        part = slice(begin, begin + size)
        yield part, logits[part] + intercept


def _proba(logits: Array) -> Array:
    proba = np.exp(logits - logits.max(axis=1, keepdims=True))
    proba /= proba.sum(axis=1, keepdims=True)
    return proba


def _best_intercept(logits: Array, intercept: Array, y: Array) -> Array:
    """A few Newton steps; one that does not lower the loss ends them."""
    shares = np.bincount(y, minlength=logits.shape[1]) / len(y)
    value = _loss(logits, intercept, y)
    for _ in range(20):
        slope, curvature = -shares, np.zeros((len(shares), len(shares)))
        for _, z in _blocks(logits, intercept):
            proba = _proba(z)
            slope = slope + proba.sum(axis=0) / len(y)
            curvature += (np.diag(proba.sum(axis=0)) - proba.T @ proba) / len(y)
        trial = intercept - np.linalg.lstsq(curvature, slope, rcond=1e-14)[0]
        lower = _loss(logits, trial, y)
        if not lower < value:
            return intercept
        intercept, value = trial, lower
    return intercept


def _of_bytes(X: Array, coef: Array) -> Array:
    return np.vstack([X[i : i + 5000].astype(float) @ coef.T for i in range(0, len(X), 5000)])


def _of_bytes_transposed(X: Array, residual: Array) -> Array:
    parts = (residual[i : i + 5000].T @ X[i : i + 5000].astype(float) for i in range(0, len(X), 5000))
    return np.asarray(sum(parts))
