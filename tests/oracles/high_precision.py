"""The model's formulas at 50 digits, rounded to float64 only when they are returned.

Every function takes ordinary arrays, reads their entries as exact numbers, and computes with mpmath. One
minus a probability is always the sum of the other probabilities, so no result loses digits to cancellation.
"""

import mpmath as mp
import numpy as np

DIGITS = 50


def exact(array):
    """Entries of a real array as an object array of mpf, without rounding."""
    array = np.asarray(array)
    return np.array([mp.mpf(entry.item()) for entry in array.ravel()], dtype=object).reshape(array.shape)


def rounded(numbers):
    """An object array of mpf rounded to float64."""
    return np.vectorize(float, otypes=[np.float64])(np.asarray(numbers, dtype=object))


def _total(terms):
    return mp.fsum(terms)


def _softmax(row):
    top = max(row)
    powers = [mp.exp(entry - top) for entry in row]
    total = _total(powers)
    return [power / total for power in powers]


def _log_sum_exp(row):
    top = max(range(len(row)), key=lambda k: row[k])
    rest = _total(mp.exp(row[k] - row[top]) for k in range(len(row)) if k != top)
    return row[top] + mp.log1p(rest)


def _log_softmax(row):
    return [-_log_sum_exp([other - entry for other in row]) for entry in row]


def _residual(row, target):
    proba = _softmax(row)
    hard = [mp.mpf(1) if entry == 1 else mp.mpf(0) for entry in target]
    return [
        -_total(proba[m] for m in range(len(row)) if m != k) if hard[k] == 1 else proba[k] - target[k]
        for k in range(len(row))
    ]


def _curvature(row):
    """Derivative of the softmax: p_k (delta_kl - p_l), with 1 - p_k as the sum of the others."""
    proba = _softmax(row)
    classes = range(len(row))
    return [
        [
            proba[k] * (_total(proba[m] for m in classes if m != k) if k == m_ else -proba[m_])
            for m_ in classes
        ]
        for k in classes
    ]


def distributions(targets, n_classes):
    """Integer codes or rows of class shares, as float64 rows of class shares (n, n_classes)."""
    targets = np.asarray(targets)
    return np.eye(n_classes)[targets] if targets.ndim == 1 else targets.astype(np.float64)


def _by_row(function, logits):
    with mp.workdps(DIGITS):
        return rounded([function(list(row)) for row in exact(np.atleast_2d(logits))])


def log_sum_exp(logits):
    """log sum_k exp(z_k) of each row: (n, K) -> (n,)."""
    return _by_row(_log_sum_exp, logits)


def softmax(logits):
    """exp(z_k) / sum_l exp(z_l) of each row: (n, K) -> (n, K)."""
    return _by_row(_softmax, logits)


def log_softmax(logits):
    """log of the softmax of each row: (n, K) -> (n, K)."""
    return _by_row(_log_softmax, logits)


def softmax_jacobian(logits):
    """p_k (delta_kl - p_l) of each row: (n, K) -> (n, K, K)."""
    return _by_row(_curvature, logits)


def residual(logits, targets):
    """proba - Y of each row: (n, K) -> (n, K)."""
    logits = np.atleast_2d(logits)
    with mp.workdps(DIGITS):
        rows = zip(exact(logits), exact(distributions(targets, logits.shape[1])), strict=True)
        return rounded([_residual(list(row), list(target)) for row, target in rows])


def _row_loss(row, target):
    pairs = zip(_log_softmax(row), target, strict=True)
    return -_total(share * log_proba for log_proba, share in pairs if share != 0)


def row_losses(logits, targets):
    """-sum_k Y_k log p_k of each row: (n, K) -> (n,)."""
    logits = np.atleast_2d(logits)
    with mp.workdps(DIGITS):
        rows = zip(exact(logits), exact(distributions(targets, logits.shape[1])), strict=True)
        return rounded([_row_loss(list(row), list(target)) for row, target in rows])


def hessian_action(logits, direction):
    """The softmax's derivative at each row of logits, applied to that row of direction: (n, K) -> (n, K)."""
    with mp.workdps(DIGITS):
        pairs = zip(exact(np.atleast_2d(logits)), exact(np.atleast_2d(direction)), strict=True)
        actions = [
            [_total(a * v for a, v in zip(line, vector, strict=True)) for line in _curvature(list(row))]
            for row, vector in pairs
        ]
        return rounded(actions)


def regression(coef, intercept, X, targets, weights=None):
    """Weighted sums over rows: (loss, gradient (P,), Hessian (P, P)) in the canonical order of parameters.

    P = K * (d + 1), class by class as [coef_k, intercept_k]. An intercept of None counts as zeros.
    """
    n_classes, n_features = np.shape(coef)
    intercept = np.zeros(n_classes) if intercept is None else intercept
    weights = np.ones(len(X)) if weights is None else weights
    with mp.workdps(DIGITS):
        theta = np.column_stack([exact(coef), exact(np.ravel(intercept))])
        shares = exact(distributions(targets, n_classes))
        loss, size = mp.mpf(0), n_classes * (n_features + 1)
        gradient = np.array([mp.mpf(0)] * size, dtype=object)
        hessian = np.array([mp.mpf(0)] * size**2, dtype=object).reshape(size, size)
        for x, target, weight in zip(exact(X), shares, exact(weights), strict=True):
            x = np.append(x, mp.mpf(1))
            row = [_total(theta[k] * x) for k in range(n_classes)]
            loss += weight * _row_loss(row, list(target))
            gradient += weight * np.kron(np.array(_residual(row, list(target)), dtype=object), x)
            hessian += weight * np.kron(np.array(_curvature(row), dtype=object), np.outer(x, x))
        return float(loss), rounded(gradient), rounded(hessian)
