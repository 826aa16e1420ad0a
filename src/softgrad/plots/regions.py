"""Decision regions over two features, the others held still."""

from dataclasses import dataclass
from typing import Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from softgrad.plots.canvas import Canvas, class_colour, key, literal, panels, scatter_classes
from softgrad.plots.inputs import codes_and_proba, feature_names

__all__ = ["RegionsDisplay"]

Array = NDArray[Any]


@dataclass
class RegionsDisplay(Canvas):
    """Which class wins where, the paler the less sure, and the rows on top.

    Parameters
    ----------
    proba : ndarray of shape (resolution, resolution, n_classes)
        On the grid; rows go up.
    extent : tuple of float
        Left, right, bottom, top.
    points : ndarray of shape (n, 2)
    codes : ndarray of shape (n,)
        The points' true classes.
    classes : ndarray of shape (n_classes,)
    names : tuple of str
        Of the two features.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softgrad import SoftmaxRegression
    >>> from softgrad.plots import RegionsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> RegionsDisplay.from_estimator(model, X, y, features=(2, 3), resolution=50).proba.shape
    (50, 50, 3)
    """

    proba: Array
    extent: tuple[float, float, float, float]
    points: Array
    codes: Array
    classes: Array
    names: tuple[str, str]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        features: tuple[int | str, int | str] = (0, 1),
        resolution: int = 200,
        ax: Any = None,
    ) -> Self:
        """Draw the regions of a classifier over two of its features; the others stay at their medians in X.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``.
        X : array or data frame of shape (n, n_features)
            Numbers.
        y : array_like of shape (n,)
            The true classes.
        features : tuple of int or str, default (0, 1)
            The two columns, by place or by name.
        resolution : int, default 200
            Points of the grid along each side.
        ax : Axes, optional

        Raises
        ------
        ValueError
            If the classifier cannot take X or y, or a feature is not there.
        """
        codes, _ = codes_and_proba(estimator, X, y)
        values = _values(X)
        names = feature_names(estimator)
        across, up = (_place(feature, names) for feature in features)
        points = values[:, [across, up]]
        extent = (*_margins(points[:, 0]), *_margins(points[:, 1]))
        grid = np.tile(np.median(values, axis=0), (resolution**2, 1))
        ups, acrosses = np.meshgrid(
            np.linspace(*extent[2:], resolution), np.linspace(*extent[:2], resolution), indexing="ij"
        )
        grid[:, across], grid[:, up] = acrosses.ravel(), ups.ravel()
        proba = np.asarray(estimator.predict_proba(_like(X, grid))).reshape(resolution, resolution, -1)
        pair = (names[across], names[up])
        return cls(proba, extent, points, codes, np.asarray(estimator.classes_), pair).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the regions, the borders between them and the rows."""
        from matplotlib.colors import to_rgb

        axes = panels(ax, (1, 1), inches=(5.5, 4.6))
        panel = axes[0, 0]
        colours = np.array([to_rgb(class_colour(k)) for k in range(len(self.classes))])
        panel.imshow(1 - 0.32 * self.proba @ (1 - colours), origin="lower", extent=self.extent, aspect="auto")
        winner = self.proba.argmax(axis=2)
        across, up = (np.linspace(*ends, winner.shape[0]) for ends in (self.extent[:2], self.extent[2:]))
        for k in np.unique(winner):
            if (winner == k).any() and (winner != k).any():
                panel.contour(across, up, winner == k, levels=[0.5], colors="0.25", linewidths=0.8)
        names = [literal(label) for label in self.classes.tolist()]
        handles = scatter_classes(panel, self.points, self.codes, names)
        key(panel, handles, names, loc="best")
        panel.set(xlabel=literal(self.names[0]), ylabel=literal(self.names[1]))
        panel.set(xlim=self.extent[:2], ylim=self.extent[2:])
        self._keep(axes)
        return self


def _values(X: Any) -> Array:
    native = nw.from_native(X.toarray() if hasattr(X, "toarray") else X, eager_only=True, pass_through=True)
    return np.asarray(native.to_numpy() if isinstance(native, nw.DataFrame) else native, dtype=np.float64)


def _like(X: Any, grid: Array) -> Any:
    """The grid as what X is: a data frame keeps its kind and its names."""
    native = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(native, nw.DataFrame):
        return grid
    columns = {name: grid[:, j] for j, name in enumerate(native.columns)}
    return nw.from_dict(columns, backend=native.implementation).to_native()


def _place(feature: int | str, names: list[str]) -> int:
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, int) and 0 <= feature < len(names):
        return feature
    raise ValueError(
        f"there is no feature {feature!r}; pass a name of the fit's, or a place from 0 to {len(names) - 1}."
    )


def _margins(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin
