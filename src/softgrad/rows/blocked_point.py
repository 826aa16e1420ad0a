"""Points and directions of rows in blocks: no row and no logit, but what to ask the blocks for."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from softgrad.rows import question as ask
from softgrad.rows.shelf import Logits

if TYPE_CHECKING:
    from softgrad.rows.blocked import BlockwiseRows

Array = npt.NDArray[Any]


class BlockwiseDirection:
    """A direction, by its parameters."""

    def __init__(self, rows: "BlockwiseRows", logits: Logits) -> None:
        self._rows, self.logits = rows, logits

    @property
    def coef(self) -> Array:
        return self.logits.coef

    @property
    def intercept(self) -> Array:
        return self.logits.intercept

    def plus(self, factor: float, other: "BlockwiseDirection") -> "BlockwiseDirection":
        whole = self._rows.leaf(self.coef + factor * other.coef, self.intercept + factor * other.intercept)
        return BlockwiseDirection(self._rows, Logits.of(whole))

    def times(self, factor: float) -> "BlockwiseDirection":
        return BlockwiseDirection(self._rows, self.logits.times(factor))


class BlockwisePoint:
    """See :class:`softgrad.rows.base.Point`. `sums` are the loss and gradient where a pass has given them."""

    def __init__(
        self, rows: "BlockwiseRows", logits: Logits, sums: tuple[float, Array, Array] | None = None
    ) -> None:
        self._rows, self._logits = rows, logits
        if sums is not None:
            self.loss, self.grad_coef, self.grad_intercept = sums

    @property
    def coef(self) -> Array:
        return self._logits.coef

    @property
    def intercept(self) -> Array:
        return self._logits.intercept

    @cached_property
    def loss(self) -> float:
        return self._loss_and_intercept[0]

    @cached_property
    def grad_intercept(self) -> Array:
        return self._loss_and_intercept[1]

    @cached_property
    def _loss_and_intercept(self) -> tuple[float, Array]:
        loss, by_intercept = self._ask(ask.loss)
        return float(loss), by_intercept

    @cached_property
    def grad_coef(self) -> Array:
        return np.asarray(self._ask(ask.gradient, reads=True)[0])

    def direction(self, coef: Array, intercept: Array) -> BlockwiseDirection:
        return BlockwiseDirection(self._rows, Logits.of(self._rows.leaf(coef, intercept)))

    def toward(self, other: "BlockwisePoint") -> BlockwiseDirection:
        return BlockwiseDirection(self._rows, other._logits.plus(-1.0, self._logits))

    def product(self, coef: Array, intercept: Array) -> tuple[Array, Array, BlockwiseDirection]:
        self._rows.hold_proba(self._logits)
        by_coef, by_intercept = self._ask(ask.product, coef, intercept, reads=True)
        return by_coef, by_intercept, self.direction(coef, intercept)

    def curved(self, _negligible: float) -> "BlockwisePoint":
        return self

    def along(self, direction: BlockwiseDirection, steps: Array) -> tuple[Array, Array]:
        losses, slopes = self._ask(ask.along, direction.logits, np.asarray(steps, dtype=np.float64))
        return losses, slopes

    def move(self, direction: BlockwiseDirection, step: float) -> "BlockwisePoint":
        return BlockwisePoint(self._rows, self._logits.plus(float(step), direction.logits))

    def shift(self, intercept: Array) -> "BlockwisePoint":
        return BlockwisePoint(self._rows, self._logits.shifted(intercept))

    def intercept_system(self) -> tuple[Array, Array]:
        gradient, system = self._ask(ask.intercept_system)
        return gradient, system

    def hessian(self) -> Array:
        return np.asarray(self._ask(ask.hessian, reads=True)[0])

    def class_grams(self, negligible: float = 0.0) -> Iterator[Array]:
        return iter(self._ask(ask.class_grams, negligible, reads=True)[0])

    def gram(self) -> Array:
        return np.asarray(self._ask(ask.gram, reads=True)[0])

    def diagonal(self) -> Array:
        return np.asarray(self._ask(ask.diagonal, reads=True)[0])

    def separates(self) -> bool:
        return bool(self._ask(ask.unseparated)[0] == 0)

    def margins(self, direction: BlockwiseDirection, slack: float) -> Array:
        return np.asarray(self._ask(ask.margins, direction.logits, slack)[0])

    def release(self) -> None:
        self._rows.let_go(self._logits)

    def _ask(self, what: Callable[..., Any], *given: Any, reads: bool = False) -> Any:
        return self._rows.followed(what, self._logits, *given, reads=reads)
