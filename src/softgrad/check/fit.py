"""How much of which term a gradient holds: least squares on {data term, its intercept, W, b}."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[Any]

NOISE = 1e-12
"""Of a data term that is zero but for rounding, relative to its terms."""

NAMES = ("data", "on_b", "penalty", "penalty_b")


@dataclass(frozen=True)
class Amounts:
    """``G = data * data_w + on_b * data_b + penalty * sign W + penalty_b * sign b``.

    The right gradient has (1, 1, alpha, alpha or 0); an amount of a term that is not there is nan.

    Attributes
    ----------
    errors : tuple of float
        Uncertainty of each amount, from the misfit.
    residual : float
        Largest misfit, relative to each entry's terms.
    """

    data: float
    on_b: float
    penalty: float
    penalty_b: float
    errors: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    residual: float = 0.0


@dataclass(frozen=True, eq=False)
class Target:
    """The user's gradient at all places as one vector, every entry weighed by the size of its terms."""

    problem: Problem
    weighing: Array
    vector: Array
    on_weights: Array

    @classmethod
    def of(cls, problem: Problem, places: Sequence[Blocks], gradients: Sequence[Blocks]) -> "Target":
        """From what the user's function gave."""
        weighing = 1 / np.concatenate([problem.terms(place) for place in places])
        vector = np.concatenate([gradient.vector() for gradient in gradients]) * weighing
        count = problem.n_classes * problem.n_features
        mask = np.arange(gradients[0].vector().size) < count
        return cls(problem, weighing, vector, np.tile(mask, len(places)))

    @property
    def size(self) -> float:
        """What a misfit is relative to."""
        return max(1.0, float(np.abs(self.vector).max()))

    def weighed(self, blocks: Sequence[Blocks]) -> Array:
        """Blocks at all places as one weighed vector."""
        return np.asarray(np.concatenate([part.vector() for part in blocks]) * self.weighing)

    def misfit(self, data: Sequence[Blocks], penalties: Sequence[Blocks]) -> float:
        """Of the right amounts."""
        sign, alpha = self.problem.sign, self.problem.alpha
        held = np.where(self.on_weights, alpha, self.problem.alpha_on_intercept)
        model = self.weighed(data) + sign * held * self.weighed(penalties)
        worst = float(np.abs(model - self.vector).max())
        return worst / self.size if np.isfinite(worst) else np.inf

    def amounts(self, data: Sequence[Blocks], penalties: Sequence[Blocks]) -> Amounts | None:
        """The least-squares amounts; None where the places cannot tell them."""
        term, held = self.weighed(data), self.problem.sign * self.weighed(penalties)
        on_w, on_b = self.on_weights, ~self.on_weights
        basis = np.column_stack([term * on_w, term * on_b, held * on_w, held * on_b])
        if not np.isfinite(basis).all():
            return None
        lengths = np.linalg.norm(basis, axis=0)
        present = lengths > np.array([NOISE, NOISE, 0.0, 0.0]) * np.sqrt(len(basis))
        solution, errors, misfit, rank = least_squares(basis[:, present] / lengths[present], self.vector)
        if rank < present.sum():
            return None
        found, uncertain = np.full(4, np.nan), np.zeros(4)
        found[present] = solution / lengths[present]
        uncertain[present] = errors / lengths[present]
        a, e = found.tolist(), uncertain.tolist()
        return Amounts(a[0], a[1], a[2], a[3], (e[0], e[1], e[2], e[3]), misfit / self.size)


def least_squares(basis: Array, target: Array) -> tuple[Array, Array, float, int]:
    """Solution, its uncertainty, the largest misfit and the rank."""
    solution, _, rank, singular = np.linalg.lstsq(basis, target, rcond=1e-10)
    residual = target - basis @ solution
    spread = float(np.sqrt((residual**2).mean())) if residual.size else 0.0
    smallest = float(singular.min()) if singular.size else 1.0
    errors = np.full(solution.shape, spread / max(smallest, 1e-300))
    return solution, errors, float(np.abs(residual).max(initial=0.0)), int(rank)
