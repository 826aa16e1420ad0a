"""The rows that were predicted worst: those whose true class got the least probability."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.report.case import Case
from softgrad.report.numbers import significant

__all__ = ["Worst", "worst_rows"]

Array = NDArray[Any]

_MOST_REASONS = 2


@dataclass(frozen=True, eq=False)
class Worst:
    """One row, what was said of it, and which of its values said so.

    Attributes
    ----------
    number : int
    true, predicted : str
    p_true, p_predicted : float
    reasons : tuple of (str, str)
        The features that spoke most for the predicted class against the true one, with their values.
    image : ndarray or None
        The row, where it is pixels.
    """

    number: int
    true: str
    predicted: str
    p_true: float
    p_predicted: float
    reasons: tuple[tuple[str, str], ...]
    image: Array | None


def worst_rows(case: Case, proba: Array, most: int = 6) -> list[Worst]:
    """The rows whose true class has the lowest probability, the lowest first.

    Parameters
    ----------
    case : Case
    proba : ndarray of shape (n_measured, n_classes)
    most : int, default 6
    """
    codes = case.measured.codes
    p_true = proba[np.arange(len(codes)), codes]
    order = np.argsort(p_true, kind="stable")[:most]
    centre = np.asarray(case.fitted.X.mean(axis=0)).ravel()
    found = []
    for i in order:
        x = case.measured.X[[i]]
        values = np.asarray(x.toarray() if hasattr(x, "toarray") else x, dtype=np.float64).ravel()
        guess = int(proba[i].argmax())
        found.append(
            Worst(
                number=int(case.row_numbers[i]),
                true=case.labels[codes[i]],
                predicted=case.labels[guess],
                p_true=float(p_true[i]),
                p_predicted=float(proba[i, guess]),
                reasons=_reasons(case, values, values - centre, int(codes[i]), guess),
                image=None if case.shape is None else values.reshape(case.shape),
            )
        )
    return found


def _reasons(case: Case, values: Array, away: Array, true: int, guess: int) -> tuple[tuple[str, str], ...]:
    """Of a column's categories only the one that the row has can be a reason."""
    if guess == true:
        return ()
    spoke = (case.linear.coef[guess] - case.linear.coef[true]) * away
    for group in case.levels:
        absent = [j for j in group if values[j] == 0]
        spoke[absent] = 0.0
    largest = [j for j in np.argsort(-spoke, kind="stable")[:_MOST_REASONS] if spoke[j] > 0]
    return tuple((case.names[j], "" if case.siblings(j) else significant(float(values[j]))) for j in largest)
