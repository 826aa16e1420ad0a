"""The relative Newton decrement: the stopping measure where no lower bound exists."""

import numpy as np

from softgrad.optimize.conjugate_gradients import Truncation, newton_step
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.preconditioner import build, closest

ACCURACY = 1e-2
LONGEST = 500


def relative_decrement(objective: Objective, iterate: Iterate) -> float:
    """``(1/2) gradient' H^+ gradient`` over the objective (or 1e-12 log K): what one Newton step would gain.

    From the exact Hessian where K d is small, else by conjugate gradients.
    """
    gain = iterate.newton_gain if objective.hessian_is_cheap else _gain_by_products(iterate)
    return max(gain, 0.0) / objective.scale(iterate.value)


def _gain_by_products(iterate: Iterate) -> float:
    """The gain by conjugate gradients with the closest preconditioner that fits, two passes a product at most.

    The model's fall rises to the gain with each product. Where the residual, in the norm of M^-1, has not fallen to
    `ACCURACY` of the gradient after `LONGEST` products there is no claim: inf.
    """
    if not iterate.gradient.any():
        return 0.0
    preconditioner = build(iterate.objective, iterate.params, closest(iterate.objective))
    found = newton_step(iterate, preconditioner, Truncation(ACCURACY**2, 0.0, LONGEST, 1))
    if found is None:
        return np.inf
    sizes = [float(np.vdot(rest, preconditioner.solve(rest))) for rest in (found.residual, iterate.gradient)]
    return found.gain if sizes[0] <= ACCURACY**2 * sizes[1] else np.inf
