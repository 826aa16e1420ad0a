"""The wrong gradients of the page that `softgrad explain` writes, as its script computes them."""

import numpy as np

import softgrad


def wrong_gradients(W, b, X, Y, alpha, *, summed):
    """Each mistake's code, and its gradient for W (K x d) and b on the mean scale.

    A summed objective has no 1/n to forget: there, the mistake in scale is to divide.
    """
    n, Z = len(X), X @ W.T + b
    P = softgrad.softmax(Z)
    R = P - Y

    def gradient(rows, features=X, alpha=alpha):
        return rows.T @ features / n + alpha * W, rows.sum(axis=0) / n

    dW, db = gradient(R)
    factor = 1 / n if summed else n
    return {
        "scale": (factor * dW, factor * db),
        "sign": (-dW, -db),
        "penalty-missing": gradient(R, alpha=0.0),
        "intercept-missing": (dW, 0 * db),
        "softmax-axis": gradient(softgrad.softmax(Z, axis=0) - Y),
        "sigmoid": gradient(1 / (1 + np.exp(-Z)) - Y),
        "jacobian-diagonal": gradient(P * Y - Y),
        "extra-derivative": gradient(R * P * (1 - P)),
        "labels-shifted": gradient(P - np.roll(Y, 1, axis=1)),
        "features-differ": gradient(R, features=X - X.mean(axis=0)),
        "rows-dropped": gradient(R * (np.arange(n) == n - 1)[:, None]),
    }
