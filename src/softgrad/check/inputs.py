"""The arguments of check_gradient, checked, and made into a problem."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.layout import taken_apart
from softgrad.check.problem import Blocks, Problem
from softgrad.maths.arrays import as_array, as_numbers
from softgrad.maths.convention import Convention
from softgrad.scalars import check_number, check_whole

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Inputs:
    """The problem, its data as the user's functions get them, and the parameters asked for."""

    problem: Problem
    data: tuple[Array, Array]
    params: list[Blocks] | None


@dataclass(frozen=True)
class Penalty:
    """alpha, and whether it holds for the intercept."""

    alpha: float
    on_intercept: bool


def check_callables(gradient: Any, value: Any) -> None:
    """Both are functions, or the value is left out.

    Raises
    ------
    ValueError
        If not.
    """
    for name, function in (("gradient", gradient), ("value", value)):
        if not isinstance(function, Callable) and not (name == "value" and function is None):  # type: ignore[arg-type]
            kind = type(function).__name__
            raise ValueError(f"{name} is of type {kind}; pass a function that softgrad can call.")


def read_inputs(
    X: Any,
    y: Any,
    convention: Convention,
    penalty: Penalty,
    n_classes: int | None,
    params: Sequence[Any] | None,
) -> Inputs:
    """The problem of these arguments.

    Raises
    ------
    ValueError
        In one sentence, if they do not fit together.
    """
    if not isinstance(convention, Convention):
        raise ValueError(
            f"convention={convention!r} is no Convention; pass one such as softgrad.conventions.NUMPY."
        )
    check_number("alpha", penalty.alpha, "one finite number >= 0")
    features, labels = as_array(X, "X", "a matrix of numbers"), as_array(y, "y", "one label a sample")
    if features.ndim != 2 or features.dtype.kind not in "fiub" or not np.isfinite(features).all():
        raise ValueError(
            f"X of shape {features.shape} and type {features.dtype} was given; "
            "it must be a matrix of finite numbers."
        )
    if params is not None and not isinstance(params, list | tuple):
        raise ValueError(f"params of type {type(params).__name__} was given; pass a list of weights.")
    K = _count_classes(labels, convention, n_classes, params)
    problem = _problem(features, labels, convention, penalty, K)
    places = None if params is None else [_place(given, problem) for given in params]
    if places == []:
        raise ValueError("params is an empty list; leave it out, or pass at least one array of weights.")
    return Inputs(problem, (features, labels), places)


def _count_classes(
    labels: Array, convention: Convention, n_classes: int | None, params: Sequence[Any] | None
) -> int:
    if n_classes is not None:
        check_whole("n_classes", n_classes, "the number of classes, a whole number", least=1)
        return int(n_classes)
    axis = 0 if convention.weights == "classes_by_features" else 1
    if params is not None and len(params):
        W = as_numbers(params[0][0] if isinstance(params[0], tuple) else params[0], "params", "weights")
        if W.ndim == 2:
            return int(W.shape[axis])
    if labels.ndim == 2:
        return int(labels.shape[1 if convention.samples == "rows" else 0])
    if labels.ndim != 1 or not labels.size or labels.dtype.kind not in "iuf":
        raise ValueError(
            f"y of shape {labels.shape} and type {labels.dtype} was given; pass integer labels 0..K-1."
        )
    return int(labels.max()) + 1


def _problem(features: Array, labels: Array, convention: Convention, penalty: Penalty, K: int) -> Problem:
    d = features.shape[1] if convention.samples == "rows" else features.shape[0]
    W = np.zeros((K, d) if convention.weights == "classes_by_features" else (d, K))
    b = np.zeros(K) if convention.intercept == "separate" else None
    if convention.labels == "index" and labels.dtype.kind == "f" and (labels == np.round(labels)).all():
        labels = labels.astype(np.intp)
    _, _, rows, targets, _ = convention.to_canonical(W, features.astype(np.float64), labels, b)
    if not len(rows):
        raise ValueError("X holds no sample; the check needs at least one.")
    Y = targets.astype(np.float64) if targets.ndim == 2 else np.eye(K)[targets]
    return Problem(convention, rows, Y, float(penalty.alpha), bool(penalty.on_intercept))


def _place(given: Any, problem: Problem) -> Blocks:
    convention, K = problem.convention, problem.n_classes
    separate = convention.intercept == "separate"
    if separate and not (isinstance(given, tuple | list) and len(given) == 2):
        raise ValueError("params must hold pairs (W, b), because the convention has a separate intercept.")
    W, b = given if separate else (given, None)
    weights = as_numbers(W, "W in params", "numbers").astype(np.float64, copy=False)
    offsets = None if b is None else as_numbers(b, "b in params", f"{K} numbers").astype(np.float64)
    d = problem.n_features + problem.folded
    shape = (K, d) if convention.weights == "classes_by_features" else (d, K)
    if weights.shape != shape or (offsets is not None and offsets.size != K):
        raise ValueError(
            f"params holds W of shape {weights.shape}{'' if offsets is None else f' and b of shape {offsets.shape}'}; "
            f"W of shape {shape}{f' and b with {K} entries' if separate else ''} is expected."
        )
    return taken_apart(weights, problem, None if offsets is None else offsets.ravel())
