"""A gradient that nothing explains: where it is worst, what kind of thing it is, and what was ruled out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.call import Refusal
from softgrad.check.mixture import Finding
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks
from softgrad.check.values import moved

Array = npt.NDArray[Any]

SHADES = " .:-=+*#@"
WIDEST = 40


def unknown(probe: Probe) -> Finding:
    """The finding of an unknown mistake, with its evidence."""
    errors = [
        _errors(probe, place, gradient) for place, gradient in zip(probe.places, probe.gradients, strict=True)
    ]
    worst = int(np.argmax([error.max() for error in errors]))
    k, j = (int(i) for i in np.unravel_index(errors[worst].argmax(), errors[worst].shape))
    right = _matrix(probe.problem.gradient(probe.places[worst]))[k, j]
    given = _matrix(probe.gradients[worst])[k, j]
    entry = "the intercept" if j >= probe.problem.n_features else f"feature {_feature(probe, j)}"
    evidence = [f"worst at class {k}, {entry}: {given:.6g}, where {right:.6g} is right", *_invariants(probe)]
    rows, columns = errors[worst].max(axis=1), errors[worst].max(axis=0)
    numbers = {
        "class": k,
        "feature": j,
        "by_class": rows.tolist(),
        "by_feature": columns.tolist(),
        "map": _map(errors[worst]),
    }
    words = "is wrong in a way that no known mistake explains"
    return Finding("unknown", words, "; ".join(evidence), "weights", "weights", numbers)


def _feature(probe: Probe, j: int) -> int:
    return j + (1 if probe.problem.convention.intercept == "first" else 0)


def _matrix(blocks: Blocks) -> Array:
    return blocks.weights if blocks.intercept is None else np.column_stack([blocks.weights, blocks.intercept])


def _errors(probe: Probe, place: Blocks, gradient: Blocks) -> Array:
    right = _matrix(probe.problem.gradient(place))
    difference = np.abs(_matrix(gradient) - right)
    return np.asarray(
        np.where(np.isfinite(difference), difference, np.inf) / max(np.abs(right).max(), 1e-300)
    )


def _map(errors: Array) -> list[str]:
    """Classes as rows, features as columns; the darker, the larger the error."""
    finite = np.where(np.isfinite(errors), errors, errors[np.isfinite(errors)].max(initial=1.0))
    shown = finite[:, :WIDEST] / max(float(finite.max()), 1e-300)
    steps = np.minimum((shown * len(SHADES)).astype(int), len(SHADES) - 1)
    return ["".join(SHADES[step] for step in row) for row in steps]


def _invariants(probe: Probe) -> list[str]:
    try:
        return [_class_sum(probe), *_symmetry(probe), *_additivity(probe)]
    except (Refusal, FloatingPointError):
        return []


def _class_sum(probe: Probe) -> str:
    place = probe.places[0]
    centred = Blocks(
        place.weights - place.weights.mean(axis=0),
        None if place.intercept is None else place.intercept - place.intercept.mean(),
    )
    gradient = probe.user.gradient(centred).weights
    share = float(np.abs(gradient.sum(axis=0)).max() / max(np.abs(gradient).max(), 1e-300))
    if share < 1e-6:
        return "summed over the classes it is zero, as it should be"
    return f"summed over the classes it is {share:.2g} of its size, where zero is right: the rows of P - Y sum to zero"


def _symmetry(probe: Probe) -> list[str]:
    """Of the Jacobian, by differences along two directions."""
    place, h = probe.places[0], 1e-4
    u, v = (probe.problem.place(probe.rng) for _ in range(2))
    along_u, along_v = _slope(probe, place, u, h), _slope(probe, place, v, h)
    uv, vu = float(v.vector() @ along_u), float(u.vector() @ along_v)
    size = np.linalg.norm(along_u) * np.linalg.norm(v.vector()) + np.linalg.norm(along_v) * np.linalg.norm(
        u.vector()
    )
    if not np.isfinite(size) or size == 0 or not probe.exact:
        return []
    if abs(uv - vu) <= 1e-5 * size:
        return [
            "its Jacobian is symmetric: it is the gradient of some other function (labels, weights, penalty)"
        ]
    return [
        "its Jacobian is not symmetric: it is the gradient of no function at all (a wrong product, order or derivative)"
    ]


def _slope(probe: Probe, place: Blocks, step: Blocks, h: float) -> Array:
    ahead, behind = (probe.user.gradient(moved(place, step, t)).vector() for t in (h, -h))
    return np.asarray((ahead - behind) / (2 * h))


def _additivity(probe: Probe) -> list[str]:
    """Rows of zeros add nothing to the weights' gradient, so two halves add up to the whole."""
    problem, place = probe.problem, probe.places[0]
    first = (np.arange(problem.n) < problem.n // 2)[:, None]
    parts: Sequence[Blocks | None] = [probe.on_features(place, problem.X * half) for half in (first, ~first)]
    if parts[0] is None or parts[1] is None or problem.n < 2 or problem.alpha != 0:
        return []
    whole = probe.gradients[0].weights
    gap = np.abs(parts[0].weights + parts[1].weights - whole).max()
    if gap <= max(1e-7, probe.tolerance) * np.abs(whole).max():
        return ["it is a sum over rows"]
    return [
        "it is not a sum over rows: halves of the data do not add up to the whole (or X is not the one passed in)"
    ]
