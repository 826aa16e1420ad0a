"""Softmax regression on one block of rows: value, gradient and Hessian. The canonical convention is written here.

Everything in softgrad is stated in this one convention; :class:`softgrad.Convention` maps others to it::

    X          (n_samples, n_features)      rows are samples
    y          (n_samples,) integer codes 0..n_classes-1, or Y (n_samples, n_classes) one-hot or soft labels
    coef       (n_classes, n_features)
    intercept  (n_classes,)                 never penalised
    logits     X @ coef.T + intercept
    proba      softmax(logits)              along the classes
    residual   proba - Y                    prediction minus target
    loss       sum_i w_i * (log_sum_exp(logits_i) - logits_i[y_i]) / sum_i w_i      mean, in nats
    objective  loss + alpha * ((1 - l1_ratio)/2 * ||coef||_2^2 + l1_ratio * ||coef||_1)

    d loss / d coef       = (1 / sum w) * sum_i w_i residual_i x_i'          (K, d)
    d loss / d intercept  = (1 / sum w) * sum_i w_i residual_i               (K,)
    d^2 loss[coef_kj, coef_lm] = (1 / sum w) * sum_i w_i p_ik (delta_kl - p_il) x_ij x_im

Gauge: all K rows of `coef` are kept. Adding one vector to every row (or one number to every intercept) changes
no probability; the L2 penalty settles the choice with class means zero, and so does softgrad without a penalty.

The functions below return *sums* over the rows of their block, with weights as given: blocks then add up to the
whole, and weights that sum to one give the mean. Cost: 2 n d K flop for the logits, as much for a gradient.
Sources: the gradient is the first document's last displayed equation, the second's (3), the third's last
(with the opposite sign), the fourth's (13) and (16).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.maths.cross_entropy import hessian_action, residual_of, row_losses
from softgrad.maths.logits import complement, softmax

Array = npt.NDArray[Any]

ROWS_AT_ONCE = 1024
"""Of a wide X, for one symmetric product."""

SCRATCH = 2**20


def logits(X: Any, coef: Array, intercept: Array | None = None) -> Array:
    """``X @ coef.T + intercept``, of shape (n, K).

    `X` may be a NumPy array or a SciPy CSR array; integers and booleans count as numbers.
    """
    z: Array = as_float(X) @ coef.T
    return z if intercept is None else z + intercept


def loss(coef: Array, intercept: Array | None, X: Any, targets: Array, weights: Array | None = None) -> Any:
    """``sum_i w_i loss_i`` over the block, in nats; 0 for an empty block."""
    return weighted_loss(logits(X, coef, intercept), targets, weights)


def loss_and_gradient(
    coef: Array, intercept: Array | None, X: Any, targets: Array, weights: Array | None = None
) -> tuple[Any, Array, Array]:
    """The weighted sum of losses and its gradient with respect to coef (K, d) and intercept (K,).

    4 n d K flop.
    """
    X = as_float(X)
    return loss_and_gradient_at(logits(X, coef, intercept), X, targets, weights)


def loss_and_gradient_at(
    z: Array, X: Any, targets: Array, weights: Array | None = None
) -> tuple[Any, Array, Array]:
    """:func:`loss_and_gradient` from the block's logits z (n, K)."""
    by_coef, by_intercept = pulled_back(weighted(residual_of(softmax(z), targets), weights), X)
    return weighted_loss(z, targets, weights), by_coef, by_intercept


def pulled_back(rows: Array, X: Any) -> tuple[Array, Array]:
    """A gradient with respect to the logits (n, K), carried to coef (K, d) and intercept (K,). 2 n d K flop."""
    return np.asarray((as_float(X).T @ rows).T), rows.sum(axis=0)


def hessian_product(
    coef: Array,
    intercept: Array | None,
    direction_coef: Array,
    direction_intercept: Array | None,
    X: Any,
    weights: Array | None = None,
) -> tuple[Array, Array]:
    """Hessian of the weighted sum of losses times a direction, as its coef part (K, d) and intercept part (K,).

    6 n d K flop.
    """
    X = as_float(X)
    proba = softmax(logits(X, coef, intercept))
    change = logits(X, direction_coef, direction_intercept)
    return pulled_back(weighted(hessian_action(proba, change), weights), X)


