"""Meant: equations (13) and (16); the 1/n of the weights was forgotten for the intercept."""

import numpy as np

CONVENTION = "columns"


def forward(theta, b, X):
    Z = np.matmul(theta, X) + b
    A = np.exp(Z - Z.max(axis=0))
    return A / A.sum(axis=0)


def gradient(theta, b, X, Y):
    n = X.shape[1]
    A = forward(theta, b, X)
    d_theta = 1 / n * np.matmul(A - Y, X.T)
    d_b = np.sum(A - Y, axis=1, keepdims=True)
    return d_theta, d_b
