"""MNLogit's parameters against its first class, and the alpha of a regularised binomial GLM."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softgrad import SoftmaxRegression
from softgrad.migration import STATSMODELS_GLM, from_reference, to_reference
from tests.peers.rows import centred, check_same_fit, fitted, proba, rows

sm = pytest.importorskip("statsmodels.api")


@pytest.fixture(scope="module")
def overlapping():
    """Three classes that a plane does not separate, so that the likelihood has a maximum."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 3)) * [1.0, 5.0, 0.2]
    logits = X @ rng.normal(size=(3, 3)) / [1.0, 5.0, 0.2]
    return X, (logits + rng.gumbel(size=(300, 3))).argmax(axis=1)


def test_mnlogit_is_the_fit_without_penalty_against_the_first_class(overlapping):
    X, y = overlapping
    theirs = sm.MNLogit(y, sm.add_constant(X)).fit(method="newton", tol=1e-14, maxiter=100, disp=False)
    ours = SoftmaxRegression(C=np.inf, tol=1e-13).fit(X, y)
    coef, intercept = to_reference(ours.coef_, ours.intercept_, reference=0)
    params = np.vstack([intercept, coef.T])
    print(f"largest difference of parameters {np.abs(params - theirs.params).max():.1e}")
    assert_allclose(params, theirs.params, rtol=1e-7, atol=1e-9)
    assert_allclose(ours.predict_proba(X), theirs.predict(), rtol=0, atol=1e-9)


def test_mnlogits_parameters_become_symmetric_ones(overlapping):
    X, y = overlapping
    params = sm.MNLogit(y, sm.add_constant(X)).fit(method="newton", tol=1e-14, disp=False).params
    coef, intercept = from_reference(params[1:].T, params[0])
    ours = SoftmaxRegression(C=np.inf, tol=1e-13).fit(X, y)
    assert_allclose(coef, ours.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(proba(coef, intercept, X), ours.predict_proba(X), rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def ridge():
    """A binomial GLM, its alpha for each parameter, and the rows."""
    data = centred(rows(2))
    return sm.GLM(data.y, sm.add_constant(data.X), sm.families.Binomial()), np.array([0.0] + 4 * [0.1]), data


def test_alpha_of_a_regularised_glm(ridge):
    """To 1e-4: its coordinate descent ends there, whatever its tolerance."""
    model, alpha, data = ridge
    params = model.fit_regularized(alpha=alpha, L1_wt=0, cnvrg_tol=1e-12, maxiter=10_000).params
    theirs = proba(params[None, 1:], params[:1], data.X)
    check_same_fit(STATSMODELS_GLM, 0.1, data, theirs, 1e-4)


def test_the_regularised_glms_own_objective_is_flat_at_our_optimum(ridge):
    model, alpha, data = ridge
    ours = fitted(data, STATSMODELS_GLM.to_C(0.1, **data.sizes))
    params = np.concatenate([ours.intercept_, ours.coef_[0]])
    gradient = -model.score(params) / model.nobs + alpha * params
    print(f"largest entry of the gradient {np.abs(gradient).max():.1e}")
    assert_allclose(gradient, 0, atol=1e-8)


def test_mnlogit_has_l1_only():
    """Why its alpha has no converter: it multiplies a sum of absolute values."""
    data = rows(3)
    with pytest.raises(ValueError, match=r"method must be one of: 'l1', 'l1_cvxopt_cp'"):
        sm.MNLogit(data.y, sm.add_constant(data.X)).fit_regularized(method="l2", alpha=0.1, disp=False)
