"""Cross-entropy of softmax on logits: value, gradient and Hessian action, with no feature in sight.

For one row with logits z, probabilities p = softmax(z) and target distribution Y (one-hot for an integer
label), in nats::

    loss      = sum_k Y_k * (log_sum_exp(z) - z_k)
    residual  = p - Y                                  its gradient with respect to z
    hessian   = diag(p) - p p'                         its Hessian, whatever Y

The residual is prediction minus target, always. Sources: the first document's J_(w), the second's equations
(1) and (2), the third's L(w) (its negative, summed), the fourth's equations (2), (10).
"""

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from softgrad.maths.arrays import COMPLEX, as_array, as_numbers
from softgrad.maths.logits import log_softmax, softmax

Array = npt.NDArray[Any]
Reduction = Literal["mean", "sum", "none"]

SUM_TOLERANCE = 1e-8
"""How far from one a row of soft labels may sum."""


def cross_entropy(
    logits: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Any:
    """Cross-entropy ``sum_i w_i loss_i`` of the targets under softmax(logits), reduced as asked.

    Parameters
    ----------
    logits : array_like of shape (n, K)
        Real or complex.
    targets : array_like of shape (n,) or (n, K)
        Integer labels 0..K-1, or one distribution over the classes a row (one-hot or soft).
    sample_weight : array_like of shape (n,), optional
        Finite weights >= 0; ones where not given.
    reduction : {"mean", "sum", "none"}, default "mean"
        ``sum_i w_i loss_i / sum_i w_i``, ``sum_i w_i loss_i``, or the n values ``w_i loss_i``.

    Returns
    -------
    scalar, or ndarray of shape (n,)
        In nats. Exactly 0 where the target is certain, ``+inf`` where the target's logit is ``-inf``.

    Raises
    ------
    ValueError
        If there is no row, shapes do not fit, a label is not in 0..K-1, soft labels are no distributions,
        weights are negative, not finite, or all zero with the mean, or the reduction is unknown.

    Examples
    --------
    >>> print(cross_entropy([[0.0, 0.0], [0.0, -1000.0]], [1, 0], reduction="none"))
    [0.69314718 0.        ]
    """
    z, y = _checked(logits, targets)
    weights = _weights(sample_weight, len(z), reduction, z.real.dtype)
    losses = row_losses(z, y)
    if weights is not None:
        losses = np.where(weights > 0, losses, 0) * weights
    return losses if reduction == "none" else losses.sum()


def cross_entropy_gradient(
    logits: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Gradient of :func:`cross_entropy` with respect to the logits: the weighted residual.

    Parameters
    ----------
    logits, targets, sample_weight, reduction
        As :func:`cross_entropy` takes them; "none" gives the same as "sum", each row its own value's gradient.

    Returns
    -------
    ndarray of shape (n, K)
        ``w_i (proba - Y)``, divided by ``sum_i w_i`` for the mean.

    Raises
    ------
    ValueError
        As :func:`cross_entropy`.

    Examples
    --------
    >>> cross_entropy_gradient([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    z, y = _checked(logits, targets)
    weights = _weights(sample_weight, len(z), reduction, z.real.dtype)
    result = residual_of(softmax(z), y)
    if weights is None:
        return result
    result = result * weights[:, None]
    result[weights == 0] = 0
    return result


def residual(logits: npt.ArrayLike, targets: npt.ArrayLike) -> Array:
    """``proba - Y`` for each row, the certain class without cancellation.

    Where the target is a class (an integer label or a one-hot row), its entry is minus the sum of the other
    probabilities: ``p - 1`` would lose every digit once p rounds to one.

    Parameters
    ----------
    logits : array_like of shape (n, K)
        Real or complex.
    targets : array_like of shape (n,) or (n, K)
        Integer labels, or one distribution over the classes a row.

    Returns
    -------
    ndarray of shape (n, K)

    Raises
    ------
    ValueError
        If shapes or targets do not fit, as :func:`cross_entropy` says.

    Examples
    --------
    >>> residual([[0.0, -80.0]], [0]).tolist() == [[-np.exp(-80.0), np.exp(-80.0)]]
    True
    """
    z, y = _checked(logits, targets)
    return residual_of(softmax(z), y)


def hessian_action(proba: Array, direction: Array) -> Array:
    """``(diag(p) - p p') a`` for each row: ``p * (a - sum_l p_l a_l)``.

    Parameters
    ----------
    proba, direction : ndarray of shape (n, K)
        Probabilities p, and the logits' change a.

    Returns
    -------
    ndarray of shape (n, K)
        Each row sums to zero up to rounding.
    """
    mean = np.einsum("ik,ik->i", proba, direction)[:, None]
    result: Array = proba * (direction - mean)
    return result


def row_losses(logits: Array, targets: Array) -> Array:
    """The n losses, not weighted; targets checked before. A class with target 0 may have probability 0."""
    log_proba = log_softmax(logits)
    if targets.ndim == 1:
        picked: Array = np.take_along_axis(log_proba, targets[:, None], axis=1)[:, 0]
        return 0 - picked
    terms = np.where((targets == 0) & ~np.isnan(log_proba), 0, log_proba)
    expected: Array = np.einsum("ik,ik->i", targets.astype(terms.real.dtype, copy=False), terms)
    return 0 - expected


def residual_of(proba: Array, targets: Array) -> Array:
    """:func:`residual` from the probabilities; targets checked before."""
    if targets.ndim == 1:
        return _hard_residual(proba, np.arange(len(proba)), targets)
    result: Array = proba - targets.astype(proba.real.dtype, copy=False)
    rows, classes = np.nonzero(targets == 1)
    result[rows] = _hard_residual(proba[rows], np.arange(len(rows)), classes)
    return result


def _hard_residual(proba: Array, rows: Array, classes: Array) -> Array:
    result = proba.copy()
    result[rows, classes] = 0
    result[rows, classes] = -result.sum(axis=1)
    return result


def check_targets(targets: npt.ArrayLike, n_rows: int, n_classes: int) -> Array:
    """The targets as an integer array (n,) or a floating array (n, K), or one sentence why they are neither.

    Rows of soft labels may sum to 1 within 1e-8 (or 4 units in the last place of their type), and are divided by
    their sum, so that residuals sum to zero.

    Raises
    ------
    ValueError
        See :func:`cross_entropy`.
    """
    y = as_array(targets, "y", f"{n_rows} labels")
    if y.ndim == 1 and y.shape == (n_rows,):
        return _checked_codes(y, n_classes)
    if y.ndim == 2 and y.shape == (n_rows, n_classes):
        return _checked_distributions(as_numbers(y, "y", "real numbers >= 0 that sum to 1 in each row"))
    raise ValueError(
        f"labels of shape {y.shape} were given for {n_rows} rows and {n_classes} classes; "
        f"pass {n_rows} integer labels, or an array of shape ({n_rows}, {n_classes}) with one distribution a row."
    )


def _checked_codes(y: Array, n_classes: int) -> Array:
    if y.dtype.kind not in "iu":
        raise ValueError(
            f"integer labels 0..{n_classes - 1} are expected, but labels of type {y.dtype} were given; "
            "convert them with numpy.unique(labels, return_inverse=True)."
        )
    # Seen as unsigned, a negative code is larger than any class: one look at the rows instead of two.
    if y.size and np.maximum.reduce(y.view(_unsigned(y.dtype))) >= n_classes:
        wrong = y[(y < 0) | (y >= n_classes)][0]
        raise ValueError(
            f"the label {wrong} is not one of the {n_classes} classes 0..{n_classes - 1}; labels count from 0."
        )
    return y


@cache
def _unsigned(dtype: Any) -> Any:
    """The integers of as many bytes without a sign."""
    return np.dtype(dtype.str.replace("i", "u"))


def _checked_distributions(y: Array) -> Array:
    values = y if np.issubdtype(y.dtype, np.floating) else y.astype(np.float64)
    sums = values.sum(axis=1, dtype=np.float64)
    tolerance = max(SUM_TOLERANCE, 4 * float(np.finfo(values.dtype).eps))
    wrong = np.flatnonzero(~((np.abs(sums - 1) <= tolerance) & (values >= 0).all(axis=1)))
    if wrong.size:
        raise ValueError(
            f"row {wrong[0]} of the soft labels is {np.array2string(values[wrong[0]], threshold=8)} and "
            f"sums to {sums[wrong[0]]:.9g}; each row must be >= 0 and sum to 1 (counts belong into sample_weight)."
        )
    exact = np.abs(sums - 1) <= 4 * np.finfo(np.float64).eps
    return values if exact.all() else values / sums[:, None]


def check_weights(sample_weight: npt.ArrayLike | None, n_rows: int) -> Array | None:
    """The weights as a floating array (n,), or None.

    Raises
    ------
    ValueError
        If the shape is wrong or a weight is negative or not finite.
    """
    if sample_weight is None:
        return None
    w = as_numbers(sample_weight, "sample_weight", f"{n_rows} numbers, one a row")
    if w.shape != (n_rows,):
        raise ValueError(
            f"sample_weight of shape {w.shape} and type {w.dtype} was given; pass {n_rows} numbers, one a row."
        )
    wrong = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))
    if wrong.size:
        raise ValueError(
            f"sample_weight[{wrong[0]}] is {w[wrong[0]]}; weights must be finite and not negative."
        )
    return w if w.dtype.kind == "f" else w.astype(np.float64)


def weight_sum(weights: Array) -> float:
    """The sum in float64.

    Raises
    ------
    ValueError
        If it overflows.
    """
    with np.errstate(over="ignore"):
        total = float(weights.sum(dtype=np.float64))
    if np.isinf(total):
        raise ValueError("the sum of sample_weight overflows; scale the weights down.")
    return total


def _checked(logits: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Array, Array]:
    z = as_numbers(logits, "logits", "numbers of shape (n, K)", COMPLEX)
    if not np.issubdtype(z.dtype, np.inexact):
        z = z.astype(np.float64)
    if z.ndim != 2 or 0 in z.shape:
        raise ValueError(
            f"logits of shape {z.shape} were given; at least one row and one class are needed, shape (n, K)."
        )
    return z, check_targets(targets, *z.shape)


def _weights(sample_weight: npt.ArrayLike | None, n_rows: int, reduction: str, dtype: Any) -> Array | None:
    """The factor of each row's loss: the weight, divided by their sum for the mean; None for ones."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction {reduction!r} is unknown; use 'mean', 'sum' or 'none'.")
    weights = check_weights(sample_weight, n_rows)
    if reduction != "mean":
        return None if weights is None else weights.astype(dtype, copy=False)
    if weights is None:
        return np.full(n_rows, 1 / n_rows, dtype)
    total = weight_sum(weights)
    if total == 0:
        raise ValueError(
            "all sample weights are zero, so the mean loss does not exist; give at least one row a positive weight."
        )
    normalised: Array = (weights / total).astype(dtype)
    return normalised
