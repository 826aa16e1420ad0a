"""The one outer loop: stopping, history, callback, max_iter. Solvers only step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.certificate import ROUNDING, Certificate, certify, intercept_is_optimal, unpolished_gap
from softgrad.optimize.decrement import relative_decrement
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.separation import recedes
from softgrad.optimize.solution import Record, Solution, Status
from softgrad.optimize.solver import Solver, State

Array = npt.NDArray[Any]
Callback = Callable[[Record], Any]


@dataclass(frozen=True)
class Limits:
    """When to stop.

    Attributes
    ----------
    tol : float
        The certified relative gap that ends the fit (the relative Newton decrement where alpha = 0).
    max_iter : int
        Outer iterations.
    """

    tol: float = 1e-8
    max_iter: int = 1000


@dataclass
class Progress:
    """The best iterate, the best lower bound and the history of one fit."""

    objective: Objective
    limits: Limits
    best: Iterate
    began: float
    because: str = ""
    lower_bound: float = 0.0
    gap: float = np.nan
    decrement: float = np.nan
    history: list[Record] = field(default_factory=list)
    passes_before: float = 0.0
    _forecast: float = np.inf

    def see(self, iterate: Iterate) -> None:
        """Take in one iterate: certify it where that is free or may end the fit, and record it."""
        if iterate.value <= self.best.value:
            self.best = iterate
        if self.bounded:
            self._bound(iterate)
        elif self._settling(iterate):
            self.best, self.decrement = iterate, relative_decrement(self.objective, iterate)
        passes, seconds = self.objective.n_passes - self.passes_before, perf_counter() - self.began
        self.history.append(Record(len(self.history), iterate.value, self.gap, passes, seconds))

    @property
    def bounded(self) -> bool:
        """Whether the penalty gives a lower bound at all."""
        return self.objective.penalty.curvature > 0

    @property
    def reached(self) -> float:
        """What tol is compared with."""
        return self.gap if self.bounded else self.decrement

    def certify(self, iterate: Iterate) -> None:
        """The certificate at `iterate`, whose intercept is polished first."""
        certificate = certify(self.objective, iterate)
        self._take(certificate)

    def _bound(self, iterate: Iterate) -> None:
        if intercept_is_optimal(self.objective, iterate):
            self.certify(iterate)
            return
        forecast = unpolished_gap(self.objective, iterate)
        if forecast <= min(self.limits.tol * self.objective.scale(iterate.value), self._forecast / 2):
            self._forecast = forecast
            self.certify(iterate)
        self._update_gap()

    def _take(self, certificate: Certificate) -> None:
        self.lower_bound = max(self.lower_bound, certificate.lower_bound)
        if certificate.iterate.value <= self.best.value:
            self.best = certificate.iterate
        self._update_gap(certificate)

    def _update_gap(self, certificate: Certificate | None = None) -> None:
        gap = self.best.value - self.lower_bound
        if certificate is not None and certificate.iterate is self.best:
            gap = min(gap, certificate.gap)
        self.gap = max(gap, ROUNDING * self.best.value) / self.objective.scale(self.best.value)

    def _settling(self, iterate: Iterate) -> bool:
        """Whether the decrement is worth its cost: the Hessian is at hand, or ten steps have gained little."""
        if self.objective.hessian_is_cheap:
            return True
        if len(self.history) < 10:
            return False
        gained = self.history[-10].objective - iterate.value
        return gained <= 10 * self.limits.tol * self.objective.scale(iterate.value)


def minimize(
    objective: Objective,
    solver: Solver,
    limits: Limits = Limits(),
    *,
    start: Array | None = None,
    state: State | None = None,
    callback: Callback | None = None,
    because: str = "",
) -> Solution:
    """Run `solver` until the certified relative gap is at most tol, or say why not.

    Parameters
    ----------
    objective : Objective
    solver : Solver
    limits : Limits
    start : ndarray of shape (K, d) or (K, d + 1), optional
        Zeros where not given.
    state : State, optional
        Go on from here instead: bit for bit as if never interrupted.
    callback : callable, optional
        Called with each iteration's Record; a true result stops the fit.
    because : str, optional
        Why this solver was taken, for the solution's sentence.

    Returns
    -------
    Solution
        The best iterate seen, certified.

    Raises
    ------
    ValueError
        If the objective at the start is not finite.
    """
    began, passes_before = perf_counter(), objective.n_passes
    if state is None:
        state = solver.init(
            objective, objective.balanced(np.zeros(objective.shape) if start is None else start)
        )
    first = objective.at(state.params)
    if not (np.isfinite(first.value) and np.isfinite(first.gradient).all()):
        raise ValueError(
            f"the objective at the start is {first.value}, or its gradient is not finite: "
            "X holds NaN or infinite entries, or the start is too far out; "
            "mend these entries, or start at zero."
        )
    progress = Progress(objective, limits, first, began, because, passes_before=passes_before)
    while True:
        iterate = objective.at(state.params)
        progress.see(iterate)
        stop = callback is not None and bool(callback(progress.history[-1]))
        reason = _reason(progress, state, iterate, stop)
        if reason is not None:
            return _solution(progress, solver, reason)
        state = solver.step(objective, state)


def _reason(progress: Progress, state: State, iterate: Iterate, stop: bool) -> str | None:
    limits = progress.limits
    if not np.isfinite(iterate.value):
        return "stalled"
    if not progress.bounded and iterate.point.separates():
        return "no_optimum"
    if progress.reached <= limits.tol:
        return "converged" if progress.bounded or not recedes(progress.objective, iterate) else "no_optimum"
    ends = {"stopped": stop, "stalled": state.exhausted, "max_iter": len(progress.history) > limits.max_iter}
    return next((name for name, true in ends.items() if true), None)


def _solution(progress: Progress, solver: Solver, reason: str) -> Solution:
    objective = progress.objective
    if reason not in ("converged", "no_optimum") and np.isfinite(progress.best.value):
        reason = _last_look(progress, reason)
    best = progress.best
    coef, intercept = objective.split(objective.balanced(best.params))
    return Solution(
        coef=np.array(coef),
        intercept=np.array(intercept),
        objective=best.value,
        gap=progress.gap,
        decrement=progress.decrement,
        n_passes=objective.n_passes - progress.passes_before,
        n_iter=len(progress.history) - 1,
        history=tuple(progress.history),
        status=Status(reason, _sentence(progress, solver, reason)),
    )


def _last_look(progress: Progress, reason: str) -> str:
    """A fit that ends short of tol is certified where it ends; that may show that it had arrived."""
    best = progress.objective.at(progress.best.params)
    if progress.bounded:
        progress.certify(best)
    else:
        progress.decrement = relative_decrement(progress.objective, best)
    return "converged" if progress.reached <= progress.limits.tol else reason


def _sentence(progress: Progress, solver: Solver, reason: str) -> str:
    steps = f"{len(progress.history) - 1} iterations of {solver.name}"
    if progress.because:
        steps += f" (taken because {progress.because})"
    tol = progress.limits.tol
    if reason == "no_optimum":
        return (
            f"without a penalty there is no optimum: after {steps} the loss still falls along a direction that has no "
            "end, as classes are separated by some combination of the features; fit with a finite C (alpha > 0)."
        )
    reached = (
        "no useful bound on the distance to the optimum was found"
        if progress.bounded and progress.gap >= 1
        else f"the objective is proved to be within {progress.gap:.2g} (relative) of the lowest possible"
        if progress.bounded
        else f"one more Newton step would gain {progress.decrement:.2g} (relative; no bound exists without a penalty)"
    )
    endings = {
        "converged": f"{reached}, after {steps}.",
        "max_iter": f"{reached}, where tol={tol:g} was asked for: max_iter={progress.limits.max_iter} ended {steps}; "
        "raise max_iter, take solver='newton-pcg', or bring the columns to one scale.",
        "stalled": f"{reached}, where tol={tol:g} was asked for: after {steps} no step lowers the objective any more "
        "in floating point; raise tol, centre and scale the columns, or take a smaller C (a larger alpha).",
        "stopped": f"{reached}, where tol={tol:g} was asked for: the callback stopped the fit after {steps}.",
    }
    return endings[reason]
