"""The four founding documents' formulas as plain loops, each in its document's own layout and notation.

No vectorisation, nothing shared and no stabilisation: each function is meant to be read beside the document
that it quotes. They are oracles at ordinary logits, where exp neither overflows nor loses accuracy.

numpy           "lost function used in multi-class logistic regression", a blog post
per_class       DDA3020 Machine Learning, "Gradient of Softmax Regression"
log_likelihood  a question and its answer on the gradient of the log-likelihood for 8x8 binary pixels
columns         Zhihan Hu, "Gradient Computation on Multi-class classifier"
"""

from math import exp, log

import numpy as np


def numpy(w, x, y):
    """(J, dJ/dw): w is (features, K), x is (m, features), y is one-hot (m, K).

    J = -(1/m) sum_i sum_k y_k log s_k, and its derivative term by term:
    dJ/dw_jz = -(1/m) sum_i sum_k (y_k / s_k) ds_k/dw_jz, where ds_k/dw_jz is x_j s_k (1 - s_z) for k = z
    and -x_j s_k s_z for k != z.
    """
    n_features, K = w.shape
    m = len(x)
    J, dw = 0.0, np.zeros((n_features, K))
    for i in range(m):
        scores = [sum(w[j, k] * x[i, j] for j in range(n_features)) for k in range(K)]
        s = [exp(scores[k]) / sum(exp(scores[j]) for j in range(K)) for k in range(K)]
        for k in range(K):
            J += -1 / m * y[i, k] * log(s[k])
            for j in range(n_features):
                for z in range(K):
                    ds = x[i, j] * s[k] * (1 - s[z]) if k == z else -x[i, j] * s[k] * s[z]
                    dw[j, z] += -1 / m * y[i, k] / s[k] * ds
    return J, dw


def per_class(W, b, X, y):
    """(J, dJ/dW, dJ/db): row k of W is w_k, b is (C,), X is (m, d), y holds integers.

    Equation (1) for J; equation (2) from its second line on: dJ_i/dz_k = -sum_j 1[y_i = j] (1/f_j) df_j/dz_k
    with df_k/dz_k = f_k - f_k^2 and df_j/dz_k = -f_j f_k; equation (3) for w_k, where dz_k/dw_k = x_i. The
    bias enters z_k = w_k'x_i + b_k with derivative 1.
    """
    C, d = W.shape
    m = len(X)
    J, dW, db = 0.0, np.zeros((C, d)), np.zeros(C)
    for i in range(m):
        z = [sum(W[j, a] * X[i, a] for a in range(d)) + b[j] for j in range(C)]
        f = [exp(z[j]) / sum(exp(z[c]) for c in range(C)) for j in range(C)]
        for j in range(C):
            J -= 1 / m * (log(f[j]) if y[i] == j else 0.0)
        for k in range(C):
            dz = 0.0
            for j in range(C):
                df = f[k] - f[k] ** 2 if j == k else -f[j] * f[k]
                dz -= (1 if y[i] == j else 0) / f[j] * df
            db[k] += 1 / m * dz
            for a in range(d):
                dW[k, a] += 1 / m * dz * X[i, a]
    return J, dW, db


def log_likelihood(w, x, y):
    """(L, dL/dw): w is (K, D), x is (N, D), y is one-hot (N, K). L is a sum, and is maximised.

    L(w) = sum_n sum_k y_nk ln P(y_k | x_n), P = exp a_k / sum_k' exp a_k', a_k(x) = sum_i w_ki x_i;
    dL/dw_ij = sum_{n,k} y_nk (delta_ki - softmax_i(W x_n)) x_j. Flattened as w_11, ..., w_1D, ..., w_KD.
    """
    K, D = w.shape
    L, gradient = 0.0, []
    proba = []
    for n in range(len(x)):
        a = [sum(w[k, i] * x[n, i] for i in range(D)) for k in range(K)]
        proba.append([exp(a[k]) / sum(exp(a[other]) for other in range(K)) for k in range(K)])
        for k in range(K):
            L += y[n, k] * log(proba[n][k])
    for i in range(K):
        for j in range(D):
            total = 0.0
            for n in range(len(x)):
                for k in range(K):
                    total += y[n, k] * ((1 if k == i else 0) - proba[n][i]) * x[n, j]
            gradient.append(total)
    return L, np.array(gradient)


