"""The features a gradient really uses: in its outer product, or everywhere."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.faults_features import feature_maps
from softgrad.check.fit import Amounts, Target
from softgrad.check.mixture import Finding, Mixture
from softgrad.check.pipeline import Changes
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks

Array = npt.NDArray[Any]

WORDS = "multiplies the residual with other features than the logits use"
MOST_PLACES = 260


def outer_features(probe: Probe, changes: Changes) -> list[Finding] | None:
    """Z with ``G = R' Z``: first as affine combinations of X's columns, then row by row from many places."""
    if not probe.exact:
        return None
    return affine_features(probe, changes) or _free_features(probe, changes)


def affine_features(probe: Probe, changes: Changes) -> list[Finding] | None:
    """Z = X A + 1 t'; a few places are enough, whatever n is."""
    n, d = probe.problem.X.shape
    pairs = probe.pairs(-(-2 * (d + 2) // max(probe.problem.n_classes - 1, 1)) + 1) if d <= 100 else None
    if pairs is None or n <= d + 1:
        return None
    design = np.column_stack([probe.problem.X, np.ones(n)])
    return _with_design(probe, changes, pairs, design)


def _free_features(probe: Probe, changes: Changes) -> list[Finding] | None:
    problem = probe.problem
    needed = -(-problem.n // max(problem.n_classes - 1, 1)) + 5
    pairs = probe.pairs(needed) if needed <= MOST_PLACES else None
    if pairs is None:
        return None
    return _with_design(probe, changes, pairs, None) or _shared_features(probe, changes, pairs)


def _shared_features(
    probe: Probe, changes: Changes, pairs: list[tuple[Blocks, Blocks]]
) -> list[Finding] | None:
    """The same where samples repeat, as small pictures do: equal rows of X have equal features, Z = S F.

    Equal rows with equal labels have equal residuals, so that R' Z alone does not settle Z.
    """
    rows, groups = np.unique(probe.problem.X, axis=0, return_inverse=True)
    if len(rows) == probe.problem.n:
        return None
    return _with_design(probe, changes, pairs, np.eye(len(rows))[groups.ravel()])


def _with_design(
    probe: Probe, changes: Changes, pairs: list[tuple[Blocks, Blocks]], design: Array | None
) -> list[Finding] | None:
    """Features in the span of `design` (None: any) that reproduce every gradient, with some penalty."""
    problem = probe.problem
    residuals = np.vstack([probe.steps(place, changes)[0].T for place, _ in pairs]) * problem.data_factor
    system = residuals if design is None else residuals @ design
    if not np.isfinite(system).all():
        return None
    W = problem.sign * np.vstack([place.weights for place, _ in pairs])
    G = np.vstack([gradient.weights for _, gradient in pairs])
    if len(system) <= system.shape[1]:
        return None
    basis, triangle = np.linalg.qr(system)
    sizes = np.abs(np.diagonal(triangle))
    if design is None and sizes.min() <= 1e-11 * sizes.max():
        return None
    amount = _penalty(W - basis @ (basis.T @ W), G - basis @ (basis.T @ G))
    right = G - amount * W
    if np.abs(right - basis @ (basis.T @ right)).max() > 1e-8 * np.abs(G).max():
        return None
    found = np.linalg.lstsq(system, right, rcond=1e-12)[0]
    features = found if design is None else design @ found
    if _rows_are_missing(features, problem.X):
        return None
    return None if not _other_than(features, problem.X) else _named(probe, features, changes)


def _rows_are_missing(features: Array, X: Array) -> bool:
    """Whether rows of zeros say that rows were dropped, which is another mistake."""
    empty = np.abs(features).max(axis=1) <= 1e-9 * np.abs(features).max(initial=1e-300)
    return bool((empty & (np.abs(X).max(axis=1) > 0)).mean() > 0.5)


def _penalty(W: Array, G: Array) -> float:
    """The amount of W in G beyond what features can explain; the right one where W is fully explained."""
    size = float((W * W).sum())
    return float((W * G).sum()) / size if size > 1e-20 else 0.0


def _other_than(features: Array, X: Array) -> bool:
    factor = float((features * X).sum() / max((X * X).sum(), 1e-300))
    return bool(np.abs(features - factor * X).max() > 1e-6 * np.abs(features).max(initial=1e-300))


def _named(probe: Probe, features: Array, changes: Changes) -> list[Finding]:
    """In words: a usual change, rows or columns moved, affine columns, or anything else."""
    problem = probe.problem
    X = problem.X
    for factor in (1.0, -1.0, float(problem.n), 1 / problem.n):
        found = _usual(X, features / factor) or _rows(X, features / factor)
        if found is not None:
            return [found, *_further(probe, features / factor, changes)]
    factor = _common_factor(probe, features, changes)
    offset = 1 if problem.convention.intercept == "first" else 0
    return [_by_column(X, features / factor, offset), *_further(probe, features / factor, changes)]


def _further(probe: Probe, features: Array, changes: Changes) -> list[Finding]:
    """What is wrong with factor, intercept and penalty, once the features are known."""
    fitted = _amounts(probe, features, changes)
    return [] if fitted is None else Mixture(fitted, probe.problem).findings()


def _amounts(probe: Probe, features: Array, changes: Changes) -> Amounts | None:
    target = Target.of(probe.problem, probe.places, probe.gradients)
    fitted = target.amounts(probe.data_terms({**changes, "outer": lambda _: features}), probe.places)
    if fitted is None:
        return None
    errors = tuple(max(error, 1e-8) for error in fitted.errors)
    return replace(fitted, errors=errors)  # type: ignore[arg-type]


def _tolerance(X: Array, features: Array) -> float:
    return 1e-5 * float(max(np.abs(X).max(), np.abs(features).max()))


def _common_factor(probe: Probe, features: Array, changes: Changes) -> float:
    """A factor of all features: the intercept's, or one with which some column comes back as it is in X."""
    problem = probe.problem
    X, tolerance = problem.X, _tolerance(problem.X, features)
    fitted = _amounts(probe, features, changes) if problem.has_intercept else None
    usual = (1.0, -1.0, float(problem.n), 1 / problem.n, -float(problem.n))
    for factor in usual:
        same = np.abs(features - factor * X).max(axis=0) <= tolerance * abs(factor)
        if (same & (np.abs(X).max(axis=0) > 0)).any():
            return factor
        if fitted is not None and abs(fitted.on_b - factor) <= 1e-6 * abs(factor):
            return factor
    return 1.0


def _finding(which: str, evidence: str, features: Array) -> Finding:
    numbers = {"which": which, "features": features.tolist()}
    return Finding(
        "features-differ",
        f"{WORDS}: {which}",
        "features recovered: " + evidence,
        "weights",
        "weights",
        numbers,
    )


def _usual(X: Array, features: Array) -> Finding | None:
    for name, change in feature_maps(X).items():
        if np.abs(change(X) - features).max() <= _tolerance(X, features):
            return _finding(name, name, features)
    return None


def _rows(X: Array, features: Array) -> Finding | None:
    if len(X) > 3000:
        return None
    squares = (features**2).sum(axis=1)[:, None] + (X**2).sum(axis=1) - 2 * features @ X.T
    order = squares.argmin(axis=1)
    if np.abs(X[order] - features).max() > _tolerance(X, features):
        return None
    moved = int((np.abs(X[order] - X).max(axis=1) > 0).sum())
    evidence = f"its rows are rows {order[:8].tolist()} ... of X, {moved} of {len(X)} in another place"
    return _finding("rows permuted", evidence, features)


def _by_column(X: Array, features: Array, offset: int) -> Finding:
    columns = [_column(X, features[:, j], j, offset, _tolerance(X, features)) for j in range(X.shape[1])]
    changed = [text for _, text in columns if text]
    kinds = {kind for kind, text in columns if text}
    which = (
        kinds.pop() if len(kinds) == 1 else "other" if "other" in kinds else "columns changed in several ways"
    )
    evidence = "; ".join(changed[:6]) + (f"; and {len(changed) - 6} more" if len(changed) > 6 else "")
    if which == "other":
        evidence += f"; their first row is {np.array2string(features[0, :6], precision=4)}"
    return _finding(which, evidence, features)


def _column(X: Array, column: Array, j: int, offset: int, tolerance: float) -> tuple[str, str]:
    """The kind of change, and what a recovered column is of X: "" where it is column j itself."""
    name = f"column {j + offset}"
    if np.abs(column - X[:, j]).max() <= tolerance:
        return "", ""
    if np.abs(column).max() <= tolerance:
        return "columns missing", f"{name} is missing (zero)"
    for source in [j, *range(X.shape[1])]:
        centred = X[:, source] - X[:, source].mean()
        size = float(centred @ centred)
        slope = float(centred @ column) / size if size > 0 else 0.0
        shift = float(column.mean() - slope * X[:, source].mean())
        if abs(slope) > 1e-12 and np.abs(slope * X[:, source] + shift - column).max() <= tolerance:
            kind = "columns permuted" if source != j else "centred or scaled by column"
            return kind, f"{name} is {affine(slope, shift, f'x{source + offset}')}"
    return "other", f"{name} is no column of X"


def affine(slope: float, shift: float, name: str) -> str:
    """``(x - mean) / deviation``, or simpler where one of them is trivial."""
    if slope == 0:
        return f"{shift:.6g}"
    centre, width = -shift / slope, 1 / slope
    plain = abs(centre) < 1e-6 * max(abs(width), 1)
    top = name if plain else f"({name} {'-' if centre > 0 else '+'} {abs(centre):.6g})"
    return top if abs(width - 1) < 1e-6 else f"{top} / {width:.6g}"


def features_everywhere(probe: Probe, _: Changes) -> list[Finding] | None:
    """Z = s x + t by column, read off at W = 0, where every probability is 1/K, and tried at all places."""
    problem = probe.problem
    zero = Blocks(np.zeros_like(probe.places[0].weights), _zeros(probe.places[0].intercept))
    answer = probe.on_features(zero, problem.X) if probe.exact and problem.n_classes > 2 else None
    if answer is None:
        return None
    C = problem.data_factor * (1 / problem.n_classes - problem.Y)
    slopes, shifts = _slopes(C.T @ problem.X, C.sum(axis=0), answer.weights)
    for tried in (shifts, -slopes * problem.X.mean(axis=0)):  # shifts cannot be read off balanced classes
        found = _shifted_and_scaled(probe, slopes, tried)
        if found is not None:
            return found
    return None


def _shifted_and_scaled(probe: Probe, slopes: Array, shifts: Array) -> list[Finding] | None:
    problem = probe.problem
    features = problem.X * slopes + shifts
    if not np.isfinite(features).all() or not _other_than(features, problem.X):
        return None
    target = Target.of(problem, probe.places, probe.gradients)
    fitted = target.amounts(probe.data_terms({"features": lambda X: X * slopes + shifts}), probe.places)
    if fitted is None or fitted.residual > 1e-6:
        return None
    names = [affine(float(s), float(t), f"x{j}") for j, (s, t) in enumerate(zip(slopes, shifts, strict=True))]
    words = "is right for other features than X: centred or scaled by column"
    numbers = {"which": "centred or scaled by column", "features": features.tolist()}
    evidence = "features recovered: " + "; ".join(names[:6]) + (" ..." if len(names) > 6 else "")
    found = Finding("features-differ-everywhere", words, evidence, "logits", "softmax", numbers)
    return [found, *Mixture(fitted, problem).findings()]


def _zeros(intercept: Array | None) -> Array | None:
    return None if intercept is None else np.zeros_like(intercept)


def _slopes(on_x: Array, on_one: Array, G: Array) -> tuple[Array, Array]:
    """For every column j: G_j = s_j on_x_j + t_j on_one, by least squares over the classes."""
    pairs = [
        np.linalg.lstsq(np.column_stack([on_x[:, j], on_one]), G[:, j], rcond=1e-12)[0]
        for j in range(G.shape[1])
    ]
    solved = np.array(pairs)
    return solved[:, 0], solved[:, 1]
