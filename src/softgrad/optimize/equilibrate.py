"""What the preconditioners share: centring and scaling of a Gram matrix of weighted rows [x 1]."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def centred_gram(gram: Array, *, fit_intercept: bool) -> tuple[Array, Array, float]:
    """The features' part (d, d) of a Gram matrix (d + 1, d + 1) after the intercept is eliminated, its centre and mass.

    ``S - m m' / h = sum h_i (x_i - m/h) (x_i - m/h)'``. Its diagonal is kept from below by what the difference
    rounds to, so that a column whose deviation is lost in its offset does not count as one of great precision.

    Parameters
    ----------
    gram : ndarray of shape (d + 1, d + 1)
        ``[[S, m], [m', h]]``.
    fit_intercept : bool
        Without one the rows are not centred.
    """
    features = gram[:-1, :-1].copy()
    if not fit_intercept:
        return features, np.zeros(len(features)), 1.0
    mass = max(float(gram[-1, -1]), np.finfo(np.float64).tiny)
    means = gram[:-1, -1] / mass
    noise = 4 * np.finfo(np.float64).eps * np.diagonal(features)
    features -= np.outer(gram[:-1, -1], means)
    lacking = np.maximum(noise - np.diagonal(features), 0)
    features[np.diag_indices_from(features)] += lacking
    return features, means, mass


def unit_scales(diagonal: Array) -> Array:
    """``1 / sqrt(diagonal)``; one where an entry is zero."""
    return np.asarray(1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)))
