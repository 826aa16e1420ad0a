"""Penalties on coef: value, gradient, curvature, conjugate and gauge."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Penalty(Protocol):
    """What an objective, its solvers and its certificate need of a penalty on coef (K, d)."""

    @property
    def curvature(self) -> float:
        """The Hessian of the smooth part is this multiple of the identity."""
        ...

    def value(self, coef: Array) -> float: ...

    def gradient(self, coef: Array) -> Array:
        """Of the smooth part, (K, d)."""
        ...

    def duality_gap(self, coef: Array, grad_coef: Array, error: float = 0.0) -> float:
        """``value(coef) + conjugate(-grad_coef) + <coef, grad_coef>``, never negative; inf without a bound.

        Fenchel and Young's inequality for the penalty: zero exactly where -grad_coef is its gradient at coef. Where
        grad_coef is known up to an `error` in its norm, the most that it can be.
        """
        ...

    def balance(self, coef: Array) -> Array:
        """The coef with the same probabilities and the least penalty (the gauge)."""
        ...


@dataclass(frozen=True)
class L2:
    """``alpha/2 * ||coef||^2``, alpha >= 0; its conjugate is ``||v||^2 / (2 alpha)``.

    Examples
    --------
    >>> L2(0.5).value(np.array([[2.0, 0.0]]))
    1.0
    """

    alpha: float

    @property
    def curvature(self) -> float:
        return self.alpha

    def value(self, coef: Array) -> float:
        return 0.5 * self.alpha * float(np.vdot(coef, coef))

    def gradient(self, coef: Array) -> Array:
        return np.asarray(self.alpha * coef)

    def duality_gap(self, coef: Array, grad_coef: Array, error: float = 0.0) -> float:
        """``(||grad_coef + alpha coef|| + error)^2 / (2 alpha)``, the three terms' sum as one square."""
        if self.alpha == 0:
            return np.inf
        stationarity = float(np.linalg.norm(grad_coef + self.alpha * coef))
        return (stationarity + error) ** 2 / (2 * self.alpha)

    def balance(self, coef: Array) -> Array:
        """Class means removed: adding one vector to every row changes no probability, and zero mean is shortest."""
        return np.asarray(coef - coef.mean(axis=0))
