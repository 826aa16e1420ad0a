"""The certificate: never below the true suboptimality, equal to primal minus dual, and tight at the optimum."""

import numpy as np
import pytest

from softgrad.optimize.certificate import (
    ROUNDING,
    certify,
    class_shares,
    intercept_is_optimal,
    polish_intercept,
)
from softgrad.optimize.choose import SOLVERS
from softgrad.optimize.driver import Limits, minimize
from tests import problems

EPS = np.finfo(float).eps


def random_problem(rng, turn):
    """Small, and unpleasant in one of several ways."""
    n, d, K = int(rng.integers(8, 40)), int(rng.integers(1, 5)), int(rng.integers(2, 6))
    X = rng.normal(size=(n, d))
    if turn % 2:
        X = X @ (np.eye(d) + 0.6 * rng.normal(size=(d, d)))
    if turn % 3 == 1:
        X = X * 10.0 ** rng.uniform(-3, 3, size=d)
    prior = 1.0 / np.arange(1, K + 1) ** (turn % 4)
    scaled = X / np.abs(X).max(axis=0)
    targets = problems.drawn_codes(rng, scaled, K, 30.0 if turn % 5 == 2 else 2.0, prior)
    weights = 10 ** rng.uniform(-2, 2, size=n) if turn % 3 == 0 else None
    if turn % 7 == 3:
        targets = problems.soft(rng, n, K)
    alpha = float(10 ** rng.uniform(-5, 0))
    return problems.Problem(X, targets, K, alpha, weights, fit_intercept=turn % 6 != 5)


def check(problem, objective, params, optimum):
    """The claims of the certificate at one place, each against extended precision."""
    certificate = certify(objective, objective.at(params))
    coef, intercept = objective.split(certificate.iterate.params)
    value = problems.objective(problem, coef, intercept)
    assert certificate.gap >= value - optimum
    assert certificate.lower_bound <= optimum
    assert certificate.iterate.value == pytest.approx(float(value), rel=1e-13)
    return certificate


@pytest.mark.parametrize("group", range(20))
def test_never_below_the_true_suboptimality(rng, group):
    """Two hundred problems, at random places of several sizes, along two solvers' ways and at the optimum."""
    for turn in range(10 * group, 10 * group + 10):
        problem = random_problem(rng, turn)
        best_coef, best_intercept, optimum = problems.solve(problem)
        objective = problems.objective_on(problems.dense, problem)
        typical = np.abs(best_coef).max(axis=0).astype(float)
        scales = np.append(typical, 1.0) if problem.fit_intercept else typical
        for size in (0.01, 0.3, 2.0):
            check(problem, objective, size * scales * rng.normal(size=objective.shape), optimum)
        for name in ("newton", "lbfgs"):
            solver = SOLVERS[name]()
            state = solver.init(objective, np.zeros(objective.shape))
            for _ in range(5):
                state = solver.step(objective, state)
                check(problem, objective, state.params, optimum)
        at_best = objective.join(best_coef.astype(float), best_intercept.astype(float))
        assert check(problem, objective, at_best, optimum).gap <= 1e-10 * float(optimum)


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("build", [*problems.BENIGN, *problems.HARD])
def test_equals_primal_minus_dual(rng, source, build):
    """``f(W, b) - (sum_i om_i H(p_i) - ||G||^2 / (2 alpha))``, computed from these definitions."""
    problem = build(rng)
    objective = problems.objective_on(source, problem)
    scales = 1 / np.maximum(np.abs(problem.X).max(axis=0), 1e-3)
    scales = np.append(scales, 1.0) if problem.fit_intercept else scales
    certificate = certify(objective, objective.at(0.3 * scales * rng.normal(size=objective.shape)))
    coef, intercept = objective.split(certificate.iterate.params)
    primal = problems.objective(problem, coef, intercept)
    expected = float(primal - problems.dual_value(problem, coef, intercept))
    assert certificate.gap == pytest.approx(expected, rel=1e-9, abs=60 * EPS * float(primal))