def hessian(coef: Array, intercept: Array | None, X: Any, weights: Array | None = None) -> Array:
    """The whole Hessian of the weighted sum of losses, (P, P) with P = K (d + 1).

    Parameters are ordered class by class, ``[coef_k, intercept_k]``. n P^2 flop.
    """
    return hessian_at(softmax(logits(X, coef, intercept)), X, weights)


def hessian_at(proba: Array, X: Any, weights: Array | None = None) -> Array:
    """:func:`hessian` from the probabilities (n, K).

    Every K x K block has its own weights ``p_k (delta_kl - p_l)``, the diagonal's through the sum of the other
    probabilities: a near-certain row's curvature of 1e-20 is then not lost in ``p - p^2``.
    """
    X = as_float(X)
    n_classes, size = proba.shape[1], X.shape[1] + 1
    result = np.zeros((n_classes, size, n_classes, size), dtype=np.result_type(X.dtype, proba.dtype))
    others = proba * complement(proba)
    scaled = weighted(proba, weights)
    for k in range(n_classes):
        h = -scaled[:, k : k + 1] * proba[:, : k + 1]
        h[:, k] = others[:, k] if weights is None else others[:, k] * weights
        blocks = extended_grams(X, h)
        result[k, :, : k + 1, :] = blocks.transpose(1, 0, 2)
        result[: k + 1, :, k, :] = blocks.transpose(0, 2, 1)
    return result.reshape(n_classes * size, n_classes * size)


def extended_grams(X: Any, h: Array) -> Array:
    """``[X 1]' diag(h_k) [X 1]`` for each column of h (n, m): (m, d + 1, d + 1), for a dense or a CSR block.

    2 n m d^2 flop, in matrix products over at most `SCRATCH` scaled entries of X.
    """
    (n_rows, size), m = X.shape, h.shape[1]
    result = np.empty((m, size + 1, size + 1), dtype=np.result_type(X.dtype, h.dtype))
    if isinstance(X, np.ndarray):
        at_once = max(1, SCRATCH // max(n_rows * size, 1))
        for start in range(0, m, at_once):
            part = h[:, start : start + at_once]
            scaled = (part[:, :, None] * X[:, None, :]).reshape(n_rows, part.shape[1] * size)
            grams = (X.T @ scaled).reshape(size, part.shape[1], size)
            result[start : start + at_once, :size, :size] = grams.transpose(1, 0, 2)
    else:
        for k in range(m):
            result[k, :size, :size] = (X.T @ X.multiply(h[:, k : k + 1]).tocsr()).toarray()
    result[:, :size, size] = result[:, size, :size] = (X.T @ h).T
    result[:, size, size] = h.sum(axis=0)
    return result


def curvature_gram(X: Array, h: Array) -> Array:
    """``[X 1]' diag(h) [X 1]`` for h (n,) that is not negative.

    ``A' A`` with ``A = sqrt(h) [X 1]``, from `ROWS_AT_ONCE` rows at a time that h does not leave out: a symmetric
    product, so half the flop of :func:`extended_grams`; d^2 for each entry of h that is not zero.
    """
    size, counts = X.shape[1] + 1, np.flatnonzero(h)
    result, product = np.zeros((size, size)), np.empty((size, size))
    scratch = np.empty((min(ROWS_AT_ONCE, len(counts)), size))
    for start in range(0, len(counts), ROWS_AT_ONCE):
        chosen = counts[start : start + ROWS_AT_ONCE]
        root, scaled = np.sqrt(h[chosen]), scratch[: len(chosen)]
        np.multiply(X[chosen], root[:, None], out=scaled[:, :-1])
        scaled[:, -1] = root
        result += np.matmul(scaled.T, scaled, out=product)
    return result


def weighted_loss(z: Array, targets: Array, weights: Array | None) -> Any:
    """``sum_i w_i loss_i`` from the logits; a row of weight zero counts nothing, even where its loss is infinite."""
    losses = row_losses(z, targets)
    return losses.sum() if weights is None else (np.where(weights > 0, losses, 0) * weights).sum()


def weighted(rows: Array, weights: Array | None) -> Array:
    """Each row of logits times its weight; a row of weight zero counts nothing, even where it is NaN."""
    if weights is None:
        return rows
    result = rows * weights[:, None]
    result[weights == 0] = 0
    return result


def as_float(X: Any) -> Any:
    """`X` itself where it is floating or complex, else in float64 (pixels, indicator columns)."""
    return X if np.issubdtype(X.dtype, np.inexact) else X.astype(np.float64)
