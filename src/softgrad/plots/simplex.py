"""The probability simplex of three classes: every row a point in a triangle whose corners are certainty."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from softgrad.measures.codes import class_codes
from softgrad.plots.canvas import Canvas, key, literal, panels, scatter_classes
from softgrad.plots.inputs import codes_and_proba

__all__ = ["SimplexDisplay"]

Array = NDArray[Any]
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])


@dataclass
class SimplexDisplay(Canvas):
    """Predicted probabilities of three classes.

    Parameters
    ----------
    proba : ndarray of shape (n, 3)
    codes : ndarray of shape (n,)
        The true classes.
    classes : ndarray of shape (3,)

    Examples
    --------
    >>> from softgrad.plots import SimplexDisplay
    >>> display = SimplexDisplay.from_predictions([0, 2], [[1.0, 0.0, 0.0], [0.25, 0.25, 0.5]])
    >>> display.points.round(3).tolist()
    [[0.0, 0.0], [0.5, 0.433]]
    """

    proba: Array
    codes: Array
    classes: Array

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, ax: Any = None) -> Self:
        """Predict the rows of X and draw their probabilities.

        Parameters
        ----------
        estimator : classifier
            Fitted on three classes, with ``predict_proba``.
        X : array_like of shape (n, n_features)
        y : array_like of shape (n,)
            The true classes.
        ax : Axes, optional

        Raises
        ------
        ValueError
            If there are not three classes, or the classifier cannot take X or y.
        """
        codes, proba = codes_and_proba(estimator, X, y)
        return cls(proba, codes, np.asarray(estimator.classes_)).plot(ax)

    @classmethod
    def from_predictions(cls, y_true: Any, proba: Any, *, classes: Any = None, ax: Any = None) -> Self:
        """Draw probabilities.

        Parameters
        ----------
        y_true : array_like of shape (n,)
        proba : array_like of shape (n, 3)
        classes : array_like of shape (3,), optional
            The columns of `proba`; without, 0, 1 and 2.
        ax : Axes, optional

        Raises
        ------
        ValueError
            If there are not three classes, or a label is not among them.
        """
        given = np.asarray(proba)
        known = np.arange(given.shape[1]) if classes is None else np.asarray(classes)
        return cls(given, class_codes(y_true, known, len(given)), known).plot(ax)

    @property
    def points(self) -> Array:
        """The rows in the plane, (n, 2); the corners are (0, 0), (1, 0) and the top."""
        return np.asarray(self.proba @ _CORNERS)

    def plot(self, ax: Any = None) -> Self:
        """Draw the triangle, the three borders between the classes and the rows.

        Raises
        ------
        ValueError
            If there are not three classes.
        """
        if self.proba.shape[1] != 3:
            raise ValueError(f"{self.proba.shape[1]} classes were given; a triangle shows three.")
        axes = panels(ax, (1, 1), inches=(5.0, 4.6))
        panel = axes[0, 0]
        panel.plot(*np.vstack([_CORNERS, _CORNERS[:1]]).T, color="0.4", linewidth=1)
        for k in range(3):
            border = np.vstack([_CORNERS.mean(axis=0), np.delete(_CORNERS, k, axis=0).mean(axis=0)])
            panel.plot(*border.T, color="0.75", linewidth=1, linestyle=(0, (4, 3)))
        names = [literal(label) for label in self.classes.tolist()]
        handles = scatter_classes(panel, self.points, self.codes, names, zorder=3, clip_on=False)
        for name, corner, below in zip(names, _CORNERS, (True, True, False), strict=True):
            where = {"xytext": (0, -10 if below else 8), "va": "top" if below else "bottom"}
            panel.annotate(name, corner, textcoords="offset points", ha="center", **where)
        key(panel, handles, [f"truly {name}" for name in names], loc="upper left")
        panel.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.0), aspect="equal")
        panel.set_axis_off()
        self._keep(axes)
        return self
