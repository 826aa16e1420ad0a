"""LogisticRegression's C and SGDClassifier's alpha."""

import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, SGDClassifier

import softgrad
from softgrad.migration import SCIKIT_LEARN, SGD_CLASSIFIER, from_reference
from tests.peers.rows import centred, check_same_fit, rows


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_C_is_scikit_learns(n_classes, weighted):
    data = rows(n_classes)
    weights = data.weights if weighted else None
    model = LogisticRegression(C=0.05, solver="newton-cholesky", tol=1e-12)
    theirs = model.fit(data.X, data.y, sample_weight=weights).predict_proba(data.X)
    check_same_fit(SCIKIT_LEARN, 0.05, data, theirs, 1e-9, weights)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_alpha_is_that_of_the_functional_fit(n_classes):
    """With two classes too, whose symmetric rows are then half of scikit-learn's one, each."""
    data = rows(n_classes)
    alpha = SCIKIT_LEARN.to_alpha(0.05, **data.sizes)
    ours = softgrad.fit(data.X, data.y, alpha=alpha, tol=1e-13)
    theirs = LogisticRegression(C=0.05, solver="newton-cholesky", tol=1e-12).fit(data.X, data.y)
    coef = from_reference(theirs.coef_, theirs.intercept_)[0] if n_classes == 2 else theirs.coef_
    assert_allclose(ours.coef, coef, rtol=0, atol=1e-7)


def test_alpha_of_stochastic_gradient_descent():
    """Two million steps of it, on columns that are centred for its sake."""
    data = centred(rows(2))
    model = SGDClassifier(loss="log_loss", alpha=0.1, max_iter=20_000, tol=None, random_state=0)
    check_same_fit(SGD_CLASSIFIER, 0.1, data, model.fit(data.X, data.y).predict_proba(data.X), 1e-5)


def test_stochastic_gradient_descent_has_no_softmax_model():
    with pytest.raises(ValueError, match="n_classes=3 was given, but this alpha belongs to a model of two"):
        SGD_CLASSIFIER.to_C(0.01, weight_sum=150, n_classes=3)
