"""Nesterov's accelerated gradient with adaptive restart."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.objective import Objective
from softgrad.optimize.solver import State, largest_curvature

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class AcceleratedState(State):
    """`params` is the extrapolated point y, `landed` the last gradient step's end x."""

    landed: Array
    step: float
    momentum: float = 1.0


@final
class AcceleratedGradient:
    """``x+ = y - gradient(y) / L``, then ``y+ = x+ + ((t - 1) / t+) (x+ - x)`` with ``t+ = (1 + sqrt(1 + 4 t^2)) / 2``.

    The momentum restarts (t = 1) whenever the gradient at y points along the last move (O'Donoghue and Candes 2015,
    the gradient scheme), which recovers the linear rate of a strongly convex objective without knowing its constant.
    One pass a step.
    """

    name: ClassVar[str] = "accelerated-gradient"

    def init(self, objective: Objective, params: Array) -> AcceleratedState:
        return AcceleratedState(params=params, landed=params, step=1 / largest_curvature(objective))

    def step(self, objective: Objective, state: AcceleratedState) -> AcceleratedState:
        gradient = objective.at(state.params).gradient
        landed = state.params - state.step * gradient
        move = landed - state.landed
        still = np.array_equal(landed, state.params) and not move.any()
        if np.vdot(gradient, move) > 0:
            return replace(state, params=landed, landed=landed, momentum=1.0, exhausted=still)
        momentum = (1 + np.sqrt(1 + 4 * state.momentum**2)) / 2
        extrapolated = landed + ((state.momentum - 1) / momentum) * move
        return replace(state, params=extrapolated, landed=landed, momentum=momentum, exhausted=still)
