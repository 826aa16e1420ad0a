"""What does not change with W in a gradient: the labels' part, or, where nothing changes, all of it.

With the right probabilities, ``G = P'X - Y'X``: whatever the labels are, they are a constant that can be read off.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.explanation import Penalised
from softgrad.check.faults_labels import SAME_ROWS
from softgrad.check.fit import least_squares
from softgrad.check.mixture import Finding
from softgrad.check.pipeline import Changes
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[Any]

CLOSE = 1e-6
MOST_CALLS = 200


@dataclass(frozen=True, eq=False)
class Constant:
    """``G = factor * P'X + constant``, and penalties; on_b is the factor in the intercept's gradient.

    The constant is (K, d + 1), the intercept's part last; (K, d) without one.
    """

    factor: float
    on_b: float
    penalty: float
    penalty_b: float
    constant: Array


def constant_part(probe: Probe, changes: Changes) -> list[Finding] | None:
    """stale-weights, where everything is constant, or what is wrong with the labels."""
    found = _split(probe, changes)
    if found is None:
        return None
    if abs(found.factor) <= 1e-7:
        return _stale(probe, found)
    factors = np.full(found.constant.shape[1], found.factor)
    if probe.problem.has_intercept and abs(found.on_b) > 1e-7:
        factors[-1] = found.on_b
    return _labels(probe, replace(found, constant=-found.constant / factors))


def _split(probe: Probe, changes: Changes) -> Constant | None:
    """Least squares over differences between places, in which a constant does not show."""
    problem = probe.problem
    moving = probe.data_terms({**changes, "labels": np.zeros_like})
    weighing = 1 / np.mean([problem.terms(place) for place in probe.places], axis=0)
    parts = [*_split_blocks(moving), *(_split_blocks([place.scaled(problem.sign) for place in probe.places]))]
    columns = [_centred(part, weighing) for part in parts]
    if not all(np.isfinite(column).all() for column in columns):
        return None
    lengths = np.array([np.linalg.norm(column) for column in columns])
    present = lengths > 0
    basis = (
        np.column_stack([c for c, there in zip(columns, present, strict=True) if there]) / lengths[present]
    )
    target = _centred([gradient.vector() for gradient in probe.gradients], weighing)
    solution, _, misfit, rank = least_squares(basis, target)
    if rank < present.sum() or misfit > probe.tolerance * max(1.0, float(np.abs(target).max())):
        return None
    amounts = np.zeros(4)
    amounts[present] = solution / lengths[present]
    model = sum(amount * np.array(part) for amount, part in zip(amounts, parts, strict=True))
    rest = np.mean(np.array([gradient.vector() for gradient in probe.gradients]) - model, axis=0)
    factor, on_b, penalty, penalty_b = (float(amount) for amount in amounts)
    return Constant(factor, on_b, penalty, penalty_b, _as_matrix(rest / problem.data_factor, problem))


def _split_blocks(blocks: list[Blocks]) -> list[list[Array]]:
    """The vectors of the weights alone, and of the intercept alone."""
    vectors = [block.vector() for block in blocks]
    on_weights = np.arange(vectors[0].size) < blocks[0].weights.size
    return [[vector * on_weights for vector in vectors], [vector * ~on_weights for vector in vectors]]


def _centred(vectors: list[Array], weighing: Array) -> Array:
    weighed = np.array(vectors) * weighing
    return np.asarray((weighed - weighed.mean(axis=0)).ravel())


def _as_matrix(vector: Array, problem: Problem) -> Array:
    K, d = problem.n_classes, problem.n_features
    weights = vector[: K * d].reshape(K, d)
    return np.column_stack([weights, vector[K * d :]]) if problem.has_intercept else weights


def _stale(probe: Probe, found: Constant) -> list[Finding] | None:
    problem = probe.problem
    size = np.abs(found.constant).max(initial=0.0)
    if size <= 1e-9 * max(np.abs(gradient.vector()).max() for gradient in probe.gradients):
        return None
    words = "is evaluated at other weights than the W it is given: it does not change with W"
    evidence = f"the same data term at {len(probe.places)} places W"
    zero = probe.places[0].scaled(0.0)
    if np.allclose(
        _as_matrix(problem.data_gradient(zero).vector(), problem), found.constant * problem.data_factor
    ):
        evidence += "; it is the right one at W = 0"
    main = Finding("stale-weights", words, evidence, "logits", "softmax")
    return [main, *Penalised(problem, 1.0, 1.0, found.penalty, found.penalty_b).findings()]


def _labels(probe: Probe, found: Constant) -> list[Finding] | None:
    """`found.constant` is Y'X for the labels used, with their counts last where there is an intercept."""
    problem = probe.problem
    right = _carried(problem, problem.Y)
    if (
        problem.has_intercept and abs(found.on_b) <= 1e-7
    ):  # the intercept's gradient is missing: nothing to read
        right, found = right[:, :-1], replace(found, constant=found.constant[:, :-1])
    if np.abs(found.constant - right).max() <= 1e-6 * np.abs(right).max():
        return None
    named = (
        _smoothed(problem, found.constant, right)
        or _weighed(found.constant, right)
        or _recovered(probe, found)
        or _guessed(problem, found.constant, right)
    )
    if named is None:
        return None
    return [named, *Penalised(problem, found.factor, found.on_b, found.penalty, found.penalty_b).findings()]


