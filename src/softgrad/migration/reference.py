"""Coefficients against a reference (baseline) class, and the symmetric ones of all classes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.maths.arrays import as_numbers
from softgrad.scalars import check_whole

__all__ = ["from_reference", "to_reference"]

Array = npt.NDArray[np.float64]


def to_reference(
    coef: npt.ArrayLike, intercept: npt.ArrayLike, reference: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coefficients of log-odds against a reference class, as statsmodels, Stata, SAS and nnet report them.

    ``log(p_k / p_r) = x . (coef_k - coef_r) + intercept_k - intercept_r``, so rows are differences; the probabilities
    stay the same. It is a change of coordinates of a fitted model: a penalty on these rows is another penalty.

    Parameters
    ----------
    coef : array_like of shape (n_classes, n_features)
        In any gauge. For ``SoftmaxRegression`` of two classes there is nothing to do: ``coef_`` is against the first.
    intercept : array_like of shape (n_classes,)
    reference : int, default 0
        The place of the reference (baseline) class among the rows; statsmodels' MNLogit takes the first.

    Returns
    -------
    coef : ndarray of shape (n_classes - 1, n_features)
        The other classes' rows, in their order. statsmodels' params are ``np.vstack([intercept, coef.T])`` of these
        where the constant is the first column.
    intercept : ndarray of shape (n_classes - 1,)
        -inf for classes without probability.

    Raises
    ------
    ValueError
        If the shapes do not belong together, the numbers are not usable or there is no such class.

    Examples
    --------
    >>> to_reference([[1.0], [3.0], [-4.0]], [0.0, 1.0, -1.0], reference=1)
    (array([[-2.], [-7.]]), array([-1., -2.]))
    """
    coef, intercept = _parameters(coef, intercept, "n_classes", least=2)
    _check_reference(reference, len(coef))
    if np.isneginf(intercept[reference]):
        raise ValueError(
            f"the class {reference} has intercept -inf, so probability 0, and can be no reference; choose another."
        )
    others = np.arange(len(coef)) != reference
    return coef[others] - coef[reference], intercept[others] - intercept[reference]


def from_reference(
    coef: npt.ArrayLike, intercept: npt.ArrayLike, reference: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The symmetric coefficients, whose classes sum to zero, of log-odds against a reference class.

    ``coef_k = beta_k - mean_l beta_l`` with ``beta_r = 0``: softgrad's gauge, in which a row says how a feature moves a
    class against the average of all. The probabilities stay the same.

    Parameters
    ----------
    coef : array_like of shape (n_classes - 1, n_features)
        As :func:`to_reference` returns; ``coef_`` of a ``SoftmaxRegression`` of two classes.
    intercept : array_like of shape (n_classes - 1,)
    reference : int, default 0
        The place that the reference class gets among the rows.

    Returns
    -------
    coef : ndarray of shape (n_classes, n_features)
    intercept : ndarray of shape (n_classes,)
        The finite ones sum to zero.

    Raises
    ------
    ValueError
        As :func:`to_reference`.

    Examples
    --------
    >>> from_reference([[-2.0], [-7.0]], [-1.0, -2.0], reference=1)
    (array([[ 1.], [ 3.], [-4.]]), array([ 0.,  1., -1.]))
    """
    coef, intercept = _parameters(coef, intercept, "n_classes - 1", least=1)
    _check_reference(reference, len(coef) + 1)
    coef, intercept = np.insert(coef, reference, 0.0, axis=0), np.insert(intercept, reference, 0.0)
    present = np.isfinite(intercept)
    centred = np.where(present[:, None], coef - coef[present].mean(axis=0), 0.0)
    return centred, intercept - intercept[present].mean()


def _parameters(coef: Any, intercept: Any, rows: str, least: int) -> tuple[Array, Array]:
    coef, intercept = (
        as_numbers(given, name, "those of a fit").astype(np.float64)
        for name, given in (("coef", coef), ("intercept", intercept))
    )
    if coef.ndim != 2 or intercept.shape != coef.shape[:1] or len(coef) < least:
        raise ValueError(
            f"coef of shape {coef.shape} and intercept of shape {intercept.shape} were given; pass shapes "
            f"({rows}, n_features) and ({rows},) of at least two classes."
        )
    if not (np.isfinite(coef).all() and (intercept < np.inf).all()):
        raise ValueError(
            "the coefficients hold NaN or infinite numbers; pass those of a fit that ended well."
        )
    return coef, intercept


def _check_reference(reference: int, n_classes: int) -> None:
    check_whole("reference", reference, f"the place of a class, 0 to {n_classes - 1}")
    if reference >= n_classes:
        raise ValueError(f"reference={reference} was given; pass the place of a class, 0 to {n_classes - 1}.")
