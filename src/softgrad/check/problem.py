"""The problem a gradient is checked on, in one shape for all conventions: classes as rows, the intercept apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.maths.convention import Convention
from softgrad.maths.cross_entropy import residual_of
from softgrad.maths.logits import softmax

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Parameters, or a gradient with respect to them: `weights` (K, d) and `intercept` (K,), None without one."""

    weights: Array
    intercept: Array | None

    def vector(self) -> Array:
        """Both blocks in one vector, float64."""
        parts = [self.weights.ravel(), *([] if self.intercept is None else [self.intercept])]
        return np.concatenate(parts).astype(np.float64)

    def scaled(self, factor: float) -> "Blocks":
        """Both blocks times `factor`."""
        return Blocks(factor * self.weights, None if self.intercept is None else factor * self.intercept)


@dataclass(frozen=True, eq=False)
class Problem:
    """Data and objective.

    Attributes
    ----------
    convention : Convention
    X : ndarray of shape (n, d)
        Samples as rows; a folded constant feature taken out.
    Y : ndarray of shape (n, K)
    alpha : float
    penalize_intercept : bool
    """

    convention: Convention
    X: Array
    Y: Array
    alpha: float
    penalize_intercept: bool

    @property
    def n(self) -> int:
        return len(self.X)

    @property
    def n_classes(self) -> int:
        return int(self.Y.shape[1])

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def has_intercept(self) -> bool:
        return self.convention.intercept != "none"

    @property
    def folded(self) -> bool:
        """Whether the user's X holds the constant feature, and W its entries."""
        return self.convention.intercept in ("first", "last")

    @property
    def sign(self) -> int:
        """+1 for a loss, -1 for a log-likelihood."""
        return 1 if self.convention.objective == "loss" else -1

    @property
    def data_factor(self) -> float:
        """What turns ``sum_i residual_i x_i'`` into the convention's data term."""
        return self.sign * (1 / self.n if self.convention.reduction == "mean" else 1.0)

    @property
    def alpha_on_intercept(self) -> float:
        return self.alpha if self.penalize_intercept else 0.0

    def place(self, rng: np.random.Generator, spread: float = 1.0) -> Blocks:
        """Random parameters whose logits have a standard deviation of about `spread`, whatever the features' scale."""
        lengths = np.sqrt((self.X.astype(np.float64) ** 2).mean(axis=0))
        typical = np.where(lengths > 0, lengths, 1.0) * np.sqrt(max(self.n_features, 1))
        weights = spread * rng.normal(size=(self.n_classes, self.n_features)) / typical
        return Blocks(weights, spread * rng.normal(size=self.n_classes) if self.has_intercept else None)

    def logits(self, place: Blocks, X: Array | None = None) -> Array:
        z: Array = (self.X if X is None else X) @ place.weights.T
        return z if place.intercept is None else z + place.intercept

    def pulled_back(self, residual: Array, X: Array | None = None) -> Blocks:
        """A residual (n, K) carried to the parameters, with the convention's scale and sign."""
        weights = self.data_factor * (residual.T @ (self.X if X is None else X))
        return Blocks(weights, self.data_factor * residual.sum(axis=0) if self.has_intercept else None)

    def data_gradient(self, place: Blocks) -> Blocks:
        """Of the data term alone."""
        return self.pulled_back(residual_of(softmax(self.logits(place)), self.Y))

    def gradient(self, place: Blocks) -> Blocks:
        """The convention's own gradient: data term and penalty."""
        data = self.data_gradient(place)
        weights = data.weights + self.sign * self.alpha * place.weights
        if data.intercept is None or place.intercept is None:
            return Blocks(weights, None)
        return Blocks(weights, data.intercept + self.sign * self.alpha_on_intercept * place.intercept)

    def terms(self, place: Blocks) -> Array:
        """``sum |terms|`` of each entry of the gradient: what rounding errors, and matches, are relative to."""
        sizes = softmax(self.logits(place)) + self.Y
        terms = self.pulled_back(sizes, np.abs(self.X)).scaled(self.sign)
        weights = terms.weights + abs(self.alpha) * np.abs(place.weights)
        vector = Blocks(weights, terms.intercept).vector()
        # A feature that is zero in all rows has terms of size zero: there the others' size is the measure.
        return np.maximum(vector, 1e-12 * max(float(vector.max()), 1e-288))

    def rounding(self, place: Blocks, eps: float) -> Array:
        """A running error bound of each entry, for arithmetic of unit roundoff `eps`."""
        steps = self.n_features + np.sqrt(self.n) + float(np.abs(self.logits(place)).max()) + 8
        return np.asarray(8 * eps * steps * self.terms(place))
