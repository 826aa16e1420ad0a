"""Whether an optimum exists without a penalty: the loss must not fall for ever along the direction it falls along."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.flatness import Flatness, Standard
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.separation import Separation

Array = npt.NDArray[np.float64]

FAR = 4.0
STEPS = np.array([0.0, 0.25, 0.5, 1.0, 2.0, FAR, 2 * FAR])
"""In Newton's steps: where is looked along a direction that may lead to infinity."""
SETTLED, NOISY = 1e-14, 1e-10
"""The decrement, of the loss, of a settled step; and below which one that no longer falls is rounding."""
LONGEST = 12
SLACK = 1e-9
"""How much of the typical change of a logit a margin may fall by, as rounding."""
OUT = 1e6
"""Changes of a logit, a column's spread each, after which only rows on the boundary have curvature."""


@dataclass(frozen=True)
class Recession:
    """That the loss falls for ever, and what could be shown of the direction."""

    separation: Separation | None


def recession(objective: Objective, iterate: Iterate) -> Recession | None:
    """Whether Newton's steps from an iterate of small decrement lead to infinity; None where they arrive.

    Near an optimum the loss is quadratic: at `FAR` times Newton's step its slope is ``FAR - 1`` times as steep upwards
    as it fell at the start, and a step or two later the decrement is below `SETTLED` of the loss. Along a direction
    that separates classes the loss still falls there, as exp(-t), and each step lowers the decrement by e only. From
    then on the steps are as long as the loss falls along them. Once the decrement is below `SETTLED`, or below `NOISY`
    and no longer falling, as with columns far from zero, what grew is to be found in the directions that have no
    curvature left (:class:`softgrad.optimize.flatness.Flatness`), and the rows
    say whether it separates.

    A Hessian and three or four reads of X a step, at most `LONGEST` times; half a dozen reads beside the steps to
    `SETTLED` where an optimum exists.
    """
    standard, first, before = Standard.of(objective), iterate.params, np.inf
    suspected = falls = False
    for _ in range(LONGEST):
        gain = iterate.newton_gain / objective.scale(iterate.value)
        settled, before = gain <= SETTLED or 0.5 * before <= gain <= NOISY, gain
        flatness = Flatness.of(iterate, standard) if settled else None
        found = None if flatness is None else _direction(iterate, flatness, first)
        if found is not None:
            return Recession(found)
        if settled and not suspected:
            return None
        step = -iterate.newton_direction
        length, falls = followed(objective, iterate, objective.direction(iterate, step))
        if settled and flatness is None and not falls:
            return None
        suspected = suspected or falls
        iterate = objective.at(objective.balanced(iterate.params + (length if suspected else 1.0) * step))
    return Recession(None) if falls else None


def shown(iterate: Iterate, growing: Array, standard: Standard, *, slack: float = SLACK) -> Separation | None:
    """What a direction separates, as the rows have it; None where a margin falls along it or none rises.

    Parameters
    ----------
    iterate : Iterate
        Whose point the rows are asked at: no read of X but for the direction's logits.
    growing : ndarray of the shape of the parameters
    standard : Standard
    slack : float, default `SLACK`
        What counts as no change of a margin, of the typical change of a logit.
    """
    objective = iterate.objective
    coef, intercept = objective.split(growing)
    typical = float((np.abs(coef) @ np.hypot(standard.means, standard.spreads) + np.abs(intercept)).max())
    shares = iterate.point.margins(objective.direction(iterate, growing), slack * typical)
    if shares[2].any() or not shares[0].any():
        return None
    return Separation(coef, intercept, shares, standard.spreads).moved(coef, intercept, standard.spreads)


def followed(objective: Objective, iterate: Iterate, step: Any) -> tuple[float, bool]:
    """The longest of `STEPS` of Newton's step along which the loss falls, and whether it falls far out."""
    _, slopes = objective.along(iterate, step, STEPS)
    length = float(STEPS[1:][slopes[1:] <= 0].max(initial=STEPS[1]))
    return length, bool(slopes[STEPS == FAR][0] < 0.5 * abs(slopes[0]))


def _direction(iterate: Iterate, flatness: Flatness, first: Array) -> Separation | None:
    """What has grown, if it separates.

    Where the curvature of the separated rows is gone altogether, `OUT` along what has grown, the flat part of the
    parameters that were settled on `first` is better: less far out, they are the same in all units but for rounding.
    """
    growing = flatness.part(iterate, iterate.params)
    found = None if growing is None else shown(iterate, growing, flatness.standard)
    if growing is None or found is None:
        return None
    objective = iterate.objective
    out = objective.at(iterate.params + OUT * objective.join(found.coef, found.intercept))
    flat = Flatness.of(out, flatness.standard)
    early = None if flat is None else flat.part(out, first)
    better = None if early is None else shown(out, early, flatness.standard)
    return better or found
