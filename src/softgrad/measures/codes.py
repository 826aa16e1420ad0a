"""Labels of rows to measure on, as indices into a fitted classifier's classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.labels import check_labels

__all__ = ["class_codes"]


def class_codes(y: Any, classes: NDArray[Any], n_rows: int) -> NDArray[np.intp]:
    """The place of each row's label in `classes`.

    Parameters
    ----------
    y : array_like of shape (n_rows,)
    classes : ndarray of shape (n_classes,)
    n_rows : int

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If there is not one label a row, or one that is not among `classes`.
    """
    codes = check_labels(y, classes, n_rows).targets
    if codes.ndim != 1:
        raise ValueError(
            f"soft labels of shape {codes.shape} were given; pass one label a row, as classes_[y.argmax(axis=1)]."
        )
    return np.asarray(codes)
