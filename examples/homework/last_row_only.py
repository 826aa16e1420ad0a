"""Meant: the sum over all samples in a loop, where = was typed for +=."""

import math

import numpy as np

CONVENTION = "per-class"


def gradient(w, b, x, y):
    m = len(x)
    dw, db = np.zeros_like(w), np.zeros_like(b)
    for i in range(m):
        z = [float(np.dot(w[k], x[i]) + b[k]) for k in range(len(w))]
        e = [math.exp(z_k - max(z)) for z_k in z]
        for k in range(len(w)):
            indicator = 1.0 if y[i] == k else 0.0
            dw[k] = (e[k] / sum(e) - indicator) * x[i] / m
            db[k] = (e[k] / sum(e) - indicator) / m
    return dw, db
