"""KeptPoint: a point of rows in memory that keeps its K x n logits, so that only products with X read X."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from softgrad.kernels import passes
from softgrad.kernels.job import Sums
from softgrad.maths.cross_entropy import row_losses
from softgrad.maths.logits import complement
from softgrad.maths.margins import margin_shares

if TYPE_CHECKING:
    from softgrad.rows.memory import MemoryRows

Array = npt.NDArray[Any]

IN_DOUBT = 1e-2
"""Mean of 1 - max p, beyond which the 6e-8 that a row's product is off by in float32 are few of its digits."""

LOOKED_AT = 4096
"""Rows, spread over all, that tell whether it pays to look at the others' curvature."""


def relevance(proba: Array, shares: Array | None) -> Array:
    """The largest over the classes of ``share p (1 - p)``, relative to the class's mean, (n,).

    Of a class whose p is one but for rounding the product is lost, but not that of the row's next class.
    """
    curvature, result = np.empty(proba.shape[1]), np.zeros(proba.shape[1])
    for of_class in proba:
        np.subtract(1, of_class, out=curvature)
        curvature *= of_class
        if shares is not None:
            curvature *= shares
            curvature[shares == 0] = 0
        mean = curvature.mean()
        if mean > 0:
            curvature /= mean
            np.maximum(result, curvature, out=result)
    return result


@dataclass(frozen=True, eq=False)
class KeptDirection:
    """A direction and its logits ``coef X' + intercept``, (K, n): float32 where a product in float32 gave them."""

    coef: Array
    intercept: Array
    logits: Array

    @cached_property
    def change(self) -> Array:
        """Of a point's logits, in their type."""
        return self.logits.astype(np.float64, copy=False)

    def times(self, factor: float) -> "KeptDirection":
        logits = self.logits
        logits *= factor
        return KeptDirection(factor * self.coef, factor * self.intercept, logits)

    def plus(self, factor: float, other: Self) -> "KeptDirection":
        logits, scaled = self.logits, other.times(factor)
        logits += scaled.logits
        return KeptDirection(self.coef + scaled.coef, self.intercept + scaled.intercept, logits)


