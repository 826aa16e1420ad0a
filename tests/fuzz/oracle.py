"""The model once more, straight from its definition, in extended precision and without any of the package's code."""

import numpy as np

__all__ = ["Problem", "softmax"]


def softmax(z):
    """Of rows of logits, in long double."""
    z = np.asarray(z, dtype=np.longdouble)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Problem:
    """Mean loss plus ``alpha/2 ||coef||^2`` of rows X, distributions Y and weights w."""

    def __init__(self, X, Y, w, alpha):
        self.X, self.Y = np.asarray(X, dtype=np.longdouble), np.asarray(Y, dtype=np.longdouble)
        w = np.ones(len(self.X)) if w is None else np.asarray(w)
        w = w.astype(np.longdouble)
        self.w, self.alpha = w / w.sum(), np.longdouble(alpha)

    def value(self, coef, intercept):
        coef = np.asarray(coef, dtype=np.longdouble)
        z = self.X @ coef.T + intercept
        top = z.max(axis=1, keepdims=True)
        others = np.exp(z - top)
        others[np.arange(len(z)), z.argmax(axis=1)] = 0  # the largest's own 1 would round off a loss of 1e-20
        lost = np.log1p(others.sum(axis=1, keepdims=True)) - (z - top)
        terms = np.where(self.Y > 0, self.Y * lost, 0)
        return self.w @ terms.sum(axis=1) + self.alpha / 2 * (coef**2).sum()

    def gradient(self, coef, intercept):
        coef = np.asarray(coef, dtype=np.longdouble)
        R = self.w[:, None] * (softmax(self.X @ coef.T + intercept) - self.Y)
        return R.T @ self.X + self.alpha * coef, R.sum(axis=0)

    def hessian(self, coef, intercept, penalised=True):
        """(K (d + 1), K (d + 1)); the intercept is the last column of each class."""
        P = softmax(self.X @ np.asarray(coef, dtype=np.longdouble).T + intercept)
        one = np.column_stack([self.X, np.ones(len(self.X))])
        K, d = P.shape[1], one.shape[1]
        H = np.zeros((K, d, K, d), dtype=np.longdouble)
        for k in range(K):
            for l in range(K):
                curved = self.w * P[:, k] * ((k == l) - P[:, l])
                H[k, :, l, :] = (one * curved[:, None]).T @ one
        if penalised:
            for k in range(K):
                for j in range(d - 1):
                    H[k, j, k, j] += self.alpha
        return H.reshape(K * d, K * d)

    def best(self, fit_intercept, steps=60):
        """The lowest value that damped Newton steps find: the optimum is at most that."""
        K, d = self.Y.shape[1], self.X.shape[1]
        coef, intercept = np.zeros((K, d)), np.zeros(K)
        lowest = self.value(coef, intercept)
        for _ in range(steps):
            by_coef, by_intercept = self.gradient(coef, intercept)
            g = np.column_stack([by_coef, by_intercept if fit_intercept else 0 * by_intercept])
            H = self.hessian(coef, intercept).astype(float)
            if not fit_intercept:
                fixed = np.arange(d, K * (d + 1), d + 1)
                H[fixed, :] = H[:, fixed] = 0
            size = np.sqrt(np.maximum(np.diag(H), 1e-300))
            size[size < 1e-140] = 1
            move = np.linalg.lstsq(H / np.outer(size, size), g.ravel().astype(float) / size, rcond=1e-14)[0]
            move = (move / size).reshape(K, d + 1)
            move[:, -1] *= fit_intercept
            for t in 0.5 ** np.arange(12):
                there = coef - t * move[:, :-1], intercept - t * move[:, -1]
                value = self.value(*there)
                if value < lowest:
                    break
            else:
                return lowest
            gained, lowest = lowest - value, value
            coef, intercept = there
            if gained < 1e-17 * lowest:
                return lowest
        return lowest
