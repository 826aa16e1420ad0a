"""Small fitting problems, and their solutions by a method that shares no line with softgrad.

The objective is written here once more, from the convention's text, in extended precision; `solve` is Newton's
method on it with a halving line search. Its value at the end is the reference for every claim about a gap.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows
from tests.blocked_rows import BlockedRows

LONG = np.longdouble


@dataclass(frozen=True, eq=False)
class Problem:
    """Arrays of one problem, in the canonical convention."""

    X: np.ndarray
    targets: np.ndarray
    n_classes: int
    alpha: float
    weights: np.ndarray | None = None
    fit_intercept: bool = True

    @property
    def Y(self):
        return np.eye(self.n_classes)[self.targets] if self.targets.ndim == 1 else self.targets

    @property
    def shares(self):
        """Weights that sum to one, in extended precision."""
        weights = np.ones(len(self.X)) if self.weights is None else self.weights
        return weights.astype(LONG) / weights.astype(LONG).sum()


# ----------------------------------------------------------------------------------- the independent method


def probabilities(problem, coef, intercept):
    """(log-probabilities, probabilities), (n, K), in extended precision."""
    z = problem.X.astype(LONG) @ np.asarray(coef, LONG).T + np.asarray(intercept, LONG)
    z = z - z.max(axis=1, keepdims=True)
    log_proba = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return log_proba, np.exp(log_proba)


def objective(problem, coef, intercept):
    """``sum_i om_i loss_i + alpha/2 ||coef||^2``."""
    log_proba, _ = probabilities(problem, coef, intercept)
    loss = -(problem.shares * (problem.Y * log_proba).sum(axis=1)).sum()
    return loss + LONG(problem.alpha) / 2 * (np.asarray(coef, LONG) ** 2).sum()


def gradient(problem, coef, intercept):
    """``sum_i om_i (p_i - Y_i) x_i' + alpha coef`` (K, d) and ``sum_i om_i (p_i - Y_i)`` (K,)."""
    _, proba = probabilities(problem, coef, intercept)
    residual = problem.shares[:, None] * (proba - problem.Y)
    by_coef = residual.T @ problem.X.astype(LONG) + LONG(problem.alpha) * np.asarray(coef, LONG)
    return by_coef, residual.sum(axis=0)


def dual_value(problem, coef, intercept):
    """``sum_i om_i H(p_i) - ||G||^2 / (2 alpha)``: the dual objective of the probabilities, from its definition."""
    log_proba, proba = probabilities(problem, coef, intercept)
    entropies = -(proba * log_proba).sum(axis=1)
    by_coef = (problem.shares[:, None] * (proba - problem.Y)).T @ problem.X.astype(LONG)
    return (problem.shares * entropies).sum() - (by_coef**2).sum() / (2 * LONG(problem.alpha))


def naive_hessian(problem, coef, intercept):
    """(P, P) with P = K (d + 1), class by class, in float64, of the objective."""
    _, proba = probabilities(problem, coef, intercept)
    proba, om = proba.astype(float), problem.shares.astype(float)
    extended = np.column_stack([problem.X, np.ones(len(problem.X))])
    K, width = problem.n_classes, extended.shape[1]
    result = np.zeros((K, width, K, width))
    for i, row in enumerate(extended):
        curvature = np.diag(proba[i]) - np.outer(proba[i], proba[i])
        result += om[i] * np.einsum("kl,a,b->kalb", curvature, row, row)
    for k in range(K):
        result[k, np.arange(width - 1), k, np.arange(width - 1)] += problem.alpha
    return result.reshape(K * width, K * width)


def solve(problem, start=None, max_iter=200):
    """(coef, intercept, optimum) to 1e-18 relative or better; without a penalty the problem needs an optimum."""
    K, d = problem.n_classes, problem.X.shape[1]
    theta = np.zeros((K, d + 1), LONG) if start is None else np.column_stack(start).astype(LONG)
    free = np.ones((K, d + 1), bool)
    free[:, -1] = problem.fit_intercept
    value = objective(problem, theta[:, :-1], theta[:, -1])
    for _ in range(max_iter):
        slope = np.column_stack(gradient(problem, theta[:, :-1], theta[:, -1]))[free]
        system = naive_hessian(problem, theta[:, :-1], theta[:, -1])[np.ix_(free.ravel(), free.ravel())]
        move = np.zeros_like(theta)
        move[free] = _pseudo_solve(system, slope)
        gain = float(slope @ move[free])
        step = LONG(1)
        while step > 1e-12:
            trial = theta - step * move
            lower = objective(problem, trial[:, :-1], trial[:, -1])
            if lower < value:
                break
            step = step / 2
        else:
            break
        theta, value = trial, lower
        if gain < 1e-24 * float(value):
            break
    return theta[:, :-1], theta[:, -1], value


def _pseudo_solve(system, right):
    scale = 1 / np.sqrt(np.maximum(np.diagonal(system), 1e-300))
    values, vectors = np.linalg.eigh(system * scale * scale[:, None])
    kept = values > 1e-13 * values[-1]
    part = vectors[:, kept].T @ (scale * right.astype(float))
    return scale * (vectors[:, kept] @ (part / values[kept]))


def largest_eigenvalue(problem):
    """``lambda_max(X~' diag(om) X~) / 2 + alpha``: the bound that gradient descent's step stands on."""
    extended = np.column_stack([problem.X, np.ones(len(problem.X))]) if problem.fit_intercept else problem.X
    gram = (extended * problem.shares.astype(float)[:, None]).T @ extended
    return 0.5 * np.linalg.eigvalsh(gram)[-1] + problem.alpha


