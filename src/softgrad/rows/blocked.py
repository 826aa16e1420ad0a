"""BlockwiseRows: rows in blocks that are never in one place; each sum is one question to all of them.

It knows no row: an :class:`Engine` puts a question to every block and adds up the answers, on this machine or on
many (:mod:`softgrad.rows.question` is what a block does). What a pass sends out are the few K x d arrays of a
:class:`softgrad.rows.question.Question`, what comes back is the sum.

Points and directions hold no logits but say which the blocks need (:class:`softgrad.rows.shelf.Logits`), so that
`direction`, `toward`, `move` and `shift` ask nothing; the first sum that needs a direction's logits has the blocks
compute them in the same round and keep them. `LOGITS` arrays (K, n) stay on the shelves, those used last, and one of
probabilities. A block that has lost them, with its machine, computes them anew from the coefficients in the question.

Rounds (questions), with logits kept: at 1; grad_coef after a move 1; product 1; along 1 for all its steps; loss and
grad_intercept 1 for both; intercept_system, hessian, class_grams, gram, diagonal, separates, margins 1 each; moments 2;
samples 1 for the first of a seed, none for later ones that are no larger.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import count
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from softgrad.rows import question as ask
from softgrad.rows.base import LogitsAre, Meter, Rows
from softgrad.rows.blocked_point import BlockwisePoint
from softgrad.rows.draw import Census, Draw, Gathered, TakeCensus
from softgrad.rows.memory import MemoryRows
from softgrad.rows.question import Question
from softgrad.rows.shelf import Key, Leaf, Logits
from softgrad.rows.tree import Term

Array = npt.NDArray[Any]
T = TypeVar("T")

LOGITS = 3
"""Arrays of logits kept: the place, the one before it, and the direction between them."""

SAMPLED_SHARE, SAMPLED_ENTRIES = 16, 2**22
"""A sample gathered is at least one row in so many, for those that will be asked for later, and at most so many
entries of X (32 MB)."""


class Engine(Protocol):
    """Where the blocks are, and who asks them.

    Blocks have numbers 0, 1, ... in a fixed order. Blocks without a row of positive weight answer None.
    """

    @property
    def n_features(self) -> int: ...
    @property
    def n_classes(self) -> int: ...

    @property
    def logits_are(self) -> LogitsAre:
        """Where it says recomputed, nothing is ever put on the shelves."""
        ...

    def sums(self, question: Question) -> Term:
        """The blocks' answers (:func:`softgrad.rows.question.answer`) added up in the order of
        :mod:`softgrad.rows.tree`; None where all are.
        """
        ...

    def each(self, task: Callable[[MemoryRows, int], T | None]) -> list[T | None]:
        """``task(rows, number)`` of each block in order."""
        ...


class BlockwiseRows:
    """See :class:`softgrad.rows.base.Rows`.

    Parameters
    ----------
    engine : Engine
    census : list of Census or None, optional
        One a block; asked for where not given.
    meter : Meter, optional
        Of the source that this is a part of, or that the engine counts with too.
    keys : iterator of int, optional
        Of the source that this is a part of.
    fraction : float, default 1.0
        Of the rows, for a subset.

    Raises
    ------
    ValueError
        If no row has weight.
    """

    def __init__(
        self,
        engine: Engine,
        census: list[Census | None] | None = None,
        *,
        meter: Meter | None = None,
        keys: Iterator[int] | None = None,
        fraction: float = 1.0,
    ) -> None:
        self.engine, self._fraction = engine, fraction
        blocks = engine.each(TakeCensus(fraction)) if census is None else census
        nothing = np.zeros(engine.n_classes)
        none = Census(0, 0, 0.0, nothing, nothing.astype(np.int64), nothing)
        self._census = [none if block is None else block for block in blocks]
        self.n_rows = sum(block.n_rows for block in self._census)
        self.weight_sum = float(sum(block.weight for block in self._census))
        if not self.weight_sum > 0:
            raise ValueError("all sample weights are zero; give at least one row a positive weight.")
        stored = sum(block.n_stored for block in self._census)
        self.meter = Meter(4.0 * stored * engine.n_classes) if meter is None else meter
        self._keys = count() if keys is None else keys
        self._kept: OrderedDict[Key, bool] = OrderedDict()
        self._gathered: dict[int, Gathered] = {}

    @property
    def n_features(self) -> int:
        return self.engine.n_features

    @property
    def n_classes(self) -> int:
        return self.engine.n_classes

    @cached_property
    def class_weights(self) -> Array:
        return np.asarray(sum(block.class_weights for block in self._census))

    @property
    def logits_are(self) -> LogitsAre:
        return self.engine.logits_are

    def at(self, coef: Array, intercept: Array) -> BlockwisePoint:
        leaf = self.leaf(coef, intercept)
        self._hold(Key(leaf.key), LOGITS)
        loss, by_coef, by_intercept = self.sums(ask.loss_and_gradient, leaf)
        self._fill(leaf.key)
        return BlockwisePoint(self, Logits.of(leaf), (float(loss), by_coef, by_intercept))

    def moments(self) -> tuple[Array, Array]:
        (means,) = self.sums(ask.means)
        (variances,) = self.sums(ask.variances, means)
        return means, np.sqrt(variances)

    def sample(self, size: int, seed: int) -> Rows:
        """The sample that the same rows in memory would give; at most `SAMPLED_ENTRIES` large."""
        largest = max(SAMPLED_ENTRIES // max(self.n_features, 1), 16 * self.n_classes)
        size = min(size, largest)
        if seed not in self._gathered or self._gathered[seed].size < size:
            self._gathered[seed] = self._gather(min(max(size, self.n_rows // SAMPLED_SHARE), largest), seed)
        part = self._gathered[seed].rows(size, self.n_classes)
        part.counted_with(self.meter, part.n_rows / self.n_rows)
        return part

    def subset(self, fraction: float) -> "BlockwiseRows":
        if not 0 < fraction <= 1:
            raise ValueError(f"a subset of fraction {fraction} was asked for; it must be in (0, 1].")
        smaller = fraction * self._fraction
        return BlockwiseRows(self.engine, meter=self.meter, keys=self._keys, fraction=smaller)

    # ------------------------------------------------------------------------------------ for its points

    def leaf(self, coef: Array, intercept: Array) -> Leaf:
        """New parameters whose logits can be kept."""
        return Leaf(next(self._keys), coef, intercept)

    def sums(
        self, what: Callable[..., Any], *given: Any, at: Logits | None = None, reads: bool = True
    ) -> tuple[Any, ...]:
        """One round: means over all rows of what the blocks answer."""
        question = Question(what, given, at, frozenset(self._kept), reads, self._fraction)
        term = self.engine.sums(question)
        assert term is not None
        work, *parts = term
        self.meter.add(flop=float(work), reads=0.0)
        return tuple(part / self.weight_sum for part in parts)

    def followed(self, what: Callable[..., Any], at: Logits, *given: Any, reads: bool = False) -> Any:
        """One round about a place, whose logits, and those of the directions given, are kept from then on.

        Asked with `reads` where X is needed even if all of them are kept already.
        """
        places = [at, *(part for part in given if isinstance(part, Logits))]
        keys = [Key(leaf.key) for place in places for _, leaf in place.terms]
        for key in keys:
            self._hold(key, LOGITS)
        missing = not all(self._kept.get(key, False) for key in keys)
        result = self.sums(what, *given, at=at, reads=reads or missing)
        for key in keys:
            self._fill(key.leaf)
        return result

    def hold_proba(self, at: Logits) -> None:
        """Several products are to come at this place: let its probabilities be kept."""
        if at.only_leaf is not None:
            self._hold(Key(at.only_leaf, proba=True), 1)

    def let_go(self, at: Logits) -> None:
        """The place's own logits are not needed any more."""
        if at.only_leaf is not None:
            self._kept.pop(Key(at.only_leaf), None)
            self._kept.pop(Key(at.only_leaf, proba=True), None)

    def _hold(self, key: Key, most: int) -> None:
        """Let the array be kept, instead of the one of its kind used longest ago where there are `most`."""
        if self.logits_are == "recomputed":
            return
        self._kept[key] = self._kept.pop(key, False)
        same = [other for other in self._kept if other.proba == key.proba]
        for old in same[:-most]:
            del self._kept[old]

    def _fill(self, leaf: int) -> None:
        """The blocks have the leaf's logits now."""
        if Key(leaf) in self._kept:
            self._kept[Key(leaf)] = True

    def _gather(self, size: int, seed: int) -> Gathered:
        members = np.array([block.members for block in self._census])
        drawn = self.engine.each(Draw(members, size, seed, self._fraction))
        self.meter.add(flop=0.0, reads=1.0)
        return Gathered.of([part for part in drawn if part is not None], size, self._census)
