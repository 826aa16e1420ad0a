"""The same question as in :mod:`softgrad.optimize.recession` where the Hessian is too large: by products alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.conjugate_gradients import Preconditioner, Step, Truncation, newton_step
from softgrad.optimize.flatness import Standard
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.preconditioner import KRONECKER, build, closest, forms
from softgrad.optimize.recession import SETTLED, Recession, followed, shown
from softgrad.optimize.separation import Separation

Array = npt.NDArray[Any]

FINE, FINEST = 1e-4, 1e-22
"""The shares of an average product's gain at which the conjugate gradients end: for a step, and for what is flat."""
LONGEST = 500
STRIDES = 8
ENOUGH = 1e-7
"""The share of the gradient left at which conjugate gradients end when they take the boundary's share away."""
MEMORY = 10
SIGNIFICANT, NOISE = 1e-16, 1e-24
"""The relative gains from which on a slope tells, and below which a gradient is rounding."""
OUT = 1e4
"""Changes of a logit, a column's spread each, after which only rows on the boundary have curvature; and not so many
that what is left of their changes would turn them over."""
COARSE = 1e-3
"""How much of the typical change of a logit a margin may fall by before the boundary's share is taken away."""
SMALL = 1e-3
"""Of the objective: what the model of a scaled problem promises, so that conjugate gradients do not end at it."""


def recession_by_products(objective: Objective, iterate: Iterate, decrement: float) -> Recession | None:
    """Whether Newton's steps from an iterate of small decrement lead to infinity; None as far as they do not.

    The steps are followed as in :func:`softgrad.optimize.recession.recession`. The way gone is the direction, but for
    what it moves the rows on the boundary: these alone have curvature far out along it, and conjugate gradients take
    that away. One or two solutions by conjugate gradients where an optimum exists, else up to a dozen, of at most
    `LONGEST` products each; none where the relative `decrement` is rounding.
    """
    if decrement <= NOISE:
        return None
    first, suspected, significant = iterate.params, False, False
    for _ in range(STRIDES):
        step = _solution(iterate, _preconditioner(objective, iterate.params))
        scale = objective.scale(iterate.value)
        if step is None:
            break
        settled = step.gain <= SETTLED * scale
        found = _separation(iterate, first) if settled and suspected else None
        if found is not None:
            return Recession(found)
        length, falls = followed(objective, iterate, step.direction)
        if settled and not falls:
            break
        suspected = suspected or falls
        significant = significant or (falls and step.gain > SIGNIFICANT * scale)
        iterate = objective.at(
            objective.balanced(iterate.params + (length if suspected else 1.0) * step.params)
        )
    found = _separation(iterate, first) if suspected else None
    return Recession(found) if found is not None or significant else None


def _separation(iterate: Iterate, first: Array) -> Separation | None:
    """What the way from `first` to the iterate separates, or else what the iterate itself does."""
    objective = iterate.objective
    standard = Standard.of(objective)
    for way in (iterate.params - first, iterate.params):
        largest = float(np.abs(objective.split(way)[0] * standard.spreads).max(initial=0.0))
        if largest == 0 or shown(iterate, way, standard, slack=COARSE) is None:
            continue
        found = shown(iterate, way, standard)
        if found is None:
            out = objective.at(iterate.params + OUT / largest * way)
            found = shown(out, _flat_part(out, way), standard)
        if found is not None:
            return found
    return None


def _flat_part(iterate: Iterate, params: Array) -> Array:
    """``params - H^+ H params``, by the Newton step of a gradient ``H params``.

    The preconditioner is that of parameters zero: what is taken away is orthogonal to what is left in its norm, and in
    the norm of one from far out a little of the one is much of the other.
    """
    objective = iterate.objective
    form = [form for form in forms(objective) if form <= KRONECKER][-1]
    preconditioner = build(objective, np.zeros(objective.shape), form)
    whole = params - params.mean(axis=0)
    product = iterate.product(whole)
    energy = float(np.vdot(whole, product))
    if not energy > 0:
        return np.asarray(whole)
    scale = np.sqrt(SMALL * iterate.value / energy)
    enough = ENOUGH * scale * float(np.linalg.norm(product))
    tilted = replace(iterate, gradient=scale * product)
    step = newton_step(tilted, preconditioner, Truncation(FINEST, enough, LONGEST, MEMORY))
    return np.asarray(whole if step is None else whole + step.params / scale)


def _preconditioner(objective: Objective, params: Array) -> Preconditioner:
    """The closest that fits."""
    return build(objective, params, closest(objective))


def _solution(iterate: Iterate, preconditioner: Preconditioner) -> Step | None:
    """``-H^+ gradient`` by conjugate gradients; None where that fails."""
    return newton_step(iterate, preconditioner, Truncation(FINE, 0.0, LONGEST, MEMORY))
