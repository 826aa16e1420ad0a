"""softgrad and its peers, each as a function of the data, alpha and a tolerance, on one and the same objective.

    (1/n) sum_i loss_i + alpha/2 ||coef||^2, alpha = 1/n (scikit-learn's C = 1), intercept not penalised

cyanure's objective with lambda_1 = alpha is this one: recomputed from its coefficients its own figure agrees to the
last digits, and its gradient with respect to the intercept goes to zero. For two classes its binary "logistic" loss
is scikit-learn's; its multinomial one would penalise two rows of coefficients.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._linear_loss import LinearModelLoss

from softgrad import SoftmaxRegression

Array = np.ndarray[Any, Any]

OURS = "softgrad"
DEFAULTS = "defaults"
"""The methods that are this project, and scikit-learn's LogisticRegression without any argument."""

LARGEST_HESSIAN = 4e9
"""Bytes that a peer's Hessian may take."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Where one fit ended, what it took, and for softgrad the gap that it certified."""

    coef: Array
    intercept: Array
    seconds: float
    passes: float
    gap: float = float("nan")


def _takes_all(_n_features: int, _n_classes: int) -> str | None:
    return None


@dataclass(frozen=True)
class Method:
    """A solver, the tolerances to run it at, loosest first, and why it cannot take a problem, if so.

    `fit(X, y, alpha, tolerance)` returns a Fit; `refuses(n_features, n_classes)` a reason, or None.
    """

    name: str
    tolerances: tuple[float, ...]
    fit: Callable[[Any, Array, float, float], Fit]
    refuses: Callable[[int, int], str | None] = _takes_all


def methods() -> list[Method]:
    """The solvers, ours first; cyanure only where it is installed."""
    return [
        Method(OURS, (1e-3, 1e-6, 1e-8), by_softgrad),
        Method(DEFAULTS, (1e-4,), by_defaults),
        Method(
            "newton-cholesky",
            (1e-4, 1e-6, 1e-8),
            partial(by_sklearn, "newton-cholesky"),
            _hessian_too_large,
        ),
        Method("newton-cg", (1e-4, 1e-6, 1e-8), partial(by_sklearn, "newton-cg")),
        Method("lbfgs", (1e-4, 1e-6, 1e-8), partial(by_sklearn, "lbfgs")),
        *_cyanure_methods(),
        Method("saga", (1e-3, 1e-5, 1e-7), partial(by_sklearn, "saga")),
        Method("sag", (1e-3, 1e-5, 1e-7), partial(by_sklearn, "sag")),
    ]


def missing() -> list[str]:
    """A line for each optional peer that is not installed."""
    return [] if _cyanure_methods() else ["cyanure is not installed (pip install cyanure): left out."]


def by_softgrad(X: Any, y: Array, _alpha: float, tolerance: float) -> Fit:
    model = SoftmaxRegression(tol=tolerance)
    began = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - began
    return Fit(model.coef_, model.intercept_, seconds, model.n_passes_, model.gap_)


def by_sklearn(solver: str, X: Any, y: Array, _alpha: float, tolerance: float) -> Fit:
    return _timed(LogisticRegression(solver=solver, tol=tolerance, max_iter=1_000_000, random_state=0), X, y)


def _timed(model: Any, X: Any, y: Array) -> Fit:
    with _counted_passes() as count:
        began = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - began
    passes = float(model.n_iter_.max()) if model.solver in ("sag", "saga") else count[0]
    return Fit(model.coef_, model.intercept_, seconds, passes)


def by_defaults(X: Any, y: Array, _alpha: float, tolerance: float) -> Fit:
    """Scikit-learn's lbfgs as it comes: `tolerance` is its default, and so are its hundred iterations."""
    return _timed(LogisticRegression(tol=tolerance), X, y)


def by_cyanure(solver: str, X: Any, y: Array, alpha: float, tolerance: float) -> Fit:
    """Bytes become float64 before the clock starts; cyanure takes floating rows only."""
    from cyanure.estimators import Classifier

    two = y.max() == 1
    loss = "logistic" if two else "multiclass-logistic"
    model = Classifier(
        loss=loss,
        penalty="l2",
        lambda_1=alpha,
        tol=tolerance,
        solver=solver,
        max_iter=1_000_000,
        verbose=False,
    )
    X = X if X.dtype.kind == "f" else X.astype(float)
    X = scipy.sparse.csr_matrix(X) if scipy.sparse.issparse(X) else X
    began = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - began
    coef = model.coef_.reshape(1, -1) if two else model.coef_.T
    return Fit(coef, model.intercept_.ravel(), seconds, float(model.n_iter_.max()))


def _cyanure_methods() -> list[Method]:
    try:
        version("cyanure")
    except PackageNotFoundError:
        return []
    return [
        Method(f"cyanure {solver}", (1e-2, 1e-4, 1e-6), partial(by_cyanure, solver))
        for solver in ("auto", "qning-svrg")
    ]


def _hessian_too_large(n_features: int, n_classes: int) -> str | None:
    size = 8.0 * ((n_features + 1) * (n_classes if n_classes > 2 else 1)) ** 2
    return f"its Hessian takes {size / 1e9:.0f} GB" if size > LARGEST_HESSIAN else None


@contextmanager
def _counted_passes() -> Iterator[list[float]]:
    """Count, in passes of 4 n d K flop, what scikit-learn's solvers ask of its LinearModelLoss while this is open."""
    count = [0.0]
    before = {name: getattr(LinearModelLoss, name) for name in _COSTS}
    for name, cost in _COSTS.items():
        setattr(LinearModelLoss, name, _counting(before[name], cost, count))
    try:
        yield count
    finally:
        for name, function in before.items():
            setattr(LinearModelLoss, name, function)


def _counting(function: Callable[..., Any], cost: Callable[[int, int], float], count: list[float]) -> Any:
    def counted(self: Any, coef: Array, X: Any, *args: Any, **options: Any) -> Any:
        count[0] += cost(X.shape[1], self.base_loss.n_classes if self.base_loss.is_multiclass else 1)
        result = function(self, coef, X, *args, **options)
        if function.__name__ != "gradient_hessian_product":
            return result
        gradient, product = result

        def counted_product(direction: Array) -> Array:
            count[0] += 1
            return product(direction)

        return gradient, counted_product

    return counted


_COSTS: dict[str, Callable[[int, int], float]] = {
    "loss": lambda _d, _n_classes: 0.5,
    "loss_gradient": lambda _d, _n_classes: 1.0,
    "gradient": lambda _d, _n_classes: 1.0,
    "gradient_hessian": lambda d, n_classes: 1.0 + (n_classes + 1) * d / 4,
    "gradient_hessian_product": lambda _d, _n_classes: 1.0,
}


def quietly() -> None:
    """Peers' warnings about convergence are what the tables are about; they are not printed."""
    warnings.simplefilter("ignore")
