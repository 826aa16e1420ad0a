"""95 % confidence intervals of the metrics, from the rows that they were measured on."""

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from softgrad.measures.facts import RowFacts
from softgrad.measures.reliability import bin_of

__all__ = ["intervals"]

Array = NDArray[Any]
Interval = tuple[float, float]

LEVEL = 0.95
RESAMPLES = 1999
_ENTRIES = 2_000_000


def intervals(facts: RowFacts, n_classes: int) -> dict[str, Interval | None]:
    """How far the metrics may be from those of all rows of this kind, the model being given.

    Accuracy: Wilson's score interval. Log-loss and Brier score, which are means over rows: Student's t. Macro-F1:
    percentiles over resampled rows, which are resampled cells of the confusion matrix. Calibration error: the sums
    in its bins are drawn as resampled rows would give them (by the central limit theorem), and the basic bootstrap
    interval takes off the bias that this adds; it is cut at 0. The draws are seeded: the same rows give the same
    interval.

    Parameters
    ----------
    facts : RowFacts
    n_classes : int

    Returns
    -------
    dict of str to (low, high) or None
        accuracy, log_loss, brier, macro_f1, calibration_error. None where the rows do not tell: a mean of one row, or
        resampled rows that all score alike.

    Notes
    -----
    Cost: a few passes over the rows, and 1999 draws of the confusion matrix's cells.

    Examples
    --------
    >>> import numpy as np
    >>> proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
    >>> found = intervals(RowFacts.of(np.array([0, 0, 1, 1]), proba), 2)
    >>> [round(end, 3) for end in found["accuracy"]]
    [0.301, 0.954]
    """
    right = facts.guesses == facts.codes
    return {
        "accuracy": _wilson(int(right.sum()), len(right)),
        "log_loss": _mean(facts.losses),
        "brier": _mean(facts.distances),
        "macro_f1": _macro_f1(facts.codes, facts.guesses, n_classes),
        "calibration_error": _calibration_error(right, facts.tops),
    }


def _wilson(hits: int, n: int) -> Interval:
    from scipy.stats import binomtest

    found = binomtest(hits, n).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def _mean(values: Array) -> Interval | None:
    from scipy.stats import t

    if len(values) < 2:
        return None
    reach = t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(max(values.mean() - reach, 0)), float(values.mean() + reach)


def _macro_f1(codes: Array, guess: Array, n_classes: int) -> Interval | None:
    """Percentiles; a row is known by its cell, so a resample of rows is a multinomial draw of the cells' counts."""
    cells, counts = np.unique(codes * n_classes + guess, return_counts=True)
    true, predicted = np.divmod(cells, n_classes)
    places = np.arange(len(cells))
    shape = (len(cells), n_classes)
    of = scipy.sparse.csr_array((np.ones(len(cells)), (places, true)), shape=shape)
    taken = scipy.sparse.csr_array((np.ones(len(cells)), (places, predicted)), shape=shape)
    right = of.multiply((true == predicted)[:, None]).tocsr()
    rng, values = np.random.default_rng(0), np.empty(RESAMPLES)
    step = max(1, _ENTRIES // len(cells))
    for start in range(0, RESAMPLES, step):
        drawn = rng.multinomial(len(codes), counts / len(codes), size=min(step, RESAMPLES - start))
        hits, total = drawn @ right, drawn @ of + drawn @ taken
        values[start : start + step] = (2 * hits / np.maximum(total, 1)).sum(axis=1) / (total > 0).sum(axis=1)
    return _between(*np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))


def _calibration_error(right: Array, top: Array) -> Interval | None:
    """The error is sum_b |S_b| / n over bins of S_b, the sum of hits less probabilities; S is nearly normal."""
    excess, place, n = right - top, bin_of(top), len(top)
    sums = np.bincount(place, excess, 10)
    covariance = np.diag(np.bincount(place, excess**2, 10)) - np.outer(sums, sums) / n
    drawn = np.random.default_rng(0).multivariate_normal(sums, covariance, RESAMPLES, "ignore", method="eigh")
    errors = np.abs(drawn).sum(axis=1) / n
    low, high = np.quantile(errors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    error = float(np.abs(sums).sum() / n)
    return _between(2 * error - high, 2 * error - low)


def _between(low: float, high: float) -> Interval | None:
    return (float(max(low, 0.0)), float(min(high, 1.0))) if high - low > 1e-9 else None
