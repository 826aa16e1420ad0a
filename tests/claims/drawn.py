"""Problems of many kinds, drawn by number, with optima in extended precision that are proved to 1e-13."""

from dataclasses import dataclass, replace

import numpy as np

from tests import problems
from tests.problems import LONG, Problem

PROVED = 1e-13
"""The relative gap that a reference must have by the dual objective, itself in extended precision."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A problem, the data as they are handed to the fit, and the limits it is given."""

    problem: Problem
    X: np.ndarray
    tol: float
    max_iter: int
    solver: str


def draw(number):
    """The problem of this number; the kinds below overlap in every way as the numbers run."""
    rng = np.random.default_rng([20, number])
    n, d, K = int(rng.integers(20, 250)), int(rng.integers(1, 11)), int(rng.integers(2, 7))
    X = rng.normal(size=(n, d))
    if number % 2:
        X = X @ (np.eye(d) + 0.6 * rng.normal(size=(d, d)))
    prior = 1.0 / np.arange(1, K + 1) ** (number % 4)
    codes = problems.drawn_codes(rng, X / np.abs(X).max(axis=0), K, 30.0 if number % 5 == 2 else 2.0, prior)
    if number % 3 == 1:
        X = X * 10.0 ** rng.uniform(-4, 4, size=d)
    if number % 7 == 4:
        X = X + 10.0 ** rng.uniform(0, 3) * np.abs(X).max(axis=0)
    if number % 8 == 5:
        X[:, -1] = X[:, 0]
    single = number % 2 == 0
    given = X.astype(np.float32) if single else X
    targets = problems.soft(rng, n, K) if number % 11 == 3 else codes
    weights = 10 ** rng.uniform(-2, 2, size=n) if number % 6 == 0 else None
    tight = number % 10 == 9
    alpha = (given.astype(float) ** 2).sum(axis=1).mean() if tight else 10 ** rng.uniform(-7, 0)
    problem = Problem(given.astype(float), targets, K, float(alpha), weights, fit_intercept=number % 9 != 8)
    solver = ("auto", "newton", "newton-pcg", "auto", "lbfgs")[number // 2 % 5]
    tol = float(10 ** rng.uniform(-11, -1))
    if (
        tight
    ):  # the penalty is most of the curvature, so the bound is within a factor of two; one step, from far
        return Drawn(problem, given, tol=1e-11, max_iter=1, solver="lbfgs")
    return Drawn(problem, given, tol, (3, 1000, 1000)[number // 3 % 3], solver)


def optimum(problem):
    """The optimum's upper and lower bound, proved to be within `PROVED` of each other.

    An intercept takes up any shift of the columns, so they are centred first, for the sake of float64's systems.
    """
    problem, _ = _centred(problem)
    coef, intercept, value = problems.solve(problem)
    lower = dual(problem, coef, intercept)
    for _ in range(5):  # where alpha is small, the dual value lags behind by a step or two
        if value - lower <= PROVED * value:
            break
        coef, intercept = _newton_step(problem, coef, intercept)
        value = min(value, problems.objective(problem, coef, intercept))
        lower = max(lower, dual(problem, coef, intercept))
    assert value - lower <= PROVED * value, (
        f"the reference is only known to {float((value - lower) / value):.0e}"
    )
    return value, lower


def dual_nearby(problem, coef, intercept):
    """`dual` one Newton step away, for points as good as optimal whose own probabilities prove less than that."""
    problem, means = _centred(problem)
    return dual(problem, *_newton_step(problem, np.asarray(coef, LONG), intercept + coef @ means))


def _centred(problem):
    """The same problem with columns of mean zero, and the means; without an intercept as it is."""
    if not problem.fit_intercept:
        return problem, np.zeros(problem.X.shape[1])
    means = problem.shares @ problem.X.astype(LONG)
    return replace(problem, X=problem.X - means), means


def _newton_step(problem, coef, intercept):
    """One step of its full length, the gradient scaled so that float64 loses none of it."""
    free = np.ones((problem.n_classes, problem.X.shape[1] + 1), bool)
    free[:, -1] = problem.fit_intercept
    slope = np.column_stack(problems.gradient(problem, coef, intercept))[free]
    system = problems.naive_hessian(problem, coef, intercept)[np.ix_(free.ravel(), free.ravel())]
    units = 1 / np.sqrt(np.diagonal(system))
    scaled, right = system * units * units[:, None], units * slope
    size = np.abs(right).max()
    step = np.linalg.lstsq(scaled, (right / size).astype(float), rcond=1e-15)[0]
    theta = np.column_stack([coef, intercept])
    theta[free] -= size * (units * step)
    return theta[:, :-1], theta[:, -1]


def dual(problem, coef, intercept):
    """A number below the optimum, from the probabilities of coef with its best intercept; in extended precision.

    `problems.dual_value` asks for probabilities whose means are the labels'; what the best intercept leaves of that,
    about 1e-19, is taken off, times the size of any intercept that could be optimal beside these coef. Columns are
    centred first, which makes that size small and changes nothing else.
    """
    if not problem.fit_intercept:
        return problems.dual_value(problem, coef, intercept)
    problem, means = _centred(problem)
    intercept = intercept + coef @ means
    intercept = _best_intercept(problem, coef, intercept)
    left = np.abs(problems.gradient(problem, coef, intercept)[1]).sum()
    return problems.dual_value(problem, coef, intercept) - 2 * left * (1 + np.abs(intercept).max())


def _best_intercept(problem, coef, intercept):
    """Newton's method on the K x K system, as long as the gradient shrinks."""
    best = intercept = np.asarray(intercept, LONG)
    smallest = np.inf
    while True:
        slope = problems.gradient(problem, coef, intercept)[1]
        if not np.abs(slope).max() < smallest:
            return best
        best, smallest = intercept, np.abs(slope).max()
        proba = problems.probabilities(problem, coef, intercept)[1]
        system = np.diag(problem.shares @ proba) - (problem.shares[:, None] * proba).T @ proba
        step = np.linalg.lstsq(system.astype(float), (slope / smallest).astype(float), rcond=1e-14)[0]
        intercept = intercept - smallest * step
