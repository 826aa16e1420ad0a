"""Truncated Newton: conjugate gradients with a lagged preconditioner, and line searches on kept logits."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.certificate import class_shares, polish_intercept
from softgrad.optimize.conjugate_gradients import Preconditioner, Step, Truncation, newton_step
from softgrad.optimize.deflation import deflated, memory, merged
from softgrad.optimize.line_search import line_search
from softgrad.optimize.objective import Iterate, Objective
from softgrad.optimize.preconditioner import OF_SAMPLE, build, cost, cost_of_factors, forms, sample_size
from softgrad.optimize.rounding import ROUNDING
from softgrad.optimize.solver import State
from softgrad.optimize.warm_start import warm_start

Array = npt.NDArray[Any]

COARSEST, FINEST = 0.2, 1e-8
"""The bounds of the accuracy asked of conjugate gradients."""
GOAL = 1e-9
"""The certified relative gap beyond which a step need not go, where it does not begin beyond it."""
NEAR = 1e-10
"""The relative gain below which values no longer tell a good step from a bad one, but gradients do."""
PLENTY, SCARCE = 0.45, 0.1
"""Digits a product: as many as a good preconditioner gives, and as few as make earlier products worth keeping."""
CHEAP = 4.0
"""Passes up to which a closer form is built at once at a start other than zero."""
STALE = 1.5
"""How much slower than its best a preconditioner may get before that counts against it."""
ENDING = 1e-4
"""The relative gain from which on one or two steps are left: a form that costs more than they do is not built."""
LONGEST = 250
NEARBY, MOST_POLISHING = 1e-2, 100
"""The relative gain from which on each step's intercept is made optimal, so that its gap is certified on the way."""
LEFT_OUT = 0.1
"""Products leave out rows of less curvature than so much of the mean, times the square of the accuracy asked for."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PcgState(State):
    """`built_at` and `form` define the preconditioner; it is built anew from them where it is not at hand.

    Attributes
    ----------
    built_at : ndarray of the shape of `params`
    form : int
        One of those that :mod:`softgrad.optimize.preconditioner` names.
    moves, products : ndarray of shape (m, P)
        Search directions of earlier steps and the Hessian's products with them: see `Deflated`.
    gain : float
        What the last step's model promised, in nats.
    best : float
        The most digits a product that this preconditioner has given.
    fading : float
        Passes lost since it was built, against `STALE` times its best.
    waste : float
        Passes lost since this form was taken, against `PLENTY` digits a product.
    price : float
        Passes that building it takes; inf until it is built.
    thrift : float
        What `LEFT_OUT` is multiplied with: less where rows that were left out were missed.
    """

    built_at: Array
    form: int
    moves: Array
    products: Array
    gain: float = np.inf
    best: float = 0.0
    fading: float = 0.0
    waste: float = 0.0
    price: float = np.inf
    thrift: float = 1.0


@final
class NewtonPcg:
    """``params <- params + t x`` with x from conjugate gradients on ``H x = -gradient``, t by a line search.

    The conjugate gradients add up the step's logits on their way, so that the line search reads no row of X, nor
    does the intercept's polishing after it; a step costs its products and one pass. Their accuracy follows the square
    root of the last relative gain, which makes the outer convergence superlinear, and they end early where the
    residual alone certifies a gap of `GOAL`. On nearly separable rows most have no curvature: their products leave
    those out, for a copy of the others and half a pass in a step, and ask for more of them where the step's own
    curvature says that they were missed.

    The preconditioner starts in the cheapest form, which at parameters zero is exact. Passes that it loses against
    `PLENTY` digits a product are added up, and once they exceed what a closer form costs to build that form is built,
    so that at most about twice the least possible cost is spent; in the last steps what they still cost is the limit.
    One that slows down is built anew by the same rule.
    While it gives few digits and the model predicts the objective well, the products themselves improve it
    (`Deflated`).

    Far from the optimum a line search along the step was measured against its rivals on heavy-tailed, nearly separable
    rows of seven classes (steps to 1e-8 with the exact Hessian, two data sets at two alphas): line search 12 to 20;
    Levenberg damping in the norm of the logits' change 13 to 28; damping by the Hessian's diagonal 35 to 59; a plane
    search with the last step 15 to 19. One step length a class did not converge in 190 on three
    of ten other fits. As the preconditioner is close to the Hessian, a trust region in its norm is a line search.
    Hence the line search.

    A lower bound from the model itself, with ``q = p + (diag(p) - p p') a`` shortened until no entry is negative and
    mixed until the labels balance, was proved and measured too: on 18 fits at 1e-6 and 1e-8 it saved no step, as the
    next point's own bound was closer each time, and cost the two passes for the columns' and the labels' means.
    """

    name: ClassVar[str] = "newton-pcg"

    def __init__(self) -> None:
        self._built: tuple[Objective, Array, int, Preconditioner] | None = None

    def init(self, objective: Objective, params: Array) -> PcgState:
        params = warm_start(objective, params, NewtonPcg())
        none, form = np.empty((0, params.size)), forms(objective)[0]
        if params.any():
            cheap = [
                other
                for other in forms(objective)
                if other not in OF_SAMPLE and cost(objective, other) <= CHEAP
            ]
            form = max(form, *cheap, 0)
        return PcgState(params=params, built_at=params, form=form, moves=none, products=none)

    def step(self, objective: Objective, state: PcgState) -> PcgState:
        here, passes = objective.at(state.params), objective.n_passes
        built = self._preconditioner(objective, state)
        if np.isinf(state.price):
            state = replace(state, price=_price(objective, state.form, objective.n_passes - passes))
        preconditioner, passes = deflated(built, state.moves, state.products), objective.n_passes
        found = newton_step(here, preconditioner, _truncation(objective, here, state))
        if found is None:
            return _given_up(state, left_out=True)
        passes = objective.n_passes - passes
        there, length = _landing(objective, here, found, preconditioner)
        if there is None:
            return _given_up(state, left_out=found.left_out)
        faithful = 0.5 <= length <= 1.5 and 0.7 <= (here.value - there.value) / found.gain <= 1.4
        moved = replace(
            _learned(state, found, faithful=faithful),
            params=there.params,
            gain=found.gain,
            thrift=state.thrift * (1e-2 if found.missed else 1.0),
        )
        return _lagged(objective, moved, found, passes)

    def _preconditioner(self, objective: Objective, state: PcgState) -> Preconditioner:
        at_hand = self._at_hand(objective, state)
        if at_hand is not None:
            return at_hand
        self._built = None  # its memory is free for the one that takes its place
        preconditioner = build(objective, state.built_at, state.form)
        self._built = (objective, state.built_at, state.form, preconditioner)
        return preconditioner

    def _at_hand(self, objective: Objective, state: PcgState) -> Preconditioner | None:
        if self._built is None:
            return None
        owner, built_at, form, preconditioner = self._built
        same = owner is objective and form == state.form and np.array_equal(built_at, state.built_at)
        return preconditioner if same else None


def _price(objective: Objective, form: int, spent: float) -> float:
    """What building took; what is thought of a sample, whose rows are read once on a cluster and kept."""
    sampled = sample_size(objective, form) < objective.rows.n_rows
    return cost(objective, form) if sampled else spent + cost_of_factors(objective, form)


def _truncation(objective: Objective, here: Iterate, state: PcgState) -> Truncation:
    accuracy = float(np.clip(np.sqrt(state.gain / objective.scale(here.value)), FINEST, COARSEST))
    enough = float(np.sqrt(2 * objective.penalty.curvature * GOAL * here.value))
    enough = enough if np.linalg.norm(here.gradient) > enough else 0.0
    return Truncation(
        accuracy, enough, LONGEST, memory(here.params.size), state.thrift * LEFT_OUT * accuracy**2
    )


def _landing(
    objective: Objective, here: Iterate, found: Step, preconditioner: Preconditioner
) -> tuple[Iterate | None, float]:
    """Where the step ends and its length; None where nothing improves."""
    if found.gain <= NEAR * here.value:
        there = _land(objective, here, found, 1.0)
        if _improves(there, here, preconditioner):
            return there, 1.0
        here = objective.at(here.params)
    length = line_search(objective, here, found.direction)
    if length == 0:
        return None, 0.0
    there = _land(objective, here, found, length)
    return (there if _improves(there, here, preconditioner) else None), length


def _land(objective: Objective, here: Iterate, found: Step, length: float) -> Iterate:
    return objective.at(_end(objective, here, found, length))


def _end(objective: Objective, here: Iterate, found: Step, length: float) -> Array:
    """The parameters at the end of a step; the point that leads there is freed on return."""
    point = here.point.move(found.direction, length)
    if at_most := _polishing(objective, near=found.gain <= NEARBY * here.value):
        point = polish_intercept(point, class_shares(objective), at_most)
    return objective.balanced(objective.join(point.coef, point.intercept))


def _polishing(objective: Objective, *, near: bool) -> int:
    """How many of the intercept's Newton iterations take about the time of a pass; near the optimum two or three do."""
    if not objective.fit_intercept or objective.rows.logits_are == "recomputed":
        return 0
    n_classes, n_features = objective.rows.n_classes, objective.rows.n_features
    at_most = int(4 * objective.density * n_features) // (30 + 2 * n_classes)
    return MOST_POLISHING if near else min(at_most, MOST_POLISHING)


def _improves(there: Iterate, here: Iterate, preconditioner: Preconditioner) -> bool:
    """Lower; or, where rounding may hide that, with a smaller gradient in one of two norms.

    Where the value is higher, a quarter of it in the preconditioner's, so that no two take turns.
    """
    if there.value < here.value * (1 - ROUNDING):
        return True
    if not here.no_lower_than(there.value):
        return False
    higher = there.value > here.value * (1 + ROUNDING)
    if not higher and np.linalg.norm(there.gradient) < np.linalg.norm(here.gradient):
        return True
    sizes = [float(np.vdot(at.gradient, preconditioner.solve(at.gradient))) for at in (there, here)]
    return sizes[0] < (sizes[1] / 16 if higher else sizes[1])


def _given_up(state: PcgState, *, left_out: bool) -> PcgState:
    """Exhausted; but first another try with all rows, and with a fresh preconditioner where it was lagged."""
    if left_out and state.thrift > 0:
        return replace(state, thrift=0.0)
    lagged = not np.array_equal(state.built_at, state.params)
    if lagged or len(state.moves):
        fresh = _rebuilt(state) if lagged else state
        return replace(fresh, moves=state.moves[:0], products=state.products[:0])
    return replace(state, exhausted=True)


def _learned(state: PcgState, found: Step, *, faithful: bool) -> PcgState:
    """The pairs kept for the next step: none where the Hessian has changed, more where they are worth keeping."""
    if not faithful:
        return replace(state, moves=state.moves[:0], products=state.products[:0])
    if found.digits >= SCARCE:
        return state
    moves, products = merged((state.moves, state.products), (found.searches, found.curved))
    return replace(state, moves=moves, products=products)


def _lagged(objective: Objective, state: PcgState, found: Step, passes: float) -> PcgState:
    """The state with its evidence brought up to date, and the preconditioner built anew or closer where it pays."""
    digits, best = max(found.digits, 0.0), max(state.best, found.digits, 1e-9)
    fading = state.fading + passes * (1 - min(1.0, digits * STALE / best))
    waste = state.waste + passes * (1 - min(1.0, digits / PLENTY))
    state = replace(state, best=best, fading=fading, waste=waste)
    ending = found.gain <= ENDING * objective.at(state.params).value
    worth = min(waste, 2 * passes) if ending else waste
    closer = [form for form in forms(objective) if form > state.form and cost(objective, form) < worth]
    if closer:
        fresh = replace(_rebuilt(state), form=closer[-1], waste=0.0)
        return replace(fresh, moves=state.moves[:0], products=state.products[:0])
    return _rebuilt(state) if fading > state.price else state


def _rebuilt(state: PcgState) -> PcgState:
    return replace(state, built_at=state.params, best=0.0, fading=0.0, price=np.inf)
