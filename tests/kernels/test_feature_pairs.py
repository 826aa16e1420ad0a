"""Hessians and Gram matrices of few features, against their definitions summed row by row in long doubles."""

import numpy as np
import pytest

from softgrad.kernels import fused, passes
from softgrad.kernels.job import Job, Step, Targets
from softgrad.maths import pairs
from tests.kernels.cases import LAYOUTS, values

SHAPES = [(5, 2, 1), (1, 1, 2), (7, 3, 2), (9, 0, 3), (33, 5, 7), (256, 8, 4), (300, 13, 3), (50, 70, 2)]


def by_rows(X, weights):
    """``sum_i weights_mi x~_i x~_i'`` and the sum of its terms' sizes, (m, d + 1, d + 1)."""
    extended = np.column_stack([X, np.ones(len(X))]).astype(np.longdouble)
    sums = np.einsum("mi,ij,ik->mjk", weights.astype(np.longdouble), extended, extended)
    return sums, np.einsum("mi,ij,ik->mjk", abs(weights), abs(extended), abs(extended))


def hessian_by_rows(X, proba, shares):
    """Block (k, l): ``sum_i s_i p_k (delta_kl - p_l) x~ x~'``, where 1 - p_k is the sum of the others."""
    K, p = len(proba), proba.astype(np.longdouble)
    others = np.array([p[[m for m in range(K) if m != k]].sum(axis=0) for k in range(K)])
    h = np.array([[shares * p[k] * (others[k] if k == m else -p[m]) for m in range(K)] for k in range(K)])
    found, size = by_rows(X, h.reshape(K * K, -1))
    side = K * (X.shape[1] + 1)
    shape = (K, K, X.shape[1] + 1, X.shape[1] + 1)
    return tuple(each.reshape(shape).transpose(0, 2, 1, 3).reshape(side, side) for each in (found, size))


def drawn(rng, n, K):
    z = 3 * rng.normal(size=(K, n))
    proba = np.exp(z - z.max(axis=0))
    weights = rng.random(n) * (rng.random(n) < 0.8) + (np.arange(n) == 0)
    return proba / proba.sum(axis=0), weights / weights.sum()


def targets(shares):
    return Targets(shares, np.zeros(len(shares), dtype=np.int64), None)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_hessian(kernels, rng, shape):
    n, d, K = shape
    X, (proba, shares) = rng.normal(size=(n, d)), drawn(rng, n, K)
    right, size = hessian_by_rows(X, proba, shares)
    assert (abs(passes.hessian(X, proba, targets(shares)) - right) <= 1e-14 * size).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equal_shares(kernels, rng, shape):
    n, d, K = shape
    X, (proba, _) = rng.normal(size=(n, d)), drawn(rng, n, K)
    right, size = hessian_by_rows(X, proba, np.full(n, 1 / n))
    found = passes.hessian(X, proba, Targets(None, np.zeros(n, dtype=np.int64), None))
    assert (abs(found - right) <= 1e-14 * size).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gram_matrices(kernels, rng, shape):
    n, d, K = shape
    X, (weights, _) = rng.normal(size=(n, d)), drawn(rng, n, K)
    right, size = by_rows(X, weights)
    assert (abs(passes.grams(X, weights) - right) <= 1e-14 * size).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1", "i1", "?", "i4", "u8"])
def test_every_type_and_layout(kernels, rng, layout, dtype):
    X = LAYOUTS[layout](values(rng, (70, 6), dtype))
    proba, shares = drawn(rng, 70, 3)
    right, size = hessian_by_rows(np.asarray(X, dtype=np.float64), proba, shares)
    assert (abs(passes.hessian(X, proba, targets(shares)) - right) <= 1e-14 * size).all()


def test_rows_of_weight_zero_count_nothing(kernels, rng):
    X, (proba, shares) = rng.normal(size=(40, 3)), drawn(rng, 40, 4)
    right = passes.hessian(X, np.where(shares > 0, proba, 0.5), targets(shares))
    np.testing.assert_array_equal(
        passes.hessian(X, np.where(shares > 0, proba, np.nan), targets(shares)), right
    )


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_the_same_bits_on_any_number_of_threads(compiled, rng, n_threads):
    X, (proba, shares) = rng.normal(size=(20_000, 7)), drawn(rng, 20_000, 5)
    one, several = (
        fused.feature_pairs(Job(X, Step.PAIRS, 5, targets=targets(shares), logits=proba, n_threads=count))
        for count in (1, n_threads)
    )
    np.testing.assert_array_equal(one, several)


def test_many_tiles_as_numpy_has_them(compiled, rng):
    X, (proba, shares) = rng.normal(size=(30_000, 9)), drawn(rng, 30_000, 6)
    right = pairs.hessian(proba, X, shares)
    np.testing.assert_allclose(
        passes.hessian(X, proba, targets(shares)), right, rtol=0, atol=1e-13 * abs(right).max()
    )


def test_a_row_forgotten_would_be_noticed(compiled, rng):
    """The bounds catch a tile whose last row is left out."""
    X, (proba, shares) = rng.normal(size=(300, 4)), drawn(rng, 300, 3)
    shares[-1] = 1e-6
    right, size = hessian_by_rows(X, proba, shares)
    without = passes.hessian(X[:-1], np.ascontiguousarray(proba[:, :-1]), targets(shares[:-1]))
    assert not (abs(without - right) <= 1e-14 * size).all()
