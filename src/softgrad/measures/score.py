"""How good predictions are, against the class shares; rows may come block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.facts import RowFacts
from softgrad.measures.intervals import intervals
from softgrad.measures.reliability import bins

__all__ = ["Scores", "plain"]


class Scores:
    """Measures of predicted probabilities.

    Parameters
    ----------
    labels : ndarray of shape (n_classes,)
        The classes.
    shares : ndarray of shape (n_classes,), optional
        The baseline: the probabilities that it gives to every row; those of the rows measured where not given.

    Examples
    --------
    >>> scores = Scores(np.array(["no", "yes"]))
    >>> scores.add(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> scores.result()["accuracy"]
    0.5
    """

    def __init__(self, labels: NDArray[Any], shares: NDArray[np.float64] | None = None) -> None:
        self._labels, self._shares = labels, shares
        self._parts: list[RowFacts] = []

    def add(self, codes: NDArray[np.intp], proba: NDArray[Any]) -> None:
        """Take in further rows; 40 bytes of each are kept.

        Parameters
        ----------
        codes : ndarray of shape (n_samples,)
            The true classes, as indices into the labels.
        proba : ndarray of shape (n_samples, n_classes)
            The predicted probabilities.
        """
        self._parts.append(RowFacts.of(codes, proba))

    def result(self) -> dict[str, Any]:
        """The measures of all rows.

        Returns
        -------
        dict
            accuracy, log_loss (mean, in nats), brier (mean squared distance, from 0 to 2), macro_f1 (over the classes
            that occur), calibration_error (of the likeliest class, in 10 bins), their 95 % intervals, the same of the
            baseline, the confusion matrix (rows: true classes) and the classes' precision, recall, F1 and support.
        """
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        facts, everything = RowFacts.joined(self._parts), np.arange(len(self._labels))
        table = precision_recall_fscore_support(
            facts.codes, facts.guesses, labels=everything, zero_division=0
        )
        return {
            "rows": len(facts.codes),
            **_measures(facts),
            "intervals": intervals(facts, len(everything)),
            "baseline": _measures(RowFacts.of_one_guess(facts.codes, self._baseline(facts))),
            "confusion": confusion_matrix(facts.codes, facts.guesses, labels=everything).tolist(),
            "labels": plain(self._labels),
            "per_class": [
                {"class": label, "precision": p, "recall": r, "f1": f, "support": n}
                for label, p, r, f, n in zip(
                    plain(self._labels), *(plain(column) for column in table), strict=True
                )
            ],
        }

    def _baseline(self, facts: RowFacts) -> NDArray[np.float64]:
        if self._shares is not None:
            return self._shares
        return np.bincount(facts.codes, minlength=len(self._labels)) / len(facts.codes)


def _measures(facts: RowFacts) -> dict[str, float]:
    from sklearn.metrics import f1_score

    right = facts.codes == facts.guesses
    return {
        "accuracy": float(right.mean()),
        "log_loss": float(facts.losses.mean()),
        "brier": float(facts.distances.mean()),
        "macro_f1": float(f1_score(facts.codes, facts.guesses, average="macro", zero_division=0)),
        "calibration_error": bins(facts.tops, right).error,
    }


def plain(array: NDArray[Any]) -> list[Any]:
    """Return an array's values as Python's own."""
    values: list[Any] = np.asarray(array).tolist()
    return values
