"""Where along a direction the objective is least, on kept logits."""

from typing import Any

import numpy as np

from softgrad.optimize.objective import Iterate, Objective

LONGEST = 2.0**20
FLATNESS = 0.1
"""How much of the slope at the start may be left where a search ends."""


def line_search(
    objective: Objective, iterate: Iterate, direction: Any, *, first: float = 1.0, flatness: float = FLATNESS
) -> float:
    """A step t at which the slope has fallen to `flatness` times the slope at 0, or 0.0 where none descends.

    The objective is convex, so its slope along a line never falls: a sign change brackets the minimum, and
    values, nearly equal near the optimum, decide nothing else. A step beyond the minimum is taken only where the
    objective is not above that at 0, up to rounding: one row that the step turns over can make the slope at 0 a
    thousand times that at the minimum's other side. The bracket is cut by a safeguarded secant;
    it grows fourfold while the slope stays negative, up to `LONGEST`. Reads no row of X, unless rounding decides and
    the columns' sizes are not known yet; nK exponentials a trial.

    Parameters
    ----------
    objective : Objective
    iterate : Iterate
    direction : Direction
        Of the iterate's point.
    first : float, default 1.0
        The step tried first.
    flatness : float, default FLATNESS
        In (0, 1).

    Returns
    -------
    float
    """
    slope_here = float(np.vdot(iterate.gradient, objective.join(direction.coef, direction.intercept)))
    if not slope_here < 0:
        return 0.0
    low, slope_low = 0.0, slope_here
    high, slope_high = np.inf, np.inf
    step = first
    for _ in range(60):
        there, slope = _along(objective, iterate, direction, step)
        if ends(iterate, slope_here, (there, slope), flatness):
            return step
        if slope < 0:
            low, slope_low = step, slope
        else:
            high, slope_high = step, slope
        if low >= LONGEST:
            return low
        step = 4 * step if np.isinf(high) else _secant(low, slope_low, high, slope_high)
    return low


def ends(here: Iterate, slope: float, there: tuple[float, float], flatness: float = FLATNESS) -> bool:
    """Whether a search from `here`, of this slope, ends `there`, of this value and slope."""
    value, slope_there = there
    flat = slope < 0 and abs(slope_there) <= flatness * abs(slope)
    return flat and (slope_there <= 0 or here.no_lower_than(value))


def _along(objective: Objective, iterate: Iterate, direction: Any, step: float) -> tuple[float, float]:
    values, slopes = objective.along(iterate, direction, np.array([step]))
    return float(values[0]), np.inf if np.isnan(slopes[0]) else float(slopes[0])


def _secant(low: float, slope_low: float, high: float, slope_high: float) -> float:
    """The secant's root, kept off both ends of the bracket by a tenth of its width."""
    width = high - low
    share = 0.5 if np.isinf(slope_high) else slope_low / (slope_low - slope_high)
    return low + width * min(max(share, 0.1), 0.9)
