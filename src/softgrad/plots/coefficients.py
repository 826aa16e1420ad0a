"""Coefficients of every class: as images where the features are pixels of a grid, else as sorted bars with names."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from softgrad.plots.canvas import Canvas, literal, panels
from softgrad.plots.inputs import class_rows, feature_names

__all__ = ["CoefficientsDisplay"]

_POSITIVE, _NEGATIVE = "#b8641c", "#2f74b8"


@dataclass
class CoefficientsDisplay(Canvas):
    """Coefficients of every class.

    Parameters
    ----------
    coef : ndarray of shape (n_rows, n_features)
        One row a class, or one in all for two classes.
    titles : list of str
        Of which class each row is.
    feature_names : list of str
    shape : tuple of int, optional
        Rows and columns of the grid whose pixels the features are.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from softgrad import SoftmaxRegression
    >>> from softgrad.plots import CoefficientsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = CoefficientsDisplay.from_estimator(SoftmaxRegression(C=0.001).fit(X, y), shape=(8, 8))
    >>> len(display.axes_)
    10
    """

    coef: NDArray[Any]
    titles: list[str]
    feature_names: list[str]
    shape: tuple[int, int] | None = None

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, shape: tuple[int, int] | None = None, top: int = 10, ax: Any = None
    ) -> Self:
        """Draw the coefficients of a fitted linear classifier.

        Parameters
        ----------
        estimator : classifier
            With ``coef_`` and ``classes_``.
        shape : tuple of int, optional
            Rows and columns of the grid whose pixels the features are, in C order: draws images.
        top : int, default 10
            Bars a class: those of the largest coefficients.
        ax : Axes or array of Axes, optional
            One is divided among the classes.

        Raises
        ------
        ValueError
            If `shape` does not hold the features.
        """
        coef, titles = class_rows(estimator)
        if shape is not None and np.prod(shape) != coef.shape[1]:
            raise ValueError(
                f"shape={shape} was given for {coef.shape[1]} features; pass rows and columns whose product that is."
            )
        return cls(coef, titles, feature_names(estimator), shape).plot(ax, top=top)

    def plot(self, ax: Any = None, *, top: int = 10) -> Self:
        """Draw, as :meth:`from_estimator` says; two panels are alike where their scales are."""
        n_panels = len(self.coef)
        n_columns = min(n_panels, 5 if self.shape else 3)
        n_rows = -(-n_panels // n_columns)
        size = (1.7, 1.9) if self.shape else (3.6, 0.7 + 0.26 * min(top, self.coef.shape[1]))
        axes = panels(ax, (n_rows, n_columns), inches=(size[0] * n_columns + 0.8, size[1] * n_rows)).ravel()
        for spare in axes[n_panels:]:
            spare.set_axis_off()
        axes = axes[:n_panels]
        if self.shape:
            self._images(axes)
        else:
            for panel, coef in zip(axes, self.coef, strict=True):
                self._bars(panel, coef, top)
        for panel, title in zip(axes, self.titles, strict=True):
            panel.set_title(literal(title), fontsize="medium")
        self._keep(axes)
        return self

    def _images(self, axes: Any) -> None:
        largest = max(float(np.abs(self.coef).max()), np.finfo(float).tiny)
        for panel, coef in zip(axes, self.coef, strict=True):
            image = panel.imshow(coef.reshape(self.shape), cmap="PuOr_r", vmin=-largest, vmax=largest)
            panel.set_xticks([])
            panel.set_yticks([])
        axes[0].figure.colorbar(image, ax=list(axes), label="coefficient", shrink=0.8)

    def _bars(self, panel: Any, coef: NDArray[Any], top: int) -> None:
        largest = np.argsort(-np.abs(coef), kind="stable")[:top]
        order = largest[np.argsort(coef[largest], kind="stable")]
        places = np.arange(len(order))
        colours = [_POSITIVE if value > 0 else _NEGATIVE for value in coef[order]]
        panel.barh(places, coef[order], color=colours)
        panel.axvline(0, color="0.5", linewidth=0.8)
        panel.set_yticks(places, [literal(self.feature_names[j]) for j in order], fontsize="small")
        panel.set_xlabel("coefficient")
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(axis="y", length=0)
