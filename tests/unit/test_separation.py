"""Without a penalty: where classes are separated, wholly or in part, no fit may claim an optimum."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from softgrad.fitting import fit
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.solver import largest_curvature
from softgrad.rows.dense import DenseRows


@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-12])
def test_quasi_separation_is_no_optimum(tol):
    solution = fit(np.array([[0.0], [0.0], [1.0], [1.0]]), [0, 1, 1, 1], alpha=0.0, tol=tol)
    assert solution.status == "no_optimum"
    assert "separated" in solution.status.sentence
    assert np.isnan(solution.gap)


@pytest.mark.parametrize("tol", [1e-4, 1e-8])
def test_one_separable_class_of_iris(tol):
    X, y = load_iris(return_X_y=True)
    assert fit(X, y, alpha=0.0, tol=tol).status == "no_optimum"


@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_overlapping_classes_have_an_optimum(rng, solver, tol):
    X = rng.normal(size=(200, 3))
    y = (X @ rng.normal(size=(3, 3)) + 2 * rng.gumbel(size=(200, 3))).argmax(axis=1)
    assert fit(X, y, alpha=0.0, tol=tol, solver=solver).status == "converged"


@pytest.mark.parametrize("top", [2.0, 10.0])
def test_the_curvature_bound_holds_where_the_top_direction_is_hidden(rng, top):
    """The top eigenvector is orthogonal to ones and to their image: an iteration from there would miss it."""
    signs = np.repeat([1.0, -1.0], 50)
    half = rng.normal(size=(50, 58))
    X = np.column_stack([top * signs, -top * signs, np.vstack([half, half])])
    objective = Objective(DenseRows(X, np.arange(100) % 2, 2), L2(0.01), fit_intercept=False)
    true = np.linalg.eigvalsh(X.T @ X / 100)[-1] / 2 + 0.01
    assert true * (1 - 1e-12) <= largest_curvature(objective) <= true * (1 + 1e-9)
