"""What the metrics need to know of each row, however many classes there are."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowFacts"]

Array = NDArray[Any]


@dataclass(frozen=True)
class RowFacts:
    """Five numbers a row, 40 bytes.

    Attributes
    ----------
    codes, guesses : ndarray of shape (n,)
        The true class and the likeliest one.
    tops : ndarray of shape (n,)
        The likeliest class's probability.
    losses : ndarray of shape (n,)
        Minus the log of the true class's probability, in nats; that is taken to be at least the type's epsilon, as
        scikit-learn's log_loss does.
    distances : ndarray of shape (n,)
        The squared distance of the probabilities from the true class's, in [0, 2].
    """

    codes: Array
    guesses: Array
    tops: Array
    losses: Array
    distances: Array

    @classmethod
    def of(cls, codes: Array, proba: Array) -> "RowFacts":
        """The facts of rows with true classes `codes` (n,), as columns of `proba` (n, n_classes)."""
        own = np.take_along_axis(proba, codes[:, None], axis=1)[:, 0]
        losses = -np.log(np.clip(own, np.finfo(proba.dtype).eps, 1))
        distances = (proba.astype(np.float64) ** 2).sum(axis=1) - 2 * own + 1
        return cls(codes, proba.argmax(axis=1), proba.max(axis=1), losses, distances)

    @classmethod
    def of_one_guess(cls, codes: Array, proba: Array) -> "RowFacts":
        """The facts where every row is given the same probabilities (n_classes,)."""
        each = cls.of(np.arange(len(proba)), np.tile(proba, (len(proba), 1)))
        return cls(codes, *(getattr(each, field.name)[codes] for field in fields(cls)[1:]))

    @classmethod
    def joined(cls, parts: Sequence["RowFacts"]) -> "RowFacts":
        """The facts of all parts' rows, one part after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))
