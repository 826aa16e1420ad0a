"""The planted faults: code -> how to plant it in a homework, and where it makes sense."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.check.homework import Homework, softmax


@dataclass
class Fault:
    """`steps` are planted; `alpha` is the objective's; `when` says for which conventions; `also`: equal codes."""

    code: str
    steps: dict
    alpha: float = 0.0
    when: Any = None
    also: tuple = ()
    sheet: dict = None

    def plant(self, one: Homework) -> Homework:
        return one.planted(**self.steps)


def scaled(factor):
    return lambda pair, h: (factor(h) * pair[0], factor(h) * pair[1])


def only_b(change):
    return lambda pair, h: (pair[0], change(pair[1], h))


def folded_b(change):
    """The same for an intercept in W, whose gradient is a column of dW (classes first)."""

    def step(pair, h):
        dW, db = pair[0].copy(), pair[1]
        place = {"first": 0, "last": -1}.get(h.sheet.convention.intercept)
        if place is None:
            return dW, change(db, h)
        dW[:, place] = change(dW[:, place], h)
        return dW, db

    return step


def with_intercept(convention):
    return convention.intercept != "none"


def separate(convention):
    return convention.intercept == "separate"


def mean(convention):
    return convention.reduction == "mean"


def without_constant(convention):
    return convention.intercept not in ("first", "last")


def n_of(h):
    return h.sheet.n


def jacobian_times(P, R):
    return P * (R - (P * R).sum(axis=1, keepdims=True))


def shifted_out(Y, h):
    moved = np.roll(Y, 1, axis=1)
    moved[:, 0] = 0
    return moved


def features(change):
    """On the features apart from the constant one."""

    def step(X, h):
        place = {"first": 0, "last": X.shape[1] - 1}.get(h.sheet.convention.intercept)
        if place is None:
            return change(X)
        return np.insert(change(np.delete(X, place, axis=1)), place, 1.0, axis=1)

    return step


def everywhere(change):
    step = features(change)
    return lambda pair, h: (step(pair[0], h), pair[1])


def dropped_column(X):
    kept = X.copy()
    kept[:, 1] = 0
    return kept


def zeroed(pair, h):
    dW, db = pair[0].copy(), np.array(pair[1])
    dW[-1] = 0
    db[-1] = 0
    return dW, db


def clipped(limit):
    return lambda pair, h: tuple(np.clip(part, -limit(h), limit(h)) for part in pair)


def clipped_by_norm(pair, h):
    """Jointly; the unused db of a convention without b does not count."""
    limit = 0.1 if h.sheet.convention.reduction == "mean" else 0.1 * h.sheet.n
    parts = pair if h.sheet.convention.intercept == "separate" else pair[:1]
    norm = np.sqrt(sum((part**2).sum() for part in parts))
    return tuple(part * min(1.0, limit / norm) for part in pair)


def class_weighted(R, h, normalised):
    Y = (R < 0).astype(float) if h is None else true_labels(h)
    w = (Y * np.array([1.0, 2.0, 5.0, *np.arange(2.0, 12.0)])[: Y.shape[1]]).sum(axis=1)
    return R * (w / w.mean() if normalised else w)[:, None]


def true_labels(h):
    y, K = h.sheet.y, h.sheet.K
    if h.sheet.convention.labels == "index":
        return np.eye(K)[y]
    return y if h.sheet.convention.samples == "rows" else y.T


def batch_averaged(R, h):
    n = len(R)
    w = np.ones(n)
    bounds = [*range(0, n, 25), n]
    for a, b in itertools.pairwise(bounds):
        w[a:b] = n / (b - a) / (len(bounds) - 1)
    return R * w[:, None]


def rows_kept(keep, scale=1.0):
    return lambda R, h: (
        R
        * np.isin(np.arange(len(R)), np.arange(len(R))[keep])[:, None]
        * (scale if not callable(scale) else scale(len(R)))
    )


def stale(pair, h):
    """At the weights of the start, zero."""
    return 0 * pair[0], None if pair[1] is None else 0 * pair[1]


def stale_random(pair, h):
    rng = np.random.default_rng(9)
    return 0.3 * rng.normal(size=pair[0].shape), None if pair[1] is None else rng.normal(size=pair[1].shape)


def label_weights(Y, h):
    return Y * np.array([1.0, 2.0, 5.0, *np.arange(2.0, 12.0)])[: Y.shape[1]]


def label_row_weights(Y, h):
    return Y * np.random.default_rng(3).uniform(0.5, 2, len(Y))[:, None]


def fortran(dW, h):
    return dW.ravel("F").reshape(dW.shape)


def fortran_back(dW, h):
    return dW.ravel("C").reshape(dW.shape, order="F")


def globally(Z, h):
    E = np.exp(Z)
    return E / E.sum()


def over_samples(Z, h):
    E = np.exp(Z)
    return E / E.sum(axis=0)


