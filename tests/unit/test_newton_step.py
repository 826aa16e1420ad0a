"""Newton's step in its gauge, against the pseudo-inverse of the same system."""

import numpy as np
import pytest

from softgrad.optimize.newton_step import solve_in_gauge
from tests import problems


def system(rng, build, size=0.5):
    """(Hessian, gradient (K, width)) at a random place, by loops."""
    problem = build(rng)
    K, d = problem.n_classes, problem.X.shape[1]
    coef, intercept = size * rng.normal(size=(K, d)), size * rng.normal(size=K)
    coef -= coef.mean(axis=0)
    gradient = np.column_stack(problems.gradient(problem, coef, intercept)).astype(float)
    return problems.naive_hessian(problem, coef, intercept), gradient


@pytest.mark.parametrize(
    "build", [problems.plain, problems.two_classes, problems.soft_labels, problems.without_penalty]
)
def test_against_the_pseudo_inverse(rng, build):
    hessian, gradient = system(rng, build)
    expected = np.linalg.pinv(hessian, rcond=1e-12, hermitian=True) @ gradient.ravel()
    step = solve_in_gauge(hessian, gradient)
    assert step.shape == gradient.shape
    np.testing.assert_allclose(step.ravel(), expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("build", [*problems.BENIGN, *problems.HARD, problems.without_penalty])
def test_solves_the_system_in_the_gauge(rng, build):
    hessian, gradient = system(rng, build, 0.0)
    step = solve_in_gauge(hessian, gradient)
    scales = np.sqrt(np.maximum(np.diagonal(hessian), 1e-300))
    misfit = (hessian @ step.ravel() - gradient.ravel()) / scales
    assert np.abs(misfit).max() <= 1e-9 * np.abs(gradient.ravel() / scales).max()
    assert np.abs(step.mean(axis=0)).max() <= 1e-9 * np.abs(step).max()


def test_collinear_columns_without_a_penalty(rng):
    """A singular system beyond the gauge: the step still solves it, and stays of ordinary size."""
    X = rng.normal(size=(60, 2))
    X = np.column_stack([X, X[:, 0] + X[:, 1], X[:, 0]])
    problem = problems.Problem(X, problems.drawn_codes(rng, X[:, :2], 3, 0.3), 3, 0.0)
    gradient = np.column_stack(problems.gradient(problem, np.zeros((3, 4)), np.zeros(3))).astype(float)
    hessian = problems.naive_hessian(problem, np.zeros((3, 4)), np.zeros(3))
    step = solve_in_gauge(hessian, gradient)
    np.testing.assert_allclose(hessian @ step.ravel(), gradient.ravel(), atol=1e-12)
    assert np.abs(step).max() < 100


def test_the_hessian_given_is_not_changed(rng):
    hessian, gradient = system(rng, problems.plain)
    before = hessian.copy()
    solve_in_gauge(hessian, gradient)
    np.testing.assert_array_equal(hessian, before)
