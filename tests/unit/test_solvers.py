"""Solvers x problems x sources: optimality, recomputed in extended precision at the point that was returned."""

import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from softgrad import checkpointfile
from softgrad.fitting import fit
from softgrad.functional import loss_and_gradient
from softgrad.optimize.choose import SOLVERS, check_name, choose, reason
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from tests import problems
from tests.blocked_rows import fenced

TOLERANCES = {
    "newton": 1e-10,
    "newton-pcg": 1e-10,
    "lbfgs": 1e-10,
    "gradient-descent": 1e-6,
    "accelerated-gradient": 1e-8,
}
FAST = ("newton", "newton-pcg", "lbfgs")
TABLE = [
    *((name, build) for name in SOLVERS for build in problems.BENIGN),
    *((name, problems.nearly_separable) for name in FAST),
    *((name, problems.unscaled) for name in ("newton", "newton-pcg")),
]


def solved(source, problem, name, tol, max_iter=5000, **options):
    objective = problems.objective_on(source, problem)
    return minimize(objective, SOLVERS[name](), Limits(tol, max_iter), **options)


def assert_honest(problem, solution):
    """Its objective is the oracle's, and its gap no smaller than the true relative suboptimality."""
    _, _, optimum = problems.solve(problem)
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert solution.objective == pytest.approx(float(value), rel=1e-12)
    assert (value - optimum) / value <= solution.gap
    assert solution.gap <= 1


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize(("name", "build"), TABLE)
def test_optimal_at_the_returned_point(rng, name, build, source):
    problem, tol = build(rng), TOLERANCES[name]
    solution = solved(source, problem, name, tol)
    assert solution.status == "converged"
    assert solution.gap <= tol
    assert_honest(problem, solution)
    by_coef, by_intercept = problems.gradient(problem, solution.coef, solution.intercept)
    size = (by_coef**2).sum() + problem.fit_intercept * (by_intercept**2).sum()
    assert (
        size <= 2 * problems.largest_eigenvalue(problem) * tol * solution.objective
    )  # or a step 1/L gains more
    if name == "newton":
        assert (by_coef**2).sum() / (2 * problem.alpha) <= 1.01 * tol * solution.objective
        assert np.abs(by_intercept).max() <= 1e-13 or not problem.fit_intercept
    if not problem.fit_intercept:
        np.testing.assert_array_equal(solution.intercept, 0)
    assert np.abs(solution.coef.mean(axis=0)).max() <= 1e-15 * max(1, np.abs(solution.coef).max())


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("build", [problems.plain, problems.no_intercept, problems.soft_labels])
def test_nothing_outside_the_protocol_is_used(rng, name, build):
    problem = build(rng)
    rows = fenced(problems.dense(problem))
    objective = Objective(rows, L2(problem.alpha), fit_intercept=problem.fit_intercept)
    solution = minimize(objective, SOLVERS[name](), Limits(1e-8, 3000))
    assert solution.status == "converged"
    again = solved(problems.dense, problem, name, 1e-8, 3000)
    np.testing.assert_array_equal(solution.coef, again.coef)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_checkpoint_can_hold_its_state(rng, name):
    objective = problems.objective_on(problems.dense, problems.plain(rng))
    state = SOLVERS[name]().init(objective, np.zeros(objective.shape))
    assert type(state).__name__ in checkpointfile._STATES


@pytest.mark.parametrize("name", SOLVERS)
def test_constructed_optimum(rng, name):
    problem, coef, intercept = problems.constructed_optimum(rng)
    gradient = problems.gradient(problem, coef, intercept)
    assert max(np.abs(part).max() for part in gradient) < 1e-16
    solution = solved(problems.dense, problem, name, 1e-13)
    np.testing.assert_allclose(solution.coef, coef, atol=2e-6)
    np.testing.assert_allclose(solution.intercept, intercept, atol=2e-6)
    assert solution.objective == pytest.approx(float(problems.objective(problem, coef, intercept)), rel=2e-13)


def test_two_classes_are_binary_logistic_regression(rng):
    """``coef[1] - coef[0]`` solves the binary problem with half the penalty's weight: scipy's and sklearn's answer."""
    problem = problems.two_classes(rng)
    X, signs = problem.X, 2.0 * problem.targets - 1

    def binary(v):
        margin = signs * (X @ v[:-1] + v[-1])
        pull = -signs / (1 + np.exp(margin)) / len(X)
        value = np.logaddexp(0, -margin).mean() + problem.alpha / 4 * v[:-1] @ v[:-1]
        return value, np.append(X.T @ pull + problem.alpha / 2 * v[:-1], pull.sum())

    start = np.zeros(X.shape[1] + 1)
    found = scipy_minimize(binary, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    solution = fit(X, problem.targets, alpha=problem.alpha, tol=1e-14)
    assert solution.objective == pytest.approx(found.fun, rel=1e-12)
    C = 2 / (problem.alpha * len(X))
    model = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X, problem.targets)
    np.testing.assert_allclose(solution.coef[1] - solution.coef[0], model.coef_[0], atol=1e-6)
    assert solution.intercept[1] - solution.intercept[0] == pytest.approx(model.intercept_[0], abs=1e-6)
    at_theirs = binary(np.append(model.coef_[0], model.intercept_[0]))[0]
    assert solution.objective == pytest.approx(at_theirs, rel=1e-12)


