"""Softmax, its logarithm and its Jacobian, exact at the ends of the floating-point range.

Every function takes logits of any shape with the classes along one axis, keeps float32 (and complex,
for the complex-step derivative), and turns integers and booleans into float64.

Limits, row by row:

- exactly one ``+inf``: the limit, that is probability 1 for it and 0 for the others;
- several ``+inf``: NaN, because the limit depends on how they are approached;
- ``-inf``: probability exactly 0;
- all ``-inf``, or any NaN: NaN.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.maths.arrays import COMPLEX, as_numbers

Array = npt.NDArray[Any]


def log_sum_exp(logits: npt.ArrayLike, axis: int = -1) -> Array:
    """Logarithm of the sum of exponentials, ``log(sum_k exp(logits_k))``.

    Computed as ``top + log1p(sum of exp(logits_k - top) over all but one maximal k)``, so that no
    exponential overflows and the second term keeps its relative accuracy however small it is.

    Parameters
    ----------
    logits : array_like of shape (..., K)
        Real or complex; one or more entries along `axis`.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    ndarray of shape (...)
        In nats. ``+inf`` where exactly one entry is ``+inf``; NaN for all ``-inf``, several ``+inf`` or any NaN.

    Raises
    ------
    ValueError
        If there is no class along `axis`.

    Examples
    --------
    >>> float(log_sum_exp([1e9, 1e9 - 1000.0]))
    1000000000.0
    """
    z = _as_logits(logits, axis)
    top, index = _top(z)
    result: Array = (top + np.log1p(_rest(_shifted(z, top), index)))[..., 0]
    return result


def softmax(logits: npt.ArrayLike, axis: int = -1) -> Array:
    """Probabilities ``exp(logits_k) / sum_l exp(logits_l)``.

    Each of the four founding documents defines it: the third as ``P(y_k | x)``, the fourth as equation (1).

    Parameters
    ----------
    logits : array_like of shape (..., K)
        Real or complex.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    ndarray of the shape of `logits`
        Sums to one along `axis` within a few units in the last place; tiny probabilities keep their
        relative accuracy down to underflow. For the limits see the module's text.

    Raises
    ------
    ValueError
        If there is no class along `axis`.

    Examples
    --------
    >>> softmax([0.0, 0.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    z = _as_logits(logits, axis)
    e = np.exp(_shifted(z, _top(z)[0]))
    with np.errstate(invalid="ignore"):
        return np.moveaxis(e / e.sum(axis=-1, keepdims=True), -1, axis)


def log_softmax(logits: npt.ArrayLike, axis: int = -1) -> Array:
    """Logarithm of :func:`softmax`, ``logits_k - log_sum_exp(logits)``, with full relative accuracy.

    The largest class's value is ``-log1p(sum of the others' exp(logits_l - logits_k))``, never the
    difference of two nearly equal numbers: it is exactly 0 at certainty and 1e-300 where it should be.

    Parameters
    ----------
    logits : array_like of shape (..., K)
        Real or complex.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    ndarray of the shape of `logits`
        In nats, at most 0.

    Raises
    ------
    ValueError
        If there is no class along `axis`.

    Examples
    --------
    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    z = _as_logits(logits, axis)
    top, index = _top(z)
    shifted = _shifted(z, top)
    return np.moveaxis(shifted - np.log1p(_rest(shifted, index)), -1, axis)


def softmax_jacobian(logits: npt.ArrayLike) -> Array:
    """Jacobian of :func:`softmax`, ``J_kl = p_k (delta_kl - p_l)``.

    The diagonal ``p_k (1 - p_k)`` is computed as ``p_k`` times the sum of the other probabilities, so that
    it stays accurate where ``p_k`` rounds to one. Source: the third document's derivative of the softmax;
    the fourth's equations (5), (6).

    Parameters
    ----------
    logits : array_like of shape (..., K)
        Real or complex, classes on the last axis.

    Returns
    -------
    ndarray of shape (..., K, K)
        Symmetric; its rows sum to zero. O(K^2) for each row of logits.

    Raises
    ------
    ValueError
        If there is no class on the last axis.

    Examples
    --------
    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    p = softmax(logits)
    jacobian = -p[..., :, None] * p[..., None, :]
    diagonal = np.arange(p.shape[-1])
    jacobian[..., diagonal, diagonal] = p * complement(p)
    return jacobian


def complement(proba: Array) -> Array:
    """``1 - proba`` as the sum of the other classes' probabilities, accurate where `proba` rounds to one.

    Only the largest entry of a row can exceed one half, so only there does the subtraction cancel.

    Parameters
    ----------
    proba : ndarray of shape (..., K)
        Probabilities along the last axis.

    Returns
    -------
    ndarray of shape (..., K)
    """
    result: Array = 1 - proba
    if proba.shape[-1]:
        index = np.argmax(proba.real, axis=-1)[..., None]
        others = proba.copy()
        np.put_along_axis(others, index, 0, axis=-1)
        np.put_along_axis(result, index, others.sum(axis=-1, keepdims=True), axis=-1)
    return result


def _as_logits(logits: npt.ArrayLike, axis: int) -> Array:
    """The logits as inexact numbers, classes on the last axis."""
    z = as_numbers(logits, "logits", "numbers of shape (..., n_classes)", COMPLEX)
    if not np.issubdtype(z.dtype, np.inexact):
        z = z.astype(np.float64)
    if not -z.ndim <= axis < z.ndim or z.shape[axis] == 0:
        raise ValueError(
            f"softmax needs at least one class along axis {axis}, but logits of shape {z.shape} were given; "
            "pass an array of shape (..., n_classes)."
        )
    return np.moveaxis(z, axis, -1)


def _top(z: Array) -> tuple[Array, Array]:
    """The largest logit of each row (real part decides; NaN wins) and its place, both of shape (..., 1)."""
    index = np.argmax(z.real, axis=-1)[..., None]
    return np.take_along_axis(z, index, axis=-1), index


def _shifted(z: Array, top: Array) -> Array:
    """``z - top``, in the limit where the largest logit is infinite: 0 for a single +inf and -inf elsewhere."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference: Array = z - top
    infinite = np.isposinf(top.real)
    if infinite.any():
        at_top = np.isposinf(z.real)
        single = infinite & (at_top.sum(axis=-1, keepdims=True) == 1)
        difference[np.broadcast_to(single, z.shape) & at_top] = 0
        difference[np.broadcast_to(infinite & ~single, z.shape)] = np.nan
    return difference


def _rest(shifted: Array, index: Array) -> Array:
    """Sum of exp(shifted) over all classes but the one at `index` (whose term is exactly one), shape (..., 1).

    A NaN at `index` itself must not be lost with the term.
    """
    terms = np.exp(shifted)
    lost = np.take_along_axis(shifted, index, axis=-1)
    np.put_along_axis(terms, index, 0, axis=-1)
    total: Array = terms.sum(axis=-1, keepdims=True)
    return np.where(np.isnan(lost), lost, total)
