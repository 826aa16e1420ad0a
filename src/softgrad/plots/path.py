"""The path of the coefficients over C, every fit on it certified."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from softgrad.estimator import SoftmaxRegression
from softgrad.fitting import fit_path
from softgrad.labels import check_labels, check_row_weights
from softgrad.migration import SCIKIT_LEARN
from softgrad.plots.canvas import Canvas, class_colour, key, literal, panels
from softgrad.plots.inputs import feature_names
from softgrad.validation import check_features

__all__ = ["PathDisplay"]

Array = NDArray[Any]


@dataclass
class PathDisplay(Canvas):
    """Coefficients as the penalty weakens.

    Parameters
    ----------
    Cs : ndarray of shape (n_fits,)
    coefs : ndarray of shape (n_fits, n_rows, n_features)
        One row a class, or one in all for two classes, as ``coef_`` has them.
    titles : list of str
        Of which class each row is.
    feature_names : list of str

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from softgrad import SoftmaxRegression
    >>> from softgrad.plots import PathDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = PathDisplay.from_estimator(SoftmaxRegression(), X, y, Cs=[0.01, 1.0, 100.0])
    >>> display.coefs.shape
    (3, 3, 4)
    """

    Cs: Array
    coefs: Array
    titles: list[str]
    feature_names: list[str]

    @classmethod
    def from_estimator(
        cls, estimator: SoftmaxRegression, X: Any, y: Any, *, Cs: Any = None, top: int = 8, ax: Any = None
    ) -> Self:
        """Fit an estimator's model for every C with :func:`softgrad.fit_path`, and draw the coefficients.

        Parameters
        ----------
        estimator : SoftmaxRegression
            Its parameters count, but for C; it need not be fitted and is left alone.
        X : array_like, sparse array or data frame of shape (n, n_features)
        y : array_like of shape (n,)
        Cs : array_like of shape (n_fits,), optional
            Positive; without, 17 from 1e-4 to 1e4.
        top : int, default 8
            Features to draw: those that become largest.
        ax : Axes or array of Axes, optional
            One is divided among the classes.

        Raises
        ------
        ValueError
            If X, y, a parameter or a C is not usable.
        """
        values = np.sort(np.asarray(np.logspace(-4, 4, 17) if Cs is None else Cs, dtype=np.float64).ravel())
        if not (len(values) and (values > 0).all() and np.isfinite(values).all()):
            raise ValueError(f"Cs={Cs!r} was given; pass at least one finite number > 0.")
        model = clone(estimator)
        features = check_features(model, X, reset=True)
        labels = check_labels(y, model.classes, features.shape[0])
        weights = check_row_weights(labels, None, model.class_weight)
        n_classes = len(labels.classes)
        total = float(features.shape[0] if weights is None else weights.sum())
        path = fit_path(
            features,
            labels.targets,
            [SCIKIT_LEARN.to_alpha(C, weight_sum=total, n_classes=n_classes) for C in values],
            sample_weight=weights,
            fit_intercept=bool(model.fit_intercept),
            n_classes=n_classes,
            solver=model.solver,
            tol=model.tol,
            max_iter=model.max_iter,
        )
        coefs = np.array([solution.coef for solution in path])
        titles = [str(label) for label in labels.classes.tolist()]
        if n_classes == 2:
            coefs, titles = coefs[:, 1:] - coefs[:, :1], [f"{titles[1]} against {titles[0]}"]
        return cls(values, coefs, titles, feature_names(model)).plot(ax, top=top)

    def plot(self, ax: Any = None, *, top: int = 8) -> Self:
        """Draw one panel a class."""
        n_panels = self.coefs.shape[1]
        n_columns = min(n_panels, 3)
        shape = (-(-n_panels // n_columns), n_columns)
        axes = panels(ax, shape, inches=(3.4 * n_columns + 1.6, 2.9 * shape[0])).ravel()
        for spare in axes[n_panels:]:
            spare.set_axis_off()
        axes = axes[:n_panels]
        drawn = np.argsort(-np.abs(self.coefs).max(axis=(0, 1)), kind="stable")[:top]
        for panel, title, k in zip(axes, self.titles, range(n_panels), strict=True):
            lines = [
                panel.semilogx(self.Cs, self.coefs[:, k, j], color=class_colour(place), linewidth=1.4)[0]
                for place, j in enumerate(drawn)
            ]
            panel.axhline(0, color="0.6", linewidth=0.8)
            panel.set_title(literal(title), fontsize="medium")
            panel.set(xlabel="C", ylabel="coefficient")
            panel.spines[["top", "right"]].set_visible(False)
        names = [literal(self.feature_names[j]) for j in drawn]
        beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if ax is None else {"loc": "best"}
        key(axes[min(n_panels, n_columns) - 1], lines, names, **beside)
        self._keep(axes)
        return self
