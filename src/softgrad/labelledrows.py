"""The estimator's door for rows that are not in memory but know their labels: `softgrad.open_rows` gives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from softgrad.labels import Labels, class_factors, declared, refuse_unknown
from softgrad.rows.base import Rows
from softgrad.rows.wrap import as_given

Array = npt.NDArray[Any]

__all__ = ["KnownRows", "LabelledRows", "blocks_of", "check_rows"]


class LabelledRows(Rows, Protocol):
    """Rows that the estimator fits."""

    @property
    def classes(self) -> Array:
        """(K,): the labels, in the order of the codes."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...] | None: ...

    @property
    def fingerprint(self) -> str:
        """The same for the same data in the same blocks."""
        ...

    def weighted(self, factors: Array) -> Self:
        """The same rows, their weights times their class's factor, (K,)."""
        ...


@dataclass(frozen=True)
class KnownRows:
    """Rows for a fit, which of all the classes theirs are, and all the classes that there may be."""

    rows: LabelledRows
    present: Array
    classes: Array


def check_rows(X: Any, y: Any, sample_weight: Any, classes: Any, class_weight: Any) -> KnownRows:
    """The rows with the class weights in them, and their labels among those that there may be.

    Raises
    ------
    ValueError
        If the rows have no labels, y or weights are given beside them, or a label is not among `classes`.
    """
    as_given(X, y, sample_weight)
    if not hasattr(X, "classes"):
        raise ValueError(
            f"X is a {type(X).__name__}, whose rows have codes but no labels; pass what softgrad.open_rows returns, or "
            "fit it with softgrad.fit(rows, None, alpha=...)."
        )
    rows: LabelledRows = X
    found = np.asarray(rows.classes)
    if class_weight is not None:
        own = Labels(found, np.arange(len(found)))
        rows = rows.weighted(class_factors(own, class_weight, rows.class_weights))
    if classes is None:
        return KnownRows(rows, np.arange(len(found)), found)
    named = declared(classes)
    refuse_unknown(found, named)
    places = {label: place for place, label in enumerate(named.tolist())}
    return KnownRows(rows, np.array([places[label] for label in found.tolist()], dtype=np.intp), named)


def blocks_of(X: Any, n_features: int, names: Array | None) -> Iterator[Array]:
    """The features of rows, block by block.

    Raises
    ------
    ValueError
        If they do not offer them, or are not those that were fitted.
    """
    if not hasattr(X, "blocks_of_features"):
        raise ValueError(
            f"X is a {type(X).__name__}, which gives no rows; pass what softgrad.open_rows returns."
        )
    theirs = X.feature_names
    known = theirs is not None and names is not None
    if X.n_features != n_features or (known and list(theirs) != list(names)):  # type: ignore[arg-type]
        raise ValueError(
            f"X has {X.n_features} features{_listed(theirs)}, but the fit had {n_features}{_listed(names)}; "
            "open the rows with the same columns and categories."
        )
    blocks: Iterator[Array] = X.blocks_of_features()
    return blocks


def _listed(names: Any) -> str:
    return "" if names is None else f" ({', '.join(map(repr, list(names)[:5]))}, ...)"
