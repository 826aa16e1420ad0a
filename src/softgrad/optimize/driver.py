"""The one outer loop: stopping, history, callback, checkpoint, max_iter. Solvers only step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.certificate import Certificate, certify, intercept_is_optimal, unpolished_gap
from softgrad.optimize.decrement import relative_decrement
from softgrad.optimize.flatness import Standard
from softgrad.optimize.ledger import Ledger
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.recession import recession, shown
from softgrad.optimize.recession_by_products import recession_by_products
from softgrad.optimize.rounding import ROUNDING
from softgrad.optimize.sentences import by_decrement, by_gap, ended, no_optimum
from softgrad.optimize.separation import Separation
from softgrad.optimize.solution import Record, Solution, Status
from softgrad.optimize.solver import Solver, State

NEAR = 1e-6
"""The relative decrement at which a fit that stalls is looked at for a direction that has no end."""

Array = npt.NDArray[Any]
Callback = Callable[[Record], Any]


LOST = 1e-8
"""Relative rounding of the values from which on each iterate is judged by its own certificate alone."""


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


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All it takes to go on with a fit as if it had never been interrupted: arrays, numbers and Records.

    Attributes
    ----------
    state : State
        The solver's; the next thing to be done is its step.
    best : ndarray of the shape of the parameters
    lower_bound, gap, decrement, forecast : float
    history : tuple of Record
    """

    state: Any
    best: Array
    lower_bound: float
    gap: float
    decrement: float
    forecast: float
    history: tuple[Record, ...]


@dataclass
class Progress:
    """The best iterate and the best lower bound of one fit, and its ledger."""

    objective: Objective
    limits: Limits
    best: Iterate
    ledger: Ledger
    because: str = ""
    lower_bound: float = 0.0
    gap: float = np.nan
    decrement: float = np.nan
    forecast: float = np.inf
    separation: Separation | None = None

    def checkpoint(self, state: State) -> Checkpoint:
        """What :func:`minimize` needs to go on from `state`."""
        history = tuple(self.ledger.history)
        return Checkpoint(
            state, self.best.params, self.lower_bound, self.gap, self.decrement, self.forecast, history
        )

    @classmethod
    def resumed(
        cls, objective: Objective, limits: Limits, ledger: Ledger, earlier: Checkpoint, because: str
    ) -> "Progress":
        """The inverse of :meth:`checkpoint`; what was spent by then counts, in passes and seconds."""
        last = earlier.history[-1]
        ledger.history[:] = earlier.history
        ledger.passes_before -= last.n_passes
        ledger.began -= last.seconds
        bounds = earlier.lower_bound, earlier.gap, earlier.decrement, earlier.forecast
        return cls(objective, limits, objective.at(earlier.best), ledger, because, *bounds)

    def see(self, iterate: Iterate) -> None:
        """Take in one iterate: certify it where that is free or may end the fit, and record it."""
        if iterate.value <= self.best.value:
            self.best = iterate
        if self.bounded:
            self._bound(iterate)
        elif self._settling(iterate):
            self.best, self.decrement = iterate, relative_decrement(self.objective, iterate)
        self.ledger.enter(iterate.value, self.gap)

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
        if forecast <= min(self.limits.tol * self.objective.scale(iterate.value), self.forecast / 2):
            self.forecast = forecast
            self.certify(iterate)
        self._update_gap()

    def _take(self, certificate: Certificate) -> None:
        """Of two iterates equal up to rounding the certified one is taken: its intercept is optimal.

        Where columns far from zero take more from values than the bound allows for, one iterate's bound says little of
        another's value: it then comes and goes with its iterate.
        """
        iterate = certificate.iterate
        alone = iterate.lost > LOST * iterate.value
        equal = self.best.no_lower_than(iterate.value)
        if alone and not equal:
            return
        self.lower_bound = max(-np.inf if alone else self.lower_bound, certificate.lower_bound)
        if equal:
            self.best = iterate
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
        if len(self.ledger.history) < 10:
            return False
        gained = self.ledger.history[-10].objective - iterate.value
        return gained <= 10 * self.limits.tol * self.objective.scale(iterate.value)


