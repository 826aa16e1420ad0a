"""How good predictions are, in scikit-learn's metrics and against the class shares; block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scores", "plain"]


@dataclass
class _Measures:
    """Sums over the rows."""

    accuracy: float = 0.0
    log_loss: float = 0.0
    brier: float = 0.0

    def add(self, codes: NDArray[np.intp], proba: NDArray[Any]) -> None:
        from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

        classes, n_rows = np.arange(proba.shape[1]), len(codes)
        self.accuracy += n_rows * float(accuracy_score(codes, proba.argmax(axis=1)))
        self.log_loss += n_rows * float(log_loss(codes, proba, labels=classes))
        self.brier += n_rows * float(brier_score_loss(codes, proba, labels=classes, scale_by_half=False))

    def means(self, n_rows: int) -> dict[str, float]:
        sums = {"accuracy": self.accuracy, "log_loss": self.log_loss, "brier": self.brier}
        return {name: value / n_rows for name, value in sums.items()}


class Scores:
    """Measures of predicted probabilities.

    Parameters
    ----------
    labels : ndarray of shape (n_classes,)
        The classes.
    shares : ndarray of shape (n_classes,), optional
        The baseline: the probabilities that it gives to every row; those of the rows measured where not given.
    """

    def __init__(self, labels: NDArray[Any], shares: NDArray[np.float64] | None = None) -> None:
        self._labels, self._shares = labels, shares
        self._confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
        self._measures = _Measures()

    def add(self, codes: NDArray[np.intp], proba: NDArray[Any]) -> None:
        """Take in further rows.

        Parameters
        ----------
        codes : ndarray of shape (n_samples,)
            The true classes, as indices into the labels.
        proba : ndarray of shape (n_samples, n_classes)
            The predicted probabilities.
        """
        np.add.at(self._confusion, (codes, proba.argmax(axis=1)), 1)
        self._measures.add(codes, proba)

    def result(self) -> dict[str, Any]:
        """Return accuracy, log_loss (mean, in nats), brier (mean squared distance, from 0 to 2), the same of the
        baseline, the confusion matrix (rows: true classes) and the classes' precision, recall, F1 and support.
        """
        confusion, labels = self._confusion, plain(self._labels)
        support, guessed, right = confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)
        columns = (
            _ratio(right, guessed),
            _ratio(right, support),
            _ratio(2 * right, guessed + support),
            support,
        )
        n_rows = int(support.sum())
        return {
            "rows": n_rows,
            **self._measures.means(n_rows),
            "baseline": self._baseline(support).means(n_rows),
            "confusion": confusion.tolist(),
            "labels": labels,
            "per_class": [
                {"class": label, "precision": p, "recall": r, "f1": f, "support": n}
                for label, p, r, f, n in zip(labels, *(plain(column) for column in columns), strict=True)
            ],
        }

    def _baseline(self, support: NDArray[np.int64]) -> _Measures:
        """All rows of a class have the same measures, so that one of each is enough."""
        shares = support / support.sum() if self._shares is None else self._shares
        total = _Measures()
        for k in np.flatnonzero(support):
            one = _Measures()
            one.add(np.array([k]), shares[None, :])
            total.accuracy += support[k] * one.accuracy
            total.log_loss += support[k] * one.log_loss
            total.brier += support[k] * one.brier
        return total


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), 0.0))


def plain(array: NDArray[Any]) -> list[Any]:
    """Return an array's values as Python's own."""
    values: list[Any] = np.asarray(array).tolist()
    return values
