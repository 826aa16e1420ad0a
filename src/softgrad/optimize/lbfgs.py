"""Limited-memory BFGS, one step at a time."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.line_search import line_search
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.solver import State

Array = npt.NDArray[Any]

MEMORY = 10
SUFFICIENT, CURVED = 1e-4, 0.9


@dataclass(frozen=True, eq=False, kw_only=True)
class LbfgsState(State):
    """The last moves s and changes of the gradient y, oldest first, each (m, P)."""

    moves: Array
    changes: Array


@final
class Lbfgs:
    """Nocedal and Wright (2006), algorithms 7.4 and 7.5, with `MEMORY` pairs.

    The unit step is taken where it satisfies the strong Wolfe conditions (c1 = 1e-4, c2 = 0.9): one pass a step.
    Where it does not, the line search runs on the logits of the point just tried and of the last one, which reads no
    row of X, and costs one more pass where it ends.
    """

    name: ClassVar[str] = "lbfgs"

    def init(self, _objective: Objective, params: Array) -> LbfgsState:
        empty = np.empty((0, params.size))
        return LbfgsState(params=params, moves=empty, changes=empty)

    def step(self, objective: Objective, state: LbfgsState) -> LbfgsState:
        here = objective.at(state.params)
        direction = -two_loop(here.gradient.ravel(), state.moves, state.changes).reshape(here.params.shape)
        there = self._next(objective, here, direction)
        if there is None and len(state.moves):
            here = objective.at(state.params)
            there = self._next(objective, here, -here.gradient)
        if there is None:
            return replace(state, exhausted=True)
        return self._remember(state, here, there)

    def _next(self, objective: Objective, here: Iterate, direction: Array) -> Iterate | None:
        slope = float(np.vdot(here.gradient, direction))
        if not slope < 0:
            return None
        there = objective.at(here.params + direction)
        slope_there = float(np.vdot(there.gradient, direction))
        enough = here.no_lower_than(there.value - SUFFICIENT * slope)
        if enough and abs(slope_there) <= CURVED * abs(slope) and _improves(there, here):
            return there
        step = line_search(objective, here, here.point.toward(there.point))
        if step == 0:
            return None
        there = objective.at(here.params + step * direction)
        return there if _improves(there, here) else None

    def _remember(self, state: LbfgsState, here: Iterate, there: Iterate) -> LbfgsState:
        move, change = (there.params - here.params).ravel(), (there.gradient - here.gradient).ravel()
        if not np.vdot(move, change) > 0:
            return replace(state, params=there.params)
        moves = np.vstack([state.moves, move])[-MEMORY:]
        changes = np.vstack([state.changes, change])[-MEMORY:]
        return LbfgsState(params=there.params, moves=moves, changes=changes)


def _improves(there: Iterate, here: Iterate) -> bool:
    """Lower; or, where rounding may hide that, with a smaller gradient."""
    if there.value < here.value:
        return True
    smaller = bool(np.linalg.norm(there.gradient) < np.linalg.norm(here.gradient))
    return smaller and here.no_lower_than(there.value)


def two_loop(gradient: Array, moves: Array, changes: Array) -> Array:
    """The inverse Hessian's approximation times `gradient` (P,); the first time ``gradient / ||gradient||``.

    Parameters
    ----------
    gradient : ndarray of shape (P,)
    moves, changes : ndarray of shape (m, P)
        ``s_j = x_{j+1} - x_j`` and ``y_j = gradient_{j+1} - gradient_j``, each with ``<s_j, y_j> > 0``.
    """
    if not len(moves):
        norm = np.linalg.norm(gradient)
        return gradient / norm if norm else gradient
    curvatures = np.einsum("jp,jp->j", moves, changes)
    result = gradient.copy()
    weights = np.empty(len(moves))
    for j in reversed(range(len(moves))):
        weights[j] = moves[j] @ result / curvatures[j]
        result -= weights[j] * changes[j]
    result *= curvatures[-1] / (changes[-1] @ changes[-1])
    for j in range(len(moves)):
        result += (weights[j] - changes[j] @ result / curvatures[j]) * moves[j]
    return result
