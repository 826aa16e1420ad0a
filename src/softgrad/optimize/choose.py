"""The solvers by name, and what 'auto' takes, with its reason."""

from typing import Any

from softgrad.kernels.choice import backend
from softgrad.kernels.passes import SOFTMAX
from softgrad.maths import pairs
from softgrad.optimize.accelerated_gradient import AcceleratedGradient
from softgrad.optimize.gradient_descent import GradientDescent
from softgrad.optimize.lbfgs import Lbfgs
from softgrad.optimize.newton import Newton
from softgrad.optimize.newton_pcg import NewtonPcg
from softgrad.optimize.objective import Objective
from softgrad.optimize.solver import Solver

SOLVERS: dict[str, type[Any]] = {
    solver.name: solver for solver in (Newton, NewtonPcg, Lbfgs, GradientDescent, AcceleratedGradient)
}

LARGEST_NEWTON = 15_000
"""K d up to which newton is tried: its Hessian then takes 1.8 GB."""

STEPS, PRODUCTS = 8, 45
"""What the two typically need to a gap of 1e-8: each so many steps, and newton-pcg so many products in all."""
NEWTON_SOFTMAXES, PCG_SOFTMAXES = 5, 16
"""What a step computes from all kept logits, in softmaxes."""

FLOP_A_SECOND = 1e10
"""Of one core in matrix products, and of the passes."""
PAIRS_AS_FAST = 3
"""As many times as a pass's are a compiled Hessian's flop by pairs of features: 22 to 51 against 7 to 24 GFLOP/s."""
A_STEP, A_PASS = 5e-4, 1.5e-4
"""Seconds that an outer step and a pass take however few the rows are."""

ALIASES = {"newton-cholesky": "newton", "newton-cg": "newton-pcg", "sag": "auto", "saga": "auto"}
"""scikit-learn's names for what they mean here."""

ABSENT = {
    "liblinear": "fits one class against the rest, which is another model; use solver='auto'",
}


def check_name(name: object) -> str:
    """The solver's own name, aliases resolved.

    Raises
    ------
    ValueError
        If there is no such solver, with the reason where there is one.
    """
    if isinstance(name, str):
        resolved = ALIASES.get(name, name)
        if resolved == "auto" or resolved in SOLVERS:
            return resolved
        if name in ABSENT:
            raise ValueError(f"solver={name!r} {ABSENT[name]}.")
    known = ", ".join(repr(known) for known in ["auto", *SOLVERS, *ALIASES])
    raise ValueError(f"solver={name!r} is unknown; use one of {known}.")


def choose(name: object, objective: Objective) -> Solver:
    """The solver called `name`, or the one that :func:`preferred` names for "auto".

    Raises
    ------
    ValueError
        As :func:`check_name`; and for "newton" where its Hessian does not fit into memory.
    """
    resolved = check_name(name)
    if resolved == "auto":
        resolved = preferred(objective)[0]
    if resolved == "newton" and objective.rows.n_classes * objective.rows.n_features > LARGEST_NEWTON:
        raise ValueError(
            f"solver={name!r} was asked for {objective.rows.n_classes} x {objective.rows.n_features} coefficients, "
            f"but the memory for its Hessian is there for at most {LARGEST_NEWTON}; use solver='newton-pcg'."
        )
    solver: Solver = SOLVERS[resolved]()
    return solver


def preferred(objective: Objective) -> tuple[str, str]:
    """What "auto" takes, and why, in words: what is estimated to take less time, by flop and by calls.

    A step of newton needs a Hessian and its factor; newton-pcg needs about `PRODUCTS` products, whatever the columns'
    units, and finds the preconditioner that pays as it goes, but looks at the logits more often. So newton is for few
    parameters only. lbfgs is not taken: on sparse text of 20000 words (four fits) it needed 54 to 290 passes where
    newton-pcg needed 57 to 365 with each product counted twice, in 0.9 to 3.5 times the seconds; and on dense, unscaled
    columns it did not arrive in 2000 iterations.
    """
    newton, pcg = _newton_seconds(objective), _pcg_seconds(objective)
    taken, than = ("newton", "no more than") if newton <= pcg else ("newton-pcg", "more than")
    return taken, (
        f"newton with its Hessians would take about {1e3 * newton:.2g} ms on one core, "
        f"{than} the {1e3 * pcg:.2g} ms or so of newton-pcg"
    )


def _newton_seconds(objective: Objective) -> float:
    n_classes, width = objective.shape
    a_pass = objective.rows.meter.flop_per_pass
    by_pairs = objective.density == 1 and pairs.fits(width)
    faster = PAIRS_AS_FAST if backend() != "numpy" else 1
    of_pairs = ((n_classes - 1) * width / 8 + 1) / faster
    hessian = a_pass * (of_pairs if by_pairs else (n_classes + 1) * width / 4)
    factor = (n_classes * width) ** 3
    logits = NEWTON_SOFTMAXES * _softmax(objective)
    return STEPS * (A_STEP + (2 * a_pass + hessian + factor + logits) / FLOP_A_SECOND)


def _pcg_seconds(objective: Objective) -> float:
    a_pass = objective.rows.meter.flop_per_pass
    logits = PCG_SOFTMAXES * _softmax(objective)
    steps = STEPS * (A_STEP + (2 * a_pass + logits) / FLOP_A_SECOND)
    return steps + PRODUCTS * (A_PASS + a_pass / FLOP_A_SECOND)


def _softmax(objective: Objective) -> float:
    """The flop of one softmax of all logits."""
    return SOFTMAX * objective.rows.n_rows * objective.rows.n_classes


def reason(name: object, objective: Objective) -> str:
    """Why "auto" takes what it takes, for the sentence of a solution; empty where a solver was asked for by name."""
    return preferred(objective)[1] if check_name(name) == "auto" else ""
