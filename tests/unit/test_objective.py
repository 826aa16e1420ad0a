"""Objective: loss + penalty on any source, its derivatives, its cache; the penalty and the step-size bound."""

import numpy as np
import pytest

from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.solver import largest_curvature
from tests import problems
from tests.unit.test_rows import close

BUILDS = [problems.plain, problems.no_intercept, problems.weighted, problems.soft_labels]
cases = pytest.mark.parametrize(
    ("source", "build"), [(source, build) for source in problems.SOURCES for build in BUILDS]
)


def anywhere(rng, objective, size=0.5):
    return size * rng.normal(size=objective.shape)


@cases
def test_value_and_gradient(rng, source, build):
    problem = build(rng)
    objective = problems.objective_on(source, problem)
    params = anywhere(rng, objective)
    coef, intercept = objective.split(params)
    by_coef, by_intercept = problems.gradient(problem, coef, intercept)
    iterate = objective.at(params)
    assert iterate.value == pytest.approx(float(problems.objective(problem, coef, intercept)), rel=1e-14)
    close(iterate.gradient, objective.join(by_coef, by_intercept).astype(float))


@cases
def test_hessian_product_and_newton_direction(rng, source, build):
    problem = build(rng)
    objective = problems.objective_on(source, problem)
    params, direction = objective.balanced(anywhere(rng, objective)), anywhere(rng, objective)
    K, width = problem.n_classes, problem.X.shape[1] + 1
    kept = np.arange(K * width).reshape(K, width)[:, : objective.shape[1]].ravel()
    expected = problems.naive_hessian(problem, *objective.split(params))[np.ix_(kept, kept)]
    iterate = objective.at(params)
    close(iterate.hessian, expected)
    close(iterate.product(direction).ravel(), expected @ direction.ravel())
    newton = np.linalg.pinv(expected, rcond=1e-12) @ iterate.gradient.ravel()
    close(iterate.newton_direction.ravel(), newton, 1e-9)
    assert iterate.newton_gain == pytest.approx(0.5 * newton @ iterate.gradient.ravel(), rel=1e-9)


@cases
def test_along(rng, source, build):
    problem = build(rng)
    objective = problems.objective_on(source, problem)
    params, direction = anywhere(rng, objective), anywhere(rng, objective)
    iterate = objective.at(params)
    steps = np.array([0.0, 0.3, 2.0])
    values, slopes = objective.along(iterate, objective.direction(iterate, direction), steps)
    for step, value, slope in zip(steps, values, slopes, strict=True):
        there = objective.split(params + step * direction)
        assert value == pytest.approx(float(problems.objective(problem, *there)), rel=1e-13)
        gradient = objective.join(*problems.gradient(problem, *there)).astype(float)
        assert slope == pytest.approx(np.vdot(gradient, direction), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("build", BUILDS)
def test_balanced_keeps_the_probabilities_and_shortens(rng, source, build):
    problem = build(rng)
    objective = problems.objective_on(source, problem)
    params = anywhere(rng, objective)
    balanced = objective.balanced(params)
    assert np.abs(balanced.mean(axis=0)).max() < 1e-15
    before, after = objective.split(params), objective.split(balanced)
    close(problems.probabilities(problem, *after)[1], problems.probabilities(problem, *before)[1], 1e-14)
    assert np.linalg.norm(after[0]) <= np.linalg.norm(before[0])


def test_a_second_look_is_free_and_the_last_two_stay_alive(rng):
    objective = problems.objective_on(problems.blocked, problems.plain(rng))
    places = [anywhere(rng, objective) for _ in range(3)]
    first = objective.at(places[0])
    objective.at(places[1])
    before = objective.n_passes
    assert objective.at(places[0].copy()) is first
    assert objective.n_passes == before
    objective.at(places[2])
    assert objective.at(places[0]) is first
    first.point.intercept_system()


def test_without_intercept_it_stays_zero(rng):
    objective = problems.objective_on(problems.dense, problems.no_intercept(rng))
    assert objective.shape == (3, 3)
    np.testing.assert_array_equal(objective.split(anywhere(rng, objective))[1], np.zeros(3))


# ---------------------------------------------------------------------------------------------------- penalty


def test_l2(rng):
    coef, direction = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    penalty = L2(0.3)
    assert penalty.value(coef) == pytest.approx(0.15 * (coef**2).sum(), rel=1e-15)
    slope = (penalty.value(coef + 1e-3 * direction) - penalty.value(coef - 1e-3 * direction)) / 2e-3
    assert np.vdot(penalty.gradient(coef), direction) == pytest.approx(slope, rel=1e-9)
    assert penalty.curvature == 0.3


def test_l2_gap_is_fenchel_and_youngs(rng):
    """``R(W) + R*(-G) + <W, G>``, R* found as the supremum by another road: at W' = -G / alpha."""
    coef, grad = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    penalty, best = L2(0.3), -grad / 0.3
    conjugate = np.vdot(-grad, best) - penalty.value(best)
    for _ in range(20):
        other = best + rng.normal(size=best.shape)
        assert np.vdot(-grad, other) - penalty.value(other) < conjugate
    assert penalty.duality_gap(coef, grad) == pytest.approx(
        penalty.value(coef) + conjugate + np.vdot(coef, grad), rel=1e-12
    )
    assert penalty.duality_gap(best, grad) == pytest.approx(0, abs=1e-28)
    assert L2(0.0).duality_gap(coef, grad) == np.inf


# ------------------------------------------------------------------------------------- gradient descent's bound


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("build", [*BUILDS, problems.two_classes, problems.ten_classes, problems.unscaled])
def test_largest_curvature(rng, source, build):
    """Never below the bound it stands for, and at most 2 percent above."""
    problem = build(rng)
    claimed = largest_curvature(problems.objective_on(source, problem))
    expected = problems.largest_eigenvalue(problem)
    assert expected * (1 - 1e-12) <= claimed <= 1.02 * expected


@pytest.mark.parametrize("kind", ["isotropic", "ones", "decaying"])
def test_largest_curvature_of_many_columns(rng, kind):
    """Where Lanczos estimates it, also for eigenvalues that lie close together."""
    X = rng.normal(size=(400, 40))
    X = {"isotropic": X, "ones": X + 3.0, "decaying": X * 0.8 ** np.arange(40)}[kind]
    problem = problems.Problem(X, rng.integers(3, size=400), 3, 0.1)
    claimed = largest_curvature(problems.objective_on(problems.dense, problem))
    expected = problems.largest_eigenvalue(problem)
    assert expected * (1 - 1e-12) <= claimed <= 1.02 * expected


@pytest.mark.parametrize("build", BUILDS)
def test_no_hessian_exceeds_the_bound(rng, build):
    problem = build(rng)
    objective = problems.objective_on(problems.dense, problem)
    bound = largest_curvature(objective)
    for size in (0.0, 0.3, 3.0):
        hessian = objective.at(anywhere(rng, objective, size)).hessian
        assert np.linalg.eigvalsh(hessian)[-1] <= bound * (1 + 1e-12)


def test_the_bound_is_attained(rng):
    """p = (1/2, 1/2) for two classes: a step of twice 1/L would no longer be safe."""
    problem = problems.two_classes(rng)
    objective = Objective(problems.dense(problem), L2(0.0), fit_intercept=True)
    hessian = objective.at(np.zeros(objective.shape)).hessian
    assert np.linalg.eigvalsh(hessian)[-1] == pytest.approx(largest_curvature(objective), rel=1e-10)
