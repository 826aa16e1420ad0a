"""StreamedRows: rows on disk with what a fit and its user need to know of them beside the numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from softgrad.jsonvalues import digest
from softgrad.rows.blocked import BlockwiseRows
from softgrad.rows.stream import Reading, StreamEngine
from softgrad.streaming.labelled import Fold, LabelledBlocks
from softgrad.table.columns import Columns

if TYPE_CHECKING:
    from softgrad.streaming.census import Census

__all__ = ["Opened", "StreamedRows"]


@dataclass(frozen=True)
class Opened:
    """What has been opened.

    Attributes
    ----------
    blocks : LabelledBlocks
    classes : ndarray of shape (n_classes,)
    census : Census or None
        None for an array.
    memory_limit : float
        In bytes.
    folder : Path or None
        Where spilled logits go; None is the system's folder for temporary files.
    digest : str
        Of what the first pass has found in the data.
    constant : frozenset of int
        The features that are the same in all rows.
    target_type : pyarrow.DataType or None
        Of the target's column; None for an array.
    """

    blocks: LabelledBlocks
    classes: NDArray[Any]
    census: "Census | None"
    memory_limit: float
    folder: Path | None
    digest: str
    constant: frozenset[int] = frozenset()
    target_type: Any = None


class StreamedRows(BlockwiseRows):
    """Rows on disk; see :func:`softgrad.open_rows`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened, self.classes = opened, opened.classes
        self._stream = StreamEngine(opened.blocks, opened.memory_limit, opened.folder)
        super().__init__(self._stream, opened.blocks.census())

    @property
    def columns(self) -> Columns | None:
        """What each column of the table is; None for an array."""
        return None if self.opened.census is None else self.opened.census.columns

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """One for each feature; None for an array."""
        return None if self.columns is None else self.columns.encoded_names

    def is_constant(self, j: int) -> bool:
        """Whether all entries of a column are equal."""
        return j in self.opened.constant

    def weighted(self, factors: NDArray[np.float64]) -> "StreamedRows":
        """The same rows, their weights times their class's factor, (n_classes,)."""
        return self._with(factors=factors)

    def folded(self, fold: Fold) -> "StreamedRows":
        """The same rows, of which those of a fold count."""
        return self._with(fold=fold)

    def watched(self, watch: Callable[[Reading], Any] | None) -> Self:
        """These rows; `watch` is called after each block that is read."""
        self._stream.watch = watch
        return self

    def blocks_of_features(self) -> Iterator[NDArray[Any]]:
        """The features of all rows, block by block."""
        return self.opened.blocks.matrices.blocks(self.opened.blocks.block_rows)

    @property
    def fingerprint(self) -> str:
        """The same for the same data, weights and blocks: with it sums are the same to the last bit."""
        blocks = self.opened.blocks
        factors = None if blocks.factors is None else blocks.factors.tolist()
        fold = None if blocks.fold is None else [blocks.fold.share, blocks.fold.seed, blocks.fold.held_out]
        parts = [self.opened.digest, blocks.block_rows, self.logits_are, factors, fold]
        return digest(parts)

    def _with(self, **changes: Any) -> "StreamedRows":
        opened = replace(self.opened, blocks=replace(self.opened.blocks, **changes))
        return StreamedRows(opened).watched(self._stream.watch)
