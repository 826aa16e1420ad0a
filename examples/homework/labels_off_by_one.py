"""Meant: one-hot rows from the labels, which the student thought to count from 1."""

import numpy as np

CONVENTION = "per-class"


def gradient(w, b, x, y):
    n_samples, n_classes = x.shape[0], w.shape[0]
    one_hot = np.zeros((n_samples, n_classes))
    for i, label in enumerate(y):
        one_hot[i, label - 1] = 1
    z = x @ w.T + b
    f = np.exp(z - z.max(axis=1, keepdims=True))
    f = f / f.sum(axis=1, keepdims=True)
    dz = (f - one_hot) / n_samples
    return dz.T @ x, dz.sum(axis=0)
