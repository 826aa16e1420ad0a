"""The public face of the gradient checker: check_gradient and assert_gradient."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.call import UserFunctions
from softgrad.check.inputs import Penalty, check_callables, read_inputs
from softgrad.check.report import GradientReport
from softgrad.check.verdict import Check
from softgrad.conventions import NUMPY
from softgrad.maths.convention import Convention

__all__ = ["assert_gradient", "check_gradient"]


def check_gradient(
    gradient: Callable[..., Any],
    value: Callable[..., Any] | None = None,
    *,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    convention: Convention = NUMPY,
    alpha: float = 0.0,
    penalize_intercept: bool = False,
    n_classes: int | None = None,
    params: Sequence[Any] | None = None,
    random_state: int | np.random.Generator = 0,
) -> GradientReport:
    """Say whether a gradient of softmax regression is right and, if not, which mistake was made.

    Parameters
    ----------
    gradient : callable
        ``gradient(W, X, y) -> dW``, or ``gradient(W, b, X, y) -> (dW, db)`` where the convention has a separate
        intercept; called by position. Arrays go in and are expected back in the convention's layout; a flat
        vector in the order of ``Convention.flatten``, and anything that NumPy can turn into an array, is accepted.
    value : callable, optional
        The objective, with the same arguments, for a check of the pair.
    X : array_like of shape (n, d), or (d, n) where samples are columns
        Handed on with its own dtype.
    y : array_like
        Labels as the convention has them.
    convention : Convention, default softgrad.conventions.NUMPY
    alpha : float, default 0.0
        >= 0; the objective holds ``alpha/2 * ||W||^2``, subtracted from a log-likelihood.
    penalize_intercept : bool, default False
    n_classes : int, optional
        Default: from `params`, else from y.
    params : list of ndarray, or of tuples (W, b), optional
        Weights at which to check instead of random ones.
    random_state : int or numpy.random.Generator, default 0
        Of the random weights.

    Returns
    -------
    GradientReport
        ``report.ok``, ``report.diagnoses`` (the best one first), ``str(report)``, ``report.to_dict()``.

    Raises
    ------
    ValueError
        If X, y, the convention and params do not fit together, or alpha is no finite number >= 0. A failing user
        function raises nothing: it is diagnosed as ``raises``.

    Examples
    --------
    >>> import numpy as np
    >>> import softgrad
    >>> X = np.array([[1.0, 2.0], [0.5, -1.0], [-2.0, 0.3], [0.1, 0.7]])
    >>> Y = np.eye(3)[[0, 1, 2, 0]]
    >>> def gradient(W, X, y):
    ...     P = np.exp(X @ W)
    ...     P /= P.sum(axis=1, keepdims=True)
    ...     return X.T @ (P - y)  # forgets to divide by the number of samples
    >>> report = softgrad.check_gradient(gradient, X=X, y=Y)
    >>> report.ok, report.diagnoses[0].code, report.diagnoses[0].numbers["names"][0]
    (False, 'scale', 'n')
    """
    check_callables(gradient, value)
    penalty = Penalty(alpha, penalize_intercept)
    inputs = read_inputs(X, y, convention, penalty, n_classes, params)
    user = UserFunctions(inputs.problem, gradient, value, inputs.data)
    return Check(inputs, user, np.random.default_rng(random_state), with_value=value is not None).report()


def assert_gradient(
    gradient: Callable[..., Any],
    value: Callable[..., Any] | None = None,
    *,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    convention: Convention = NUMPY,
    alpha: float = 0.0,
    penalize_intercept: bool = False,
    n_classes: int | None = None,
    params: Sequence[Any] | None = None,
    random_state: int | np.random.Generator = 0,
) -> None:
    """:func:`check_gradient` for tests: nothing where the gradient is right, the report as an error where not.

    Parameters
    ----------
    gradient, value, X, y, convention, alpha, penalize_intercept, n_classes, params, random_state
        As in :func:`check_gradient`.

    Raises
    ------
    AssertionError
        With the report's text, if the report is not ok.
    ValueError
        As :func:`check_gradient`.

    Examples
    --------
    >>> import softgrad
    >>> from softgrad.conventions import NUMPY
    >>> softgrad.assert_gradient(lambda W, X, y: NUMPY.gradient(W, X, y).weights, X=[[1.0], [2.0]], y=[[1, 0], [0, 1]])
    """
    report = check_gradient(
        gradient,
        value,
        X=X,
        y=y,
        convention=convention,
        alpha=alpha,
        penalize_intercept=penalize_intercept,
        n_classes=n_classes,
        params=params,
        random_state=random_state,
    )
    if not report.ok:
        raise AssertionError(str(report))
