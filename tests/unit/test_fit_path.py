"""fit_path against separate fits."""

import numpy as np
import pytest
import scipy.sparse

import softgrad
from softgrad.fitting import fit, fit_path
from tests import problems

ALPHAS = [0.01, 1.0, 1e-4, 0.1, 1.0]


def wide(rng):
    X = rng.normal(size=(24, 340)) + 5
    return problems.Problem(X, np.arange(24) % 3, 3, 0.01)


@pytest.mark.parametrize("build", [problems.plain, problems.weighted, problems.soft_labels, wide])
@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_each_is_the_separate_fit(rng, build, kind, fit_intercept):
    problem = build(rng)
    options = {"sample_weight": problem.weights, "fit_intercept": fit_intercept, "tol": 1e-12}
    path = fit_path(kind(problem.X), problem.targets, ALPHAS, solver="newton", **options)
    assert len(path) == len(ALPHAS)
    for alpha, solution in zip(ALPHAS, path, strict=True):
        alone = fit(kind(problem.X), problem.targets, alpha=alpha, solver="newton", **options)
        assert solution.objective == pytest.approx(alone.objective, rel=2e-12)
        assert solution.gap <= 1e-12
        np.testing.assert_allclose(solution.coef, alone.coef, atol=1e-4 * np.abs(alone.coef).max())
        assert isinstance(solution, softgrad.Solution)


def test_warm_starts_and_one_reduction_save_passes(rng):
    problem = wide(rng)
    alphas = np.logspace(0, -3, 8)
    path = fit_path(problem.X, problem.targets, alphas)
    alone = [fit(problem.X, problem.targets, alpha=alpha) for alpha in alphas]
    assert sum(s.n_passes for s in path) < 0.8 * sum(s.n_passes for s in alone)
    again = fit_path(problem.X, problem.targets, [0.01, 0.01])
    assert again[1].n_iter <= 1


def test_the_order_given_is_the_order_returned(rng):
    problem = problems.plain(rng)
    up = fit_path(problem.X, problem.targets, [1e-3, 1e-1, 10.0])
    down = fit_path(problem.X, problem.targets, [10.0, 1e-1, 1e-3])
    for one, other in zip(up, down[::-1], strict=True):
        np.testing.assert_array_equal(one.coef, other.coef)
    assert down[0].n_passes > fit(problem.X, problem.targets, alpha=10.0).n_passes - 1
    assert down[0].history[0].objective == pytest.approx(np.log(3))
    assert down[2].history[0].objective < np.log(3) - 1e-3
    norms = [np.linalg.norm(solution.coef) for solution in up]
    assert norms == sorted(norms, reverse=True)


def test_rows_absent_classes_and_no_penalty(rng):
    problem = problems.plain(rng)
    of_rows = fit_path(problems.blocked(problem), None, [0.1, 0.0])
    of_arrays = fit_path(problem.X, problem.targets, [0.1, 0.0], n_classes=4)
    for one, other in zip(of_rows, of_arrays, strict=True):
        np.testing.assert_allclose(other.coef[:3], one.coef, rtol=1e-3, atol=1e-5)
        np.testing.assert_array_equal(other.intercept[3], -np.inf)
    assert np.isnan(of_rows[1].gap)
    assert of_rows[0].gap <= 1e-8


@pytest.mark.parametrize(
    "alphas", [[], 0.1, [[0.1]], [0.1, -1.0], [np.nan], [np.inf], ["a"], None, [None], [[1.0], [1.0, 2.0]]]
)
def test_bad_alphas(alphas):
    with pytest.raises(ValueError, match=r"alphas=.* was given; pass a list of at least one finite number"):
        fit_path(np.ones((4, 2)), [0, 1, 0, 1], alphas)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"solver": "sgd"}, "unknown"),
        ({"tol": -1}, "tol"),
        ({"max_iter": 0.5}, "max_iter"),
        ({"y": None}, "y is"),
    ],
)
def test_bad_options(change, words):
    with pytest.raises(ValueError, match=words):
        fit_path(**{"X": np.ones((4, 2)), "y": [0, 1, 0, 1], "alphas": [0.1], **change})
