"""The objective of one step: the rows of a batch, and a quadratic that stands for all rows before it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.online.curvature import Curvature
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.penalty import L2
from softgrad.rows.base import Rows

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Past:
    """``<slope, v> + v' curvature v / 2 + sum ridge params^2 / 2``, with ``v = params - centre``.

    Attributes
    ----------
    centre, slope : ndarray of shape (K, w)
    curvature : Curvature
    ridge : ndarray of shape (w,)
    """

    centre: Array
    slope: Array
    curvature: Curvature
    ridge: Array

    def at(self, params: Array) -> tuple[float, Array]:
        """Value and gradient."""
        moved = params - self.centre
        pulled, ridged = self.curvature.product(moved), self.ridge * params
        value = np.vdot(self.slope + pulled / 2, moved) + np.vdot(ridged, params) / 2
        return float(value), self.slope + pulled + ridged

    def moved_slope(self, params: Array) -> Array:
        """The gradient of the past's losses at `params`, the ridge's not counted."""
        return self.slope + self.curvature.product(params - self.centre)

    def product(self, direction: Array) -> Array:
        return np.asarray(self.curvature.product(direction) + self.ridge * direction)


class BatchIterate(Iterate):
    """An iterate whose Hessian has the past's part too."""

    objective: "BatchObjective"

    def followed_product(self, direction: Array) -> tuple[Array, Any]:
        by_rows, followed = super().followed_product(direction)
        return by_rows + self.objective.past.product(direction) / self.objective.rows.weight_sum, followed


class BatchObjective(Objective):
    """``loss of the batch + past(params) / weight of the batch``."""

    def __init__(self, rows: Rows, past: Past, *, fit_intercept: bool) -> None:
        super().__init__(rows, L2(0.0), fit_intercept=fit_intercept)
        self.past = past
        self._line: tuple[Any, float] | None = None

    def along(self, iterate: Iterate, direction: Any, steps: Array) -> tuple[Array, Array]:
        losses, slopes = super().along(iterate, direction, steps)
        slope, bend = self._along_past(iterate, direction)
        before = iterate.value - iterate.point.loss
        return losses + before + steps * (slope + steps * bend / 2), slopes + slope + steps * bend

    def balanced(self, params: Array) -> Array:
        """As they are: the past's quadratic knows no gauge."""
        return params

    def _along_past(self, iterate: Iterate, direction: Any) -> tuple[float, float]:
        change = self.join(direction.coef, direction.intercept)
        gradient = self.past.at(iterate.params)[1]
        if self._line is None or self._line[0] is not direction:
            self._line = direction, float(np.vdot(change, self.past.product(change)))
        weight = self.rows.weight_sum
        return float(np.vdot(gradient, change)) / weight, self._line[1] / weight

    def _iterate(self, params: Array) -> BatchIterate:
        found = super()._iterate(params)
        value, gradient = self.past.at(params)
        weight = self.rows.weight_sum
        return BatchIterate(
            self, params, found.point, found.value + value / weight, found.gradient + gradient / weight
        )
