"""Mistakes in the features: other ones in the outer product than in the logits, or other ones everywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.pipeline import Hypothesis
from softgrad.check.problem import Problem

Array = npt.NDArray[Any]
Map = Callable[[Array], Array]


def of_features(problem: Problem) -> list[Hypothesis]:
    """Every usual change of the features, in the outer product alone and everywhere."""
    words = "lacks the factor x_j: every feature gets the sum of the residuals"
    found = [Hypothesis("feature-factor-missing", "outer", np.ones_like, words, "weights", "weights")]
    for name, change in feature_maps(problem.X).items():
        numbers = {"which": name}
        outer = f"multiplies the residual with other features than the logits use: {name}"
        every = f"is right for other features than X: {name}"
        found.append(Hypothesis("features-differ", "outer", change, outer, "weights", "weights", numbers))
        found.append(
            Hypothesis("features-differ-everywhere", "features", change, every, "logits", "softmax", numbers)
        )
    return found


def feature_maps(X: Array) -> dict[str, Map]:
    """The usual changes, as far as they change these features; the likeliest first."""
    with np.errstate(all="ignore"):
        maps = {**_affine(X), **_nonlinear(X), **_moved()}
        changed = {name: change for name, change in maps.items() if not np.array_equal(change(X), X)}
        return {name: change for name, change in changed.items() if np.isfinite(change(X)).all()}


def _affine(X: Array) -> dict[str, Map]:
    mean, low, high = X.mean(axis=0), X.min(axis=0), X.max(axis=0)
    largest = float(np.abs(X).max())
    maps: dict[str, Map] = {"centred": lambda X: X - mean}
    for ddof in (0, 1):
        deviation = X.std(axis=0, ddof=ddof) if len(X) > ddof else np.ones(X.shape[1])
        usable = np.where(deviation > 1e-12 * max(largest, 1e-300), deviation, 1.0)
        maps[f"standardised (ddof={ddof})"] = lambda X, s=usable: (X - mean) / s  # type: ignore[misc]
        maps[f"scaled by the standard deviation (ddof={ddof})"] = lambda X, s=usable: X / s  # type: ignore[misc]
    span = np.where(high > low, high - low, 1.0)
    maps["scaled to [0, 1] by column"] = lambda X: (X - low) / span
    for constant in sorted({largest, 255.0, 16.0, 100.0, 10.0} - {0.0, 1.0}):
        maps[f"divided by {constant:g}"] = lambda X, c=constant: X / c  # type: ignore[misc]
    return maps


def _nonlinear(X: Array) -> dict[str, Map]:
    mean, largest = X.mean(axis=0), float(np.abs(X).max())
    maps: dict[str, Map] = {"squared": lambda X: X**2, "absolute values": np.abs}
    for threshold in sorted({0.0, 0.5, largest / 2, 8.0, 127.0}):
        maps[f"binarised (x > {threshold:g})"] = lambda X, t=threshold: (t < X).astype(float)  # type: ignore[misc]
        maps[f"binarised (x >= {threshold:g})"] = lambda X, t=threshold: (t <= X).astype(float)  # type: ignore[misc]
    maps["binarised (x > its column's mean)"] = lambda X: (mean < X).astype(float)
    maps["rounded to integers"] = np.round
    maps["cut to integers"] = np.trunc
    maps["rows scaled to length 1"] = lambda X: X / _lengths(X)
    return maps


def _lengths(X: Array) -> Array:
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return np.where(lengths > 0, lengths, 1.0)


def _moved() -> dict[str, Map]:
    return {
        "columns reversed": lambda X: X[:, ::-1],
        "columns moved on by one": lambda X: np.roll(X, 1, axis=1),
        "columns moved back by one": lambda X: np.roll(X, -1, axis=1),
    }
