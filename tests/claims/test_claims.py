"""The returned gap, the units of columns, and default arguments on raw data: what the README promises.

SOFTGRAD_CLAIMS=200 draws two hundred problems in place of twenty.
"""

import os
import warnings

import numpy as np
import pytest
from sklearn import datasets

import softgrad
from softgrad import SoftmaxRegression
from tests import problems
from tests.claims.drawn import draw, dual, dual_nearby, optimum

PROBLEMS = int(os.environ.get("SOFTGRAD_CLAIMS", "20"))
TOYS = ("iris", "wine", "breast_cancer", "digits")


@pytest.mark.parametrize("number", range(PROBLEMS))
def test_returned_gap_is_never_below_the_true_suboptimality(number):
    """Also where the fit was stopped early, on float32 rows, with weights, soft labels and dependent columns."""
    drawn = draw(number)
    problem, (best, _) = drawn.problem, optimum(drawn.problem)
    solution = softgrad.fit(
        drawn.X,
        problem.targets,
        alpha=problem.alpha,
        sample_weight=problem.weights,
        fit_intercept=problem.fit_intercept,
        n_classes=problem.n_classes,
        solver=drawn.solver,
        tol=drawn.tol,
        max_iter=drawn.max_iter,
    )
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert solution.gap >= (value - best) / value
    assert solution.objective == pytest.approx(float(value), rel=1e-13)
    if solution.status == "converged":
        assert solution.gap <= drawn.tol


@pytest.mark.parametrize("number", range(max(4, PROBLEMS // 10)))
def test_units_of_columns_do_not_matter_without_a_penalty(number):
    """Labels with noise, so that the maximum of the likelihood exists; columns times 1e-6 to 1e6.

    With the default tol the two agree, with a small one both are the maximum.
    """
    rng = np.random.default_rng([5, number])
    n, d, K = int(rng.integers(150, 400)), int(rng.integers(2, 8)), int(rng.integers(2, 5))
    X = rng.normal(size=(n, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    codes = problems.drawn_codes(rng, X / np.abs(X).max(axis=0), K, 2.0)
    factors = 10.0 ** rng.permutation(np.linspace(-6, 6, d))
    coef, intercept, _ = problems.solve(problems.Problem(X, codes, K, 0.0))
    truth = problems.probabilities(problems.Problem(X, codes, K, 0.0), coef, intercept)[1].astype(float)
    usual, exact = (
        [SoftmaxRegression(C=np.inf, tol=tol).fit(Z, codes).predict_proba(Z) for Z in (X, X * factors)]
        for tol in (1e-8, 1e-18)
    )
    np.testing.assert_allclose(*usual, rtol=0, atol=1e-8)
    for proba in exact:
        np.testing.assert_allclose(proba, truth, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3, 1e6])
def test_raw_toy_sets_with_default_arguments_are_optimal(name, C):
    """No warning; and a dual value in extended precision proves the gap that is returned, to rounding."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SoftmaxRegression(C=C).fit(X, y)
    assert model.gap_ <= 1e-8
    coef, intercept, alpha = model.coef_, model.intercept_, 1 / (C * len(y))
    if len(coef) == 1:
        coef, intercept, alpha = np.vstack([-coef, coef]) / 2, np.append(-intercept, intercept) / 2, 2 * alpha
    problem = problems.Problem(X, y, len(intercept), alpha)
    value = problems.objective(problem, coef, intercept)
    assert model.objective_ == pytest.approx(float(value), rel=1e-13)
    lower = dual(problem, coef, intercept)
    if value - lower > 1e-8 * value:  # the bound that was returned is another point's
        lower = dual_nearby(problem, coef, intercept)
    assert value - lower <= 1e-8 * value