def _carried(problem: Problem, Y: Array) -> Array:
    X = np.column_stack([problem.X, np.ones(problem.n)]) if problem.has_intercept else problem.X
    return np.asarray(Y.T @ X)


def _smoothed(problem: Problem, used: Array, right: Array) -> Finding | None:
    """Y -> slope * Y + shift."""
    uniform = _carried(problem, np.ones_like(problem.Y))[:, : right.shape[1]]
    design = np.column_stack([right.ravel(), uniform.ravel()])
    (slope, shift), _, misfit, rank = least_squares(design, used.ravel())
    if rank < 2 or misfit > 1e-7 * np.abs(used).max() or design.shape[0] < 3 or shift < CLOSE:
        return None
    epsilon, K = 1 - float(slope), problem.n_classes
    over = "all classes" if abs(shift * K - epsilon) < 1e-5 else "the other classes"
    if over == "the other classes" and K > 1 and abs(shift + slope - 1 + epsilon - shift) < 1e-5:
        epsilon = float(shift * (K - 1))
    words = "smooths the labels, which the objective does not"
    evidence = f"labels used: {slope:.6g} * Y + {shift:.6g}, so epsilon = {epsilon:.6g}, spread over {over}"
    return Finding("label-smoothing", words, evidence, "labels", "residual", {"epsilon": epsilon})


def _weighed(used: Array, right: Array) -> Finding | None:
    """Every class's labels with a weight of its own."""
    if right.shape[1] < 2:
        return None
    sizes = (right * right).sum(axis=1)
    weights = np.where(sizes > 0, (used * right).sum(axis=1) / np.where(sizes > 0, sizes, 1), 1.0)
    if np.abs(used - weights[:, None] * right).max() > 1e-7 * np.abs(used).max(initial=1e-300):
        return None
    return _on_labels_only([float(f"{w:.6g}") for w in weights])


def _on_labels_only(shown: list[float]) -> Finding:
    words = "multiplies the weights into the labels Y but not into the probabilities"
    evidence = f"mean weight on the labels of each class: {shown}"
    return Finding("weights-on-labels-only", words, evidence, "residual", "residual", {"weights": shown})


def _recovered(probe: Probe, found: Constant) -> Finding | None:
    """The labels themselves, from calls on random features."""
    Y = _by_calls(probe, found.factor)
    if Y is None:
        return None
    problem = probe.problem
    factors = (Y * problem.Y).sum(axis=1)
    if np.abs(Y - factors[:, None] * problem.Y).max() < CLOSE and np.ptp(factors) > CLOSE:
        members = [factors[problem.Y[:, k] > 0.5] for k in range(problem.n_classes)]
        return _on_labels_only([float(f"{m.mean():.6g}") if m.size else 1.0 for m in members])
    return _moved(problem, Y)


def _by_calls(probe: Probe, factor: float) -> Array | None:
    """At W = 0, ``G = factor * sum_i (1/K - y_i) x_i'`` is linear in y; d columns of random features a call.

    None where the function does not follow the features that it is given.
    """
    problem = probe.problem
    calls = -(-problem.n // max(problem.n_features, 1)) + 1
    zero = probe.places[0].scaled(0.0)
    if not probe.exact or calls > MOST_CALLS:
        return None
    drawn, answers = [], []
    for _ in range(calls):
        X = probe.rng.normal(size=problem.X.shape)
        answer = probe.on_features(zero, X)
        if answer is None:
            return None
        drawn.append(X)
        answers.append(answer.weights.T / (factor * problem.data_factor))
    system, right = np.hstack(drawn).T, np.vstack(answers)
    residual, _, rank, _ = np.linalg.lstsq(system, right, rcond=1e-12)
    if rank < problem.n or np.abs(system @ residual - right).max() > 1e-7 * max(np.abs(right).max(), 1e-300):
        return None
    return np.asarray(1 / problem.n_classes - residual)


def _moved(problem: Problem, Y: Array) -> Finding | None:
    """Labels that are right but for their order of rows."""
    rounded = np.round(Y)
    hard = np.abs(Y - rounded).max() < CLOSE and (rounded.sum(axis=1) == 1).all()
    if not hard or (rounded.sum(axis=0) != problem.Y.sum(axis=0)).any():
        return None
    moved = int((np.abs(rounded - problem.Y).sum(axis=1) > 0).sum())
    words = "pairs each sample with another one's label"
    evidence = f"labels recovered: {moved} of {problem.n} rows carry another row's label"
    numbers = {"rows_moved": moved, "labels": rounded.argmax(axis=1).tolist()}
    return Finding("rows-misaligned", words, evidence, "labels", "residual", numbers, (SAME_ROWS,))


def _guessed(problem: Problem, used: Array, right: Array) -> Finding | None:
    """Only Y'X is known: other labels, and rows in another order are the usual cause."""
    counted = problem.has_intercept and used.shape[1] > problem.n_features
    if counted and np.abs(used[:, -1] - right[:, -1]).max() > 1e-6 * np.abs(right[:, -1]).max():
        return None
    words = "uses other labels than y: most likely each sample is paired with another one's label"
    evidence = (
        "the difference to the right gradient is the same at every W, so that only the labels' part is wrong"
    )
    if counted:
        evidence += "; every class is used as often as it should be"
    return Finding("rows-misaligned", words, evidence, "labels", "residual", {}, (SAME_ROWS,))
