"""A data table as a matrix, batch by batch or block by block."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from softgrad.streaming.dataset import Batch, Dataset
from softgrad.table.columns import Columns
from softgrad.table.encode import encode_into

__all__ = ["EncodedTable", "encoded"]

FEWEST_ROWS = 4096
"""That are decoded at once, however small the blocks are."""


def encoded(batch: Batch, columns: Columns, dtype: str) -> NDArray[Any]:
    """The features of a batch, (n_samples, n_features)."""
    matrix = np.empty((batch.table.num_rows, len(columns.encoded_names)), dtype=dtype)
    encode_into(matrix, batch.table, columns, batch.first_row)
    return matrix


@final
class EncodedTable:
    """A data table, decoded and encoded anew at each pass."""

    def __init__(self, dataset: Dataset, columns: Columns, dtype: str, n_rows: int) -> None:
        self._dataset, self._columns, self._dtype = dataset, columns, dtype
        self.row_bytes = dataset.n_bytes / n_rows
        self.n_features = len(columns.encoded_names)

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        block, filled = self._new(rows), 0
        for batch in self._dataset.batches(self._columns.names, max(rows, FEWEST_ROWS)):
            start = 0
            while start < batch.table.num_rows:
                part = batch.table.slice(start, rows - filled)
                end = filled + part.num_rows
                encode_into(block[filled:end], part, self._columns, batch.first_row + start)
                start, filled = start + part.num_rows, end
                if filled == rows:
                    yield block
                    block, filled = self._new(rows), 0
        if filled:
            yield block[:filled]

    def _new(self, rows: int) -> NDArray[Any]:
        return np.empty((rows, self.n_features), dtype=self._dtype)
