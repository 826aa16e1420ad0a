"""The estimator's door for Dask collections: labels as users have them, coded by the workers; predictions put off.

Only what a partition's labels are goes to the client, once a label, so that the classes can be told; everything else
stays where it is. Dask is not imported before a collection was given.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted, validate_data

from softgrad.labels import Labels, as_array, check_labels, check_row_weights, of_one_kind
from softgrad.maths.cross_entropy import check_weights
from softgrad.rows.blocked import BlockwiseRows
from softgrad.rows.cluster import Part
from softgrad.rows.dask import connected, gathered, read
from softgrad.rows.partitions import Partitions, aligned, postponed
from softgrad.rows.wrap import check_present

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Rows on a cluster with the users' classes.

    Attributes
    ----------
    classes : ndarray of shape (K,)
    present : ndarray of int
        Which of them have weight; the rows' codes count these.
    rows : BlockwiseRows
    """

    classes: Array
    present: Array
    rows: BlockwiseRows


def check_columns(estimator: Any, X: Any, *, reset: bool) -> None:
    """Remember the columns of the collection (`reset`), or compare them with those seen in fit.

    Raises
    ------
    ValueError
    """
    like = X._meta if hasattr(X, "columns") else np.empty((0, X.shape[1]))
    validate_data(estimator, X=like, y="no_validation", reset=reset, skip_check_array=True)


def labelled(X: Any, y: Any, sample_weight: Any, classes: Any, class_weight: Any) -> LazyRows:
    """The rows of the collections, labels of any kind made into codes.

    Raises
    ------
    ImportError, ValueError, RuntimeError
        As :func:`softgrad.rows.dask.dask_rows` and :func:`softgrad.labels.check_labels`.
    """
    client = connected(None)
    partitions = aligned(X, y, sample_weight)
    seen = gathered(client, [postponed(_seen, part) for part in partitions.labels])
    lengths = [found.n_rows for found in seen]
    named = [found for found in seen if found.n_rows]
    if named and named[0].labels.ndim == 2:
        return _soft(client, partitions, lengths, named[0].labels, classes, class_weight)
    labels, totals = _merged(named, classes)
    factors = _factors(labels, totals, class_weight)
    kept = np.flatnonzero(totals * factors > 0)
    check_present(kept, len(labels.classes))
    weighted = sample_weight is not None or class_weight is not None
    coding = Coding(labels.classes[kept], factors[kept], weighted=weighted)
    parts = [postponed(coding, part) for part in partitions.parts]
    return LazyRows(labels.classes, kept, read(client, replace(partitions, parts=parts), lengths, len(kept)))


@dataclass(frozen=True, eq=False)
class Seen:
    """The labels of a partition, each once, and their weights; or one row of soft labels."""

    n_rows: int
    labels: Array
    weights: Array


def _seen(part: Part) -> Seen:
    _, labels, weights = part
    values = as_array(labels, "y")
    if values.ndim == 2 and values.shape[1] > 1:
        return Seen(len(values), values[:1], np.ones(1))
    values = of_one_kind(values.ravel())
    given = check_weights(None if weights is None else as_array(weights, "sample_weight"), len(values))
    found, codes = np.unique(values, return_inverse=True)
    return Seen(len(values), found, np.bincount(codes, given, minlength=len(found)).astype(np.float64))


def _merged(seen: list[Seen], classes: Any) -> tuple[Labels, Array]:
    """The classes of all partitions, and the weight of each."""
    if not seen:
        raise ValueError("the collections hold no row; pass at least one.")
    names = of_one_kind(np.concatenate([found.labels for found in seen]))
    labels = check_labels(names, classes, len(names))
    weights = np.concatenate([found.weights for found in seen])
    return labels, np.bincount(labels.targets, weights, minlength=len(labels.classes))


def _factors(labels: Labels, totals: Array, class_weight: Any) -> Array:
    """The factor of each class's weights, (K,), as one row a class of the class's weight would get it."""
    each = Labels(labels.classes, np.arange(len(labels.classes)))
    weights = check_row_weights(each, totals, class_weight)
    assert weights is not None
    return np.asarray(np.where(totals > 0, weights / np.where(totals > 0, totals, 1), 0.0))