@pytest.mark.parametrize("source", problems.SOURCES)
def test_tight_at_the_optimum(rng, source):
    """The claim there is the rounding that it allows for, and little more."""
    problem = problems.plain(rng)
    coef, intercept, optimum = problems.solve(problem)
    objective = problems.objective_on(source, problem)
    certificate = check(
        problem, objective, objective.join(coef.astype(float), intercept.astype(float)), optimum
    )
    assert certificate.gap <= 3 * ROUNDING * float(optimum)


def test_no_claim_of_less_than_rounding(rng):
    problem = problems.no_intercept(rng)
    coef, intercept, optimum = problems.solve(problem)
    certificate = certify(*_at(problem, coef, intercept))
    assert certificate.gap >= ROUNDING * float(optimum) * (1 - 1e-12)


def _at(problem, coef, intercept):
    objective = problems.objective_on(problems.dense, problem)
    return objective, objective.at(objective.join(coef.astype(float), intercept.astype(float)))


# ---------------------------------------------------------------------------------------------- the intercept


@pytest.mark.parametrize("source", [problems.dense, problems.sparse, problems.blocked])
@pytest.mark.parametrize("size", [0.0, 1.0, 4.0, 20.0])
def test_polishing_leaves_rounding_and_reads_nothing(rng, source, size):
    problem = problems.zipf_classes(rng)
    objective = problems.objective_on(source, problem)
    iterate = objective.at(size * rng.normal(size=objective.shape))
    before = objective.n_passes
    polished = polish_intercept(iterate.point, class_shares(objective))
    assert objective.n_passes == before
    assert polished.loss <= iterate.point.loss * (1 + 1e-14)
    np.testing.assert_array_equal(polished.coef, iterate.point.coef)
    _, by_intercept = problems.gradient(problem, polished.coef, polished.intercept)
    assert np.abs(by_intercept).max() <= 64 * EPS


@pytest.mark.parametrize("size", [20.0, 1000.0])
def test_claims_hold_where_polishing_cannot_reach_the_optimum(rng, size):
    """Logits so large that every row is certain: the intercept's curvature vanishes in floating point."""
    problem = problems.zipf_classes(rng)
    objective = problems.objective_on(problems.dense, problem)
    _, _, optimum = problems.solve(problem)
    for _ in range(5):
        check(problem, objective, size * rng.normal(size=objective.shape), optimum)


def test_certify_costs_one_pass_where_the_intercept_was_not_optimal(rng):
    objective = problems.objective_on(problems.blocked, problems.plain(rng))
    iterate = objective.at(rng.normal(size=objective.shape))
    assert len(objective.column_sizes)  # a sample's, looked at once a fit
    before = objective.n_passes
    assert not intercept_is_optimal(objective, iterate)
    polished = certify(objective, iterate).iterate
    assert objective.n_passes == before + 1
    assert certify(objective, polished).iterate.point.loss <= iterate.point.loss


def test_an_unpolished_intercept_is_no_bound(rng):
    """Why it is polished: the bare formula misses what a wrong intercept costs."""
    problem = problems.plain(rng, alpha=10.0)
    objective = problems.objective_on(problems.dense, problem)
    _, _, optimum = problems.solve(problem)
    wrong = np.zeros(objective.shape)
    wrong[0, -1] = 8.0
    iterate = objective.at(wrong)
    bare = objective.penalty.duality_gap(iterate.point.coef, iterate.point.grad_coef)
    assert bare < iterate.value - float(optimum)
    assert not intercept_is_optimal(objective, iterate)
    check(problem, objective, wrong, optimum)


# ----------------------------------------------------------------------------------------------- in the driver


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("build", [problems.plain, problems.no_intercept, problems.zipf_classes])
def test_the_best_bound_never_worsens_and_always_holds(rng, name, build):
    """Of the records of a fit: each certified gap covers the best objective so far, and none rises."""
    problem = build(rng)
    _, _, optimum = problems.solve(problem)
    solution = minimize(problems.objective_on(problems.dense, problem), SOLVERS[name](), Limits(1e-12, 40))
    gaps = np.array([record.gap for record in solution.history])
    best = np.minimum.accumulate([record.objective for record in solution.history])
    assert (np.diff(gaps) <= 1e-14).all()
    assert (gaps[:-1] * best[:-1] >= (best[:-1] - float(optimum)) * (1 - 1e-9) - 4 * EPS * best[:-1]).all()
