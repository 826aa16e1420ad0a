"""Meant: logistic regression for several classes, taken over from the exercise with two."""

import numpy as np

CONVENTION = "per-class"


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradient(w, b, x, y):
    m, n_classes = len(x), len(w)
    dw, db = np.zeros(w.shape), np.zeros(n_classes)
    for k in range(n_classes):
        f = sigmoid(x @ w[k] + b[k])
        error = f - (y == k)
        dw[k] = (error[:, np.newaxis] * x).sum(axis=0) / m
        db[k] = error.sum() / m
    return dw, db
