"""Reliability: how often what was given a probability came true, with how many rows say so."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.codes import class_codes
from softgrad.measures.reliability import Bins, class_bins, top_label_bins
from softgrad.plots.canvas import Canvas, class_colour, key, literal, panels
from softgrad.plots.inputs import codes_and_proba

__all__ = ["CalibrationDisplay"]


@dataclass
class CalibrationDisplay(Canvas):
    """Reliability of every class's probability and of the likeliest one's, and the counts of the latter.

    Parameters
    ----------
    per_class : list of Bins
    top_label : Bins
        Its ``error`` is the expected calibration error.
    classes : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from softgrad.plots import CalibrationDisplay
    >>> display = CalibrationDisplay.from_predictions([0, 1, 1], [[0.8, 0.2], [0.1, 0.9], [0.6, 0.4]])
    >>> round(display.top_label.error, 3)
    0.3
    """

    per_class: list[Bins]
    top_label: Bins
    classes: NDArray[Any]

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, n_bins: int = 10, ax: Any = None) -> Self:
        """Predict the rows of X and draw how reliable the probabilities are.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``.
        X : array_like of shape (n, n_features)
            Held-out rows; those of the fit flatter it.
        y : array_like of shape (n,)
            The true classes.
        n_bins : int, default 10
            Of equal width.
        ax : Axes or array of two Axes, optional

        Raises
        ------
        ValueError
            If the classifier cannot take X, or y is not one of its labels a row.
        """
        codes, proba = codes_and_proba(estimator, X, y)
        return cls._of(codes, proba, np.asarray(estimator.classes_), n_bins).plot(ax)

    @classmethod
    def from_predictions(
        cls, y_true: Any, proba: Any, *, classes: Any = None, n_bins: int = 10, ax: Any = None
    ) -> Self:
        """Draw how reliable probabilities are.

        Parameters
        ----------
        y_true : array_like of shape (n,)
        proba : array_like of shape (n, n_classes)
        classes : array_like of shape (n_classes,), optional
            The columns of `proba`; without, 0 to n_classes - 1.
        n_bins : int, default 10
        ax : Axes or array of two Axes, optional

        Raises
        ------
        ValueError
            If a label is not among the classes, or the shapes differ.
        """
        given = np.asarray(proba)
        known = np.arange(given.shape[1]) if classes is None else np.asarray(classes)
        return cls._of(class_codes(y_true, known, len(given)), given, known, n_bins).plot(ax)

    @classmethod
    def _of(cls, codes: NDArray[Any], proba: NDArray[Any], classes: NDArray[Any], n_bins: int) -> Self:
        per_class = [class_bins(codes, proba, k, n_bins) for k in range(len(classes))]
        return cls(per_class, top_label_bins(codes, proba, n_bins), classes)

    def plot(self, ax: Any = None) -> Self:
        """Draw the reliability above and the counts below."""
        axes = panels(ax, (2, 1), inches=(5.5, 6.0), heights=[3, 1])
        upper, lower = axes[:, 0]
        upper.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=(0, (4, 3)))
        handles = [_points(upper, bins, class_colour(k)) for k, bins in enumerate(self.per_class)]
        handles.append(_line(upper, self.top_label))
        names = [literal(label) for label in self.classes.tolist()] + ["likeliest class"]
        key(upper, handles, names, loc="lower right", ncols=1 + len(names) // 9)
        upper.set(xlabel="predicted probability", ylabel="share that came true")
        edges = self.top_label.edges
        lower.bar(
            edges[:-1], self.top_label.counts, np.diff(edges), align="edge", color="0.35", edgecolor="white"
        )
        lower.set(xlabel="probability of the likeliest class", ylabel="rows", xlim=(0, 1))
        for panel in (upper, lower):
            panel.spines[["top", "right"]].set_visible(False)
        self._keep(axes[:, 0])
        return self


def _points(panel: Any, bins: Bins, colour: str) -> Any:
    """One class's bins; the more rows, the larger."""
    full = bins.counts > 0
    areas = 12 + 60 * bins.counts[full] / bins.counts.max()
    return panel.scatter(
        bins.predicted[full], bins.observed[full], s=areas, color=colour, alpha=0.55, linewidth=0
    )


def _line(panel: Any, bins: Bins) -> Any:
    full = bins.counts > 0
    return panel.plot(
        bins.predicted[full], bins.observed[full], "o-", color="black", linewidth=2, markersize=5
    )[0]
