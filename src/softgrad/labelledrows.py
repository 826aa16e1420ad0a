"""The estimator's door for rows that are not in memory but know their labels: `softgrad.open_rows` gives them."""

from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from softgrad.labels import Labels, class_factors, declared, refuse_unknown
from softgrad.optimize.solution import Solution
from softgrad.rows.base import Rows
from softgrad.rows.wrap import as_given

Array = npt.NDArray[Any]

__all__ = ["LabelledRows", "check_rows", "spread"]


class LabelledRows(Rows, Protocol):
    """Rows that the estimator fits."""

    @property
    def classes(self) -> Array:
        """(K,): the labels, in the order of the codes."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...] | None: ...

    @property
    def fingerprint(self) -> str:
        """The same for the same data in the same blocks."""
        ...

    def weighted(self, factors: Array) -> Self:
        """The same rows, their weights times their class's factor, (K,)."""
        ...


def check_rows(
    X: Any, y: Any, sample_weight: Any, classes: Any, class_weight: Any
) -> tuple[LabelledRows, Labels]:
    """The rows with the class weights in them, and their labels: codes of all classes that there may be.

    Raises
    ------
    ValueError
        If the rows have no labels, y or weights are given beside them, or a label is not among `classes`.
    """
    as_given(X, y, sample_weight)
    if not hasattr(X, "classes"):
        raise ValueError(
            f"X is a {type(X).__name__}, whose rows have codes but no labels; pass what softgrad.open_rows returns, or "
            "fit it with softgrad.fit(rows, None, alpha=...)."
        )
    rows: LabelledRows = X
    found = np.asarray(rows.classes)
    if class_weight is not None:
        own = Labels(found, np.arange(len(found)))
        rows = rows.weighted(class_factors(own, class_weight, rows.class_weights))
    if classes is None:
        return rows, Labels(found, np.arange(len(found)))
    named = declared(classes)
    places = {label: place for place, label in enumerate(named.tolist())}
    refuse_unknown(found, named)
    return rows, Labels(named, np.array([places[label] for label in found.tolist()], dtype=np.intp))


def spread(solution: Solution, labels: Labels) -> Solution:
    """The solution in the order of ``labels.classes``; classes without rows have coef 0 and intercept -inf."""
    if np.array_equal(labels.targets, np.arange(len(labels.classes))):
        return solution
    coef = np.zeros((len(labels.classes), solution.coef.shape[1]))
    intercept = np.full(len(labels.classes), -np.inf)
    coef[labels.targets], intercept[labels.targets] = solution.coef, solution.intercept
    return replace(solution, coef=coef, intercept=intercept)
