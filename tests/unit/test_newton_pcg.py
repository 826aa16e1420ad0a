"""newton-pcg where others fail: hard data, many rows, many classes, and what it costs."""

import warnings

import numpy as np
import pytest
from sklearn import datasets

from softgrad import SoftmaxRegression
from softgrad.fitting import fit
from softgrad.optimize.choose import SOLVERS
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.newton import Newton
from softgrad.optimize.newton_pcg import NewtonPcg
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.preconditioner import FULL, KRONECKER
from softgrad.rows.dense import DenseRows
from tests import problems


def objective_of(X, targets, alpha, n_classes=None, weights=None):
    n_classes = int(np.max(targets)) + 1 if n_classes is None else n_classes
    return Objective(DenseRows(X, targets, n_classes, weights), L2(alpha))


def correlated(rng, n, d=20, n_classes=4, units=True, prior=None):
    """Correlated columns, in units from 1e-3 to 1e3."""
    X = rng.normal(size=(n, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    codes = problems.drawn_codes(rng, X / np.linalg.norm(X, axis=1).mean() * 2, n_classes, 1.0, prior)
    return X * 10.0 ** rng.uniform(-3, 3, size=d) if units else X, codes


def solve(objective, tol=1e-8, max_iter=200):
    return minimize(objective, NewtonPcg(), Limits(tol, max_iter))


# ------------------------------------------------------------------------------------------------- hard data


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3, 1e6])
def test_raw_toy_sets_with_default_arguments(name, C):
    """No warning and a certified gap, on raw columns."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SoftmaxRegression(C=C).fit(X, y)
    assert model.status_ == "converged"
    assert model.gap_ <= 1e-8
    if C == 1:
        assert model.n_passes_ <= 250


def hard_problems(rng):
    X, codes = correlated(rng, 300, d=5)
    n = len(codes)
    yield "scales", X * 10.0 ** np.array([-8, -4, 0, 4, 8]), codes, {}
    yield "offsets", X / X.std(axis=0) + 1e3, codes, {}
    yield "collinear", np.column_stack([X, X[:, 0], X @ np.ones(5), np.full(n, 7.0), np.zeros(n)]), codes, {}
    yield "float32", X.astype(np.float32), codes, {}
    yield "weights", X, codes, {"sample_weight": 10 ** rng.uniform(-4, 2, size=n)}
    yield "soft labels", X, problems.soft(rng, n, 4), {}
    yield "absent class", X, np.where(codes == 2, 3, codes), {"n_classes": 6}
    yield "two classes", X, codes % 2, {}
    yield "no intercept", X, codes, {"fit_intercept": False}


@pytest.mark.parametrize("case", range(9))
@pytest.mark.parametrize("C", [1.0, 1e4])
def test_hard_problems_converge(rng, case, C):
    name, X, targets, options = list(hard_problems(rng))[case]
    total = options.get("sample_weight", np.ones(len(X))).sum()
    given = {"alpha": 1 / (C * total), "max_iter": 150} | options
    solution = fit(X, targets, solver="newton-pcg", **given)
    exact = fit(X, targets, solver="newton", tol=1e-11, **given)
    assert solution.status == "converged", (name, solution.status.sentence)
    assert solution.objective - exact.objective <= max(solution.gap, 1e-14) * solution.objective


@pytest.mark.parametrize("C", [1.0, 1e6])
def test_separable_rows(rng, C):
    codes = np.arange(90) % 3
    X = 100 * np.eye(3)[codes] + rng.normal(size=(90, 3))
    solution = solve(objective_of(X, codes, 1 / (90 * C)))
    assert solution.status == "converged"


@pytest.mark.parametrize("C", [1.0, 1e3])
def test_heavy_tails(rng, C):
    """Cauchy columns and tree-like labels: single rows turn over at a thousandth of Newton's step."""
    X = np.round(30 * rng.standard_cauchy(size=(1500, 6)))
    X[:, 5] = X[:, 0] - X[:, 1]
    codes = (X[:, 0] > 40).astype(int) + 2 * (np.abs(X[:, 2]) > 60)
    codes[np.argsort(X[:, 3])[-4:]] = 4
    solution = solve(objective_of(X, codes, 1 / (1500 * C)), max_iter=80)
    assert solution.status == "converged"


def test_a_class_with_three_rows(rng):
    X, codes = correlated(rng, 40_000, d=8, n_classes=3)
    codes[codes == 2] = 0
    codes[:3] = 2
    solution = solve(objective_of(X, codes, 1 / len(codes)))
    assert solution.status == "converged"
    assert solution.n_passes <= 150


def test_many_classes(rng):
    """More classes than blocks are built for: the Kronecker form carries the fit."""
    n, d, n_classes = 900, 60, 300
    centres = rng.normal(size=(n_classes, d))
    codes = np.arange(n) % n_classes
    objective = objective_of(centres[codes] + rng.normal(size=(n, d)), codes, 1e-3)
    solution = solve(objective)
    assert solution.status == "converged"
    assert solution.n_passes <= 130


# ----------------------------------------------------------------------------------------------------- cost


@pytest.mark.parametrize("trial", [0, 1])
def test_tens_of_passes_where_lbfgs_takes_thousands(trial):
    X, codes = correlated(np.random.default_rng(trial), 2000)
    solution = solve(objective_of(X, codes, 1 / 2000))
    assert solution.status == "converged"
    assert solution.n_passes <= 120
    other = minimize(objective_of(X, codes, 1 / 2000), SOLVERS["lbfgs"](), Limits(1e-8, 1500))
    assert other.status != "converged"
    assert other.objective >= solution.objective


def test_passes_hardly_grow_with_the_rows(rng):
    passes = []
    for n in (4_000, 40_000, 160_000):
        X, codes = correlated(np.random.default_rng(0), n, d=10)
        solution = solve(objective_of(X, codes, 1 / n))
        assert solution.status == "converged"
        passes.append(solution.n_passes)
    assert passes[-1] <= 1.2 * passes[0]


def test_the_warm_start_is_counted_and_the_same_every_time(rng):
    X, codes = correlated(rng, 40_000, d=5, n_classes=3)
    once, again = (objective_of(X, codes, 1e-4) for _ in range(2))
    state = NewtonPcg().init(once, np.zeros(once.shape))
    assert state.params.any()
    assert 1 < once.n_passes < 10
    assert state.form == FULL
    np.testing.assert_array_equal(state.params, NewtonPcg().init(again, np.zeros(again.shape)).params)
    solution = solve(objective_of(X, codes, 1e-4))
    assert solution.history[0].n_passes >= once.n_passes


def test_a_sample_that_separates_is_no_start(rng):
    """One row in 16 can be told apart by so many columns, all of them cannot."""
    X, codes = rng.normal(size=(40_000, 40)), rng.integers(0, 2, 40_000)
    X[:, 0] += 30.0 * (2 * codes - 1) * (rng.random(40_000) < 0.999)
    for solver in (NewtonPcg, Newton):
        objective = objective_of(X, codes, 1e-8)
        assert not solver().init(objective, np.zeros(objective.shape)).params.any()
        assert objective.n_passes > 1
    assert solve(objective_of(X, codes, 1e-8)).status == "converged"


def test_few_rows_start_at_zero_with_the_cheapest_form(rng):
    objective = problems.objective_on(problems.dense, problems.plain(rng))
    state = NewtonPcg().init(objective, np.zeros(objective.shape))
    assert not state.params.any()
    assert state.form == KRONECKER
    assert objective.n_passes == 0
