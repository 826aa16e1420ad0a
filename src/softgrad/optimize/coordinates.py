"""Which coordinates a fit is solved in: the rows as they are, centred, or reduced; and the way back to the user's.

Centring keeps every number that a certificate is made of, so that what is proved in centred coordinates is proved.
Reduced coordinates are rounded: the fit found in them is carried to all columns and certified there, by one gradient
and one more where the intercept has to be polished; should it miss tol, the fit goes on in all columns from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy.typing as npt

from softgrad.optimize.choose import choose, reason
from softgrad.optimize.driver import Callback, Checkpoint, Limits, minimize
from softgrad.optimize.ledger import Ledger
from softgrad.optimize.objective import SMALL, Objective
from softgrad.optimize.penalty import Penalty
from softgrad.optimize.solution import Solution, Status
from softgrad.optimize.solver import State
from softgrad.rows.base import Rows
from softgrad.rows.centred import CentredRows, centred_where_far
from softgrad.rows.glance import Glance, glance
from softgrad.rows.reduced import Reduction, reduced_where_it_pays

Array = npt.NDArray[Any]
Parameters = tuple[Array, Array]


@dataclass(frozen=True)
class Request:
    """What is asked of each fit.

    Attributes
    ----------
    solver : str
    limits : Limits
    fit_intercept : bool
    callback : callable or None
    checkpoint : callable or None
        Called with a Checkpoint before each step. Such fits are not reduced.
    resume : Checkpoint or None
        Where to go on.
    """

    solver: str
    limits: Limits
    fit_intercept: bool = True
    callback: Callback | None = None
    checkpoint: Callable[[Checkpoint], Any] | None = None
    resume: Checkpoint | None = None


@final
class Standstill:
    """Takes no step: the driver looks at the start, certifies it and ends."""

    name: ClassVar[str] = "standstill"

    def init(self, _objective: Objective, params: Array) -> State:
        return State(params)

    def step(self, _objective: Objective, state: State) -> State:
        return replace(state, exhausted=True)


class Coordinates:
    """The coordinates of one or several fits on the same rows; where K d is small there is nothing to reduce.

    Parameters
    ----------
    rows : Rows
    request : Request
    n_fits : int, default 1
        How many fits will share them.
    """

    def __init__(self, rows: Rows, request: Request, n_fits: int = 1) -> None:
        self._request = request
        self._reduction: Reduction | None = None
        self._seen: Glance | None = None
        whole = request.checkpoint is not None or request.resume is not None
        if rows.n_classes * rows.n_features > SMALL and not whole:
            self._reduction = reduced_where_it_pays(rows, centre=request.fit_intercept, n_fits=n_fits)
        if self._reduction is not None:
            self._full: Rows = self._reduction.full
        else:
            self._full = self._seen_and_centred(rows) if request.fit_intercept else rows

    def _seen_and_centred(self, rows: Rows) -> Rows:
        self._seen = glance(rows)
        return centred_where_far(rows, self._seen) or rows

    def solve(self, penalty: Penalty, start: Parameters | None, ledger: Ledger) -> Solution:
        """The fit, in the user's coordinates."""
        request = self._request
        objective = Objective(self._full, penalty, fit_intercept=request.fit_intercept, seen=self._seen)
        begin = start if start is None else self._forth(*start)
        if self._reduction is not None and request.limits.max_iter > 0:
            solution = self._by_reduction(self._reduction, objective, begin, ledger)
        else:
            params = None if begin is None else objective.join(*begin)
            solution = minimize(
                objective,
                choose(request.solver, objective),
                request.limits,
                start=params,
                state=request.resume,
                callback=request.callback,
                checkpoint=request.checkpoint,
                ledger=ledger,
                because=reason(request.solver, objective),
            )
        coef, intercept = self._back(solution.coef, solution.intercept)
        return replace(
            solution, coef=coef, intercept=intercept, status=_carried(solution.status, self._back, self._full)
        )

    def _forth(self, coef: Array, intercept: Array) -> Parameters:
        return self._full.forth(coef, intercept) if isinstance(self._full, CentredRows) else (coef, intercept)

    def _back(self, coef: Array, intercept: Array) -> Parameters:
        return self._full.back(coef, intercept) if isinstance(self._full, CentredRows) else (coef, intercept)

    def _by_reduction(
        self, reduction: Reduction, objective: Objective, begin: Parameters | None, ledger: Ledger
    ) -> Solution:
        """In centred coordinates: the reduced fit, certified on all columns."""
        request = self._request
        limits, callback = request.limits, request.callback
        inner = Objective(reduction.rows, objective.penalty, fit_intercept=request.fit_intercept)
        params = None if begin is None else inner.join(*reduction.forth(*begin))
        tighter = Limits(limits.tol / 2, limits.max_iter - 1)
        solver = choose(request.solver, inner)
        because = reason(request.solver, inner)
        found = minimize(
            inner, solver, tighter, start=params, callback=callback, ledger=ledger, because=because
        )
        coef, intercept = reduction.back(found.coef, found.intercept)
        if objective.penalty.curvature == 0:
            status = _carried(found.status, reduction.back, reduction.full)
            return replace(found, coef=coef, intercept=intercept, status=status)
        start = objective.join(coef, intercept)
        look = Limits(limits.tol, ledger.n_iter + 1)
        heard: Callback | None = _stop if found.status == "stopped" else callback
        seen = minimize(
            objective, Standstill(), look, start=start, callback=heard, ledger=ledger, because=because
        )
        if seen.status != "max_iter" or seen.n_iter >= limits.max_iter:
            return seen
        best = objective.join(seen.coef, seen.intercept)
        return minimize(
            objective, choose("auto", objective), limits, start=best, callback=callback, ledger=ledger
        )


def _carried(status: Status, back: Callable[[Array, Array], Parameters], rows: Rows) -> Status:
    """The status with its separation carried to the columns of `rows`."""
    found = status.separation
    if found is None:
        return status
    coef, intercept = back(found.coef, found.intercept)
    same = coef.shape[1] == len(found.spreads)
    return status.retold(found.moved(coef, intercept, found.spreads if same else rows.moments()[1]))


def _stop(_record: Any) -> bool:
    return True
