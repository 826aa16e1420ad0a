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
    """The solver called `name`; for "auto" newton where the exact Hessian is cheap (K d <= 1000), else lbfgs.

    Raises
    ------
    ValueError
        As :func:`check_name`.
    """
    resolved = check_name(name)
    if resolved == "auto":
        resolved = "newton" if objective.hessian_is_cheap else "lbfgs"
    if resolved == "newton" and objective.rows.n_classes * objective.rows.n_features > LARGEST_NEWTON:
        raise ValueError(
            f"solver={name!r} was asked for {objective.rows.n_classes} x {objective.rows.n_features} coefficients, "
            f"but the memory for its Hessian is there for at most {LARGEST_NEWTON}; use solver='lbfgs'."
        )
    solver: Solver = SOLVERS[resolved]()
    return solver
