"""Findings that together reproduce a gradient, and the recovered numbers that lead to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.fit import Amounts
from softgrad.check.mixture import Finding, Mixture, cost
from softgrad.check.problem import Problem

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Explanation:
    """Findings, the more structural first, and the codes of explanations that fit as well."""

    found: tuple[Finding, ...]

    @property
    def cost(self) -> float:
        """How many mistakes it takes, amounts without a name counting more."""
        return cost(self.found)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(finding.code for finding in self.found)


@dataclass(frozen=True)
class Penalised:
    """What is left of a recovery beside its main mistake: a factor, and the penalty's amounts."""

    problem: Problem
    factor: float = 1.0
    on_b: float = 1.0
    penalty: float = np.nan
    penalty_b: float = np.nan
    scales: tuple[float, ...] = ()

    def findings(self) -> list[Finding]:
        """The further mistakes in these amounts."""
        problem = self.problem
        penalty = problem.alpha if np.isnan(self.penalty) else self.penalty
        penalty_b = problem.alpha_on_intercept if np.isnan(self.penalty_b) else self.penalty_b
        on_b = self.on_b if problem.has_intercept else np.nan
        errors = (1e-9, 1e-9, 1e-8, 1e-8)
        amounts = Amounts(self.factor, on_b, penalty, penalty_b, errors)
        return Mixture(amounts, problem, self.scales).findings()
