"""The decrement by conjugate gradients against the one from the exact Hessian."""

from dataclasses import replace

import numpy as np
import pytest

from softgrad.fitting import fit
from softgrad.optimize.decrement import _gain_by_products
from tests import problems


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize(
    "build", [problems.plain, problems.without_penalty, problems.unscaled, problems.no_intercept]
)
def test_the_gain_is_the_exact_one(rng, source, build):
    objective = problems.objective_on(source, build(rng))
    iterate = objective.at(objective.balanced(1e-3 * rng.normal(size=objective.shape)))
    assert _gain_by_products(iterate) == pytest.approx(iterate.newton_gain, rel=1e-3)


def test_no_gain_where_the_gradient_vanishes(rng):
    objective = problems.objective_on(problems.dense, problems.plain(rng))
    iterate = replace(objective.at(np.zeros(objective.shape)), gradient=np.zeros(objective.shape))
    assert _gain_by_products(iterate) == 0


def test_maximum_likelihood_with_many_correlated_unscaled_columns(rng):
    """Too many parameters for the exact Hessian, and the same probabilities in other units."""
    d = 110
    X = rng.normal(size=(3000, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)) / np.sqrt(d))
    codes = problems.drawn_codes(rng, X, 10, 0.02)
    units = 10.0 ** rng.uniform(-6, 6, size=d)
    plain, scaled = (fit(given, codes, alpha=0.0, max_iter=40) for given in (X, X * units))
    assert plain.status == scaled.status == "converged"
    np.testing.assert_allclose(
        X @ plain.coef.T + plain.intercept, (X * units) @ scaled.coef.T + scaled.intercept, atol=1e-7
    )
