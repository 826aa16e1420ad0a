"""Gradients as students hand them in: one careful program for every convention, into which faults are planted."""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from softgrad import Convention
from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS

PRESETS = {"numpy": NUMPY, "per-class": PER_CLASS, "log-likelihood": LOG_LIKELIHOOD, "columns": COLUMNS}

CHOICES = {
    "samples": ("rows", "columns"),
    "weights": ("features_by_classes", "classes_by_features"),
    "intercept": ("none", "separate", "first", "last"),
    "objective": ("loss", "log_likelihood"),
    "reduction": ("mean", "sum"),
    "labels": ("index", "one_hot"),
}


def random_conventions(count, seed=5):
    """Combinations of fields that are not presets."""
    every = [
        Convention(**dict(zip(CHOICES, fields, strict=True)))
        for fields in itertools.product(*CHOICES.values())
    ]
    every = [convention for convention in every if convention not in PRESETS.values()]
    chosen = np.random.default_rng(seed).choice(len(every), size=count, replace=False)
    return {f"mix{number}": every[i] for number, i in enumerate(chosen)}


CONVENTIONS = {**PRESETS, **random_conventions(12)}


@dataclass
class Sheet:
    """A homework's data in a convention's layout."""

    convention: Convention
    X: np.ndarray
    y: np.ndarray
    n: int
    d: int
    K: int
    alpha: float = 0.0


def sheet(convention, *, n=60, d=4, K=3, seed=0, alpha=0.0, integers=False):
    """Generic data: columns of different scale and centre, classes of unequal size in mixed order."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + rng.normal(size=d)
    if integers:
        X = rng.integers(-5, 12, size=(n, d))
    shares = np.arange(1, K + 1) / np.arange(1, K + 1).sum()
    codes = rng.choice(K, size=n, p=shares)
    codes[: min(K, n)] = rng.permutation(K)[: min(K, n)]
    return laid_out(convention, X, codes, K, alpha)


def laid_out(convention, X, codes, K, alpha=0.0):
    n, d = X.shape
    if convention.intercept in ("first", "last"):
        ones = np.ones((n, 1), dtype=X.dtype)
        X = np.hstack([ones, X] if convention.intercept == "first" else [X, ones])
    y = codes if convention.labels == "index" else np.eye(K)[codes]
    if convention.samples == "columns":
        X, y = X.T, y.T
    return Sheet(convention, np.ascontiguousarray(X), np.ascontiguousarray(y), n, d, K, alpha)


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


@dataclass
class Homework:
    """The whole computation, step by step; a fault replaces a step by its own function of (values, self).

    ``steps`` may hold: inputs (X, Y) -> (X, Y); logits Z -> Z; proba Z -> P; labels Y -> Y; residual (P, Y) -> R;
    outer X -> X; data (dW, db) -> (dW, db), both K first; penalty amounts; finish (dW, db) -> (dW, db).
    """

    sheet: Sheet
    steps: dict = field(default_factory=dict)

    def __post_init__(self):
        self.gradient = self._separate if self.sheet.convention.intercept == "separate" else self._alone

    def planted(self, **steps):
        return Homework(self.sheet, {**self.steps, **steps})

    def _separate(self, W, b, X, y):
        dW, db = self._compute(W, np.ravel(b), X, y)
        return dW, db

    def _alone(self, W, X, y):
        return self._compute(W, None, X, y)[0]

    def _do(self, name, values):
        step = self.steps.get(name)
        return values if step is None else step(values, self)

    def _compute(self, W, b, X, y):
        convention, K = self.sheet.convention, self.sheet.K
        by_class = convention.weights == "classes_by_features"
        coef = W if by_class else W.T
        X = X if convention.samples == "rows" else X.T
        Y = np.eye(K)[y] if convention.labels == "index" else (y if convention.samples == "rows" else y.T)
        X, Y = self._do("inputs", (X, Y))
        coef_used, b_used = self._do("weights", (coef, b))
        Z = X @ coef_used.T + (0 if b is None else b_used)
        Z = self._do("logits", Z)
        P = self.steps["proba"](Z, self) if "proba" in self.steps else softmax(Z)
        Y = self._do("labels", Y)
        R = self.steps["residual"]((P, Y), self) if "residual" in self.steps else P - Y
        R = self._do("rows", R)
        outer = self._do("outer", X)
        size = {"mean": len(X), "sum": 1}[convention.reduction]
        sign = 1 if convention.objective == "loss" else -1
        dW, db = sign * R.T @ outer / size, sign * R.sum(axis=0) / size
        dW, db = self._do("data", (dW, db))
        dW, db = self._penalised(dW, db, coef, b, sign)
        dW, db = self._do("finish", (dW, db))
        dW = self._do("shape", dW if by_class else dW.T)
        if convention.samples == "columns" and np.ndim(db):
            db = db[:, None]
        return self._do("output", (dW, db))

    def _penalised(self, dW, db, coef, b, sign):
        amount, on_b = self.steps.get("penalty", (1.0, 0.0))
        alpha = self.sheet.alpha or self.steps.get("own_alpha", 0.0)
        held = np.ones(coef.shape[1])
        place = {"first": 0, "last": -1}.get(self.sheet.convention.intercept)
        if place is not None:
            held[place] = on_b
        dW = dW + sign * alpha * amount * coef * (
            held if place is None else np.where(held == 1, 1, held / (amount or 1))
        )
        return dW, db if b is None else db + sign * alpha * on_b * b


def with_alpha(one, alpha):
    return Homework(replace(one.sheet, alpha=alpha), one.steps)
