"""How much every row, or every class, counts in a gradient: least squares on the rows' contributions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.explanation import Penalised
from softgrad.check.factors import described
from softgrad.check.mixture import Finding
from softgrad.check.pipeline import Changes
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks

Array = npt.NDArray[Any]
Pairs = Sequence[tuple[Blocks, Blocks]]

EXACT = 1e-7
MOST_ROWS = 1200


def class_weights(probe: Probe, changes: Changes) -> list[Finding] | None:
    """One weight a class: G = sum_k v_k (the rows of class k)."""
    membership = _classes(probe)
    pairs = list(zip(probe.places, probe.gradients, strict=True))
    solved = _solved(probe, changes, pairs, membership)
    if solved is None:
        return None
    weights, penalties = solved
    present = membership.any(axis=0)
    if not present.any() or np.ptp(weights[present]) <= 1e-6 * np.abs(weights).max():
        return None
    by_row = weights[probe.problem.Y.argmax(axis=1)]
    return _class_findings(probe, weights, _factor(probe, by_row), penalties)


def row_weights(probe: Probe, changes: Changes) -> list[Finding] | None:
    """One weight a row, in words: dropped rows, batches, classes or anything else."""
    problem = probe.problem
    if not probe.exact or problem.n > MOST_ROWS:
        return None
    columns = min(problem.n_features + problem.has_intercept, problem.n)
    per_place = max((problem.n_classes - 1) * columns, 1)
    pairs = probe.pairs(min(-(-(problem.n + 8) // per_place) + 2, 200))
    if pairs is None:
        return None
    solved = _solved(probe, changes, pairs, None)
    return None if solved is None else _named(probe, *solved)


def _classes(probe: Probe) -> Array:
    Y = probe.problem.Y
    return np.asarray(np.eye(Y.shape[1])[Y.argmax(axis=1)])


def _solved(
    probe: Probe, changes: Changes, pairs: Pairs, groups: Array | None
) -> tuple[Array, tuple[float, float]] | None:
    """Weights of rows (or of groups of rows) and the penalties' amounts, where they reproduce all gradients."""
    blocks = [_contributions(probe, changes, place, gradient, groups) for place, gradient in pairs]
    system, right = np.vstack([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks])
    if not np.isfinite(system).all() or len(system) <= system.shape[1]:
        return None
    lengths = np.linalg.norm(system, axis=0)
    used = lengths > 1e-12 * lengths.max(initial=0.0)
    basis = system[:, used] / lengths[used]
    solution = _solution(basis, right)
    if solution is None:
        return None
    found = np.zeros(system.shape[1])
    found[used] = solution / lengths[used]
    penalty_b = float(found[-1]) if probe.problem.has_intercept else np.nan
    return found[:-2], (float(found[-2]), penalty_b)


def _solution(basis: Array, right: Array) -> Array | None:
    """The solution of all equations, found from about twice as many as unknowns; None where there is none."""
    telling = np.flatnonzero(np.abs(basis).max(axis=1) > 0)
    size = basis.shape[1]
    for count in (size + 20, 2 * size + 50):
        few = telling[np.linspace(0, len(telling) - 1, min(len(telling), count)).astype(int)]
        orthogonal, triangle = np.linalg.qr(basis[few])
        rest = right[few] - orthogonal @ (orthogonal.T @ right[few])
        if np.abs(rest).max() > EXACT * max(float(np.abs(right).max()), 1e-300):
            return None
    sizes = np.abs(np.diagonal(triangle))
    if len(sizes) < size or sizes.min() <= 1e-11 * sizes.max():
        return None
    solution = np.linalg.solve(triangle, orthogonal.T @ right[few])
    misfit = float(np.abs(basis @ solution - right).max())
    return solution if misfit <= EXACT * max(float(np.abs(right).max()), 1e-300) else None


def _contributions(
    probe: Probe, changes: Changes, place: Blocks, gradient: Blocks, groups: Array | None
) -> tuple[Array, Array]:
    """Columns: what each row (or group) adds to the gradient, then W and b with the penalty's sign."""
    problem = probe.problem
    R, X = probe.steps(place, changes)
    if groups is None:
        on_weights = (R[:, :, None] * X[:, None, :]).reshape(problem.n, -1).T
        on_b = R.T
    else:
        on_weights = np.stack([(R.T @ (X * column[:, None])).ravel() for column in groups.T], axis=1)
        on_b = R.T @ groups
    parts = on_weights if place.intercept is None else np.vstack([on_weights, on_b])
    empty = None if place.intercept is None else np.zeros_like(place.intercept)
    held = [
        Blocks(place.weights, empty).vector(),
        Blocks(np.zeros_like(place.weights), place.intercept).vector(),
    ]
    return np.column_stack(
        [problem.data_factor * parts, *(problem.sign * h for h in held)]
    ), gradient.vector()


