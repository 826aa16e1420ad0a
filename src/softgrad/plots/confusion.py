"""The confusion matrix: counts, coloured by their share of the true class."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.codes import class_codes
from softgrad.plots.canvas import Canvas, literal, panels
from softgrad.plots.inputs import codes_and_proba

__all__ = ["ConfusionDisplay"]

_WITH_COUNTS = 25


@dataclass
class ConfusionDisplay(Canvas):
    """Which classes are taken for which.

    Parameters
    ----------
    counts : ndarray of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.
    classes : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from softgrad.plots import ConfusionDisplay
    >>> display = ConfusionDisplay.from_predictions(["a", "b", "b"], ["a", "b", "a"])
    >>> display.counts.tolist()
    [[1, 0], [1, 1]]
    """

    counts: NDArray[Any]
    classes: NDArray[Any]

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, ax: Any = None) -> Self:
        """Predict the rows of X and draw where they went.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``.
        X : array_like of shape (n, n_features)
        y : array_like of shape (n,)
            The true classes.
        ax : Axes, optional

        Raises
        ------
        ValueError
            If the classifier cannot take X, or y is not one of its labels a row.
        """
        codes, proba = codes_and_proba(estimator, X, y)
        return cls(_counts(codes, proba.argmax(axis=1), proba.shape[1]), np.asarray(estimator.classes_)).plot(
            ax
        )

    @classmethod
    def from_predictions(cls, y_true: Any, y_pred: Any, *, classes: Any = None, ax: Any = None) -> Self:
        """Draw predicted against true classes.

        Parameters
        ----------
        y_true, y_pred : array_like of shape (n,)
        classes : array_like of shape (n_classes,), optional
            All classes, in the order to draw; without, the sorted labels that occur.
        ax : Axes, optional

        Raises
        ------
        ValueError
            If a label is not among `classes`, or the lengths differ.
        """
        true, predicted = np.asarray(y_true), np.asarray(y_pred)
        known = np.unique(np.concatenate([true, predicted])) if classes is None else np.asarray(classes)
        codes, guess = (class_codes(labels, known, len(true)) for labels in (true, predicted))
        return cls(_counts(codes, guess, len(known)), known).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the matrix, with its counts where there are at most 25 classes."""
        n = len(self.classes)
        side = min(2.2 + 0.42 * n, 12.0)
        axes = panels(ax, (1, 1), inches=(side, side))
        panel = axes[0, 0]
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        if n <= _WITH_COUNTS:
            for k, m in np.argwhere(self.counts):
                colour = "white" if shares[k, m] > 0.5 else "black"
                panel.text(
                    m, k, str(self.counts[k, m]), ha="center", va="center", color=colour, fontsize="small"
                )
        names = [literal(label) for label in self.classes.tolist()]
        steep = max(map(len, names)) > 3
        panel.set_xticks(np.arange(n), names, rotation=90 if steep else 0, fontsize="small")
        panel.set_yticks(np.arange(n), names, fontsize="small")
        panel.set(xlabel="predicted class", ylabel="true class")
        self._keep(axes)
        return self


def _counts(codes: NDArray[Any], guess: NDArray[Any], n_classes: int) -> NDArray[Any]:
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(codes, guess, labels=np.arange(n_classes)))
