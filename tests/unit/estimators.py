"""What tests of the estimator share: a tight fit, and when two are the same."""

import numpy as np
import pytest

from softgrad import SoftmaxRegression

TOL = 1e-13


def fit(X, y, sample_weight=None, **params):
    return SoftmaxRegression(**{"tol": TOL, **params}).fit(X, y, sample_weight)


def same(first, second, X, atol=1e-6):
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=0, atol=atol)
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=0, atol=10 * atol)
    np.testing.assert_allclose(first.intercept_, second.intercept_, rtol=0, atol=20 * atol)
    assert first.objective_ == pytest.approx(second.objective_, rel=1e-10)


def bits(model):
    return model.coef_.tobytes(), model.intercept_.tobytes(), model.objective_, model.gap_, model.n_iter_
