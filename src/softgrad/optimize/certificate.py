"""The certificate: a proved bound on how far a point is from the optimum.

Let ``f(W, b) = sum_i om_i (lse(z_i) - <y_i, z_i>) + R(W)`` with ``z_i = W x_i + b``, ``om_i >= 0`` summing to one, and
let every q_i be a distribution over the classes with ``sum_i om_i (q_i - y_i) = 0``. Write H for the entropy and
``G = sum_i om_i (q_i - y_i) x_i'``. Then, for *every* (W, b):

1. ``lse(z) >= <q, z> + H(q)``, because the entropy is the conjugate of the log-sum-exp;
2. hence ``f(W, b) >= sum_i om_i H(q_i) + <G, W> + <sum_i om_i (q_i - y_i), b> + R(W)``, where the third term is zero;
3. and ``<G, W> + R(W) >= -R*(-G)`` by the definition of the conjugate R*.

So ``D(q) = sum_i om_i H(q_i) - R*(-G)`` is below the optimum. Take q_i = p_i, the probabilities at a point whose
intercept is optimal for its logits, so that ``sum_i om_i (p_i - y_i) = 0``. There 1. is an equality, and

    gap = f(W, b) - D(p) = R(W) + R*(-G) + <G, W>,  which for R = alpha/2 ||W||^2 is  ||G + alpha W||^2 / (2 alpha).

Without an intercept there is no condition on q, and no polishing. Making the intercept optimal is a K x K Newton
iteration on the point's logits and reads no row of X; the gradient at the polished point is one pass.

Rounding: `ROUNDING` times the objective is added to the gap for the sums over the rows, and less is never claimed; what
the logits and the gradient are off by is counted as :mod:`softgrad.optimize.rounding` derives it. And what the
polished intercept's gradient g_b (a few units in the last place of the classes' shares) leaves of the third term in
2. is allowed for, not proved: it is taken as ``2 <|g_b|, |b|>``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from softgrad.optimize import rounding
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.rounding import ROUNDING
from softgrad.rows.base import Point

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Certificate:
    """The iterate with its intercept polished, and its absolute gap in nats (inf where there is no bound)."""

    iterate: Iterate
    gap: float

    @property
    def lower_bound(self) -> float:
        return self.iterate.value - self.gap


def certify(objective: Objective, iterate: Iterate) -> Certificate:
    """The certificate at `iterate`. One pass where its intercept is not optimal yet, else none."""
    if not intercept_is_optimal(objective, iterate):
        polished = polish_intercept(iterate.point, class_shares(objective))
        iterate = objective.at(objective.join(polished.coef, polished.intercept))
    return Certificate(iterate, unpolished_gap(objective, iterate) + _left_over(objective, iterate))


def unpolished_gap(objective: Objective, iterate: Iterate) -> float:
    """The certificate's formula at `iterate` as it is: a bound where the intercept is optimal, else a forecast."""
    point, sizes = iterate.point, objective.column_sizes
    gap = objective.penalty.duality_gap(point.coef, point.grad_coef, rounding.of_gradient(sizes))
    return gap + rounding.of_logits(sizes, point.coef, point.intercept) + ROUNDING * iterate.value


def intercept_is_optimal(objective: Objective, iterate: Iterate) -> bool:
    """Whether the intercept's gradient is zero as far as the sum over the rows can tell."""
    if not objective.fit_intercept:
        return True
    return _negligible(iterate.point.grad_intercept, class_shares(objective))


def _negligible(by_intercept: Array, shares: Array) -> bool:
    return bool((np.abs(by_intercept) <= ROUNDING * shares).all())


def class_shares(objective: Objective) -> Array:
    """Each class's share of the weight, (K,)."""
    return np.asarray(objective.rows.class_weights / objective.rows.weight_sum)


def _left_over(objective: Objective, iterate: Iterate) -> float:
    if not objective.fit_intercept:
        return 0.0
    intercept = iterate.point.intercept
    return 2 * float(np.abs(iterate.point.grad_intercept) @ np.abs(intercept - intercept.mean()))


def polish_intercept(point: Point, shares: Array, max_iter: int = 100) -> Point:
    """The point with the intercept that is optimal for its logits.

    A K x K Newton iteration, damped by the loss where a step does not halve the gradient, which vanishes at the
    optimum only. Where the logits are so large that its curvature vanishes, a step of iterative
    scaling instead, ``b_k += log(share_k / mean probability_k)``, which never raises the loss (Darroch and Ratcliff
    1972). Ends when the gradient is zero or neither lowers it.

    Parameters
    ----------
    point : Point
    shares : ndarray of shape (K,)
        Each class's share of the weight; a class without weight has no optimal intercept.
    max_iter : int, default 100
    """
    best, (gradient, system) = point, point.intercept_system()
    for _ in range(max_iter):
        if _negligible(4 * gradient, shares):
            break
        newton = _newton_step(gradient, system)
        candidate = best.shift(newton)
        found = candidate.intercept_system()
        if not np.abs(found[0]).max() <= 0.5 * np.abs(gradient).max():
            lower = _lower(best, newton) or _lower(best, _scaling_step(gradient, shares))
            if lower is None:
                break
            candidate, found = lower, lower.intercept_system()
        best, (gradient, system) = candidate, found
    return best


def _newton_step(gradient: Array, system: Array) -> Array:
    """``-system^+ gradient``; the gauge, in which the system has no curvature, is given some."""
    lifted = system + np.trace(system) / len(gradient)
    _, step, failed = scipy.linalg.lapack.dposv(lifted, -gradient)
    return np.asarray(-np.linalg.lstsq(lifted, gradient, rcond=None)[0] if failed else step)


def _scaling_step(gradient: Array, shares: Array) -> Array:
    """``log(share / mean probability)``; the intercept's gradient is mean probability - share."""
    mean_proba = np.maximum(gradient + shares, 1e-300)
    step = np.log(shares / mean_proba)
    return np.asarray(step - step.mean())


def _lower(point: Point, step: Array) -> Point | None:
    """The point moved by `step`, halved until the loss does not rise; None where that improves nothing."""
    for _ in range(40):
        candidate = point.shift(step)
        if candidate.loss <= point.loss * (1 + ROUNDING):
            return candidate if _improves(candidate, point) else None
        step = step / 2
    return None


def _improves(candidate: Point, best: Point) -> bool:
    smaller = np.abs(candidate.grad_intercept).max() < np.abs(best.grad_intercept).max()
    return bool(smaller) or candidate.loss < best.loss * (1 - 1e-9)
