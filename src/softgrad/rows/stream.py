"""StreamEngine: blocks that are read from disk at every pass, one after the other, while the next ones are read.

What is in memory: the block worked on, the one being read and those that wait (:mod:`softgrad.rows.readahead`), and
the logits where they are kept. They are kept in memory where all of them fit into `LOGITS_SHARE` of the limit; else
spilled to a file where reading them back costs less than reading the rows again; else computed anew.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from softgrad.rows.base import LogitsAre
from softgrad.rows.blocked import LOGITS
from softgrad.rows.dense import DenseRows
from softgrad.rows.memory import MemoryRows
from softgrad.rows.question import Question, answer
from softgrad.rows.readahead import read_ahead
from softgrad.rows.shelf import Key, Logits, MemoryShelf, NoShelf, Shelf
from softgrad.rows.spill import SpillFile, SpillShelf
from softgrad.rows.tree import Tally, Term

Array = npt.NDArray[Any]
T = TypeVar("T")

LOGITS_SHARE = 0.5
"""Of the memory limit: for the logits."""
BLOCK_SHARE, LARGEST_BLOCK = 1 / 32, 2**23
"""Of the memory limit, and bytes at most: for one block of X in float64. Some five of them are there at a time."""
FEWEST_ROWS = 64


class BlockSource(Protocol):
    """Rows on disk, in blocks of the same size but for the last."""

    @property
    def n_rows(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_classes(self) -> int: ...
    @property
    def block_rows(self) -> int: ...
    @property
    def row_bytes(self) -> float:
        """What reading a row reads."""
        ...

    def blocks(self, *, reads: bool) -> Iterator[DenseRows | None]:
        """The blocks in order, without columns unless `reads`; None where no row has weight.

        Raises
        ------
        ValueError, OSError
            Where a file is damaged or has changed.
        """
        ...


@dataclass(frozen=True)
class Reading:
    """How far a pass has come.

    Attributes
    ----------
    number : int
        Of the pass over the rows, from 1.
    rows, n_rows : int
    row_bytes : float
    """

    number: int
    rows: int
    n_rows: int
    row_bytes: float


def rows_per_block(n_features: int, memory_limit: float) -> int:
    """How many rows a block has."""
    size = min(memory_limit * BLOCK_SHARE, LARGEST_BLOCK)
    return max(int(size / (8 * max(n_features, 1))), FEWEST_ROWS)


def where_logits_are(source: BlockSource, memory_limit: float) -> LogitsAre:
    """Kept, spilled or recomputed, by the bytes of `LOGITS` arrays of logits and one of probabilities."""
    a_row = 8.0 * source.n_classes
    if (LOGITS + 1) * a_row * source.n_rows <= LOGITS_SHARE * memory_limit:
        return "kept"
    return "spilled" if a_row <= max(source.row_bytes, 8.0 * source.n_features) else "recomputed"


class StreamEngine:
    """See :class:`softgrad.rows.blocked.Engine`.

    Parameters
    ----------
    source : BlockSource
    memory_limit : float
        In bytes.
    folder : path, optional
        Where spilled logits go; the system's folder for temporary files where not given.

    Attributes
    ----------
    watch : callable or None
        Called with a :class:`Reading` after each block of a pass that reads X.
    """

    def __init__(self, source: BlockSource, memory_limit: float, folder: Path | None = None) -> None:
        self._source = source
        self.logits_are = where_logits_are(source, memory_limit)
        self._shelves = _shelves(source, self.logits_are, folder)
        self._without_weight: set[int] = set()
        self.watch: Callable[[Reading], Any] | None = None
        self._n_passes = 0

    @property
    def n_features(self) -> int:
        return self._source.n_features

    @property
    def n_classes(self) -> int:
        return self._source.n_classes

    def sums(self, question: Question) -> Term:
        tally = Tally()
        with closing(self._walk(reads=question.reads or not self._holds(question))) as walk:
            for rows, number in walk:
                tally.add(None if rows is None else answer(rows, self._shelves[number], question, number))
        return tally.total()

    def each(self, task: Callable[[MemoryRows, int], T | None]) -> list[T | None]:
        with closing(self._walk(reads=True)) as walk:
            return [None if rows is None else task(rows, number) for rows, number in walk]

    def _walk(self, *, reads: bool) -> Generator[tuple[DenseRows | None, int]]:
        self._n_passes += reads
        source, done = self._source, 0
        with read_ahead(source.blocks(reads=reads)) as blocks:
            for number, rows in enumerate(blocks):
                if rows is None:
                    self._without_weight.add(number)
                yield rows, number
                done = min(done + source.block_rows, source.n_rows)
                if self.watch is not None and reads:
                    self.watch(Reading(self._n_passes, done, source.n_rows, source.row_bytes))

    def _holds(self, question: Question) -> bool:
        """Whether the shelves have all logits that the question needs."""
        places = [part for part in (question.at, *question.given) if isinstance(part, Logits)]
        keys = {Key(leaf.key) for place in places for _, leaf in place.terms}
        shelves = [shelf for b, shelf in enumerate(self._shelves) if b not in self._without_weight]
        return all(shelf.get(key) is not None for shelf in shelves for key in keys)


def _shelves(source: BlockSource, logits_are: LogitsAre, folder: Path | None) -> list[Shelf]:
    n_blocks = -(-source.n_rows // source.block_rows)
    if logits_are == "kept":
        return [MemoryShelf() for _ in range(n_blocks)]
    if logits_are == "spilled":
        spill = SpillFile(folder, source.n_classes, source.block_rows)
        return [SpillShelf(spill, block) for block in range(n_blocks)]
    return [NoShelf() for _ in range(n_blocks)]


def without_columns(targets: Array, n_classes: int, weights: Array | None) -> DenseRows:
    """The labels and weights of a block."""
    return DenseRows(np.empty((len(targets), 0)), targets, n_classes, weights)
