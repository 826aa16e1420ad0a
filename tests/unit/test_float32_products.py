"""Hessian products of narrow data are float32 where that is enough, and fits of such data arrive all the same."""

import numpy as np
import pytest

import softgrad
from softgrad.rows.dense import DenseRows
from tests import problems

N, D, K = 300, 12, 4


def table(rng, dtype, offset=0.0):
    X = 30 * rng.normal(size=(N, D)) + offset
    return np.abs(X).astype(dtype) if np.dtype(dtype).kind == "u" else X.astype(dtype)


def error(X, y, scale):
    """Relative error of a product against the naive float64 Hessian of the float64 copy."""
    rng = np.random.default_rng(5)
    coef, intercept = scale * rng.normal(size=(K, D)), np.zeros(K)
    v, c = rng.normal(size=(K, D)), rng.normal(size=K)
    copy = problems.Problem(X.astype(np.float64), y, K, 0.0, None)
    H = problems.naive_hessian(copy, coef, intercept)
    expected = H @ np.column_stack([v, c]).ravel()
    by_coef, by_intercept, _ = DenseRows(X, y, K).at(coef, intercept).product(v, c)
    found = np.column_stack([by_coef, by_intercept]).ravel()
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("dtype", ["f4", "u1", "i1"])
def test_narrow_data(rng, dtype):
    X, y = table(rng, dtype), rng.integers(0, K, N)
    assert 1e-10 < error(X, y, 0.01) < 1e-5


@pytest.mark.parametrize("dtype", ["f8", "i4", "u2"])
def test_wider_data_stay_in_float64(rng, dtype):
    assert error(table(rng, dtype), rng.integers(0, K, N), 0.01) < 1e-13


def test_a_far_column_keeps_float64(rng):
    X, y = table(rng, "f4"), rng.integers(0, K, N)
    X[:, 3] += 1e6
    coef = np.zeros((K, D))
    rows = DenseRows(X, y, K)
    assert rows.product_type == np.float64
    v = np.ones((K, D))
    v[0] = -1
    by_coef, _, _ = rows.at(coef, np.zeros(K)).product(v, np.zeros(K))
    expected, _, _ = DenseRows(X.astype(np.float64), y, K).at(coef, np.zeros(K)).product(v, np.zeros(K))
    np.testing.assert_allclose(by_coef, expected, rtol=1e-12)


def test_near_certain_rows_keep_float64(rng):
    X, y = table(rng, "f4"), rng.integers(0, K, N)
    assert error(X, y, 5.0) < 1e-12


@pytest.mark.parametrize("dtype", ["f4", "u1"])
@pytest.mark.parametrize("alpha", [1e-1, 1e-6])
def test_the_fit_is_that_of_a_float64_copy(rng, dtype, alpha):
    X = table(rng, dtype)
    y = (X[:, :K] + 20 * rng.normal(size=(N, K))).argmax(axis=1)
    ours = softgrad.fit(X, y, alpha=alpha, solver="newton-pcg", tol=1e-12)
    copy = softgrad.fit(X.astype(np.float64), y, alpha=alpha, solver="newton-pcg", tol=1e-12)
    assert ours.gap <= 1e-12
    assert ours.objective == pytest.approx(copy.objective, rel=2e-12)
    np.testing.assert_allclose(ours.coef, copy.coef, rtol=0, atol=1e-5 * np.abs(copy.coef).max())
