"""What a pass asks of each block, and how a block of rows in memory answers: its part of every sum.

A block knows nothing of the others, so its answers are sums with its rows' weights as they were given; whoever adds
them up divides by the weight of all. A :class:`Question` is small (a few K x d arrays), can be sent anywhere, and
names all arrays that may stay on the shelf, so that no further message ever has to clear it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels import passes
from softgrad.maths.margins import margin_shares
from softgrad.rows.base import Meter
from softgrad.rows.draw import thinned
from softgrad.rows.kept import KeptDirection, KeptPoint
from softgrad.rows.memory import MemoryRows
from softgrad.rows.shelf import Key, Leaf, Logits, Shelf

Array = npt.NDArray[Any]
Answer = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Question:
    """One sum over the rows.

    Attributes
    ----------
    ask : callable
        One of the functions below: ``ask(seen, *given)`` is the tuple of a block's parts.
    given : tuple
        Its further arguments.
    at : Logits or None
        The point that it is asked at.
    kept : frozenset of Key
        What may be on the shelf when it is answered; everything else goes.
    reads : bool
        Whether X is read even where all logits that it needs are on the shelf.
    fraction : float
        Of the rows, a fixed pseudo-random share, below 1 for a subset.
    """

    ask: Callable[..., Answer]
    given: tuple[Any, ...] = ()
    at: Logits | None = None
    kept: frozenset[Key] = frozenset()
    reads: bool = True
    fraction: float = 1.0


class WorkMeter(Meter):
    """Counts the flop of one answer, and one read of X at least where X is read at all."""

    def __init__(self, flop_per_pass: float) -> None:
        super().__init__(flop_per_pass)
        self.flop, self.has_read = 0.0, False

    def add(self, *, flop: float, reads: float) -> None:
        self.flop += flop
        self.has_read = self.has_read or reads > 0

    @property
    def work(self) -> float:
        """In flop."""
        return max(self.flop, self.flop_per_pass if self.has_read else 0.0)


@dataclass(frozen=True, eq=False)
class Seen:
    """A block as a question sees it."""

    rows: MemoryRows
    shelf: Shelf
    question: Question

    def logits(self, wanted: Logits) -> Array:
        """(K, n), from the shelf where it holds or may hold all of it, else in one read of X. Not to be written to."""
        keys = [Key(leaf.key) for _, leaf in wanted.terms]
        if any(self.shelf.get(key) is None and key not in self.question.kept for key in keys):
            return self.rows.forward(wanted.coef, wanted.intercept)
        result = None
        for factor, leaf in wanted.terms:
            part = self._leaf(leaf)
            part = part if factor == 1 else factor * part
            result = part if result is None else result + part
        assert result is not None
        return result if wanted.shift is None else result + wanted.shift[:, None]

    def _leaf(self, leaf: Leaf) -> Array:
        key = Key(leaf.key)
        logits = self.shelf.get(key)
        if logits is None:
            logits = self.rows.forward(leaf.coef, leaf.intercept)
            self.put(key, logits)
        return logits

    def put(self, key: Key, values: Array) -> None:
        """Onto the shelf, where it may stay."""
        if key in self.question.kept:
            self.shelf.put(key, values)

    @property
    def by_logits(self) -> KeptPoint:
        """The block's part of the point that is asked about, from its logits."""
        at = self._place
        return KeptPoint(self.rows, at.coef, at.intercept, self.logits(at))

    @property
    def by_proba(self) -> KeptPoint:
        """The same from its probabilities, for sums that need nothing else."""
        at = self._place
        only = at.only_leaf
        proba = None if only is None else self.shelf.get(Key(only, proba=True))
        if proba is None:
            proba = passes.proba(self.logits(at))
            if only is not None:
                self.put(Key(only, proba=True), proba)
        return KeptPoint(self.rows, at.coef, at.intercept, None, proba=proba)

    @property
    def _place(self) -> Logits:
        assert self.question.at is not None
        return self.question.at


def answer(rows: MemoryRows, shelf: Shelf, question: Question, number: int = 0) -> Answer | None:
    """The block's part of the sum, weights as given; its work in flop before all others.

    Parameters
    ----------
    rows : MemoryRows
        At least one row of positive weight. Where the question does not read X and the shelf holds all its leaves,
        rows of the same labels and weights without columns do.
    shelf : Shelf
        The block's own.
    question : Question
    number : int, default 0
        Which block of its source it is; tells the blocks' random draws apart.

    Returns
    -------
    tuple, or None where a subset leaves no row of the block
    """
    shelf.keep(question.kept)
    flop_per_pass = rows.meter.flop_per_pass
    if question.fraction < 1:
        chosen = thinned(rows, question.fraction, number)
        if chosen is None:
            return None
        flop_per_pass *= chosen.n_rows / rows.n_rows
        rows = chosen
    meter = rows.meter = WorkMeter(flop_per_pass)
    parts = question.ask(Seen(rows, shelf, question), *question.given)
    return meter.work, *(rows.weight_sum * part for part in parts)


# ------------------------------------------------------------------------------------------ what can be asked


def loss_and_gradient(seen: Seen, leaf: Leaf) -> Answer:
    """Loss, by coef and by intercept at the leaf, whose logits are then put on the shelf."""
    if Key(leaf.key) not in seen.question.kept:
        return seen.rows.loss_and_gradient(leaf.coef, leaf.intercept)
    point = seen.rows.at(leaf.coef, leaf.intercept)
    seen.put(Key(leaf.key), point.logits)
    return point.loss, point.grad_coef, point.grad_intercept


def loss(seen: Seen) -> Answer:
    """Loss and its gradient by intercept."""
    point = seen.by_logits
    return point.loss, point.grad_intercept


def gradient(seen: Seen) -> Answer:
    """By coef."""
    return (seen.by_logits.grad_coef,)


def product(seen: Seen, coef: Array, intercept: Array) -> Answer:
    """Hessian times (coef, intercept): by coef and by intercept."""
    by_coef, by_intercept, _ = seen.by_proba.product(coef, intercept)
    return by_coef, by_intercept


def along(seen: Seen, direction: Logits, steps: Array) -> Answer:
    """Losses and slopes at each of the steps."""
    change = KeptDirection(direction.coef, direction.intercept, seen.logits(direction))
    return seen.by_logits.along(change, steps)


def intercept_system(seen: Seen) -> Answer:
    """Gradient and Hessian by intercept."""
    return seen.by_logits.intercept_system()


def hessian(seen: Seen) -> Answer:
    """(P, P)."""
    return (seen.by_proba.hessian(),)


def class_grams(seen: Seen, negligible: float) -> Answer:
    """(K, d + 1, d + 1)."""
    return (np.stack(list(seen.by_proba.class_grams(negligible))),)


def gram(seen: Seen) -> Answer:
    """(d + 1, d + 1)."""
    return (seen.by_proba.gram(),)


def diagonal(seen: Seen) -> Answer:
    """(K, d + 1)."""
    return (seen.by_proba.diagonal(),)


def unseparated(seen: Seen) -> Answer:
    """One where the block's rows are not all on their label's side, else zero."""
    return (float(not seen.by_proba.separates()),)


def margins(seen: Seen, direction: Logits, slack: float) -> Answer:
    """(3, K, K)."""
    change = seen.logits(direction)
    return (margin_shares(change, seen.rows.targets, seen.rows.shares, slack),)


def means(seen: Seen) -> Answer:
    """Of the columns."""
    return (seen.rows.means(),)


def variances(seen: Seen, means: Array) -> Answer:
    """Of the columns, about the means given."""
    return (seen.rows.variances(means),)
