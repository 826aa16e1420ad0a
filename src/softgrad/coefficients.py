"""The coefficients of a fitted estimator as an array, be they sparse, and with a row for every class."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["all_rows", "dense_coef"]

Array = npt.NDArray[Any]


def dense_coef(estimator: Any) -> Array:
    """``coef_`` as an array; after ``sparsify`` it is a CSR matrix."""
    coef: Any = estimator.coef_
    return np.asarray(coef.toarray() if hasattr(coef, "toarray") else coef)


def all_rows(estimator: Any) -> tuple[Array, Array]:
    """Coefficients and intercept with a row for every class; of two classes the first one's are zeros."""
    coef, intercept = dense_coef(estimator), estimator.intercept_
    if len(coef) == len(estimator.classes_):
        return coef, intercept
    return np.vstack([np.zeros_like(coef), coef]), np.concatenate([[0.0], intercept])
