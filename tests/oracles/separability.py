"""Which margins can rise while none falls, by a linear program (HiGHS): it knows nothing of losses."""

import numpy as np
from scipy.optimize import linprog


def rising(X, targets, n_classes, *, fit_intercept=True):
    """{(i, k)}: the rows i and other classes k whose margin rises along some direction along which none falls.

    ``max sum s`` over directions D and ``0 <= s_ik <= 1`` with ``(D_y - D_k)' x_i >= s_ik`` for all i and k: margins
    that can rise can all rise together, as such directions may be added up, and by 1, as they may be scaled.
    """
    x = np.column_stack([X, np.ones(len(X))]) if fit_intercept else np.asarray(X, dtype=float)
    pairs = [(i, k) for i in range(len(x)) for k in range(n_classes) if k != targets[i]]
    margins = np.zeros((len(pairs), n_classes, x.shape[1]))
    for row, (i, k) in zip(margins, pairs, strict=True):
        row[targets[i]], row[k] = x[i], -x[i]
    margins = margins.reshape(len(pairs), -1)
    cost = np.concatenate([np.zeros(margins.shape[1]), -np.ones(len(pairs))])
    bounds = [(None, None)] * margins.shape[1] + [(0, 1)] * len(pairs)
    found = linprog(
        cost, np.hstack([-margins, np.eye(len(pairs))]), np.zeros(len(pairs)), bounds=bounds, method="highs"
    )
    assert found.success
    return {pair for pair, by in zip(pairs, found.x[margins.shape[1] :], strict=True) if by > 1e-6}


def separated_pairs(X, targets, n_classes, **options):
    """(K, K) of bool each: pairs of classes all of whose margins over each other can rise; and only some."""
    up = rising(X, targets, n_classes, **options)
    complete, partial = np.zeros((2, n_classes, n_classes), dtype=bool)
    for k in range(n_classes):
        for other in set(range(n_classes)) - {k}:
            both = [(i, other) for i in np.flatnonzero(targets == k)]
            both += [(i, k) for i in np.flatnonzero(targets == other)]
            seen = [pair in up for pair in both]
            complete[k, other], partial[k, other] = all(seen), any(seen) and not all(seen)
    return complete, partial
