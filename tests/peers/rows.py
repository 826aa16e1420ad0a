"""Rows with columns of unlike spreads, two or three classes and weights, and softgrad's answer for a converted C."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.testing import assert_allclose
from sklearn.datasets import load_iris

from softgrad import SoftmaxRegression
from softgrad.migration import PenaltyConvention

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Rows:
    X: Array
    y: Array
    weights: Array

    @property
    def n_classes(self) -> int:
        return int(self.y.max()) + 1

    @property
    def sizes(self) -> dict[str, Any]:
        """What every converter asks for, of the rows without weights."""
        return {"weight_sum": len(self.y), "n_classes": self.n_classes}


def rows(n_classes: int) -> Rows:
    X, y = load_iris(return_X_y=True)
    keep = y >= 3 - n_classes
    X, y = X[keep] * [1.0, 3.0, 0.5, 2.0], y[keep] - (3 - n_classes)
    return Rows(X, y, np.random.default_rng(5).uniform(0.2, 3.0, len(y)))


def centred(data: Rows) -> Rows:
    return replace(data, X=data.X - data.X.mean(axis=0))


def fitted(data: Rows, C: float, weights: Array | None = None) -> SoftmaxRegression:
    return SoftmaxRegression(C=C, tol=1e-13).fit(data.X, data.y, sample_weight=weights)


def proba(coef: Array, intercept: Array, X: Array) -> Array:
    """Of peers' coefficients, (K, d); one row is the second class's against the first's."""
    logits = X @ coef.T + intercept
    if len(coef) == 1:
        logits = np.column_stack([np.zeros(len(X)), logits])
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def check_same_fit(
    convention: PenaltyConvention,
    strength: float,
    data: Rows,
    theirs: Array,
    tolerance: float,
    weights: Array | None = None,
) -> None:
    """softgrad's probabilities at the converted C are `theirs`, and at a C twice as large they are far from them."""
    sizes = data.sizes if weights is None else data.sizes | {"weight_sum": weights.sum()}
    C = convention.to_C(strength, **sizes)
    assert_allclose(convention.from_C(C, **sizes), strength, rtol=1e-14)
    ours = fitted(data, C, weights).predict_proba(data.X)
    print(f"largest difference of probabilities {np.abs(ours - theirs).max():.1e}")
    assert_allclose(ours, theirs, rtol=0, atol=tolerance)
    assert np.abs(fitted(data, 2 * C, weights).predict_proba(data.X) - theirs).max() > 1e-2
