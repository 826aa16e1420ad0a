"""The functional face's single passes: loss, gradient and Hessian products, in the canonical convention."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels.threads import using
from softgrad.maths.arrays import as_numbers
from softgrad.optimize.penalty import L2
from softgrad.rows.base import Rows
from softgrad.rows.memory import MemoryRows
from softgrad.rows.wrap import as_rows, as_table, is_rows
from softgrad.scalars import check_threads, checked_alpha

__all__ = ["hessian_product", "loss_and_gradient"]

Array = npt.NDArray[Any]


def loss_and_gradient(
    coef: npt.ArrayLike,
    intercept: npt.ArrayLike | None,
    X: Any,
    y: npt.ArrayLike | None = None,
    *,
    sample_weight: npt.ArrayLike | None = None,
    alpha: float = 0.0,
    n_threads: int | None = None,
) -> tuple[float, Array, Array | None]:
    """Objective ``loss + alpha/2 ||coef||^2`` and its gradient, in one pass over the rows.

    The canonical convention (:mod:`softgrad.maths.regression`): the loss is the weighted mean, in nats, and the
    gradient ``(1 / sum w) sum_i w_i (proba_i - Y_i) x_i' + alpha coef``.

    Parameters
    ----------
    coef : array_like of shape (n_classes, n_features)
    intercept : array_like of shape (n_classes,), or None
    X : array of shape (n_samples, n_features), CSR array, or Rows
        Floating, integer or boolean; neither copied nor converted as a whole. Computed in float64; in float32, with
        sums of tiles in float64, where both X and coef are float32.
    y : array_like of shape (n_samples,) or (n_samples, n_classes)
        Codes 0..n_classes-1, or soft labels; None where X is Rows.
    sample_weight : array_like of shape (n_samples,), optional
        Finite, >= 0, with a positive sum.
    alpha : float, default 0.0
        Strength of the penalty on the mean scale; the intercept is not penalised.
    n_threads : int, optional
        At most this many threads; all that the process may use where not given.

    Returns
    -------
    objective : float
        The loss where alpha = 0.
    grad_coef : ndarray of shape (n_classes, n_features)
    grad_intercept : ndarray of shape (n_classes,), or None
        None where `intercept` is None.

    Raises
    ------
    ValueError
        If shapes, labels, weights, alpha or n_threads do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[1.0], [3.0]]), [0, 1]
    >>> value, by_coef, by_intercept = loss_and_gradient(np.zeros((2, 1)), np.zeros(2), X, y)
    >>> round(value, 6), by_coef.ravel().tolist(), by_intercept.tolist()
    (0.693147, [0.5, -0.5], [0.0, 0.0])
    """
    single = getattr(X, "dtype", None) == np.float32 and getattr(coef, "dtype", None) == np.float32
    coef, offsets = _parameters(coef, intercept)
    alpha = checked_alpha(alpha)
    check_threads(n_threads)
    rows = as_rows(X, y, sample_weight=sample_weight, n_classes=len(coef))
    _check_width(coef, rows)
    with using(n_threads):
        if isinstance(rows, MemoryRows):
            sums = rows.loss_and_gradient(coef, offsets, single=single)
        else:
            point = rows.at(coef, np.zeros(len(coef)) if offsets is None else offsets)
            sums = point.loss, point.grad_coef, point.grad_intercept
    loss, by_coef, by_intercept = sums
    if alpha:
        penalty = L2(alpha)
        loss, by_coef = loss + penalty.value(coef), by_coef + penalty.gradient(coef)
    return loss, by_coef, None if offsets is None else by_intercept


def hessian_product(
    coef: npt.ArrayLike,
    intercept: npt.ArrayLike | None,
    direction_coef: npt.ArrayLike,
    direction_intercept: npt.ArrayLike | None,
    X: Any,
    *,
    sample_weight: npt.ArrayLike | None = None,
    alpha: float = 0.0,
    n_threads: int | None = None,
) -> tuple[Array, Array | None]:
    """Hessian of the objective times a direction; labels play no part in it.

    ``(1 / sum w) sum_i w_i (p_i * a_i - p_i (p_i'a_i)) x_i' + alpha direction_coef`` with ``a_i`` the direction's
    logits.

    Parameters
    ----------
    coef, direction_coef : array_like of shape (n_classes, n_features)
    intercept, direction_intercept : array_like of shape (n_classes,), or None
        None for zero.
    X, sample_weight, alpha, n_threads
        As :func:`loss_and_gradient` takes them.

    Returns
    -------
    coef part : ndarray of shape (n_classes, n_features)
    intercept part : ndarray of shape (n_classes,), or None
        None where both `intercept` and `direction_intercept` are None.

    Raises
    ------
    ValueError
        As :func:`loss_and_gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> hessian_product(np.zeros((2, 1)), None, [[1.0], [-1.0]], None, np.array([[2.0]]))[0].ravel().tolist()
    [2.0, -2.0]
    """
    coef, offsets = _parameters(coef, intercept)
    direction, change = _parameters(direction_coef, direction_intercept)
    if direction.shape != coef.shape:
        raise ValueError(
            f"the direction's coef has shape {direction.shape}, coef has {coef.shape}; they must be equal."
        )
    alpha = checked_alpha(alpha)
    check_threads(n_threads)
    X = X if is_rows(X) else as_table(X)
    y = None if is_rows(X) else np.zeros(X.shape[0], dtype=np.intp)
    rows = as_rows(X, y, sample_weight=sample_weight, n_classes=len(coef))
    _check_width(coef, rows)
    zero = np.zeros(len(coef))
    with using(n_threads):
        if isinstance(rows, MemoryRows):
            by_coef, by_intercept = rows.hessian_product(coef, offsets, direction, change)
        else:
            point = rows.at(coef, zero if offsets is None else offsets)
            by_coef, by_intercept, _ = point.product(direction, zero if change is None else change)
    without = offsets is None and change is None
    return by_coef + alpha * direction, None if without else by_intercept


def _parameters(coef: npt.ArrayLike, intercept: npt.ArrayLike | None) -> tuple[Array, Array | None]:
    weights = as_numbers(coef, "coef", "shape (n_classes, n_features)").astype(np.float64, copy=False)
    if weights.ndim != 2 or len(weights) == 0:
        raise ValueError(f"coef of shape {weights.shape} was given; pass shape (n_classes, n_features).")
    if intercept is None:
        return weights, None
    offsets = as_numbers(intercept, "intercept", "one number a class, or None").astype(np.float64, copy=False)
    if offsets.shape != (len(weights),):
        raise ValueError(
            f"intercept of shape {offsets.shape} was given; pass shape ({len(weights)},), one a class."
        )
    return weights, offsets


def _check_width(coef: Array, rows: Rows) -> None:
    if coef.shape != (rows.n_classes, rows.n_features):
        raise ValueError(
            f"coef of shape {coef.shape} does not fit rows of {rows.n_features} features and {rows.n_classes} "
            f"classes; pass shape ({rows.n_classes}, {rows.n_features})."
        )
