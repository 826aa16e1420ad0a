"""Mistakes in the softmax, in its derivative, and in the parameters they are evaluated at."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.layout import other_orders, transposed
from softgrad.check.pipeline import Hypothesis
from softgrad.check.problem import Blocks, Problem
from softgrad.maths.logits import log_softmax, softmax

Array = npt.NDArray[Any]


def of_proba() -> list[Hypothesis]:
    """Something else in place of the probabilities."""

    def hypothesis(code: str, change: Any, words: str) -> Hypothesis:
        return Hypothesis(code, "proba", change, words, "softmax", "softmax")

    axis = "normalises the softmax over the samples instead of the classes"
    whole = "divides by the sum of the whole matrix instead of each sample's own sum"
    bare = "uses exp(Z) without dividing by its sum"
    return [
        hypothesis("softmax-axis", lambda Z: softmax(Z, axis=0), axis),
        hypothesis("softmax-axis", lambda Z: _over(_shifted(Z), 0), axis),
        hypothesis("softmax-global", lambda Z: _over(np.exp(Z - Z.max()), None), whole),
        hypothesis("softmax-global", lambda Z: _over(_shifted(Z), None), whole),
        hypothesis("softmax-unnormalised", np.exp, bare),
        hypothesis("softmax-unnormalised", _shifted, "uses exp(Z - max) without dividing by its sum"),
        hypothesis("softmax-unnormalised", lambda Z: np.exp(Z - Z.max()), bare),
        hypothesis("softmax-unnormalised", lambda Z: Z, "uses the logits themselves as probabilities"),
        hypothesis(
            "sigmoid", lambda Z: 0.5 * (1 + np.tanh(Z / 2)), "puts a sigmoid on each class, not one softmax"
        ),
        hypothesis("softmax-twice", lambda Z: softmax(softmax(Z)), "takes the softmax of the softmax"),
        hypothesis(
            "log-softmax-as-proba", log_softmax, "uses the logarithms of the probabilities as probabilities"
        ),
        hypothesis(
            "argmax-as-proba",
            lambda Z: np.eye(Z.shape[1])[Z.argmax(axis=1)],
            "uses the predicted class (argmax, 0 or 1) in place of the probabilities",
        ),
    ]


def _shifted(Z: Array) -> Array:
    return np.asarray(np.exp(Z - Z.max(axis=1, keepdims=True)))


def _over(E: Array, axis: int | None) -> Array:
    return np.asarray(E / E.sum(axis=axis, keepdims=True))


def of_residual() -> list[Hypothesis]:
    """Something else in place of P - Y."""

    def hypothesis(code: str, change: Any, words: str) -> Hypothesis:
        return Hypothesis(code, "residual", change, words, "residual", "residual")

    diagonal = "keeps only the diagonal s(1 - s) of the softmax's Jacobian"
    return [
        hypothesis("jacobian-diagonal", lambda _, P, Y: P * Y - Y, diagonal),
        hypothesis(
            "true-class-only",
            lambda _, P, Y: P * Y - Y,
            "updates only the true class: P*Y - Y instead of P - Y",
        ),
        hypothesis(
            "extra-derivative",
            lambda _, P, Y: (P - Y) * P * (1 - P),
            "multiplies P - Y by another derivative p(1 - p)",
        ),
        hypothesis("extra-derivative", lambda _, P, Y: (P - Y) * P, "multiplies P - Y by another P"),
        hypothesis(
            "extra-derivative",
            lambda _, P, Y: _jacobian_times(P, P - Y),
            "multiplies P - Y by the softmax's Jacobian, which P - Y already holds",
        ),
        hypothesis(
            "softmax-twice",
            lambda _, P, Y: _jacobian_times(P, softmax(P) - Y),
            "is that of the loss of softmax(softmax(Z))",
        ),
        hypothesis(
            "labels-missing",
            lambda _, P, __: P - 1,
            "subtracts 1 from every class's probability, not from the true class's alone",
        ),
    ]


def _jacobian_times(P: Array, R: Array) -> Array:
    return np.asarray(P * (R - (P * R).sum(axis=1, keepdims=True)))


def of_logits() -> list[Hypothesis]:
    """Logits at a usual temperature; any other one is found by search."""
    found = []
    for t in (2.0, 0.5, 10.0, 0.1, -1.0):
        words = f"multiplies the logits by {t:g} (a temperature of {1 / t:g})"
        numbers = {"factor": t, "temperature": 1 / t}
        change = _multiplied(t)
        found.append(
            Hypothesis("temperature", "logits", change, words, "logits", "softmax", numbers, scales=(t,))
        )
    return found


def _multiplied(t: float) -> Any:
    return lambda Z: t * Z


def of_place(problem: Problem) -> list[Hypothesis]:
    """The logits of other parameters than the given ones."""

    def hypothesis(code: str, change: Any, words: str) -> Hypothesis:
        return Hypothesis(code, "place", change, words, "logits", "softmax")

    found = []
    if problem.has_intercept:
        words = "is evaluated at b = 0: the intercept is missing in the logits"
        found.append(hypothesis("stale-weights", lambda place, _: _without_intercept(place), words))
    if transposed(problem.place(np.random.default_rng(0)), problem) is not None:
        words = "is evaluated at the transpose of W"
        found.append(hypothesis("layout-transposed", transposed, words))
    words = "is evaluated at W read in another order: flattened in one order (C or F) and read in the other"
    return [*found, *(hypothesis("layout-reshaped", change, words) for change in other_orders(problem))]


def _without_intercept(place: Blocks) -> Blocks:
    return Blocks(place.weights, None if place.intercept is None else np.zeros_like(place.intercept))


def of_output(problem: Problem) -> list[Hypothesis]:
    """The gradient's entries moved or left out at the end."""

    def hypothesis(code: str, change: Any, words: str, **numbers: Any) -> Hypothesis:
        return Hypothesis(code, "output", change, words, "weights", "weights", numbers)

    found = []
    if transposed(problem.place(np.random.default_rng(0)), problem) is not None:
        found.append(hypothesis("layout-transposed", transposed, "is transposed"))
    words = "has the right entries in another order: flattened in one order (C or F) and read in the other"
    found += [hypothesis("layout-reshaped", change, words) for change in other_orders(problem)]
    for k in range(problem.n_classes):
        words = f"leaves class {k} out (its weights' gradient is zero)"
        for both in (True, False) if problem.has_intercept else (True,):
            change = _zeroing(k, both)
            found.append(hypothesis("column-zeroed", change, words, **{"class": k}))
    return found


def _zeroing(k: int, both: bool) -> Any:
    """Class k's gradient left out, with its intercept or without."""

    def change(gradient: Blocks, _: Problem) -> Blocks:
        keep = np.arange(len(gradient.weights)) != k
        weights = gradient.weights * keep[:, None]
        if gradient.intercept is None or not both:
            return Blocks(weights, gradient.intercept)
        return Blocks(weights, gradient.intercept * keep)

    return change