FAULTS = {
    "missing 1/n": Fault("scale", {"data": scaled(n_of)}, when=mean),
    "1/n twice": Fault("scale", {"data": scaled(lambda h: 1 / h.sheet.n)}),
    "divided by K": Fault("scale", {"data": scaled(lambda h: 1 / h.sheet.K)}),
    "factor 2": Fault("scale", {"data": scaled(lambda h: 2)}),
    "log base 2": Fault("scale", {"data": scaled(lambda h: 1 / np.log(2))}),
    "constant batch": Fault("scale", {"data": scaled(lambda h: h.sheet.n / 32)}, when=mean),
    "scale of all": Fault("scale", {"finish": scaled(n_of)}, alpha=0.3, when=mean),
    "sign": Fault("sign", {"data": scaled(lambda h: -1)}),
    "sign of all": Fault("sign", {"finish": scaled(lambda h: -1)}, alpha=0.3),
    "data scale": Fault("data-scale", {"data": scaled(n_of)}, alpha=0.3, when=mean),
    "data sign": Fault("data-sign", {"data": scaled(lambda h: -1)}, alpha=0.3),
    "no penalty": Fault("penalty-missing", {"penalty": (0.0, 0.0)}, alpha=0.1),
    "no tiny penalty": Fault("penalty-missing", {"penalty": (0.0, 0.0)}, alpha=1e-5),
    "penalty though 0": Fault("penalty-unexpected", {"own_alpha": 0.2}),
    "penalty twice": Fault("penalty-factor", {"penalty": (2.0, 0.0)}, alpha=0.1),
    "penalty half": Fault("penalty-factor", {"penalty": (0.5, 0.0)}, alpha=0.1),
    "penalty over n": Fault("penalty-factor", {"penalty": (1 / 60, 0.0)}, alpha=0.1),
    "penalty times n": Fault("penalty-factor", {"penalty": (60.0, 0.0)}, alpha=0.1),
    "penalty sign": Fault("penalty-sign", {"penalty": (-1.0, 0.0)}, alpha=0.1),
    "penalty on b": Fault("penalty-on-intercept", {"penalty": (1.0, 1.0)}, alpha=0.1, when=with_intercept),
    "no db": Fault("intercept-missing", {"data": folded_b(lambda db, h: 0 * db)}, when=with_intercept),
    "db summed": Fault(
        "intercept-summed", {"output": lambda pair, h: (pair[0], np.sum(pair[1]))}, when=separate
    ),
    "db without 1/n": Fault(
        "intercept-scale",
        {"data": folded_b(lambda db, h: db * h.sheet.n)},
        when=lambda c: with_intercept(c) and mean(c),
    ),
    "transposed": Fault("layout-transposed", {"output": lambda pair, h: (pair[0].T, pair[1])}),
    "transposed square": Fault(
        "layout-transposed",
        {"output": lambda pair, h: (pair[0].T, pair[1])},
        when=without_constant,
        sheet={"d": 4, "K": 4},
    ),
    "reshaped": Fault("layout-reshaped", {"shape": fortran}),
    "reshaped back": Fault("layout-reshaped", {"shape": fortran_back}),
    "flat in F order": Fault(
        "layout-reshaped",
        {
            "shape": lambda dW, h: (
                dW.ravel("F").reshape(dW.shape)
                if h.sheet.convention.intercept == "separate"
                else dW.ravel("F")
            )
        },
    ),
    "softmax axis": Fault("softmax-axis", {"proba": over_samples}),
    "softmax global": Fault("softmax-global", {"proba": globally}),
    "exp only": Fault("softmax-unnormalised", {"proba": lambda Z, h: np.exp(Z)}),
    "sigmoid": Fault("sigmoid", {"proba": lambda Z, h: 1 / (1 + np.exp(-Z))}),
    "softmax twice": Fault("softmax-twice", {"proba": lambda Z, h: softmax(softmax(Z))}),
    "softmax twice, derived": Fault(
        "softmax-twice", {"residual": lambda PY, h: jacobian_times(PY[0], softmax(PY[0]) - PY[1])}
    ),
    "log softmax": Fault("log-softmax-as-proba", {"proba": lambda Z, h: np.log(softmax(Z))}),
    "argmax": Fault("argmax-as-proba", {"proba": lambda Z, h: np.eye(Z.shape[1])[Z.argmax(axis=1)]}),
    "temperature 2": Fault("temperature", {"logits": lambda Z, h: Z / 2}),
    "temperature 0.7, derived": Fault(
        "temperature", {"logits": lambda Z, h: Z / 0.7, "data": scaled(lambda h: 1 / 0.7)}
    ),
    "minus W": Fault("temperature", {"logits": lambda Z, h: -Z}),
    "diagonal": Fault("jacobian-diagonal", {"residual": lambda PY, h: -PY[1] * (1 - PY[0])}),
    "extra p(1-p)": Fault(
        "extra-derivative", {"residual": lambda PY, h: (PY[0] - PY[1]) * PY[0] * (1 - PY[0])}
    ),
    "no labels": Fault("labels-missing", {"residual": lambda PY, h: PY[0]}),
    "labels wrapped": Fault("labels-shifted", {"labels": lambda Y, h: np.roll(Y, 1, axis=1)}),
    "labels y - 1": Fault("labels-shifted", {"labels": lambda Y, h: np.roll(Y, -1, axis=1)}),
    "labels shifted out": Fault("labels-shifted", {"labels": shifted_out}),
    "labels swapped": Fault("labels-permuted", {"labels": lambda Y, h: Y[:, [1, 0, *range(2, Y.shape[1])]]}),
    "labels reversed": Fault("labels-permuted", {"labels": lambda Y, h: Y[:, ::-1]}),
    "smoothing": Fault("label-smoothing", {"labels": lambda Y, h: 0.9 * Y + 0.1 / Y.shape[1]}),
    "rows reversed": Fault("rows-misaligned", {"labels": lambda Y, h: Y[::-1]}),
    "rows shuffled": Fault(
        "rows-misaligned",
        {"inputs": lambda XY, h: (XY[0][np.random.default_rng(77).permutation(len(XY[0]))], XY[1])},
    ),
    "y shuffled": Fault(
        "rows-misaligned", {"labels": lambda Y, h: Y[np.random.default_rng(78).permutation(len(Y))]}
    ),
    "outer standardised": Fault("features-differ", {"outer": features(lambda X: (X - X.mean(0)) / X.std(0))}),
    "outer centred": Fault("features-differ", {"outer": features(lambda X: X - X.mean(0))}),
    "outer by constants": Fault("features-differ", {"outer": features(lambda X: (X - 4.1) / 2.2)}),
    "outer binarised": Fault("features-differ", {"outer": features(lambda X: (X > 0.5) * 1.0)}),
    "outer columns permuted": Fault(
        "features-differ", {"outer": features(lambda X: X[:, [2, 0, 1, *range(3, X.shape[1])]])}
    ),
    "outer column lost": Fault("features-differ", {"outer": features(dropped_column)}),
    "outer rows permuted": Fault(
        "features-differ", {"outer": lambda X, h: X[np.random.default_rng(5).permutation(len(X))]}
    ),
    "outer other": Fault("features-differ", {"outer": features(np.tanh)}),
    "all standardised": Fault(
        "features-differ-everywhere", {"inputs": everywhere(lambda X: (X - X.mean(0)) / X.std(0))}
    ),
    "all binarised": Fault("features-differ-everywhere", {"inputs": everywhere(lambda X: (X > 0.5) * 1.0)}),
    "all by constants": Fault(
        "features-differ-everywhere", {"inputs": everywhere(lambda X: (X - 0.4) / 2.2)}
    ),
    "last row only": Fault("rows-dropped", {"rows": rows_kept(slice(-1, None))}),
    "last row, no 1/n": Fault("rows-dropped", {"rows": rows_kept(slice(-1, None), float)}, when=mean),
    "one batch": Fault("rows-dropped", {"rows": rows_kept(slice(0, 16), lambda n: n / 16)}, when=mean),
    "last batch": Fault("rows-dropped", {"rows": rows_kept(slice(48, None))}),
    "row weights": Fault(
        "row-weights", {"rows": lambda R, h: R * np.random.default_rng(2).uniform(0.5, 2, len(R))[:, None]}
    ),
    "class weights": Fault("class-weights", {"rows": lambda R, h: class_weighted(R, h, False)}),
    "class weights / sum": Fault("class-weights", {"rows": lambda R, h: class_weighted(R, h, True)}),
    "batches averaged": Fault("batch-average", {"rows": batch_averaged}),
    "weights on labels": Fault("weights-on-labels-only", {"labels": label_weights}),
    "row weights on labels": Fault("weights-on-labels-only", {"labels": label_row_weights}),
    "stale at zero": Fault("stale-weights", {"weights": stale}),
    "stale at random": Fault("stale-weights", {"weights": stale_random}),
    "no b in logits": Fault(
        "stale-weights", {"weights": lambda pair, h: (pair[0], 0 * pair[1])}, when=separate
    ),
    "clipped by value": Fault(
        "clipped", {"finish": clipped(lambda h: 0.08 if mean(h.sheet.convention) else 5.0)}
    ),
    "clipped by norm": Fault("clipped", {"finish": clipped_by_norm}),
    "reference class": Fault("column-zeroed", {"data": zeroed}),
    "reference class, penalised": Fault("column-zeroed", {"finish": zeroed}, alpha=0.2),
    "no x_j": Fault("feature-factor-missing", {"outer": lambda X, h: np.ones_like(X)}),
}
