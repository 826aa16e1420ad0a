"""Where to start on many rows: at the optimum of a few of them."""

from typing import Any

import numpy.typing as npt

from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.objective import Objective
from softgrad.optimize.solver import Solver

Array = npt.NDArray[Any]

SHARE = 16
"""A sample has one row in so many."""
ROWS_A_PARAMETER = 5
FEWEST_ROWS = 2000
LONGEST = 30
TRUSTED = 1.5
"""How much more than on the sample the objective may be on all rows, at the sample's optimum, to start there."""


def warm_start(objective: Objective, params: Array, solver: Solver) -> Array:
    """Parameters near the optimum, from a sample of the rows; `params` where they are not zero, or the rows too few.

    A solver that itself begins so makes a chain of samples, each `SHARE` times as large as the one before. With fewer
    than `ROWS_A_PARAMETER` rows a parameter a sample may be separable, and its optimum far from the whole's. It is
    solved to about a tenth of what its objective is off by for want of rows, ``parameters / (2 rows)`` nats, and
    costs passes pro rata. Where the objective on all rows is much larger than on the sample, as with nearly separable
    rows, the sample's optimum is too far out to begin at (shuttle: 22 steps from there, 19 from zero). As the sample
    and its weights are fixed by a seed, the start is the same every time.

    Parameters
    ----------
    objective : Objective
    params : ndarray
        Where the sample's fit starts.
    solver : Solver
    """
    size = objective.rows.n_rows // SHARE
    if params.any() or size < max(ROWS_A_PARAMETER * params.size, FEWEST_ROWS):
        return params
    part = objective.on(objective.rows.sample(size, seed=1))
    accuracy = min(0.05 * params.size / size, 1e-2)
    solution = minimize(part, solver, Limits(accuracy, LONGEST), start=params)
    start = objective.join(solution.coef, solution.intercept)
    return start if objective.at(start).value <= TRUSTED * solution.objective else params