def minimize(
    objective: Objective,
    solver: Solver,
    limits: Limits = Limits(),
    *,
    start: Array | None = None,
    state: State | Checkpoint | None = None,
    callback: Callback | None = None,
    checkpoint: Callable[[Checkpoint], Any] | None = None,
    ledger: Ledger | None = None,
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
    state : State or Checkpoint, optional
        Go on from here instead: bit for bit as if never interrupted. From a State the history begins anew; from a
        Checkpoint it goes on too, with the best iterate and the best bound.
    callback : callable, optional
        Called with each iteration's Record; a true result stops the fit.
    checkpoint : callable, optional
        Called with a Checkpoint before each step.
    ledger : Ledger, optional
        Of the fit that this is a part of.
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
    ledger = Ledger.opened(objective.rows.meter) if ledger is None else ledger
    if isinstance(state, Checkpoint):
        now: State = state.state
        progress = Progress.resumed(objective, limits, ledger, state, because)
    else:
        begin = np.zeros(objective.shape) if start is None else start
        now = solver.init(objective, objective.balanced(begin)) if state is None else state
        progress = Progress(objective, limits, _finite(objective.at(now.params)), ledger, because)
        reason = _looked(progress, objective.at(now.params), now, callback)
        if reason is not None:
            return _solution(progress, solver, reason)
    ledger.stepped(solver.name)
    while True:
        if checkpoint is not None:
            checkpoint(progress.checkpoint(now))
        now = solver.step(objective, now)
        reason = _looked(progress, objective.at(now.params), now, callback)
        if reason is not None:
            return _solution(progress, solver, reason)


def _finite(first: Iterate) -> Iterate:
    if not (np.isfinite(first.value) and np.isfinite(first.gradient).all()):
        raise ValueError(
            f"the objective at the start is {first.value}, or its gradient is not finite: "
            "X holds NaN or infinite entries, or the start is too far out; "
            "mend these entries, or start at zero."
        )
    return first


def _looked(progress: Progress, iterate: Iterate, state: State, callback: Callback | None) -> str | None:
    """Take in one iterate; why the fit ends here, if it does."""
    progress.see(iterate)
    stop = callback is not None and bool(callback(progress.ledger.history[-1]))
    return _reason(progress, state, iterate, stop)


def _reason(progress: Progress, state: State, iterate: Iterate, stop: bool) -> str | None:
    limits = progress.limits
    if not np.isfinite(iterate.value):
        return "stalled"
    if not progress.bounded and iterate.point.separates():
        standard = Standard.of(progress.objective)
        progress.separation = shown(iterate, progress.objective.balanced(iterate.params), standard)
        return "no_optimum"
    if progress.reached <= limits.tol:
        return "converged" if progress.bounded else _ending(progress, iterate)
    too_many = progress.ledger.n_iter >= limits.max_iter
    ends = {"stopped": stop, "stalled": state.exhausted, "max_iter": too_many}
    return next((name for name, true in ends.items() if true), None)


def _ending(progress: Progress, iterate: Iterate) -> str:
    """Of a small decrement, which is no proof."""
    objective = progress.objective
    if objective.hessian_is_cheap:
        found = recession(objective, iterate)
    else:
        found = recession_by_products(objective, iterate, progress.decrement)
    if found is None:
        return "converged"
    progress.separation = found.separation
    return "no_optimum"


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
        n_passes=progress.ledger.n_passes,
        n_iter=progress.ledger.n_iter,
        history=tuple(progress.ledger.history),
        status=_status(progress, solver, reason),
        n_rounds=progress.ledger.n_rounds,
        n_bytes=progress.ledger.n_bytes,
    )


def _last_look(progress: Progress, reason: str) -> str:
    """A fit that ends short of tol is certified where it ends; that may show that it had arrived."""
    best = progress.objective.at(progress.best.params)
    if progress.bounded:
        progress.certify(best)
    else:
        progress.decrement = relative_decrement(progress.objective, best)
    if progress.reached <= progress.limits.tol:
        return "converged" if progress.bounded else _ending(progress, best)
    if not progress.bounded and reason == "stalled" and progress.decrement <= NEAR:
        return "no_optimum" if _ending(progress, best) == "no_optimum" else reason
    return reason


def _status(progress: Progress, solver: Solver, reason: str) -> Status:
    steps = f"{progress.ledger.n_iter} iterations of {' and '.join(progress.ledger.solvers) or solver.name}"
    if progress.because:
        steps += f" (taken because {progress.because})"
    limits = progress.limits
    if reason == "no_optimum":
        return no_optimum(steps, progress.separation)
    reached = by_gap(progress.gap) if progress.bounded else by_decrement(progress.decrement)
    return ended(reason, steps, reached, limits.tol, limits.max_iter)
