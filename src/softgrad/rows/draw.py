"""Drawing from rows that come in blocks: each block's census, samples stratified by class, fixed shares of the rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from softgrad.rows.dense import DenseRows
from softgrad.rows.memory import MemoryRows
from softgrad.rows.sampling import distinct, quotas, restored
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
    """Rows of a sample, in order; `ranks` tells when each was drawn among those of its stratum."""

    X: Any
    targets: Array
    weights: Array
    ranks: Array

    @cached_property
    def strata(self) -> Array:
        """(n,)."""
        return self.targets if self.targets.ndim == 1 else self.targets.argmax(axis=1)

    def taken(self, chosen: Array) -> "Drawn":
        """Some of the rows."""
        return Drawn(self.X[chosen], self.targets[chosen], self.weights[chosen], self.ranks[chosen])


@dataclass(frozen=True, eq=False)
class Draw:
    """Asks each block for its rows of the sample that all rows together would give in memory.

    Attributes
    ----------
    members : ndarray of shape (blocks, K)
        As the blocks' :class:`Census` have them.
    size, seed : int
    fraction : float
        Of the rows, as :class:`softgrad.rows.question.Question` has it.
    """

    members: Array
    size: int
    seed: int
    fraction: float = 1.0

    @cached_property
    def _drawn(self) -> list[Array]:
        """Of each stratum, the numbers of its members in the order in which they are drawn."""
        totals = self.members.sum(axis=0).tolist()
        counts = enumerate(quotas(self.size, totals))
        return [distinct(totals[k], count, (self.seed, k)) for k, count in counts]

    def __call__(self, rows: MemoryRows, number: int) -> Drawn | None:
        part = thinned(rows, self.fraction, number)
        if part is None:
            return None
        before = self.members[:number].sum(axis=0)
        chosen, ranks = [], []
        for k, drawn in enumerate(self._drawn):
            local = drawn - before[k]
            own = np.flatnonzero((local >= 0) & (local < self.members[number, k]))
            chosen.append(part.members(k)[local[own]])
            ranks.append(own)
        places = np.concatenate(chosen)
        order = np.argsort(places)
        places, ranked = places[order], np.concatenate(ranks)[order]
        return (
            Drawn(part.X[places], part.targets[places], part.weights[places], ranked) if places.size else None
        )


@dataclass(frozen=True, eq=False)
class Gathered:
    """A sample in memory that smaller ones are taken from.

    Attributes
    ----------
    size : int
        What was asked for.
    drawn : Drawn
        Stratum by stratum, in the rows' order.
    members : list of int
        Rows of each stratum in the whole.
    totals : ndarray of shape (K,)
        Weight of each.
    """

    size: int
    drawn: Drawn
    members: list[int]
    totals: Array

    @classmethod
    def of(cls, parts: list[Drawn], size: int, census: list[Census]) -> "Gathered":
        """From the blocks' rows, in the blocks' order."""
        pieces: Any = [part.X for part in parts]
        sparse = scipy.sparse.issparse(pieces[0])
        X = scipy.sparse.csr_array(scipy.sparse.vstack(pieces)) if sparse else np.concatenate(pieces)
        rest = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("targets", "weights", "ranks")
        )
        drawn = Drawn(X, *rest)
        members = np.sum([block.members for block in census], axis=0).tolist()
        totals = np.sum([block.member_weights for block in census], axis=0)
        return cls(size, drawn.taken(np.argsort(drawn.strata, kind="stable")), members, totals)

    def rows(self, size: int, n_classes: int) -> DenseRows | SparseRows:
        """The sample of a size that is no larger than this one's."""
        counts = np.array(quotas(size, self.members))
        some = self.drawn.taken(np.flatnonzero(self.drawn.ranks < counts[self.drawn.strata]))
        weights = some.weights.copy()
        for k in np.unique(some.strata):
            weights[some.strata == k] = restored(some.weights[some.strata == k], self.totals[k])
        source = DenseRows if isinstance(some.X, np.ndarray) else SparseRows
        return source(some.X, some.targets, n_classes, weights)


def thinned(rows: MemoryRows, fraction: float, number: int) -> MemoryRows | None:
    """The rows that a subset has of block `number`; those of a smaller fraction are among those of a larger one."""
    if fraction == 1:
        return rows
    chosen = np.flatnonzero(np.random.default_rng([number, 1]).random(rows.n_rows) < fraction)
    weights = rows.weights[chosen]
    return rows.take(chosen, weights) if weights.any() else None
