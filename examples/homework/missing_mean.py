"""Meant: the gradient of the mean cross-entropy, straight from dJ/dz = s - y."""

import numpy as np

CONVENTION = "numpy"


def softmax(Z):
    E = np.exp(Z - np.max(Z, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def gradient(W, X, y):
    probabilities = softmax(np.dot(X, W))
    error = probabilities - y
    return np.dot(X.T, error)
