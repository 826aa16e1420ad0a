"""What float64 takes from a certificate is less than what is allowed for it: against extended precision."""

import numpy as np
import pytest

from softgrad.optimize import rounding
from softgrad.optimize.certificate import certify
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.newton import Newton
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.rows.centred import CentredRows
from softgrad.rows.dense import DenseRows
from tests import problems

LONG = np.longdouble


def softmax(z):
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def entropy(q):
    return -(q * np.log(np.where(q > 0, q, 1))).sum(axis=1)


def drawn(rng, n=400, d=6, n_classes=4):
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=(d, n_classes)) + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    y[:n_classes] = range(n_classes)
    return X, y


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("units", [0, 4, 8])
@pytest.mark.parametrize("size", [0.3, 30.0])
def test_the_gradient_is_off_by_less(rng, offset, units, size):
    """Of the probabilities that the pass used, summed in extended precision."""
    X, y = drawn(rng)
    X = (X + offset) * 10 ** rng.uniform(-units, units, size=6)
    coef = size * rng.normal(size=(4, 6)) / X.std(axis=0)
    rows = DenseRows(X, y, 4)
    point = rows.at(coef, -coef @ X.mean(axis=0))
    residual = softmax(point.logits.T.astype(LONG))
    residual[np.arange(len(y)), y] -= 1
    exact = residual.T @ X.astype(LONG) / len(y)
    sizes = Objective(rows, L2(1.0)).column_sizes
    assert float(np.linalg.norm((point.grad_coef - exact).astype(float))) <= rounding.of_gradient(sizes)
    np.testing.assert_allclose(sizes, np.sqrt((X**2).mean(axis=0)), rtol=0.4)


@pytest.mark.parametrize("size", [0.1, 3.0])
@pytest.mark.parametrize("error", [1e-3, 0.1, 1.0])
def test_the_logits_rounding_counts_by_its_square(rng, size, error):
    """``lse(z) - <q, z> - H(q) <= |e|^2 / 4`` with q the softmax of z + e."""
    z = size * rng.normal(size=(2000, 5))
    e = error * rng.uniform(-1, 1, size=z.shape)
    q = softmax(z + e)
    top = z.max(axis=1)
    lacking = top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - (q * z).sum(axis=1) - entropy(q)
    assert (lacking <= (e * e).sum(axis=1) / 4 + 1e-14).all()


def test_the_logits_error_is_as_large_as_it_can_be(rng):
    """By Minkowski's inequality, ``sum_i |e_i|^2 / n`` from the columns' sizes alone."""
    X, _ = drawn(rng)
    coef, intercept = rng.normal(size=(4, 6)), rng.normal(size=4)
    errors = rounding.UNIT * (np.abs(X) @ np.abs(coef).T + np.abs(intercept))
    sizes = np.sqrt((X**2).mean(axis=0))
    assert (errors**2).sum(axis=1).mean() / 4 <= rounding.of_logits(sizes, coef, intercept)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5, 1e7])
@pytest.mark.parametrize("alpha", [1e-6, 1e-3])
def test_no_claim_below_the_truth_where_no_step_helps_any_more(rng, offset, alpha):
    X, y = drawn(rng, n=60, n_classes=3)
    X = X + offset * rng.uniform(0.5, 1, size=6)
    offsets, exact_means = X.mean(axis=0), X.astype(LONG).mean(axis=0)
    truth = problems.Problem(X.astype(LONG) - exact_means, y, 3, alpha, None, fit_intercept=True)
    optimum = problems.solve(truth)[2]
    objective = Objective(CentredRows(DenseRows(X, y, 3), offsets), L2(alpha))
    solution = minimize(objective, Newton(), Limits(1e-40))
    intercept = solution.intercept.astype(LONG) + solution.coef.astype(LONG) @ (exact_means - offsets)
    value = problems.objective(truth, solution.coef.astype(LONG), intercept)
    assert solution.gap * solution.objective >= float(value - optimum)


def test_a_gradient_that_rounds_to_zero_claims_what_it_may_be_off_by(rng):
    X, y = drawn(rng)
    objective = Objective(DenseRows(1e8 * X, y, 4), L2(1e-6), fit_intercept=False)
    best = minimize(objective, Newton(), Limits(1e-40))
    certificate = certify(objective, objective.at(best.coef))
    error = rounding.UNIT * np.sqrt((1e16 * X**2).mean(axis=0).sum())
    assert certificate.gap >= 0.5 * error**2 / (2 * 1e-6)


def test_a_constant_column_counts_nothing_once_centred(rng):
    X, y = drawn(rng)
    X[:, 2] = 2e9
    constant = np.arange(6) == 2
    rows = CentredRows(DenseRows(X, y, 4), X.mean(axis=0), constant)
    sizes = Objective(rows, L2(1.0)).column_sizes
    assert sizes[2] == 0
    assert (sizes[~constant] > 0.5).all()
