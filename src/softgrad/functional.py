"""The functional face: loss, gradient, Hessian products and fits on arrays or Rows, in the canonical convention."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels.threads import limited, using
from softgrad.maths.arrays import as_numbers
from softgrad.optimize.choose import check_name
from softgrad.optimize.coordinates import Coordinates, Parameters, Request
from softgrad.optimize.driver import Callback, Checkpoint, Limits
from softgrad.optimize.ledger import Ledger
from softgrad.optimize.penalty import L2
from softgrad.optimize.solution import Solution
from softgrad.rows.base import Rows
from softgrad.rows.memory import MemoryRows
from softgrad.rows.wrap import (
    as_given,
    as_rows,
    as_table,
    check_present,
    checked_targets,
    is_collection,
    is_rows,
    present,
    restricted,
)
from softgrad.scalars import check_number, check_whole

__all__ = ["fit", "fit_path", "hessian_product", "loss_and_gradient"]

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
    alpha = _checked_alpha(alpha)
    _check_threads(n_threads)
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
    alpha = _checked_alpha(alpha)
    _check_threads(n_threads)
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
    alpha = _checked_alpha(alpha)
    request = _checked_request(solver, tol, max_iter, fit_intercept, callback)
    request = replace(request, checkpoint=checkpoint, resume=resume)
    _check_threads(n_threads)
    _check_classes(n_classes)
    with _labelled(X, y, sample_weight, n_classes) as data:
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
    _check_threads(n_threads)
    _check_classes(n_classes)
    solutions: dict[int, Solution] = {}
    start: Parameters | None = None
    with (
        _labelled(X, y, sample_weight, n_classes) as data,
        limited(n_threads, data.rows.meter.flop_per_pass),
    ):
        ledger = Ledger.opened(data.rows.meter)
        coordinates = Coordinates(data.rows, request, n_fits=len(strengths))
        for i in np.argsort(-strengths, kind="stable").tolist():
            solution = coordinates.solve(L2(float(strengths[i])), start, ledger)
            start, solutions[i] = (solution.coef, solution.intercept), solution
            ledger = Ledger.opened(data.rows.meter)
    return [with_absent(solutions[i], data.present, data.n_classes) for i in range(len(strengths))]


@dataclass(frozen=True, eq=False)
class _Data:
    """Rows of the classes that have weight, which of all the classes these are, and how many there are."""

    rows: Rows
    present: Array
    n_classes: int


@contextmanager
def _labelled(
    X: Any, y: npt.ArrayLike | None, sample_weight: npt.ArrayLike | None, n_classes: int | None
) -> Iterator[_Data]:
    """The rows of what was given; what a cluster keeps for them goes when the body ends, unless they came as Rows."""
    if is_collection(X):
        from softgrad.rows.dask import close, dask_rows

        rows = dask_rows(X, y, sample_weight=sample_weight, n_classes=n_classes)
        try:
            yield _given(rows)
        finally:
            close(rows)
    elif is_rows(X):
        yield _given(as_given(X, y, sample_weight))
    else:
        yield _arrays(as_table(X), y, sample_weight, n_classes)


def _given(rows: Rows) -> _Data:
    _check_all_present(rows)
    return _Data(rows, np.arange(rows.n_classes), rows.n_classes)


def _arrays(
    X: Any, y: npt.ArrayLike | None, sample_weight: npt.ArrayLike | None, n_classes: int | None
) -> _Data:
    targets, total = checked_targets(y, X.shape[0], n_classes)
    kept = present(targets, sample_weight)
    check_present(kept, total)
    seen = restricted(targets, kept, total)
    return _Data(as_rows(X, seen, sample_weight=sample_weight, n_classes=len(kept)), kept, total)


def _check_all_present(rows: Rows) -> None:
    """Arrays can leave classes without weight out; Rows hold theirs."""
    absent = np.flatnonzero(rows.class_weights <= 0)
    if absent.size:
        raise ValueError(
            f"the classes {absent.tolist()[:10]} of the {rows.n_classes} in these Rows have no weight; "
            "leave them out of the Rows' labels."
        )


def with_absent(solution: Solution, present: Array, n_classes: int) -> Solution:
    """The solution of the present classes among `n_classes`: the others at their exact limit, coef 0, intercept -inf.

    Parameters
    ----------
    solution : Solution
    present : ndarray of int
        Which class each of its rows belongs to.
    n_classes : int
    """
    if np.array_equal(present, np.arange(n_classes)):
        return solution
    coef = np.zeros((n_classes, solution.coef.shape[1]))
    intercept = np.full(n_classes, -np.inf)
    coef[present], intercept[present] = solution.coef, solution.intercept
    return replace(solution, coef=coef, intercept=intercept)


def _start(start: Any, data: _Data) -> Parameters:
    if not isinstance(start, tuple | list) or len(start) != 2:
        raise ValueError(f"start of type {type(start).__name__} was given; pass a pair (coef, intercept).")
    coef, intercept = (
        as_numbers(part, f"{name} of the start", "numbers").astype(np.float64, copy=False)
        for name, part in zip(("coef", "intercept"), start, strict=True)
    )
    if len(data.present) < len(coef) and coef.shape[:1] == intercept.shape:
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


def _checked_alpha(alpha: Any) -> float:
    """In double precision, whatever its type: NumPy would round what a float32 scalar meets."""
    expected = "one finite number >= 0 (per-feature penalties are not there yet)"
    check_number("alpha", alpha, expected)
    return float(alpha)


def _checked_alphas(alphas: Any) -> Array:
    try:
        strengths = np.asarray(alphas, dtype=np.float64)
    except (TypeError, ValueError):
        strengths = np.empty((0, 0))
    if strengths.ndim != 1 or strengths.size == 0 or not (np.isfinite(strengths) & (strengths >= 0)).all():
        given = np.array2string(strengths, threshold=10) if strengths.size else repr(alphas)
        raise ValueError(f"alphas={given} was given; pass a list of at least one finite number >= 0.")
    return strengths


def _checked_request(
    solver: Any, tol: Any, max_iter: Any, fit_intercept: Any, callback: Callback | None
) -> Request:
    check_name(solver)
    if not isinstance(fit_intercept, bool | np.bool_):
        raise ValueError(f"fit_intercept={fit_intercept!r} was given; pass True or False.")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback={callback!r} was given; pass a function of one Record, or None.")
    return Request(solver, _checked_limits(tol, max_iter), bool(fit_intercept), callback)


def _check_classes(n_classes: Any) -> None:
    if n_classes is not None:
        check_whole("n_classes", n_classes, "a whole number >= 2, or None to count them in y", least=2)


def _check_threads(n_threads: Any) -> None:
    if n_threads is not None:
        check_whole("n_threads", n_threads, "a whole number >= 1, or None for all cores", least=1)


def _checked_limits(tol: Any, max_iter: Any) -> Limits:
    check_number("tol", tol, "a finite relative gap >= 0")
    check_whole("max_iter", max_iter, "a whole number >= 0")
    return Limits(float(tol), int(max_iter))