@pytest.mark.parametrize("n_classes", [3, 6, 10])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_more_classes_against_scikit_learn(rng, n_classes, fit_intercept):
    problem = problems.plain(rng, n=100, n_classes=n_classes, fit_intercept=fit_intercept)
    solution = fit(problem.X, problem.targets, alpha=problem.alpha, fit_intercept=fit_intercept, tol=1e-14)
    model = LogisticRegression(
        C=1 / (problem.alpha * 100), fit_intercept=fit_intercept, solver="newton-cholesky", tol=1e-12
    ).fit(problem.X, problem.targets)
    np.testing.assert_allclose(solution.coef, model.coef_, atol=1e-6)
    value = problems.objective(problem, model.coef_, model.intercept_ * np.ones(n_classes))
    assert solution.objective == pytest.approx(float(value), rel=1e-12)


# ------------------------------------------------------------------------------------------ without a penalty


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("name", SOLVERS)
def test_maximum_likelihood_is_never_certified(rng, name, source):
    problem = problems.without_penalty(rng)
    solution = solved(source, problem, name, 1e-8)
    _, _, optimum = problems.solve(problem)
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert solution.status == "converged"
    assert np.isnan(solution.gap)
    assert np.isnan([record.gap for record in solution.history]).all()
    assert 0 <= solution.decrement <= 1e-8
    assert value - optimum <= 2e-8 * value
    assert "certif" not in solution.status.sentence
    assert "proved" not in solution.status.sentence
    assert "no bound" in solution.status.sentence


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_maximum_likelihood_with_collinear_columns(rng, fit_intercept):
    problem = problems.without_penalty(rng)
    X = np.column_stack([problem.X, problem.X[:, 0], problem.X.sum(axis=1), np.full(90, 3.0)])
    given = {"alpha": 0.0, "fit_intercept": fit_intercept}
    whole = fit(X, problem.targets, **given)
    plain = fit(X[:, [0, 1, 4]], problem.targets, **given)
    assert whole.status == plain.status == "converged"
    assert whole.objective == pytest.approx(plain.objective, rel=1e-8)


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("name", SOLVERS)
def test_separable_rows_have_no_optimum(rng, name, source):
    problem = problems.separable(rng)
    solution = solved(source, problem, name, 1e-8)
    assert solution.status == "no_optimum"
    assert "alpha > 0" in solution.status.sentence
    assert np.isfinite(solution.coef).all()


def test_separable_rows_with_a_penalty_have_one(rng):
    problem = problems.separable(rng)
    solution = fit(problem.X, problem.targets, alpha=1e-3)
    assert solution.status == "converged"


# ---------------------------------------------------------------------------------------- gradient descent, 1/L


@pytest.mark.parametrize("build", [problems.plain, problems.nearly_separable, problems.unscaled])
def test_gradient_descent_never_ascends(rng, build):
    """And descends by at least ``||gradient||^2 / (2 L)`` a step, with L taken from the data here."""
    problem = build(rng)
    objective = problems.objective_on(problems.dense, problem)
    solver, bound = SOLVERS["gradient-descent"](), problems.largest_eigenvalue(problem)
    state = solver.init(objective, np.zeros(objective.shape))
    assert state.step == pytest.approx(1 / bound, rel=0.02)
    for _ in range(30):
        here = objective.at(state.params)
        state = solver.step(objective, state)
        expected = 0.97 * (here.gradient**2).sum() / (2 * bound)
        assert objective.at(state.params).value <= here.value - expected + 1e-15 * here.value


@pytest.mark.parametrize("name", ["newton", "newton-pcg"])
def test_values_that_rounding_orders_wrongly_do_not_end_a_fit(name):
    """The last step gains 1e-18, less than the values' rounding: in some orders of the rows they look reversed."""
    X, y = load_breast_cancer(return_X_y=True)
    alpha = 1 / (1e6 * len(y))
    for seed in range(24):
        order = np.random.default_rng(seed).permutation(len(y))
        solution = fit(X[order], y[order], alpha=alpha, solver=name)
        assert solution.status == "converged", (seed, solution.status.sentence)
        loss, by_coef, _ = loss_and_gradient(solution.coef, solution.intercept, X, y, alpha=alpha)
        own = (by_coef**2).sum() / (2 * alpha)
        assert own <= 1e-8 * loss, (seed, own / loss)


# ----------------------------------------------------------------------------------------------------- passes


def test_passes_of_each_solver(rng):
    """A step of gradient descent or of the accelerated gradient is one pass, polishing another."""
    problem = problems.plain(rng)
    for name in ("gradient-descent", "accelerated-gradient"):
        passes = [record.n_passes for record in solved(problems.dense, problem, name, 1e-6).history]
        steps = np.diff(passes)
        assert np.median(steps) == 1
        assert steps.max() <= 2


# ------------------------------------------------------------------------------------------------------ names


def test_names():
    assert set(SOLVERS) == {"newton", "newton-pcg", "lbfgs", "gradient-descent", "accelerated-gradient"}
    assert check_name("newton-cholesky") == "newton"
    assert check_name("newton-cg") == "newton-pcg"
    assert check_name("saga") == "auto"
    for name, words in [
        ("liblinear", "one class against the rest"),
        ("adam", "use one of"),
        (3, "unknown"),
    ]:
        with pytest.raises(ValueError, match=words):
            check_name(name)


@pytest.mark.parametrize(
    ("d", "name"), [(3, "newton"), (30, "newton"), (300, "newton-pcg"), (3000, "newton-pcg")]
)
def test_auto(rng, d, name):
    problem = problems.Problem(rng.normal(size=(5, d)), np.arange(5) % 3, 3, 0.1)
    objective = problems.objective_on(problems.dense, problem)
    assert choose("auto", objective).name == name
    assert "ms" in reason("auto", objective)
    assert reason("lbfgs", objective) == ""
    sentence = fit(problem.X, problem.targets, alpha=0.1).status.sentence
    assert f"of {name if d < 1000 else 'newton'} (taken because" in sentence
