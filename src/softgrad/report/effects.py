"""What pushes a row towards each class: the largest coefficients, as changes of its probability and of its odds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.maths.logits import softmax
from softgrad.report.case import Case
from softgrad.report.numbers import significant

__all__ = ["ClassEffects", "Effect", "class_effects"]

Array = NDArray[Any]

MOST_CLASSES = 12
_MOST_ROWS = 2000


@dataclass(frozen=True)
class Effect:
    """One feature's effect on one class.

    Attributes
    ----------
    name : str
    step : str
        What is changed: the feature by one standard deviation, or from 0 to 1; empty for a category.
    strength : float
        Change of the class's logit at the step, against the average class.
    change : float
        Mean change of the class's probability over the rows.
    odds : float
        Factor of the class's odds against the average class (of two classes: against the other).
    """

    name: str
    step: str
    strength: float
    change: float
    odds: float


@dataclass(frozen=True, eq=False)
class ClassEffects:
    """A class's largest effects, and its coefficients as an image where the features are pixels."""

    title: str
    effects: tuple[Effect, ...]
    image: Array | None


def class_effects(case: Case) -> list[ClassEffects]:
    """The largest effects of every class, or of the second one where there are two; of at most 12 classes.

    The features are ranked by |coefficient| times the step. Probabilities are averaged over at most 2000 of the
    measured rows, evenly spaced.
    """
    rows = case.measured.some(_MOST_ROWS)
    X, start = rows.dense(), case.linear.logits(rows.X)
    spread = _Spread.of(case.fitted.some(_MOST_ROWS).dense())
    two = len(case.labels) == 2
    n_effects = 8 if two else 5 if len(case.labels) == 3 else 3
    classes = [1] if two else list(range(min(len(case.labels), MOST_CLASSES)))
    before = softmax(start).mean(axis=0)
    found = []
    for k in classes:
        strengths = np.array([_strength(case, spread, k, j) for j in range(X.shape[1])])
        largest = [j for j in np.argsort(-np.abs(strengths), kind="stable")[:n_effects] if strengths[j]]
        effects = tuple(
            Effect(
                name=case.names[j],
                step=_words(case, spread, j),
                strength=float(strengths[j]),
                change=_change(case, spread, X, start, before, k, j),
                odds=float(np.exp(min(strengths[j], 700.0))),
            )
            for j in largest
        )
        image = None if case.shape is None else case.linear.coef[k].reshape(case.shape)
        found.append(ClassEffects(case.labels[k], effects, image))
    return found


@dataclass(frozen=True, eq=False)
class _Spread:
    """Standard deviations of the features, and which of them are flags."""

    deviation: Array
    flag: Array

    @classmethod
    def of(cls, X: Array) -> "_Spread":
        flag = ((X == 0) | (X == 1)).all(axis=0) & (X.min(axis=0) != X.max(axis=0))
        return cls(X.std(axis=0), flag)


def _strength(case: Case, spread: _Spread, k: int, j: int) -> float:
    coef, siblings = case.linear.coef[k], case.siblings(j)
    if siblings:
        return float(coef[j] - coef[list(siblings)].mean())
    return float(coef[j] * (1.0 if spread.flag[j] else spread.deviation[j]))


def _words(case: Case, spread: _Spread, j: int) -> str:
    if case.siblings(j):
        return ""
    return "0 to 1" if spread.flag[j] else f"+{significant(float(spread.deviation[j]), 3)}"


def _change(case: Case, spread: _Spread, X: Array, start: Array, before: Array, k: int, j: int) -> float:
    """Mean change of the probability: a feature enters the logits linearly, so X need not be read again."""
    coef, siblings = case.linear.coef, list(case.siblings(j))
    if siblings:
        moved = start - X[:, siblings] @ coef[:, siblings].T + coef[:, j]
        return float(softmax(moved)[:, k].mean() - before[k])
    if spread.flag[j]:
        without = start - np.outer(X[:, j], coef[:, j])
        return float((softmax(without + coef[:, j])[:, k] - softmax(without)[:, k]).mean())
    return float(softmax(start + spread.deviation[j] * coef[:, j])[:, k].mean() - before[k])
