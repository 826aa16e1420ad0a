"""The user's value: against the convention's, and against the user's own gradient."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.factors import described, names_of
from softgrad.check.mixture import Finding
from softgrad.check.problem import Blocks, Problem
from softgrad.maths.cross_entropy import cross_entropy

Array = npt.NDArray[Any]
Value = Callable[[Blocks], float]
Gradient = Callable[[Blocks], Blocks]

NEGLIGIBLE = 1e-6
"""A relative difference that no mistake makes, but an epsilon inside a logarithm does."""


def value_terms(problem: Problem, place: Blocks) -> tuple[float, float]:
    """The convention's data term, and ``sign/2 * (||W||^2 [+ ||b||^2])``, whose sum with alpha is its value."""
    reduction: Any = problem.convention.reduction
    data = problem.sign * float(cross_entropy(problem.logits(place), problem.Y, reduction=reduction))
    squares = float((place.weights**2).sum())
    if problem.penalize_intercept and place.intercept is not None:
        squares += float((place.intercept**2).sum())
    return data, problem.sign * squares / 2


def check_value(problem: Problem, value: Value, places: Sequence[Blocks], eps: float) -> Finding | None:
    """None where the value is the convention's; else how it differs: factor, offset, penalty."""
    terms = np.array([value_terms(problem, place) for place in places])
    given = np.array([value(place) for place in places])
    right = terms @ [1.0, problem.alpha]
    largest = max(float(np.abs(problem.logits(place)).max()) for place in places)
    size = np.abs(terms) @ [1.0, abs(problem.alpha)] + 1e-300
    if (np.abs(given - right) <= 64 * eps * (np.sqrt(problem.n) + largest + 8) * size).all():
        return None
    if not np.isfinite(given).all():
        return _finding("the value is not finite at ordinary parameters", given, right)
    named = _named(problem, terms, given, right, max(1e-9, 1e3 * eps))
    if named is None and (np.abs(given - right) <= NEGLIGIBLE * size).all():
        return None
    return named or _finding(
        "the value is another function: no multiple of the data term with any penalty", given, right
    )


def _finding(words: str, given: Array, right: Array, **numbers: Any) -> Finding:
    example = f"at the first place it gives {given[0]:.10g}, and {right[0]:.10g} is right"
    return Finding("value-mismatch", words, example, "value", "softmax", numbers)


def _named(problem: Problem, terms: Array, given: Array, right: Array, close: float) -> Finding | None:
    """The value as ``factor * data + penalty * squares + offset``."""
    shift = given - right
    size = max(np.abs(right).max(), np.abs(shift).max())
    if np.ptp(shift) <= close * size and np.abs(shift).max() > NEGLIGIBLE * size:
        offset = float(shift.mean())
        words = f"the value is off by the constant {offset:.8g}, which moves no optimum"
        return _finding(words, given, right, offset=offset, factor=1.0)
    design = np.column_stack([terms, np.ones(len(terms))])
    scales = np.maximum(np.abs(design).max(axis=0), 1e-300)
    solution = np.linalg.lstsq(design / scales, given, rcond=1e-12)[0] / scales
    if np.abs(design @ solution - given).max() > close * np.abs(given).max():
        return None
    factor, penalty, offset = (float(x) for x in solution)
    parts = _deviations(problem, factor, penalty)
    if abs(offset) > 1e-6 * np.abs(given).max():
        parts.append(f"{offset:.6g} is added")
    if not parts:
        return None
    words = "the value is not the convention's: " + "; ".join(parts)
    numbers = {
        "factor": factor,
        "names": names_of(factor, problem, 1e-5),
        "penalty": penalty,
        "offset": offset,
    }
    return _finding(words, given, right, **numbers)


def _deviations(problem: Problem, factor: float, penalty: float) -> list[str]:
    """In words, how ``factor * data + penalty * squares`` differs from ``data + alpha * squares``."""
    alpha, parts = problem.alpha, []
    whole = abs(penalty - factor * alpha) <= 1e-5 * max(abs(factor * alpha), 1e-5)
    if abs(factor - 1) > 1e-5:
        parts.append(
            f"{'it' if whole else 'the data term'} is multiplied by {described(factor, problem, 1e-5)}"
        )
    if abs(penalty - alpha) > 1e-5 * max(abs(alpha), 1e-3) and not whole:
        parts.append(f"it holds {penalty:.6g}/2 * ||W||^2 where {alpha:g}/2 * ||W||^2 belongs")
    return parts


def agreement(
    problem: Problem, value: Value, gradient: Gradient, place: Blocks, step: Blocks
) -> float | None:
    """The slope of ``|f(W + hV) - f(W) - h <G, V>|`` over h on a log-log scale; None at the noise floor.

    A gradient that belongs to the value has slope 2, any other one 1.
    """
    there, along = value(place), float(gradient(place).vector() @ step.vector())
    noise = 64 * np.finfo(np.float64).eps * (abs(there) + abs(along) + 1e-300) * np.sqrt(problem.n)
    lengths = 2.0 ** -np.arange(1, 19, 2)
    remainders = np.array([abs(value(moved(place, step, h)) - there - h * along) for h in lengths])
    usable = remainders > 8 * noise
    if not np.isfinite(remainders).all():
        return 0.0
    if usable.sum() < 3:
        return None
    return float(np.polyfit(np.log(lengths[usable][-4:]), np.log(remainders[usable][-4:]), 1)[0])


def agrees(slope: float | None) -> bool:
    """Whether a slope is that of a gradient and its own value."""
    return slope is None or slope > 1.6


def moved(place: Blocks, step: Blocks, h: float) -> Blocks:
    """``place + h * step``."""
    intercept = None
    if place.intercept is not None and step.intercept is not None:
        intercept = np.asarray(place.intercept + h * step.intercept)
    return Blocks(place.weights + h * step.weights, intercept)