def _soft(
    client: Any, partitions: Partitions, lengths: list[int], row: Array, classes: Any, class_weight: Any
) -> LazyRows:
    labels = check_labels(row, classes, 1)
    check_row_weights(labels, None, class_weight)
    every = np.arange(len(labels.classes))
    return LazyRows(labels.classes, every, read(client, partitions, lengths, len(every)))


@dataclass(frozen=True, eq=False)
class Coding:
    """Puts codes and weights in the place of a partition's labels and weights.

    Attributes
    ----------
    classes, factors : ndarray
        The classes that have weight, and the factor of each; rows of others get weight zero.
    weighted : bool
        Whether weights are made at all.
    """

    classes: Array
    factors: Array
    weighted: bool

    def __call__(self, part: Part) -> Part:
        X, labels, weights = part
        found, codes = np.unique(of_one_kind(as_array(labels, "y").ravel()), return_inverse=True)
        places = {label: place for place, label in enumerate(self.classes.tolist())}
        own = np.array([places.get(label, -1) for label in found.tolist()], dtype=np.int64)[codes]
        if not self.weighted:
            return X, own, None
        given = np.ones(len(own)) if weights is None else as_array(weights, "sample_weight")
        return X, np.maximum(own, 0), np.where(own < 0, 0.0, given * self.factors[own])


# ------------------------------------------------------------------------------------------------ predictions


def predicted(model: Any, method: str, X: Any) -> Any:
    """What ``model.method`` returns for each partition, as a dask.array that has not been computed.

    Raises
    ------
    ValueError
        If X does not have the columns that were fitted.
    """
    import dask.array

    check_is_fitted(model)
    check_columns(model, X, reset=False)
    partitions, chunks = _rows_of(X)
    like = _ask(model, method, _one_row(X))
    shared = postponed(_same, model)
    pieces = [
        dask.array.from_delayed(
            postponed(_ask, shared, method, part), shape=(size, *like.shape[1:]), dtype=like.dtype
        )
        for part, size in zip(partitions, chunks, strict=True)
    ]
    return dask.array.concatenate(pieces)


def accuracy(model: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """The weighted share of rows whose likeliest class is their label, in one round.

    Raises
    ------
    ImportError, ValueError, RuntimeError
        As :func:`labelled`.
    """
    client = connected(None)
    check_is_fitted(model)
    check_columns(model, X, reset=False)
    shared = postponed(_same, model)
    calls = [postponed(_right, shared, part) for part in aligned(X, y, sample_weight).parts]
    right, total = np.sum(gathered(client, calls), axis=0)
    return float(right / total)


def _rows_of(X: Any) -> tuple[list[Any], list[float]]:
    """X's partitions, and how many rows each has, nan where that is not known."""
    if hasattr(X, "columns"):
        return list(X.to_delayed()), [np.nan] * X.npartitions
    X = X.rechunk({1: -1}) if X.numblocks[1] > 1 else X
    return list(X.to_delayed().ravel()), list(X.chunks[0])


def _one_row(X: Any) -> Any:
    return X._meta_nonempty.iloc[:1] if hasattr(X, "columns") else np.zeros((1, X.shape[1]), X.dtype)


def _ask(model: Any, method: str, part: Any) -> Array:
    if part.shape[0]:
        return np.asarray(getattr(model, method)(part))
    like = _ask(model, method, np.zeros((1, part.shape[1])))
    return like[:0]


def _right(model: Any, part: Part) -> tuple[float, float]:
    X, y, sample_weight = part
    if not len(y):
        return 0.0, 0.0
    given = None if sample_weight is None else as_array(sample_weight, "sample_weight")
    total = float(len(y) if given is None else given.sum())
    return model.score(X, y, sample_weight=given) * total if total else 0.0, total


def _same(model: Any) -> Any:
    return model
