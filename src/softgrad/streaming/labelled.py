"""LabelledBlocks: features with their labels and weights, as the engine of a stream takes them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.rows.dense import DenseRows
from softgrad.rows.draw import Census as BlockCensus
from softgrad.rows.flat import FlatFile
from softgrad.rows.stream import without_columns
from softgrad.streaming.matrices import Matrices

__all__ = ["Fold", "LabelledBlocks"]


@dataclass(frozen=True)
class Fold:
    """Which rows count: each is held out with probability `share`, as `seed` and its place decide.

    Attributes
    ----------
    share : float
    seed : int
    held_out : bool
        Whether the rows held out are those that count, or the others.
    """

    share: float
    seed: int
    held_out: bool

    def mask(self, n_rows: int, block: int) -> NDArray[np.bool_]:
        """Of the rows of a block."""
        chosen = np.random.default_rng([self.seed, block]).random(n_rows) < self.share
        return chosen if self.held_out else ~chosen


@dataclass(frozen=True)
class LabelledBlocks:
    """See :class:`softgrad.rows.stream.BlockSource`.

    Attributes
    ----------
    matrices : Matrices
    codes : FlatFile
        The rows' classes, as indices.
    weights : FlatFile or None
        None where all rows count one.
    n_rows, n_classes, block_rows : int
    factors : ndarray of shape (n_classes,), or None
        The classes' weights.
    fold : Fold or None
    """

    matrices: Matrices
    codes: FlatFile
    weights: FlatFile | None
    n_rows: int
    n_classes: int
    block_rows: int
    factors: NDArray[np.float64] | None = None
    fold: Fold | None = None

    @property
    def n_features(self) -> int:
        return self.matrices.n_features

    @property
    def row_bytes(self) -> float:
        return self.matrices.row_bytes

    def blocks(self, *, reads: bool) -> Iterator[DenseRows | None]:
        labels = self.labels()
        if not reads:
            for codes, weights in labels:
                counts = weights is None or weights.any()
                yield without_columns(codes, self.n_classes, weights) if counts else None
            return
        for X, (codes, weights) in zip(self.matrices.blocks(self.block_rows), labels, strict=True):
            counts = weights is None or weights.any()
            yield DenseRows(X, codes, self.n_classes, weights) if counts else None

    def labels(self) -> Iterator[tuple[NDArray[Any], NDArray[np.float64] | None]]:
        """Codes and weights, block by block."""
        for block, start in enumerate(range(0, self.n_rows, self.block_rows)):
            stop = min(start + self.block_rows, self.n_rows)
            codes = self.codes.read(start, stop)
            weights = None if self.weights is None else self.weights.read(start, stop)
            yield codes, self._weighed(codes, weights, block)

    def census(self) -> list[BlockCensus | None]:
        """What the engine has to know of each block; reads no feature."""
        found: list[BlockCensus | None] = []
        for rows in self.blocks(reads=False):
            seen = None if rows is None else BlockCensus.of(rows)
            found.append(None if seen is None else replace(seen, n_stored=seen.n_rows * self.n_features))
        return found

    def _weighed(
        self, codes: NDArray[Any], weights: NDArray[np.float64] | None, block: int
    ) -> NDArray[np.float64] | None:
        parts = [] if weights is None else [weights]
        if self.factors is not None:
            parts.append(self.factors[codes])
        if self.fold is not None:
            parts.append(self.fold.mask(len(codes), block).astype(np.float64))
        return None if not parts else np.asarray(np.prod(parts, axis=0))
