"""The solvers by name, and what 'auto' takes, with its reason."""

from typing import Any

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

NEWTON_STEPS, PCG_PASSES = 8, 60
"""What the two typically need to a gap of 1e-8."""

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
    """What "auto" takes, and why, in words.

    A Hessian is ``(K + 1) d / 4`` passes, and newton needs about `NEWTON_STEPS`; newton-pcg needs about `PCG_PASSES`
    in all, whatever the columns' units, and finds the preconditioner that pays as it goes. So newton is for few
    parameters only. lbfgs is not taken: on sparse text of 20000 words (four fits) it needed 54 to 290 passes where
    newton-pcg needed 57 to 365 with each product counted twice, in 0.9 to 3.5 times the seconds; and on dense, unscaled
    columns it did not arrive in 2000 iterations.
    """
    n_classes, width = objective.shape
    newton = NEWTON_STEPS * (3 + (n_classes + 1) * width / 4)
    taken = "newton" if newton <= PCG_PASSES else "newton-pcg"
    than = "no more than" if taken == "newton" else "more than"
    return taken, (
        f"the Hessians of newton would cost about {newton:.0f} passes over the data, "
        f"{than} the {PCG_PASSES} or so of newton-pcg"
    )


def reason(name: object, objective: Objective) -> str:
    """Why "auto" takes what it takes, for the sentence of a solution; empty where a solver was asked for by name."""
    return preferred(objective)[1] if check_name(name) == "auto" else ""
