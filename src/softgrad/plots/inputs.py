"""What the displays ask of a fitted classifier and its rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from softgrad.coefficients import dense_coef
from softgrad.measures.codes import class_codes

__all__ = ["class_rows", "codes_and_proba", "feature_names"]

Array = NDArray[Any]


def codes_and_proba(estimator: Any, X: Any, y: Any) -> tuple[Array, Array]:
    """True classes as columns of the predicted probabilities, (n,) and (n, n_classes).

    Raises
    ------
    ValueError
        If the classifier cannot take X, or y is not one of its labels a row.
    """
    check_is_fitted(estimator)
    proba = np.asarray(estimator.predict_proba(X))
    return class_codes(y, np.asarray(estimator.classes_), len(proba)), proba


def class_rows(estimator: Any) -> tuple[Array, list[str]]:
    """The coefficients, (n_rows, n_features), and of which class each row is.

    Two classes have one row, the second against the first.
    """
    check_is_fitted(estimator)
    coef = dense_coef(estimator).astype(np.float64, copy=False)
    names = [str(label) for label in np.asarray(estimator.classes_).tolist()]
    return coef, [f"{names[1]} against {names[0]}"] if len(names) == 2 else names


def feature_names(estimator: Any) -> list[str]:
    """The names of the fit's columns; ``feature 0`` and so on where it had none."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"feature {j}" for j in range(estimator.n_features_in_)]
    return [str(name) for name in names]
