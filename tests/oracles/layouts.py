"""A second writing of the conventions' layouts: canonical arrays laid out as any fields want them.

Nothing here calls softgrad. `fields` is a dict of the six fields of a Convention.
"""

from itertools import product

import numpy as np

CHOICES = {
    "samples": ("rows", "columns"),
    "weights": ("features_by_classes", "classes_by_features"),
    "intercept": ("none", "separate", "first", "last"),
    "objective": ("loss", "log_likelihood"),
    "reduction": ("mean", "sum"),
    "labels": ("index", "one_hot"),
}
COMBINATIONS = [dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())]


def name(fields):
    """A short name for a combination, for test ids."""
    return "-".join(fields.values())


def has_intercept(fields):
    return fields["intercept"] != "none"


def is_folded(fields):
    return fields["intercept"] in ("first", "last")


def factor(fields, n_samples):
    """Sign and scale that turn the canonical mean loss into this convention's data term."""
    sign = 1.0 if fields["objective"] == "loss" else -1.0
    return sign, sign * (n_samples if fields["reduction"] == "sum" else 1.0)


def _fold(fields, inside, constant):
    """Put the constant feature's column first or last, where the fields ask for it."""
    if fields["intercept"] == "first":
        return np.column_stack([constant, inside])
    if fields["intercept"] == "last":
        return np.column_stack([inside, constant])
    return inside


def weights(fields, coef, intercept):
    rows = _fold(fields, coef, intercept)
    return np.array(rows.T if fields["weights"] == "features_by_classes" else rows)


def bias(fields, intercept):
    if fields["intercept"] != "separate":
        return None
    return intercept[:, None] if fields["samples"] == "columns" else intercept


def samples(fields, X):
    rows = _fold(fields, X, np.ones(len(X), dtype=X.dtype))
    return np.array(rows.T if fields["samples"] == "columns" else rows)


def by_sample(fields, rows):
    """An (n, K) array, as (K, n) where samples are columns."""
    return np.array(rows.T if fields["samples"] == "columns" else rows)


def labels(fields, codes, n_classes):
    return codes if fields["labels"] == "index" else by_sample(fields, np.eye(n_classes)[codes])


def order(fields, n_classes, n_features):
    """Canonical position k * (d + 1) + j (the intercept has j = d) of every entry of the flat gradient."""
    positions = np.arange(n_classes * (n_features + 1)).reshape(n_classes, n_features + 1)
    inside, constant = positions[:, :-1], positions[:, -1]
    flat = list(weights(fields, inside, constant).ravel())
    return np.array(flat + (list(constant) if fields["intercept"] == "separate" else []))