# ---------------------------------------------------------------------------------------------- the problems


def drawn_codes(rng, X, n_classes, strength, prior=None):
    """Codes drawn from a random softmax model; the first rows show every class once."""
    prior = np.zeros(n_classes) if prior is None else np.log(prior)
    z = X @ (strength * rng.normal(size=(X.shape[1], n_classes))) + prior
    codes = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    codes[:n_classes] = np.arange(n_classes)
    return codes


def soft(rng, n, n_classes):
    """Rows of a Dirichlet distribution, made to sum to one as well as float64 can."""
    return rng.dirichlet(np.ones(n_classes), size=n)


def plain(rng, *, n=60, d=3, n_classes=3, alpha=0.05, strength=0.8, **options):
    X = rng.normal(size=(n, d))
    return Problem(X, drawn_codes(rng, X, n_classes, strength), n_classes, alpha, **options)


def no_intercept(rng):
    return plain(rng, fit_intercept=False)


def two_classes(rng):
    return plain(rng, n_classes=2)


def ten_classes(rng):
    return plain(rng, n=120, n_classes=10)


def zipf_classes(rng):
    X = rng.normal(size=(150, 3))
    prior = 1.0 / np.arange(1, 6) ** 1.5
    return Problem(X, drawn_codes(rng, X, 5, 0.7, prior), 5, 0.02)


def weighted(rng):
    """Weights from 1e-3 to 10, a sixth of them zero."""
    weights = 10 ** rng.uniform(-3, 1, size=60)
    weights[10:20] = 0
    return plain(rng, weights=weights)


def soft_labels(rng):
    X = rng.normal(size=(50, 3))
    return Problem(X, soft(rng, 50, 4), 4, 0.03, weights=rng.uniform(0.1, 2, size=50))


def constructed(rng):
    """Soft labels around the model's probabilities, such that `constructed_optimum` has gradient zero."""
    return _constructed(rng)[0]


def _constructed(rng, n=80, d=3, n_classes=4, alpha=2e-3):
    X, om = rng.normal(size=(n, d)), rng.uniform(0.5, 1.5, size=n)
    om /= om.sum()
    coef, intercept = 0.3 * rng.normal(size=(n_classes, d)), 0.3 * rng.normal(size=n_classes)
    coef, intercept = coef - coef.mean(axis=0), intercept - intercept.mean()
    bare = Problem(X, np.full((n, n_classes), 1 / n_classes), n_classes, alpha, om)
    proba = probabilities(bare, coef, intercept)[1].astype(float)
    centred = X - om @ X
    correction = centred @ np.linalg.solve((centred * om[:, None]).T @ centred, alpha * coef.T)
    return Problem(X, proba + correction, n_classes, alpha, om), coef, intercept


def constructed_optimum(rng):
    """(problem, coef, intercept): gradient zero, so the only optimum, by construction."""
    return _constructed(rng)


def degenerate_columns(rng):
    """A constant, a duplicated, a collinear and an empty column."""
    X = rng.normal(size=(60, 3))
    X = np.column_stack([X, np.full(60, 2.0), X[:, 0], X[:, 0] - 2 * X[:, 1], np.zeros(60)])
    return Problem(X, drawn_codes(rng, X, 3, 0.3), 3, 0.3)


def unscaled(rng):
    """Correlated columns in units from 1e-3 to 1e3."""
    X = rng.normal(size=(60, 4)) @ (np.eye(4) + 0.5 * rng.normal(size=(4, 4)))
    codes = drawn_codes(rng, X, 3, 0.6)
    return Problem(X * 10.0 ** np.array([-3, 3, 0, 1]), codes, 3, 1e-4)


def nearly_separable(rng):
    X = rng.normal(size=(60, 3))
    return Problem(X, drawn_codes(rng, X, 3, 12.0), 3, 1e-4)


def counts(rng):
    """Sparse counts, two thirds of them zero."""
    X = rng.poisson(0.4, size=(80, 5)).astype(float)
    return Problem(X, drawn_codes(rng, X, 4, 0.7), 4, 0.02)


BENIGN = (
    plain,
    no_intercept,
    two_classes,
    ten_classes,
    zipf_classes,
    weighted,
    soft_labels,
    constructed,
    degenerate_columns,
    counts,
)
HARD = (unscaled, nearly_separable)


def without_penalty(rng):
    """Pure noise: no penalty is needed for an optimum to exist."""
    X = rng.normal(size=(90, 2))
    return Problem(X, drawn_codes(rng, X, 3, 0.0), 3, 0.0)


def separable(rng):
    """Three groups far apart, no penalty: the optimum is at infinity."""
    codes = np.arange(30) % 3
    X = 6.0 * np.eye(3)[codes] + rng.normal(scale=0.3, size=(30, 3))
    return Problem(X, codes, 3, 0.0)


# ----------------------------------------------------------------------------------------------- the sources


def dense(problem):
    return DenseRows(problem.X, problem.targets, problem.n_classes, problem.weights)


def sparse(problem):
    return SparseRows(scipy.sparse.csr_array(problem.X), problem.targets, problem.n_classes, problem.weights)


def blocked(problem):
    return BlockedRows(problem.X, problem.targets, problem.n_classes, problem.weights)


def recomputed(problem):
    return BlockedRows(problem.X, problem.targets, problem.n_classes, problem.weights, keep=False)


SOURCES = (dense, sparse, blocked, recomputed)


def objective_on(source, problem):
    """softgrad's objective of `problem` on a source of the given kind."""
    return Objective(source(problem), L2(problem.alpha), fit_intercept=problem.fit_intercept)
