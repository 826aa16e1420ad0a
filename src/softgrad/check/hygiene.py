"""Before any mathematics: the function runs, leaves its arguments alone, answers alike twice, and stays finite."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.call import Refusal, UserFunctions
from softgrad.check.mixture import Finding
from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[np.float64]

FAR = 1e3


def repeated(
    user: UserFunctions, places: Sequence[Blocks], gradients: Sequence[Blocks], eps: float
) -> Finding | None:
    """Whether a second call gives the same; if not, whether it lags one call behind."""
    problem = user.problem
    again = [user.gradient(place).vector() for place in places[:2]]
    pairs = zip(places, gradients, again, strict=False)
    if all(_same(problem, place, first.vector(), second, eps) for place, first, second in pairs):
        return None
    if len(places) > 1 and _lags(problem, places, again, eps):
        words = "is evaluated at other weights than the W it is given: those of the call before"
        return Finding(
            "stale-weights",
            words,
            "each call returns the right gradient of the previous W",
            "logits",
            "softmax",
        )
    difference = float(np.abs(again[0] - gradients[0].vector()).max())
    words = "is not the same in two calls with the same arguments"
    evidence = f"two calls differ by up to {difference:.3g}"
    return Finding("non-deterministic", words, evidence, "weights", "weights", {"difference": difference})


def _same(problem: Problem, place: Blocks, first: Array, second: Array, eps: float) -> bool:
    finite = np.isfinite(first)
    if not np.array_equal(finite, np.isfinite(second)):
        return False
    size = problem.rounding(place, eps)
    spread = eps * max(float(np.abs(first[finite]).max(initial=0.0)), 1.0)
    return bool((np.abs(second - first)[finite] <= size[finite] + spread).all())


def _lags(problem: Problem, places: Sequence[Blocks], again: Sequence[Array], eps: float) -> bool:
    """The second round follows a call at the last place."""
    before = [places[-1], places[0]]
    pairs = zip(before, again, strict=False)
    return all(
        bool((np.abs(problem.gradient(place).vector() - given) <= problem.rounding(place, eps)).all())
        for place, given in pairs
    )


def mutation(user: UserFunctions) -> Finding | None:
    """Whether some call changed an argument in place."""
    if user.mutates is None:
        return None
    words = f"changes its argument {user.mutates} in place"
    evidence = f"{user.mutates} is not what it was after the call"
    return Finding("mutates-input", words, evidence, "weights", "weights", {"name": user.mutates})


def overflow(user: UserFunctions, place: Blocks, *, with_value: bool) -> Finding | None:
    """NaN or inf at W * 1e3, where the function is finite at W."""
    far = place.scaled(FAR)
    try:
        what = "" if np.isfinite(user.gradient(far).vector()).all() else "the gradient"
        if not what and with_value and np.isfinite(user.value(place)) and not np.isfinite(user.value(far)):
            what = "the value"
    except Refusal as refusal:
        if refusal.code != "raises":
            return None
        what = f"the function ({refusal.words})"
    if not what:
        return None
    words = f"{what} overflows at large logits: it is not finite at 1000 * W"
    evidence = f"finite at logits up to {np.abs(user.problem.logits(place)).max():.3g}, NaN or inf at 1000 times that"
    numbers = {"logits": float(np.abs(user.problem.logits(far)).max())}
    return Finding("overflow", words, evidence, "softmax", "softmax", numbers)


def arithmetic(user: UserFunctions, X: npt.NDArray[np.generic], gradients: Sequence[Blocks]) -> float:
    """Unit roundoff of the arithmetic that the user's function computes in."""
    types: list[np.dtype[Any]] = [np.dtype(np.float64)]
    types += [
        kind for kind in (user.dtype, X.dtype) if kind is not None and kind.kind == "f" and kind.itemsize < 8
    ]
    vectors = np.concatenate([gradient.vector() for gradient in gradients])
    if _only_single(vectors):
        types.append(np.dtype(np.float32))
    return max(float(np.finfo(kind).eps) for kind in types)


def _only_single(vectors: Array) -> bool:
    """Whether all entries are float32 numbers, and not merely because they are short ones."""
    if not np.isfinite(vectors).all():
        return False
    mantissa, _ = np.frexp(vectors)
    single = mantissa * 2.0**24
    short = mantissa * 2.0**12
    return bool((single == np.round(single)).all() and (short != np.round(short)).mean() > 0.5)
