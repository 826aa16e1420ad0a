"""A gradient as a chain of steps, any of which a mistake may replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.problem import Blocks, Problem
from softgrad.maths.cross_entropy import residual_of
from softgrad.maths.logits import softmax

Array = npt.NDArray[Any]
Changes = Mapping[str, Callable[..., Any]]

STEPS = ("place", "features", "logits", "proba", "labels", "residual", "rows", "outer", "output")
"""In order: parameters, X everywhere, Z, Z -> P, Y, (Z, P, Y) -> R, R -> R, X of the outer product, gradient."""

FORWARD = STEPS[:4]
"""Those that the probabilities depend on."""


@dataclass(frozen=True)
class Hypothesis:
    """One way to go wrong: which step it replaces, and with what.

    Attributes
    ----------
    code : str
    step : str
        One of `STEPS`.
    change : callable
        ``features``, ``logits``, ``labels``, ``rows``, ``outer``: array -> array; ``proba``: Z -> P;
        ``residual``: (Z, P, Y) -> R; ``place``, ``output``: (Blocks, Problem) -> Blocks.
    words : str
        The mistake, to complete "the gradient ...".
    line : str
        The field of :class:`softgrad.check.lines.Lines` that is the fix.
    equation : str
        "softmax", "residual", "weights" or "intercept": which equation is the right line.
    numbers : dict
        What the evidence should name.
    scales : tuple of float
        Factors that are part of this mistake, not another one.
    ties : tuple of (code, words)
        Other mistakes that give the same numbers on any data.
    rare : bool
        Not tried together with another mistake.
    """

    code: str
    step: str
    change: Callable[..., Any]
    words: str
    line: str
    equation: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    scales: tuple[float, ...] = ()
    ties: tuple[tuple[str, str], ...] = ()
    rare: bool = False


def residual_and_features(problem: Problem, place: Blocks, changes: Changes) -> tuple[Array, Array]:
    """R (n, K), and the features (n, d) of the outer product, with some of the steps replaced."""
    return residual_after(problem, forward(problem, place, changes), changes)


def forward(problem: Problem, place: Blocks, changes: Changes) -> tuple[Array, Array, Array]:
    """X, Z and P, with some of the steps in `FORWARD` replaced."""
    if "place" in changes:
        place = changes["place"](place, problem)
    X = _apply(changes, "features", problem.X)
    Z = _apply(changes, "logits", problem.logits(place, X))
    return X, Z, changes["proba"](Z) if "proba" in changes else softmax(Z)


def residual_after(
    problem: Problem, passed: tuple[Array, Array, Array], changes: Changes
) -> tuple[Array, Array]:
    """R and the features of the outer product from X, Z and P, with some of the later steps replaced."""
    X, Z, P = passed
    Y = _apply(changes, "labels", problem.Y)
    R = changes["residual"](Z, P, Y) if "residual" in changes else P - Y if changes else residual_of(P, Y)
    return _apply(changes, "rows", R), _apply(changes, "outer", X)


def data_term(problem: Problem, place: Blocks, changes: Changes) -> Blocks:
    """The data term's gradient with some of its steps replaced."""
    gradient = problem.pulled_back(*residual_and_features(problem, place, changes))
    return changes["output"](gradient, problem) if "output" in changes else gradient


def _apply(changes: Changes, step: str, array: Array) -> Array:
    return np.asarray(changes[step](array)) if step in changes else array
