"""One batch's minimum by Newton's method: conjugate gradients with a preconditioner that is kept while it serves."""

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from softgrad.online.batch import BatchObjective
from softgrad.online.curvature import Inverse
from softgrad.optimize.conjugate_gradients import Truncation, newton_step
from softgrad.optimize.line_search import line_search
from softgrad.optimize.objective import Iterate

Array = npt.NDArray[Any]

GOAL = 1e-8
"""The relative gain below which a Newton step is the last."""
NEAR = 1e-10
"""The relative gain below which a full step is taken without a line search."""
TRUNCATION = Truncation(accuracy=0.02, enough=0.0, longest=200, memory=1)
LONGEST = 50
PLENTY = 0.45
"""Digits a product that a good preconditioner gives."""
GROWN = 2.0
"""How much larger a column's mean square may be than when the preconditioner was built."""


@dataclass(frozen=True, eq=False)
class Built:
    """A preconditioner from earlier.

    Attributes
    ----------
    inverse : Inverse or None
    ridge : ndarray of shape (w,), or None
        That it was built with.
    waste : float
        Products lost since, against `PLENTY` digits each.
    """

    inverse: Inverse | None = None
    ridge: Array | None = None
    waste: float = 0.0

    def knows(self, ridge: Array) -> bool:
        """Whether no column has turned out to be of a larger scale than it was known to have."""
        return self.ridge is not None and not bool((ridge > GROWN * self.ridge).any())


def minimum(objective: BatchObjective, start: Iterate, built: Built) -> tuple[Iterate, Built, int]:
    """The batch's minimum from `start`, the preconditioner at the end, and the number of Newton steps.

    What the minimum still lacks is not lost: its gradient stays in the slope, and the next batch's step takes it in.
    """
    here = start
    for count in range(1, LONGEST + 1):
        built = _fit_for(objective, here, built)
        assert built.inverse is not None
        passes = objective.n_passes
        found = newton_step(here, built.inverse, TRUNCATION)
        if found is None:
            return here, built, count
        lost = (objective.n_passes - passes) * (1 - min(1.0, max(found.digits, 0.0) / PLENTY))
        built = replace(built, waste=built.waste + lost)
        relative = found.gain / objective.scale(abs(here.value))
        length = 1.0 if relative <= NEAR else line_search(objective, here, found.direction)
        point = here.point.move(found.direction, length)
        there = objective.at(objective.join(point.coef, point.intercept))
        if not here.no_lower_than(there.value):
            return here, built, count
        here = there
        if relative <= GOAL:
            break
    return here, built, count


def _fit_for(objective: BatchObjective, here: Iterate, built: Built) -> Built:
    """The preconditioner as it is, or built anew at `here` where it has lost more products than that takes."""
    past, rows = objective.past, objective.rows
    entries = objective.density * rows.n_rows * rows.n_features
    anew = past.curvature.inverse_flop + 2.0 * entries * past.centre.size
    a_product = 4.0 * entries * rows.n_classes + past.curvature.product_flop
    if past.curvature.inverse_flop and built.knows(past.ridge) and built.waste * a_product < anew:
        return built
    return Built(past.curvature.plus(here.point, rows.weight_sum).inverse(past.ridge), past.ridge)
