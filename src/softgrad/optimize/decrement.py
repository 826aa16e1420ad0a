"""The relative Newton decrement: the stopping measure where no lower bound exists."""

import numpy as np

from softgrad.optimize.objective import Iterate, Objective

ACCURACY = 1e-2
LONGEST = 500


def relative_decrement(objective: Objective, iterate: Iterate) -> float:
    """``(1/2) gradient' H^+ gradient`` over the objective (or 1e-12 log K): what one Newton step would gain.

    From the exact Hessian where K d is small, else by conjugate gradients.
    """
    gain = iterate.newton_gain if objective.hessian_is_cheap else _gain_by_products(iterate)
    return max(gain, 0.0) / objective.scale(iterate.value)


def _gain_by_products(iterate: Iterate) -> float:
    """The gain by conjugate gradients with a diagonal preconditioner, a pass a product.

    The partial sums ``(1/2) sum_j a_j <r_j, z_j>`` rise to the gain; the iteration ends when the residual has
    fallen to `ACCURACY` of the gradient. Where `LONGEST` products do not suffice there is no claim: inf.
    """
    coef_part = iterate.point.diagonal()[:, : iterate.params.shape[1]]
    diagonal = coef_part + iterate.objective.penalty_diagonal
    inverse = np.where(diagonal > 0, 1 / np.where(diagonal > 0, diagonal, 1), 0)
    residual = iterate.gradient.copy()
    direction = inverse * residual
    size = first = float(np.vdot(residual, direction))
    gain = 0.0
    for _ in range(LONGEST):
        if size <= ACCURACY**2 * first:
            return gain
        product = iterate.product(direction)
        curvature = float(np.vdot(direction, product))
        if not curvature > 0:
            return np.inf
        step = size / curvature
        gain += 0.5 * step * size
        residual -= step * product
        preconditioned = inverse * residual
        last, size = size, float(np.vdot(residual, preconditioned))
        direction = preconditioned + (size / last) * direction
    return np.inf
