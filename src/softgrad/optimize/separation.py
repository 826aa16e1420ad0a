"""Whether an optimum exists without a penalty: the loss must not fall for ever along the direction it falls along."""

import numpy as np

from softgrad.optimize.objective import Iterate, Objective

FAR = 4.0
SETTLED = 1e-14
LONGEST = 10


def recedes(objective: Objective, iterate: Iterate) -> bool:
    """Whether Newton's steps from an iterate of small decrement lead to infinity.

    Near an optimum the loss is quadratic: at `FAR` times Newton's step its slope is ``FAR - 1`` times as steep upwards
    as it fell at the start, and a step or two later the decrement is below `SETTLED` of the loss. Along a direction
    that separates classes the loss still falls there, as exp(-t), and each step lowers the decrement by e only. So at
    most `LONGEST` steps tell, once they have used up what is left of the quadratic part. Without the exact Hessian at
    hand there is no telling: False. Two reads of X and a Hessian a step.
    """
    if not objective.hessian_is_cheap:
        return False
    for _ in range(LONGEST):
        if iterate.newton_gain <= SETTLED * objective.scale(iterate.value):
            return False
        step = -iterate.newton_direction
        direction = objective.direction(iterate, step)
        _, slopes = objective.along(iterate, direction, np.array([0.0, FAR]))
        if slopes[1] < 0.5 * abs(slopes[0]):
            return True
        iterate = objective.at(iterate.params + step)
    return False
