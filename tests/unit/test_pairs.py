"""The Hessian by one matrix product, against the definition summed entry by entry."""

from typing import Any

import numpy as np
import pytest

from softgrad.maths import pairs, regression
from softgrad.maths.logits import softmax
from softgrad.rows.dense import DenseRows


def naive(proba: Any, X: Any, weights: Any) -> Any:
    """``sum_i w_i p_ik (delta_kl - p_il) x~_ij x~_im`` and the sum of its terms' sizes."""
    extended = np.column_stack([X, np.ones(len(X))])
    n_classes, size = len(proba), extended.shape[1]
    result = np.zeros((n_classes, size, n_classes, size))
    sizes = np.zeros_like(result)
    for k in range(n_classes):
        for other in range(n_classes):
            rest = sum(proba[m] for m in range(n_classes) if m != k)
            h = weights * (proba[k] * rest if k == other else -proba[k] * proba[other])
            for row, w in zip(extended, h, strict=True):
                result[k, :, other] += w * np.outer(row, row)
                sizes[k, :, other] += abs(w) * np.outer(abs(row), abs(row))
    flat = (n_classes * size, n_classes * size)
    return result.reshape(flat), sizes.reshape(flat)


@pytest.mark.parametrize(("n", "d", "n_classes"), [(7, 3, 2), (50, 1, 3), (40, 6, 4), (1, 2, 5), (30, 0, 3)])
@pytest.mark.parametrize("spread", [1.0, 40.0])
def test_agrees_with_the_definition(n: int, d: int, n_classes: int, spread: float) -> None:
    rng = np.random.default_rng(n + d)
    X, weights = rng.normal(size=(n, d)), rng.uniform(0.1, 2, n)
    proba = softmax(spread * rng.normal(size=(n, n_classes))).T
    expected, sizes = naive(proba, X, weights)
    found = pairs.hessian(proba, X, weights)
    assert (np.abs(found - expected) <= 1e-13 * sizes).all()


def test_many_tiles_and_narrow_types() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 255, (5000, 20)).astype(np.uint8)
    weights = rng.uniform(size=5000)
    proba = softmax(rng.normal(size=(5000, 4)))
    expected = regression.hessian_at(proba, X, weights)
    np.testing.assert_allclose(pairs.hessian(proba.T, X, weights), expected, rtol=1e-13, atol=0)


def test_rows_of_weight_zero_count_nothing() -> None:
    rng = np.random.default_rng(1)
    X, weights = rng.normal(size=(9, 2)), rng.uniform(size=9)
    proba = softmax(rng.normal(size=(9, 4))).T
    expected = pairs.hessian(proba[:, 1:], X[1:], weights[1:])
    weights[0], proba[:, 0] = 0, np.nan
    np.testing.assert_allclose(pairs.hessian(proba, X, weights), expected, rtol=1e-13)


def test_it_is_for_few_features() -> None:
    assert pairs.fits(64)
    assert not pairs.fits(784)


def test_symmetric_grams_of_wide_rows_agree_with_scaled_ones() -> None:
    rng = np.random.default_rng(2)
    X, h = rng.normal(size=(2500, 70)), rng.uniform(size=(3, 2500))
    h[1, 5:2400] = 0
    expected = regression.extended_grams(X, h.T)
    rows = DenseRows(X, np.arange(2500) % 3, 3)
    np.testing.assert_allclose(list(rows.grams(h)), expected, rtol=1e-12, atol=1e-11)
