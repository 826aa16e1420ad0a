"""Drawing from rows that come in blocks: each block's census, samples stratified by class, fixed shares of the rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from softgrad.rows.dense import DenseRows
from softgrad.rows.memory import MemoryRows, quotas
from softgrad.rows.sparse import SparseRows

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Census:
    """What a source knows of one block.

    Attributes
    ----------
    n_rows, n_stored : int
        Rows, and stored entries of X.
    weight : float
    class_weights : ndarray of shape (K,)
    members, member_weights : ndarray of shape (K,)
        Rows of weight by their likeliest label, and their weight.
    """

    n_rows: int
    n_stored: int
    weight: float
    class_weights: Array
    members: Array
    member_weights: Array

    @classmethod
    def of(cls, rows: MemoryRows) -> "Census":
        members = [rows.members(k) for k in range(rows.n_classes)]
        return cls(
            rows.n_rows,
            rows.n_stored(),
            rows.weight_sum,
            rows.class_weights,
            np.array([len(those) for those in members]),
            np.array([rows.weights[those].sum() for those in members]),
        )


@dataclass(frozen=True, eq=False)
class TakeCensus:
    """Asks each block for the :class:`Census` of its share of a subset."""

    fraction: float = 1.0

    def __call__(self, rows: MemoryRows, number: int) -> Census | None:
        part = thinned(rows, self.fraction, number)
        return None if part is None else Census.of(part)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A block's rows of a sample."""

    X: Any
    targets: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class Draw:
    """Asks each block for its rows of a sample.

    Attributes
    ----------
    counts : ndarray of shape (blocks, K)
        How many of each stratum.
    seed : int
    fraction : float
        Of the rows, as :class:`softgrad.rows.question.Question` has it.
    """

    counts: Array
    seed: int
    fraction: float = 1.0

    def __call__(self, rows: MemoryRows, number: int) -> Drawn | None:
        part = thinned(rows, self.fraction, number)
        if part is None or not self.counts[number].any():
            return None
        rng = np.random.default_rng([number, 0, self.seed])
        taken = [
            rng.choice(part.members(k), count, replace=False) for k, count in enumerate(self.counts[number])
        ]
        chosen = np.sort(np.concatenate(taken))
        return Drawn(part.X[chosen], part.targets[chosen], part.weights[chosen])


def thinned(rows: MemoryRows, fraction: float, number: int) -> MemoryRows | None:
    """The rows that a subset has of block `number`; those of a smaller fraction are among those of a larger one."""
    if fraction == 1:
        return rows
    chosen = np.flatnonzero(np.random.default_rng([number, 1]).random(rows.n_rows) < fraction)
    weights = rows.weights[chosen]
    return rows.take(chosen, weights) if weights.any() else None


def shared_out(census: list[Census], size: int, seed: int) -> Array:
    """How many rows of each stratum each block gives to a sample of about `size`, (blocks, K).

    The strata's quotas are those of a sample in memory; blocks give in proportion to their members, rounded from a
    random start, so that every row of a stratum is as likely as any other.
    """
    members = np.array([block.members for block in census])
    among = np.cumsum(members, axis=0)
    wanted = np.array(quotas(size, among[-1].tolist()))
    start = np.random.default_rng(seed).random(len(wanted))
    upto = np.floor(wanted * (among / np.maximum(among[-1], 1)) + start).astype(np.int64)
    return np.asarray(np.minimum(np.diff(upto, axis=0, prepend=0), members))


def joined(parts: list[Drawn], n_classes: int, totals: Array) -> DenseRows | SparseRows:
    """One sample of the blocks' rows, its weights restored to the strata's totals (K,)."""
    X: Any = [part.X for part in parts]
    targets = np.concatenate([part.targets for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    strata = targets if targets.ndim == 1 else targets.argmax(axis=1)
    drawn = np.bincount(strata, weights, minlength=n_classes)
    restored = weights * (totals / np.where(drawn > 0, drawn, 1))[strata]
    if scipy.sparse.issparse(X[0]):
        return SparseRows(scipy.sparse.csr_array(scipy.sparse.vstack(X)), targets, n_classes, restored)
    return DenseRows(np.concatenate(X), targets, n_classes, restored)
