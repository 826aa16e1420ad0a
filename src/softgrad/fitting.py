"""The functional face's fits: one penalty, or several that share what can be shared."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels.threads import limited
from softgrad.maths.arrays import as_numbers
from softgrad.optimize.choose import check_name
from softgrad.optimize.coordinates import Coordinates, Parameters, Request
from softgrad.optimize.driver import Callback, Checkpoint, Limits
from softgrad.optimize.ledger import Ledger
from softgrad.optimize.penalty import L2
from softgrad.optimize.solution import Solution
from softgrad.presence import PresentRows, present_rows, with_absent
from softgrad.scalars import (
    check_callback,
    check_classes,
    check_number,
    check_threads,
    check_whole,
    checked_alpha,
)

__all__ = ["fit", "fit_path"]

Array = npt.NDArray[Any]


def fit(
    X: Any,
    y: npt.ArrayLike | None = None,
    *,
    alpha: float,
    sample_weight: npt.ArrayLike | None = None,
    fit_intercept: bool = True,
    n_classes: int | None = None,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    callback: Callback | None = None,
    checkpoint: Callable[[Checkpoint], Any] | None = None,
    resume: Checkpoint | None = None,
    n_threads: int | None = None,
) -> Solution:
    """Fit softmax regression, ``min loss + alpha/2 ||coef||^2``, to a certified gap.

    Parameters
    ----------
    X : array of shape (n_samples, n_features), CSR array, Rows, or Dask array or data frame
        A Dask collection is read and fitted by the workers of its cluster (:func:`softgrad.rows.dask.dask_rows`).
    y : array_like of shape (n_samples,) or (n_samples, n_classes)
        Codes or soft labels; None where X is Rows.
    alpha : float
        >= 0, on the mean scale: scikit-learn's C is ``1 / (alpha * sum w)``. Zero for maximum likelihood, where
        no lower bound exists: the relative Newton decrement then stops the fit, and `gap` is nan.
    sample_weight : array_like of shape (n_samples,), optional
    fit_intercept : bool, default True
        The intercept is not penalised.
    n_classes : int, optional
        Where not given, the largest code plus one. Classes without weight get coef 0 and intercept ``-inf``, so
        probability 0.
    solver : str, default "auto"
        "newton" (exact Hessian), "newton-pcg" (conjugate gradients with a preconditioner), "lbfgs",
        "gradient-descent", "accelerated-gradient"; "auto" is newton for a handful of parameters, else newton-pcg,
        and the solution's sentence says why.
    tol : float, default 1e-8
        The certified relative gap to stop at.
    max_iter : int, default 1000
        Outer iterations.
    start : tuple (coef, intercept), optional
        Zeros where not given.
    callback : callable, optional
        Called with a :class:`softgrad.optimize.solution.Record` after each iteration; a true result stops the fit.
    checkpoint : callable, optional
        Called with a :class:`softgrad.optimize.driver.Checkpoint` before each iteration.
    resume : Checkpoint, optional
        One of those, of a fit of the same rows with the same arguments, which then goes on to the same bits.
    n_threads : int, optional
        At most this many threads; all that the process may use where not given.

    Returns
    -------
    Solution

    Raises
    ------
    ValueError
        If an argument is out of its range, or fewer than two classes have weight.
    TypeError
        If the callback is no function.

    Examples
    --------
    >>> import numpy as np
    >>> solution = fit(np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 1, 0, 1], alpha=0.1)
    >>> str(solution.status), solution.gap <= 1e-8
    ('converged', True)
    """
    alpha = checked_alpha(alpha)
    request = _checked_request(solver, tol, max_iter, fit_intercept, callback)
    request = replace(request, checkpoint=checkpoint, resume=resume)
    check_threads(n_threads)
    check_classes(n_classes)
    with present_rows(X, y, sample_weight, n_classes) as data:
        begin = None if start is None else _start(start, data)
        with limited(n_threads, data.rows.meter.flop_per_pass):
            ledger = Ledger.opened(data.rows.meter)
            solution = Coordinates(data.rows, request).solve(L2(alpha), begin, ledger)
    return with_absent(solution, data.present, data.n_classes)


def fit_path(
    X: Any,
    y: npt.ArrayLike | None = None,
    alphas: npt.ArrayLike = (),
    *,
    sample_weight: npt.ArrayLike | None = None,
    fit_intercept: bool = True,
    n_classes: int | None = None,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
    n_threads: int | None = None,
) -> list[Solution]:
    """Fit softmax regression for several penalties, each to a certified gap.

    Centring and, where there are fewer rows than columns, the reduction to the rows' span are done once. The fits
    run from the largest alpha down, each from its neighbour's solution.

    Parameters
    ----------
    X : array of shape (n_samples, n_features), CSR array, Rows, or Dask array or data frame
    y : array_like of shape (n_samples,) or (n_samples, n_classes)
        Codes or soft labels; None where X is Rows.
    alphas : array_like of shape (n_alphas,)
        Finite, >= 0, on the mean scale as in :func:`fit`, in any order.
    sample_weight, fit_intercept, n_classes, solver, tol, max_iter, n_threads
        As :func:`fit` takes them, for each alpha.

    Returns
    -------
    list of Solution
        One an alpha, in the order given. Passes and seconds are each fit's own; those of the preparation count in
        the first one solved, the largest alpha's.

    Raises
    ------
    ValueError
        If an argument is out of its range, or fewer than two classes have weight.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 1, 0, 1]
    >>> path = fit_path(X, y, [0.001, 0.1, 10.0])
    >>> [round(float(solution.coef[1, 0]), 4) for solution in path]
    [0.453, 0.3718, 0.0235]
    >>> all(solution.gap <= 1e-8 for solution in path)
    True
    """
    strengths = _checked_alphas(alphas)
    request = _checked_request(solver, tol, max_iter, fit_intercept, None)
    check_threads(n_threads)
    check_classes(n_classes)
    solutions: dict[int, Solution] = {}
    start: Parameters | None = None
    with (
        present_rows(X, y, sample_weight, n_classes) as data,
        limited(n_threads, data.rows.meter.flop_per_pass),
    ):
        ledger = Ledger.opened(data.rows.meter)
        coordinates = Coordinates(data.rows, request, n_fits=len(strengths))
        for i in np.argsort(-strengths, kind="stable").tolist():
            solution = coordinates.solve(L2(float(strengths[i])), start, ledger)
            start, solutions[i] = (solution.coef, solution.intercept), solution
            ledger = Ledger.opened(data.rows.meter)
    return [with_absent(solutions[i], data.present, data.n_classes) for i in range(len(strengths))]


def _start(start: Any, data: PresentRows) -> Parameters:
    if not isinstance(start, tuple | list) or len(start) != 2:
        raise ValueError(f"start of type {type(start).__name__} was given; pass a pair (coef, intercept).")
    coef, intercept = (
        as_numbers(part, f"{name} of the start", "numbers").astype(np.float64, copy=False)
        for name, part in zip(("coef", "intercept"), start, strict=True)
    )
    if coef.ndim == 2 and len(data.present) < len(coef) and coef.shape[:1] == intercept.shape:
        kept = data.present[data.present < len(coef)]
        coef, intercept = coef[kept], intercept[kept]
    expected = (data.rows.n_classes, data.rows.n_features)
    if coef.shape != expected or intercept.shape != expected[:1]:
        raise ValueError(
            f"the start has coef of shape {coef.shape} and intercept of shape {intercept.shape} for the present "
            f"classes; pass {expected} and {expected[:1]}."
        )
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise ValueError("the start holds NaN or infinite numbers; pass finite ones.")
    return coef, intercept


def _checked_alphas(alphas: Any) -> Array:
    expected = "a list of at least one finite number >= 0"
    try:
        strengths = as_numbers(alphas, "alphas", expected, kinds="iuf").astype(np.float64)
    except ValueError:
        strengths = np.empty((0, 0))
    if strengths.ndim != 1 or strengths.size == 0 or not (np.isfinite(strengths) & (strengths >= 0)).all():
        given = np.array2string(strengths, threshold=10) if strengths.size else repr(alphas)
        raise ValueError(f"alphas={given} was given; pass {expected}.")
    return strengths


def _checked_request(
    solver: Any, tol: Any, max_iter: Any, fit_intercept: Any, callback: Callback | None
) -> Request:
    check_name(solver)
    if not isinstance(fit_intercept, bool | np.bool_):
        raise ValueError(f"fit_intercept={fit_intercept!r} was given; pass True or False.")
    check_callback(callback)
    return Request(solver, _checked_limits(tol, max_iter), bool(fit_intercept), callback)


def _checked_limits(tol: Any, max_iter: Any) -> Limits:
    check_number("tol", tol, "a finite relative gap >= 0")
    check_whole("max_iter", max_iter, "a whole number >= 0")
    return Limits(float(tol), int(max_iter))
