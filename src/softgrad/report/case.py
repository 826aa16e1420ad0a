"""What a report is about: one fit, the rows it was made from, and the rows it is measured on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.coefficients import all_rows
from softgrad.estimator import SoftmaxRegression
from softgrad.maths.logits import softmax
from softgrad.rows.wrap import logits

__all__ = ["Case", "Linear", "Sample"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows as the fit takes them, and their true classes.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n, n_features)
    codes : ndarray of shape (n,)
    """

    X: Any
    codes: Array

    def some(self, most: int) -> "Sample":
        """At most so many of the rows, evenly spaced."""
        step = -(-len(self.codes) // most)
        return Sample(self.X[::step], self.codes[::step]) if step > 1 else self

    def dense(self) -> Array:
        """X as an array of float64."""
        return np.asarray(self.X.toarray() if hasattr(self.X, "toarray") else self.X, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Linear:
    """A row of coefficients for every class; of two classes the first one's are zeros."""

    coef: Array
    intercept: Array

    @classmethod
    def of(cls, estimator: SoftmaxRegression) -> "Linear":
        """The fitted model with all its rows."""
        return cls(*all_rows(estimator))

    def logits(self, X: Any) -> Array:
        """(n, n_classes)."""
        return logits(X, self.coef, self.intercept)

    def proba(self, X: Any) -> Array:
        """(n, n_classes)."""
        return np.asarray(softmax(self.logits(X)))


@dataclass(frozen=True, eq=False)
class Case:
    """One fit and its rows.

    Attributes
    ----------
    estimator : SoftmaxRegression
        Fitted.
    names : tuple of str
        Of the features.
    table : data frame, Arrow table or array
        The rows as the user has them.
    fitted : Sample
        The rows that the cautions and the baseline are of.
    measured : Sample
        The rows that the metrics are of.
    relation : str
        What those are: "held out", "of the fit" or "given".
    row_numbers : ndarray of shape (n_measured,)
        What to call the measured rows.
    counted : str
        How rows are counted, for people.
    command : str
        What does it again.
    target, source : str
        The column that is predicted, and where the rows come from; empty where there is no name.
    columns : tuple of str
        The table's columns, where they are not the features.
    levels : tuple of tuple of int
        The features that are the categories of one column, for every such column.
    shape : tuple of int or None
        The grid whose pixels the features are.
    notes : tuple of str
        What else there is to say about the rows and the fit, in sentences.
    """

    estimator: SoftmaxRegression
    names: tuple[str, ...]
    table: Any
    fitted: Sample
    measured: Sample
    relation: str
    row_numbers: Array
    counted: str
    command: str
    target: str = ""
    source: str = ""
    columns: tuple[str, ...] = ()
    levels: tuple[tuple[int, ...], ...] = ()
    shape: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def linear(self) -> Linear:
        """The fitted coefficients, one row a class."""
        return Linear.of(self.estimator)

    @cached_property
    def labels(self) -> list[str]:
        """The classes' names as text."""
        return [str(label) for label in np.asarray(self.estimator.classes_).tolist()]

    def siblings(self, j: int) -> tuple[int, ...]:
        """All categories of the column that feature j is one of; nothing for other features."""
        return next((group for group in self.levels if j in group), ())
