"""Meant: loss and gradient with weight decay, alpha = 0.1; the loss has it."""

import numpy as np

CONVENTION = "numpy"
ALPHA = 0.1


def predict(W, X):
    Z = X @ W
    E = np.exp(Z - Z.max(axis=1)[:, None])
    return E / E.sum(axis=1)[:, None]


def loss(W, X, y):
    data_term = -np.log(predict(W, X)[y == 1]).mean()
    return data_term + ALPHA / 2 * np.sum(W**2)


def gradient(W, X, y):
    n_samples = X.shape[0]
    return X.T @ (predict(W, X) - y) / n_samples
