"""KeptPoint: a point of rows in memory that keeps its n x K logits, so that only products with X read X."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from softgrad.maths import regression
from softgrad.maths.cross_entropy import hessian_action, residual_of, row_losses
from softgrad.maths.logits import complement, softmax

if TYPE_CHECKING:
    from softgrad.rows.memory import MemoryRows

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class KeptDirection:
    """A direction and its logits ``X coef' + intercept``."""

    coef: Array
    intercept: Array
    logits: Array

    def __add__(self, other: Self) -> "KeptDirection":
        return KeptDirection(
            self.coef + other.coef, self.intercept + other.intercept, self.logits + other.logits
        )

    def __rmul__(self, factor: float) -> "KeptDirection":
        return KeptDirection(factor * self.coef, factor * self.intercept, factor * self.logits)


class KeptPoint:
    """See :class:`softgrad.rows.base.Point`. `sums` are the loss and gradient where a pass has given them."""

    def __init__(
        self,
        rows: "MemoryRows",
        coef: Array,
        intercept: Array,
        logits: Array,
        sums: tuple[float, Array, Array] | None = None,
    ) -> None:
        self._rows, self.coef, self.intercept, self._logits = rows, coef, intercept, logits
        if sums is not None:
            self.loss, self.grad_coef, self.grad_intercept = sums

    @cached_property
    def loss(self) -> float:
        return float(regression.weighted_loss(self._logits, self._rows.targets, self._rows.shares))

    @cached_property
    def grad_intercept(self) -> Array:
        return np.asarray(self._residual.sum(axis=0))

    @cached_property
    def grad_coef(self) -> Array:
        return self._rows.pull_back(self._residual)[0]

    @cached_property
    def _proba(self) -> Array:
        return softmax(self._logits)

    @property
    def _residual(self) -> Array:
        return regression.weighted(residual_of(self._proba, self._rows.targets), self._rows.shares)

    def direction(self, coef: Array, intercept: Array) -> KeptDirection:
        return KeptDirection(coef, intercept, self._rows.forward(coef, intercept))

    def toward(self, other: "KeptPoint") -> KeptDirection:
        return KeptDirection(
            other.coef - self.coef, other.intercept - self.intercept, other._logits - self._logits
        )

    def product(self, coef: Array, intercept: Array) -> tuple[Array, Array, KeptDirection]:
        direction = self.direction(coef, intercept)
        curved = regression.weighted(hessian_action(self._proba, direction.logits), self._rows.shares)
        by_coef, by_intercept = self._rows.pull_back(curved)
        return by_coef, by_intercept, direction

    def along(self, direction: KeptDirection, steps: Array) -> tuple[Array, Array]:
        losses, slopes = np.empty(len(steps)), np.empty(len(steps))
        for i, step in enumerate(steps):
            logits = self._logits + step * direction.logits
            losses[i] = regression.weighted_loss(logits, self._rows.targets, self._rows.shares)
            residual = residual_of(softmax(logits), self._rows.targets)
            slopes[i] = np.einsum("ik,ik->i", residual, direction.logits) @ self._rows.shares
        return losses, slopes

    def move(self, direction: KeptDirection, step: float) -> "KeptPoint":
        return KeptPoint(
            self._rows,
            self.coef + step * direction.coef,
            self.intercept + step * direction.intercept,
            self._logits + step * direction.logits,
        )

    def shift(self, intercept: Array) -> "KeptPoint":
        return KeptPoint(self._rows, self.coef, self.intercept + intercept, self._logits + intercept)

    def intercept_system(self) -> tuple[Array, Array]:
        proba, shares = self._proba, self._rows.shares[:, None]
        system = -(proba * shares).T @ proba
        np.fill_diagonal(system, (shares * proba * complement(proba)).sum(axis=0))
        return self.grad_intercept, system

    def hessian(self) -> Array:
        return self._rows.hessian(self._proba)

    def class_grams(self) -> Array:
        return self._rows.grams(self._curvature)

    def gram(self) -> Array:
        return np.asarray(self._rows.grams(self._curvature.sum(axis=1, keepdims=True))[0])

    def diagonal(self) -> Array:
        return self._rows.squares(self._curvature)

    @property
    def _curvature(self) -> Array:
        return regression.weighted(self._proba * complement(self._proba), self._rows.shares)

    def separates(self) -> bool:
        """Each loss below log 2 means that the label's probability exceeds one half.

        A softer test would do; this one needs no second look at the other logits. Scaling the parameters up
        then lowers every row's loss without end, so that no optimum exists without a penalty.
        """
        targets, shares = self._rows.targets, self._rows.shares
        if targets.ndim == 2 and not (targets[shares > 0].max(axis=1) == 1).all():
            return False
        return bool((row_losses(self._logits, targets)[shares > 0] < np.log(2)).all())

    def release(self) -> None:
        self._logits = self._logits[:0]
        self.__dict__.pop("_proba", None)
