"""Gradient descent with the step 1/L: what the founding documents train with."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.objective import Objective
from softgrad.optimize.solver import State, largest_curvature

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class DescentState(State):
    """The step is fixed at the start."""

    step: float


@final
class GradientDescent:
    """``params <- params - gradient / L``, with L of :func:`softgrad.optimize.solver.largest_curvature`.

    Descends by at least ``||gradient||^2 / (2 L)`` a step. One pass a step; on unscaled data L is huge and the
    number of steps with it.
    """

    name: ClassVar[str] = "gradient-descent"

    def init(self, objective: Objective, params: Array) -> DescentState:
        return DescentState(params=params, step=1 / largest_curvature(objective))

    def step(self, objective: Objective, state: DescentState) -> DescentState:
        params = state.params - state.step * objective.at(state.params).gradient
        return replace(state, params=params, exhausted=np.array_equal(params, state.params))
