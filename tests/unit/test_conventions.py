"""The presets against the loops written from their documents."""

import numpy as np
import pytest

from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS
from softgrad.maths.convention import Convention
from tests.oracles import layouts, naive
from tests.unit.closeness import close

PRESETS = {"numpy": NUMPY, "per-class": PER_CLASS, "log-likelihood": LOG_LIKELIHOOD, "columns": COLUMNS}


def random_labels(rng, n, n_classes):
    return np.append(np.arange(n_classes), rng.integers(0, n_classes, n - n_classes))


def test_numpy_is_the_first_document(rng):
    w, x = rng.standard_normal((5, 3)), rng.standard_normal((9, 5))
    y = np.eye(3)[random_labels(rng, 9, 3)]
    J, dw = naive.numpy(w, x, y)
    np.testing.assert_allclose(NUMPY.value(w, x, y), J, rtol=1e-13)
    gradient = NUMPY.gradient(w, x, y)
    close(gradient.weights, dw, 1e-13)
    close(gradient.weights, -1 / 9 * x.T @ (y - NUMPY.proba(w, x)), 1e-13)
    assert gradient.intercept is None


def test_per_class_is_the_second_document(rng):
    W, b, X = rng.standard_normal((3, 5)), rng.standard_normal(3), rng.standard_normal((9, 5))
    y = random_labels(rng, 9, 3)
    J, dW, db = naive.per_class(W, b, X, y)
    np.testing.assert_allclose(PER_CLASS.value(W, X, y, b), J, rtol=1e-13)
    gradient = PER_CLASS.gradient(W, X, y, b)
    close(gradient.weights, dW, 1e-13)
    close(gradient.intercept, db, 1e-13)


def test_log_likelihood_is_the_third_document(rng):
    pixels = rng.integers(0, 2, (12, 64)).astype(np.uint8)
    w, y = rng.standard_normal((10, 64)) / 8, np.eye(10)[random_labels(rng, 12, 10)]
    L, flat = naive.log_likelihood(w, pixels, y)
    assert L < 0
    np.testing.assert_allclose(LOG_LIKELIHOOD.value(w, pixels, y), L, rtol=1e-13)
    gradient = LOG_LIKELIHOOD.gradient(w, pixels, y)
    assert gradient.weights.shape == (10, 64)
    assert gradient.intercept is None
    close(LOG_LIKELIHOOD.flatten(gradient), flat, 1e-13)


def test_columns_is_the_fourth_document(rng):
    theta, b, X = rng.standard_normal((3, 5)), rng.standard_normal((3, 1)), rng.standard_normal((5, 9))
    Y = np.eye(3)[:, random_labels(rng, 9, 3)]
    L, dtheta, db, dZ = naive.columns(theta, b, X, Y)
    np.testing.assert_allclose(COLUMNS.value(theta, X, Y, b), L, rtol=1e-13)
    gradient = COLUMNS.gradient(theta, X, Y, b)
    close(gradient.weights, dtheta, 1e-13)
    assert gradient.intercept.shape == (3, 1)
    close(gradient.intercept, db, 1e-13)
    assert gradient.logits.shape == (3, 9)
    close(gradient.logits, dZ, 1e-13)


TABLE = {
    "numpy": ("rows", "features_by_classes", "none", "loss", "mean", "one_hot"),
    "per-class": ("rows", "classes_by_features", "separate", "loss", "mean", "index"),
    "log-likelihood": ("rows", "classes_by_features", "none", "log_likelihood", "sum", "one_hot"),
    "columns": ("columns", "classes_by_features", "separate", "loss", "mean", "one_hot"),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_their_documents_fields(preset):
    assert PRESETS[preset] == Convention(**dict(zip(layouts.CHOICES, TABLE[preset], strict=True)))