def _named(probe: Probe, weights: Array, penalties: tuple[float, float]) -> list[Finding] | None:
    largest = np.abs(weights).max()
    if np.ptp(weights) < 1e-5 * largest:
        return None
    dropped = np.flatnonzero(np.abs(weights) < 1e-6 * largest)
    kept = np.delete(weights, dropped)
    if dropped.size and np.ptp(kept) < 1e-5 * largest:
        return _dropped(probe, dropped, float(kept.mean()), penalties)
    factor = _factor(probe, weights)
    means = _class_means(probe, weights)
    if np.abs(weights - means[probe.problem.Y.argmax(axis=1)]).max() < 1e-5 * largest:
        return _class_findings(probe, means, factor, penalties)
    return [_batches(weights / factor) or _other(weights / factor), *_further(probe, factor, penalties)]


def _class_means(probe: Probe, weights: Array) -> Array:
    codes, K = probe.problem.Y.argmax(axis=1), probe.problem.n_classes
    return np.array([weights[codes == k].mean() if (codes == k).any() else 0.0 for k in range(K)])


def _factor(probe: Probe, weights: Array) -> float:
    """A factor n, 1/n or -1 of all weights that another mistake brings along."""
    mean, n = float(weights.mean()), probe.problem.n
    size = abs(mean)
    plain = (
        1.0 if 0.1 < size < 10 or n < 30 else float(n) if size > n / 10 else 1 / n if size < 10 / n else 1.0
    )
    return plain if mean >= 0 else -plain


def _further(probe: Probe, factor: float, penalties: tuple[float, float]) -> list[Finding]:
    return Penalised(probe.problem, factor, factor, *penalties).findings()


def _class_findings(
    probe: Probe, weights: Array, factor: float, penalties: tuple[float, float]
) -> list[Finding]:
    problem = probe.problem
    shown = [float(f"{w / factor:.6g}") for w in weights]
    counts = problem.Y.sum(axis=0)
    products = (weights * counts)[counts > 0]
    evidence = f"weights of the classes: {shown}"
    if len(products) > 1 and np.ptp(products) <= 1e-6 * np.abs(products).max():
        evidence += ", inverse to how often each occurs (balanced)"
    words = "weighs the classes, which the objective does not"
    numbers = {"weights": shown}
    found = Finding("class-weights", words, evidence, "weights", "weights", numbers)
    return [found, *_further(probe, factor, penalties)]


def _dropped(probe: Probe, dropped: Array, factor: float, penalties: tuple[float, float]) -> list[Finding]:
    problem = probe.problem
    kept = np.setdiff1d(np.arange(problem.n), dropped)
    evidence = f"{len(dropped)} of {problem.n} rows do not count"
    if len(kept) == 1:
        evidence = f"only row {kept[0]} counts"
    elif len(dropped) <= 6:
        evidence += f": {[int(i) for i in dropped]}"
    elif (np.diff(kept) == 1).all():
        evidence += f": only rows {kept[0]} to {kept[-1]} do"
    evidence += f"; each that counts has {described(factor, problem)} times its right weight"
    words = "leaves rows out (= for += in a loop, or one batch only)"
    numbers = {"rows": [int(i) for i in dropped], "weight": factor}
    found = Finding("rows-dropped", words, evidence, "weights", "weights", numbers)
    share = problem.n / len(kept)
    return [found, *Penalised(problem, factor, factor, *penalties, scales=(share,)).findings()]


def _batches(weights: Array) -> Finding | None:
    """Piecewise constant weights: batches of unequal size whose means were averaged."""
    changes = np.flatnonzero(np.abs(np.diff(weights)) > 1e-5 * np.abs(weights).max()) + 1
    if len(changes) > max(1, len(weights) // 10):
        return None
    shown = [float(f"{weights[c]:.6g}") for c in [0, *changes]]
    words = "averages the means of batches of unequal size as if they were equal"
    evidence = f"the rows' weights change at rows {changes.tolist()}: {shown}"
    numbers = {"changes": changes.tolist(), "weights": shown}
    return Finding("batch-average", words, evidence, "weights", "weights", numbers)


def _other(weights: Array) -> Finding:
    shown = [float(f"{w:.4g}") for w in weights[:6]]
    words = "weighs the rows, which the objective does not"
    evidence = f"weights of the first rows: {shown}, from {weights.min():.4g} to {weights.max():.4g}"
    return Finding("row-weights", words, evidence, "weights", "weights", {"weights": weights.tolist()})
