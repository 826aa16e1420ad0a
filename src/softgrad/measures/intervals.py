"""95 % confidence intervals of the metrics, from the rows that they were measured on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.reliability import top_label_bins

__all__ = ["intervals"]

Array = NDArray[Any]
Interval = tuple[float, float]

LEVEL = 0.95
RESAMPLES = 999


def intervals(codes: Array, proba: Array) -> dict[str, Interval | None]:
    """How far the metrics may be from those of all rows of this kind, the model being given.

    Accuracy: Wilson's score interval. Log-loss and Brier score, which are means over rows: Student's t. Macro-F1:
    percentiles of resampled rows. Calibration error: the basic bootstrap, which takes off the bias that resampling
    adds, cut at 0. The resampling is seeded: the same rows give the same interval.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        The true classes, as columns of `proba`.
    proba : ndarray of shape (n, n_classes)

    Returns
    -------
    dict of str to (low, high) or None
        accuracy, log_loss, brier, macro_f1, calibration_error. None where the rows do not tell: a mean of one row, or
        resampled rows that all score alike.

    Notes
    -----
    Cost: 2 * 999 resamplings of n rows; 0.1 s for 360 rows, 40 s for a million.
    """
    guess = proba.argmax(axis=1)
    rows = np.arange(len(codes))
    clipped = np.clip(proba, np.finfo(proba.dtype).eps, 1)  # as scikit-learn's log_loss
    distance = (proba**2).sum(axis=1) - 2 * proba[rows, codes] + 1
    return {
        "accuracy": _wilson(int((guess == codes).sum()), len(codes)),
        "log_loss": _mean(-np.log(clipped[rows, codes])),
        "brier": _mean(distance),
        "macro_f1": _resampled(lambda i: _macro_f1(codes[i], guess[i], proba.shape[1]), rows, "percentile"),
        "calibration_error": _resampled(lambda i: top_label_bins(codes[i], proba[i]).error, rows, "basic"),
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


def _macro_f1(codes: Array, guess: Array, n_classes: int) -> float:
    """As scikit-learn's f1_score over the classes that occur, a hundred times as fast."""
    hits = np.bincount(codes[codes == guess], minlength=n_classes)
    total = np.bincount(codes, minlength=n_classes) + np.bincount(guess, minlength=n_classes)
    return float(np.mean(2 * hits[total > 0] / total[total > 0]))


def _resampled(statistic: Callable[[Array], float], rows: Array, method: Any) -> Interval | None:
    from scipy.stats import bootstrap

    if len(rows) < 2:
        return None
    found = bootstrap(
        (rows,),
        statistic,
        n_resamples=RESAMPLES,
        batch=1,
        vectorized=False,
        confidence_level=LEVEL,
        method=method,
        random_state=np.random.default_rng(0),
    )
    low, high = found.confidence_interval
    return (float(max(low, 0)), float(min(high, 1))) if high > low else None
