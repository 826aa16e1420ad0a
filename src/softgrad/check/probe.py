"""What was asked of the user's functions and what came back."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from softgrad.check.call import Refusal, UserFunctions
from softgrad.check.pipeline import Changes, residual_and_features
from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[np.float64]

MOST_CALLS = 300


@dataclass(eq=False)
class Probe:
    """The gradient at some places, and the means to ask for more.

    Attributes
    ----------
    problem : Problem
    user : UserFunctions
    places, gradients : list of Blocks
    eps : float
        Unit roundoff of the user's arithmetic.
    rng : numpy.random.Generator
    extra : list of (place, gradient)
        Asked for later, by recoveries that need many.
    """

    problem: Problem
    user: UserFunctions
    places: list[Blocks]
    gradients: list[Blocks]
    eps: float
    rng: np.random.Generator
    extra: list[tuple[Blocks, Blocks]] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether the arithmetic is fine enough to recover arrays by least squares."""
        return self.eps < 1e-12

    @property
    def tolerance(self) -> float:
        """How closely a hypothesis must match, relative to the terms of each entry."""
        return 1e-8 if self.exact else max(3e-4, 100 * self.eps)

    def pairs(self, count: int) -> list[tuple[Blocks, Blocks]] | None:
        """At least `count` places with their gradients; None where that takes too many calls, or a call fails."""
        missing = count - len(self.places) - len(self.extra)
        if missing > MOST_CALLS - self.user.n_calls:
            return None
        try:
            for _ in range(missing):
                place = self.problem.place(self.rng, 2.0)
                self.extra.append((place, self.user.gradient(place)))
        except Refusal:
            return None
        return [*zip(self.places, self.gradients, strict=True), *self.extra]

    def on_features(self, place: Blocks, X: Array) -> Blocks | None:
        """The gradient on other features with the same labels, or None where the function cannot be asked."""
        try:
            return self.user.gradient(place, X)
        except Refusal:
            return None

    def data_terms(self, changes: Changes) -> list[Blocks]:
        """What some changes of the steps make of the data term, at every place."""
        with np.errstate(all="ignore"):
            return [self.problem.pulled_back(*self.steps(place, changes)) for place in self.places]

    def steps(self, place: Blocks, changes: Changes) -> tuple[Array, Array]:
        """Residual and features of the outer product at a place."""
        with np.errstate(all="ignore"):
            return residual_and_features(self.problem, place, changes)