class KeptPoint:
    """See :class:`softgrad.rows.base.Point`.

    `sums` are the loss and gradient, and `proba` the probabilities (K, n), where a pass has given them; what needs
    only the probabilities asks for no `logits` then. `start` (K,) is added to the logits once they are asked for.
    """

    def __init__(
        self,
        rows: "MemoryRows",
        coef: Array,
        intercept: Array,
        logits: Any,
        sums: tuple[float, Any, Array] | None = None,
        proba: Array | None = None,
        start: Array | None = None,
    ) -> None:
        self._rows, self.coef, self.intercept = rows, coef, intercept
        self._unmoved, self._start = logits, start
        if sums is not None:
            self.loss, self.grad_coef, self.grad_intercept = sums
        if proba is not None:
            self._proba = proba

    @property
    def logits(self) -> Array:
        """(K, n), not to be written to."""
        return np.asarray(self._logits)

    @property
    def _logits(self) -> Any:
        if self._start is not None:
            self._unmoved, self._start = self._unmoved + self._start[:, None], None
        return self._unmoved

    @cached_property
    def loss(self) -> float:
        return self._sums_of_logits.loss

    @cached_property
    def grad_intercept(self) -> Array:
        return self._sums_of_logits.by_intercept

    @cached_property
    def grad_coef(self) -> Array:
        return self._rows.gradient(self._logits)[1]

    @cached_property
    def _sums_of_logits(self) -> Sums:
        return passes.loss(self._logits, self._rows.given)

    @cached_property
    def _proba(self) -> Array:
        return passes.proba(self._logits)

    @cached_property
    def _proba_of_products(self) -> Array:
        """In the rows' type for products, if enough rows are in doubt: a near-certain one gives float32 only noise."""
        doubt = self._rows.shares @ (1 - self._proba.max(axis=0))
        return self._proba.astype(self._rows.product_type, copy=False) if doubt >= IN_DOUBT else self._proba

    @cached_property
    def _relevance(self) -> Array:
        return relevance(self._proba, self._rows.given.shares)

    def _takes_few(self, negligible: float) -> bool:
        """Whether about so few rows matter as are taken, by one in so many of them."""
        if self._rows.n_rows < 2 * LOOKED_AT:
            return True  # all are looked at anyway
        thin = slice(None, None, self._rows.n_rows // LOOKED_AT)
        shares = self._rows.given.shares
        seen = relevance(self._proba[:, thin], None if shares is None else shares[thin])
        return bool(np.mean(~(seen <= negligible)) * self._rows.n_rows <= 1.1 * self._rows.most_taken)

    def direction(self, coef: Array, intercept: Array) -> KeptDirection:
        return KeptDirection(coef, intercept, self._rows.forward(coef, intercept))

    def toward(self, other: "KeptPoint") -> KeptDirection:
        return KeptDirection(
            other.coef - self.coef, other.intercept - self.intercept, other._logits - self._logits
        )

    def product(self, coef: Array, intercept: Array) -> tuple[Array, Array, KeptDirection]:
        by_coef, by_intercept, logits = self._rows.product(self._proba_of_products, coef, intercept)
        return by_coef, by_intercept, KeptDirection(coef, intercept, logits)

    def curved(self, negligible: float) -> "KeptPoint":
        if not (negligible and self._rows.most_taken and self._takes_few(negligible)):
            return self
        counts = np.flatnonzero(~(self._relevance <= negligible))
        if not 0 < len(counts) <= self._rows.most_taken:
            return self
        proba = np.take(self._proba, counts, axis=1)
        return KeptPoint(self._rows.part(counts), self.coef, self.intercept, None, proba=proba)

    def along(self, direction: KeptDirection, steps: Array) -> tuple[Array, Array]:
        found = [passes.along(self._logits, direction.change, float(t), self._rows.given) for t in steps]
        losses, slopes = np.array(found).T.reshape(2, len(steps))
        return losses, slopes

    def move(self, direction: KeptDirection, step: float) -> "KeptPoint":
        logits = step * direction.change
        logits += self._logits
        coef, intercept = self.coef + step * direction.coef, self.intercept + step * direction.intercept
        return KeptPoint(self._rows, coef, intercept, logits)

    def shift(self, intercept: Array) -> "KeptPoint":
        start = intercept if self._start is None else self._start + intercept
        return KeptPoint(self._rows, self.coef, self.intercept + intercept, self._unmoved, start=start)

    def intercept_system(self) -> tuple[Array, Array]:
        return passes.intercept_system(self._unmoved, self._start, self._rows.given)

    def hessian(self) -> Array:
        return self._rows.hessian(self._proba)

    def class_grams(self, negligible: float = 0.0) -> Iterator[Array]:
        curvature = self._curvature
        if negligible:
            curvature[curvature <= negligible * curvature.mean(axis=1, keepdims=True)] = 0
        return self._rows.grams(curvature)

    def gram(self) -> Array:
        return next(self._rows.grams(self._curvature.sum(axis=0, keepdims=True)))

    def diagonal(self) -> Array:
        return self._rows.squares(self._curvature)

    @property
    def _curvature(self) -> Array:
        """``share p (1 - p)``, (K, n); a row of weight zero counts nothing, even where it is NaN."""
        proba, shares = self._proba, self._rows.shares
        curvature = proba * complement(proba.T).T * shares
        curvature[:, shares == 0] = 0
        return curvature

    def separates(self) -> bool:
        """Whether each label's probability exceeds one half.

        A softer test would do; this one needs no second look at the other logits. Scaling the parameters up
        then lowers every row's loss without end, so that no optimum exists without a penalty.
        """
        targets, counts = self._rows.targets, self._rows.shares > 0
        if targets.ndim == 2:
            if not (targets[counts].max(axis=1) == 1).all():
                return False
            targets = targets.argmax(axis=1)
        own = np.take_along_axis(self._proba, targets[None, :], axis=0)[0]
        return bool((own[counts] > 0.5).all())

    def margins(self, direction: KeptDirection, slack: float) -> Array:
        return margin_shares(direction.logits, self._rows.targets, self._rows.shares, slack)

    def loss_moments(self) -> tuple[float, float, float]:
        """``sum_i share_i^2 (loss_i - loss)^m`` for m = 0, 1, 2: what the standard error of the loss is made of."""
        counted = np.flatnonzero(self._rows.shares)
        deviations = row_losses(self._logits[:, counted].T, self._rows.targets[counted]) - self.loss
        squares = self._rows.shares[counted] ** 2
        return float(squares.sum()), float(squares @ deviations), float(squares @ deviations**2)

    def release(self) -> None:
        self._unmoved = np.empty((len(self.coef), 0))
        self.__dict__.pop("_proba", None)
        self.__dict__.pop("_proba_of_products", None)
        self.__dict__.pop("_relevance", None)
