"""How good predictions are, in scikit-learn's metrics and against the class shares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.intervals import intervals
from softgrad.measures.reliability import top_label_bins

__all__ = ["plain", "score"]


def score(
    codes: NDArray[np.intp], proba: NDArray[Any], labels: NDArray[Any], shares: NDArray[np.float64]
) -> dict[str, Any]:
    """Measure predicted probabilities.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        The true classes, as indices into `labels`.
    proba : ndarray of shape (n_samples, n_classes)
        The predicted probabilities.
    labels : ndarray of shape (n_classes,)
        The classes.
    shares : ndarray of shape (n_classes,)
        The baseline: the probabilities that it gives to every row.

    Returns
    -------
    dict
        accuracy, log_loss (mean, in nats), brier (mean squared distance, from 0 to 2), macro_f1 (over the classes
        that occur), calibration_error (of the likeliest class, in 10 bins), their 95 % intervals, the same of the
        baseline, the confusion matrix (rows: true classes) and the classes' precision, recall, F1 and support.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    everything = np.arange(len(labels))
    guess = proba.argmax(axis=1)
    table = precision_recall_fscore_support(codes, guess, labels=everything, zero_division=0)
    return {
        "rows": len(codes),
        **_measures(codes, proba),
        "intervals": intervals(codes, proba),
        "baseline": _measures(codes, np.tile(shares, (len(codes), 1))),
        "confusion": confusion_matrix(codes, guess, labels=everything).tolist(),
        "labels": plain(labels),
        "per_class": [
            {"class": label, "precision": p, "recall": r, "f1": f, "support": n}
            for label, p, r, f, n in zip(plain(labels), *(plain(column) for column in table), strict=True)
        ],
    }


def _measures(codes: NDArray[np.intp], proba: NDArray[Any]) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss

    classes = np.arange(proba.shape[1])
    guess = proba.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(codes, guess)),
        "log_loss": float(log_loss(codes, proba, labels=classes)),
        "brier": float(brier_score_loss(codes, proba, labels=classes, scale_by_half=False)),
        "macro_f1": float(f1_score(codes, guess, average="macro", zero_division=0)),
        "calibration_error": top_label_bins(codes, proba).error,
    }


def plain(array: NDArray[Any]) -> list[Any]:
    """Return an array's values as Python's own."""
    values: list[Any] = np.asarray(array).tolist()
    return values
