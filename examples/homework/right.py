"""The gradient of the mean cross-entropy, as it should be."""

import numpy as np

CONVENTION = "numpy"


def log_softmax(Z):
    Z = Z - Z.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def loss(W, X, y):
    return -np.sum(y * log_softmax(X @ W)) / len(X)


def gradient(W, X, y):
    P = np.exp(log_softmax(X @ W))
    return X.T @ (P - y) / len(X)
