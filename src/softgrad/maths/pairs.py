"""The Hessian of few features by one matrix product: products of two features against products of two probabilities.

With ``x~ = [x 1]`` every entry of the Hessian between different classes is

    H[(k, j), (l, m)] = - sum_i s_i p_ik p_il x~_ij x~_im,      k < l,  j <= m,

so that the matrix of ``s p_k p_l`` (K (K - 1) / 2 rows) times that of ``x~_j x~_m`` ((d + 1) (d + 2) / 2 columns) holds
them all once. The diagonal blocks are minus the sum of their row's others, as the rows of ``diag(p) - p p'`` sum to
zero: their weights are ``p_k`` times the sum of the other probabilities, and no ``p - p^2`` cancels.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SCRATCH = 2**19
"""Entries of the products of features held at once: 4 MB."""
SHORTEST = 128
"""Rows at least that a matrix product should sum over."""
FEW = 3
"""Pairs of classes below which each one's scaled Gram matrix is as cheap."""


def fits(n_features: int) -> bool:
    """Whether a tile of `SHORTEST` rows fits into `SCRATCH`."""
    return SHORTEST * (n_features + 1) * (n_features + 2) <= 2 * SCRATCH


def flop_per_entry(n_classes: int, n_features: int) -> float:
    """Flop of :func:`hessian` an entry of X."""
    return 0.5 * (n_features + 1) * (n_classes * (n_classes - 1) + 1)


def hessian(proba: Array, X: Array, weights: Array) -> Array:
    """The Hessian of ``sum_i w_i loss_i``, (P, P) with P = K (d + 1), class by class as [coef_k, intercept_k].

    Parameters
    ----------
    proba : ndarray of shape (K, n)
    X : ndarray of shape (n, d)
        Read in tiles, which become float64.
    weights : ndarray of shape (n,)
    """
    n_classes, size = len(proba), X.shape[1] + 1
    sums = np.zeros((n_classes * (n_classes - 1) // 2, size * (size + 1) // 2))
    for part in _tiles(X):
        sums += _tile_sums(proba[:, part], X[part], weights[part])
    return unpacked(sums, n_classes, size)


def grams(curvature: Array, X: Array) -> Array:
    """``[X 1]' diag(h_k) [X 1]`` for each row h_k of `curvature` (K, n), (K, d + 1, d + 1); X is read in tiles.

    A product of pairs of features with all classes at once: n K (d + 1) (d + 2) flop, and n (d + 1) (d + 2) / 2 for
    the pairs, whatever K is.
    """
    size = X.shape[1] + 1
    sums = np.zeros((len(curvature), size * (size + 1) // 2))
    for part in _tiles(X):
        sums += curvature[:, part] @ _feature_products(_extended(X[part])).T
    return symmetric(sums, size)


def _tiles(X: Array) -> Iterator[slice]:
    """Rows whose products of features fit into `SCRATCH`."""
    size = X.shape[1] + 1
    height = max(SHORTEST, 2 * SCRATCH // (size * (size + 1)))
    return (slice(start, start + height) for start in range(0, len(X), height))


def _extended(X: Array) -> Array:
    """``[X 1]'`` in float64."""
    extended = np.ones((X.shape[1] + 1, len(X)))
    extended[:-1] = X.T
    return extended


def _tile_sums(proba: Array, X: Array, weights: Array) -> Array:
    """(pairs of classes, pairs of features), both in the order of ``np.triu_indices``."""
    extended = _extended(X)
    both = _class_products(proba, weights)
    if len(both) < FEW:
        upper = _upper(len(extended))
        return np.array([((h * extended) @ extended.T)[upper] for h in both]).reshape(
            len(both), len(upper[0])
        )
    return np.asarray(both @ _feature_products(extended).T)


def _class_products(proba: Array, weights: Array) -> Array:
    """``w p_k p_l`` for k < l, a row a pair; zero where the weight is, even where p is NaN."""
    n_classes = len(proba)
    scaled = proba * weights
    both = np.concatenate([scaled[:0], *(scaled[k] * proba[k + 1 :] for k in range(n_classes - 1))])
    if not weights.all():
        both[:, weights == 0] = 0
    return both


def _feature_products(extended: Array) -> Array:
    """``x~_j x~_m`` for j <= m, a row a pair."""
    size, height = extended.shape
    result, start = np.empty((size * (size + 1) // 2, height)), 0
    for j in range(size):
        np.multiply(extended[j], extended[j:], out=result[start : start + size - j])
        start += size - j
    return result


@lru_cache(maxsize=8)
def _upper(size: int, first: int = 0) -> Any:
    return np.triu_indices(size, first)


def symmetric(sums: Array, size: int) -> Array:
    """(m, size, size) from the upper triangles."""
    blocks = np.empty((len(sums), size, size))
    j, m = _upper(size)
    blocks[:, j, m] = blocks[:, m, j] = sums
    return blocks


def unpacked(sums: Array, n_classes: int, size: int) -> Array:
    """The Hessian (n_classes size, n_classes size) from the sums of its pairs of classes and of features."""
    blocks = symmetric(-sums, size)
    result = np.zeros((n_classes, n_classes, size, size))
    k, others = _upper(n_classes, 1)
    result[k, others] = result[others, k] = blocks
    same = np.arange(n_classes)
    result[same, same] = -result.sum(axis=1)
    return np.ascontiguousarray(result.transpose(0, 2, 1, 3)).reshape(n_classes * size, n_classes * size)
