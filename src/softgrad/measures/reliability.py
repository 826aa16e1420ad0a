"""How often what was given a probability came true: the bins of a reliability diagram, and their one-number summary."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bins", "bin_of", "bins", "class_bins", "top_label_bins"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Bins:
    """Predictions gathered by their probability.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Evenly spaced from 0 to 1; a probability on an edge counts in the bin below it.
    counts : ndarray of shape (n_bins,)
        Predictions in each bin.
    predicted : ndarray of shape (n_bins,)
        Mean probability; nan in an empty bin.
    observed : ndarray of shape (n_bins,)
        Share that came true; nan in an empty bin.
    """

    edges: Array
    counts: Array
    predicted: Array
    observed: Array

    @property
    def error(self) -> float:
        """Expected calibration error: the mean of |observed - predicted| over the predictions."""
        full = self.counts > 0
        distance = np.abs(self.observed[full] - self.predicted[full])
        return float(np.average(distance, weights=self.counts[full]))


def class_bins(codes: Array, proba: Array, k: int, n_bins: int = 10) -> Bins:
    """The bins of one class's probability, against whether the row is of that class.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        The true classes, as columns of `proba`.
    proba : ndarray of shape (n, n_classes)
    k : int
        The class.
    n_bins : int, default 10
    """
    return bins(proba[:, k], codes == k, n_bins)


def top_label_bins(codes: Array, proba: Array, n_bins: int = 10) -> Bins:
    """The bins of the likeliest class's probability, against whether that is the true one.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        The true classes, as columns of `proba`.
    proba : ndarray of shape (n, n_classes)
    n_bins : int, default 10
    """
    return bins(proba.max(axis=1), codes == proba.argmax(axis=1), n_bins)


def bin_of(probability: Array, n_bins: int = 10) -> Array:
    """Which of the evenly spaced bins each probability falls into; one on an edge goes below it."""
    return np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], probability)


def bins(probability: Array, true: Array, n_bins: int = 10) -> Bins:
    """The bins of any probabilities (n,), against whether what they were given to came true (n,)."""
    edges = np.linspace(0, 1, n_bins + 1)
    place = bin_of(probability, n_bins)
    counts = np.bincount(place, minlength=n_bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan, as an empty bin should be
        predicted = np.bincount(place, probability, n_bins) / counts
        observed = np.bincount(place, true, n_bins) / counts
    return Bins(edges, counts, predicted, observed)
