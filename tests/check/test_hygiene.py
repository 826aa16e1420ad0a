"""Functions that fail, change their arguments, answer differently twice, or return the wrong kind of thing."""

import numpy as np
import pytest

from softgrad import check_gradient
from softgrad.conventions import LOG_LIKELIHOOD, NUMPY, PER_CLASS

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4))
codes = rng.integers(0, 3, size=50)
Y = np.eye(3)[codes]


def first(gradient, X=X, y=Y, **arguments):
    report = check_gradient(gradient, X=X, y=y, **arguments)
    return report, report.diagnoses[0].code if report.diagnoses else None


def right(W, X, y):
    return NUMPY.gradient(W, X, y).weights


def test_raises():
    report, code = first(lambda W, X, y: W @ X)
    assert code == "raises"
    assert "ValueError" in report.diagnoses[0].evidence


@pytest.mark.parametrize(
    "wrong", [lambda g: g[:2], lambda g: g.sum(), lambda g: None, lambda g: "text", lambda g: g * 1j]
)
def test_wrong_shape(wrong):
    assert first(lambda W, X, y: wrong(right(W, X, y)))[1] == "wrong-shape"


def test_no_pair():
    assert first(lambda W, b, X, y: W, y=codes, convention=PER_CLASS)[1] == "wrong-shape"


def test_integer_type():
    assert first(lambda W, X, y: (100 * right(W, X, y)).astype(int))[1] == "integer-dtype"


def test_sums_in_an_integer_array():
    whole = rng.integers(0, 17, size=(50, 4))

    def gradient(W, X, y):
        dW = np.zeros_like(X, shape=W.shape)  # integers, as X is
        P = NUMPY.proba(W, X)
        for j in range(W.shape[0]):
            for k in range(W.shape[1]):
                dW[j, k] = ((P - y)[:, k] * X[:, j]).sum()
        return dW / len(X)

    assert first(gradient, X=whole)[1] == "integer-dtype"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_mutated_input(which):
    def gradient(*arguments):
        result = right(*arguments)
        arguments[which][...] += 1
        return result

    report, code = first(gradient)
    assert code == "mutates-input"
    assert report.diagnoses[0].numbers["name"] == ("W", "X", "y")[which]
    assert not report.ok


def test_random_batches():
    def gradient(W, X, y):
        rows = np.random.default_rng().integers(0, 50, size=10)
        return right(W, X[rows], y[rows])

    assert first(gradient)[1] == "non-deterministic"


def test_weights_of_the_call_before():
    kept = [np.zeros((4, 3))]

    def gradient(W, X, y):
        kept.append(W.copy())
        return right(kept[-2], X, y)

    assert first(gradient)[1] == "stale-weights"


def test_overflow_is_a_warning():
    def gradient(W, X, y):
        E = np.exp(X @ W)
        return X.T @ (E / E.sum(axis=1, keepdims=True) - y) / len(X)

    report, code = first(gradient)
    assert code == "overflow"
    assert report.ok
    assert report.diagnoses[0].severity == "warning"


def test_not_finite_at_ordinary_logits_is_an_error():
    report, code = first(lambda W, X, y: right(W, X, y) * np.nan)
    assert code == "overflow"
    assert not report.ok


def test_a_closure_with_its_own_data_is_fine():
    assert first(lambda W, _X, _y: right(W, X, Y))[1] is None


def test_a_closure_with_shuffled_labels():
    shuffled = Y[np.random.default_rng(4).permutation(50)]
    assert first(lambda W, _X, _y: right(W, X, shuffled))[1] == "rows-misaligned"


def test_likelihood_on_pixels_and_gradient_on_other_features():
    """The founding mistake of the third document."""
    pixels = rng.integers(0, 17, size=(50, 4)).astype(float)

    def gradient(W, X, y):
        P = LOG_LIKELIHOOD.proba(W, X)
        return (y - P).T @ (X > 8)

    report, code = first(gradient, X=pixels, convention=LOG_LIKELIHOOD)
    assert code == "features-differ"
    assert "binarised (x > 8)" in report.diagnoses[0].evidence


def test_a_loop_that_assigns():
    def gradient(W, b, X, y):
        for x, label in zip(X, y, strict=True):
            z = W @ x + b
            p = np.exp(z - z.max())
            p /= p.sum()
            p[label] -= 1
            dW, db = np.outer(p, x), p
        return dW / len(X), db / len(X)

    assert first(gradient, y=codes, convention=PER_CLASS)[1] == "rows-dropped"


def test_data_that_cannot_tell_says_so():
    """One row: softmax over samples and over the whole matrix, and much else, coincide."""

    def gradient(W, X, y):
        E = np.exp(X @ W)
        return X.T @ (E / E.sum(axis=1, keepdims=True) * y - y) / len(X)

    report, _ = first(gradient, X=np.eye(2) + 1.0, y=np.eye(2))
    assert not report.ok
    assert any("tied with" in found.evidence for found in report.diagnoses)