def columns(theta, b, X, Y):
    """(L, dL/dtheta, dL/db, dL/dZ): theta is (L, d), b is (L, 1), X is (d, n), Y is one-hot (L, n).

    Equation (1) for A, with Z = theta X + b as in equation (20), the one of its two forms that fits theta's
    shape; equation (2) for the loss; equations (5) and (6) with the factor Y / A of equations (7) and (8) for
    dL/dZ; equations (11) and (14) for theta and b.
    """
    labels, d = theta.shape
    n = X.shape[1]
    loss, dZ = 0.0, np.zeros((labels, n))
    for i in range(n):
        Z = [sum(theta[l, j] * X[j, i] for j in range(d)) + b[l, 0] for l in range(labels)]
        A = [exp(Z[row]) / sum(exp(Z[other]) for other in range(labels)) for row in range(labels)]
        for row in range(labels):
            loss += -1 / n * Y[row, i] * log(A[row])
            for other in range(labels):
                dA = A[row] * (1 - A[row]) if other == row else -A[row] * A[other]
                dZ[other, i] += -1 / n * Y[row, i] / A[row] * dA
    dtheta, db = np.zeros((labels, d)), np.zeros((labels, 1))
    for row in range(labels):
        for i in range(n):
            db[row, 0] += dZ[row, i]
            for j in range(d):
                dtheta[row, j] += dZ[row, i] * X[j, i]
    return loss, dtheta, db, dZ


def regression(coef, intercept, X, Y, weights):
    """(loss, grad_coef, grad_intercept, Hessian): weighted sums over rows, classes and features.

    Y holds one-hot or soft rows. The Hessian is ordered class by class as [coef_k, intercept_k].
    """
    K, d = coef.shape
    loss, grad_coef, grad_intercept = 0.0, np.zeros((K, d)), np.zeros(K)
    hessian = np.zeros((K * (d + 1), K * (d + 1)))
    for i in range(len(X)):
        x = [float(entry) for entry in X[i]] + [1.0]
        z = [sum(coef[k, j] * x[j] for j in range(d)) + intercept[k] for k in range(K)]
        p = [exp(z[k]) / sum(exp(other) for other in z) for k in range(K)]
        for k in range(K):
            loss -= weights[i] * Y[i, k] * log(p[k])
            grad_intercept[k] += weights[i] * (p[k] - Y[i, k])
            for j in range(d):
                grad_coef[k, j] += weights[i] * (p[k] - Y[i, k]) * x[j]
            for other in range(K):
                curvature = p[k] * ((1.0 if other == k else 0.0) - p[other])
                for j in range(d + 1):
                    for m in range(d + 1):
                        row, column = k * (d + 1) + j, other * (d + 1) + m
                        hessian[row, column] += weights[i] * curvature * x[j] * x[m]
    return loss, grad_coef, grad_intercept, hessian


def binary_logistic(w, b, X, y, weights):
    """(loss, dw, db) of two-class logistic regression with P(y = 1 | x) = 1 / (1 + exp(-(w'x + b)))."""
    loss, dw, db = 0.0, np.zeros(len(w)), 0.0
    for i in range(len(X)):
        margin = sum(w[j] * X[i, j] for j in range(len(w))) + b
        sigmoid = 1 / (1 + exp(-margin))
        loss += weights[i] * log(1 + exp(-margin if y[i] == 1 else margin))
        db += weights[i] * (sigmoid - y[i])
        for j in range(len(w)):
            dw[j] += weights[i] * (sigmoid - y[i]) * X[i, j]
    return loss, dw, db
