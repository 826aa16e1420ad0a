"""Exact medians of columns that are never in memory: by counting their bits, sixteen a pass."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from softgrad.streaming.dataset import Dataset
from softgrad.table.values import missing, plain_numbers

__all__ = ["medians"]

_DIGIT, _PASSES = 16, 4
_TOP = np.uint64(1) << np.uint64(63)


def medians(dataset: Dataset, names: Sequence[str], rows: int) -> dict[str, tuple[float, float]]:
    """The lower and the upper of the middle two values of each column, missing ones left out. Four passes.

    A float64's bits, the sign bit flipped and all bits of negative numbers inverted, are in the order of the numbers.
    So the value of a given rank is found digit by digit from the top, as in a radix sort: a pass counts the next
    digit of the values that agree with what is known of it. Memory: 2^16 counts a column and rank.
    """
    if not names:
        return {}
    searches = {name: (_Search(), _Search()) for name in names}
    for turn in range(_PASSES):
        for batch in dataset.batches(names, rows):
            for name in names:
                column = batch.table.column(name)
                keys = _keys(plain_numbers(column)[~missing(column)])
                for search in searches[name]:
                    search.count(keys, turn)
        for low, high in searches.values():
            if turn == 0:
                size = int(low.counts.sum())
                low.rank, high.rank = (size - 1) // 2, size // 2
            low.narrow(turn)
            high.narrow(turn)
    return {name: (low.value, high.value) for name, (low, high) in searches.items()}


class _Search:
    """For the value of one rank among the values that begin with `prefix`."""

    def __init__(self) -> None:
        self.prefix, self.rank = np.uint64(0), 0
        self.counts = np.zeros(1 << _DIGIT, dtype=np.int64)

    def count(self, keys: NDArray[np.uint64], turn: int) -> None:
        known = np.uint64(64 - _DIGIT * turn)
        if turn:
            keys = keys[(keys >> known) == (self.prefix >> known)]
        digits = (keys >> (known - np.uint64(_DIGIT))) & np.uint64((1 << _DIGIT) - 1)
        self.counts += np.bincount(digits.astype(np.intp), minlength=1 << _DIGIT)

    def narrow(self, turn: int) -> None:
        """Take the digit that the rank falls on."""
        ends = np.cumsum(self.counts)
        digit = int(np.searchsorted(ends, self.rank, side="right"))
        self.rank -= int(ends[digit] - self.counts[digit])
        self.prefix |= np.uint64(digit) << np.uint64(64 - _DIGIT * (turn + 1))
        self.counts[:] = 0

    @property
    def value(self) -> float:
        bits = self.prefix ^ _TOP if self.prefix & _TOP else ~self.prefix
        return float(np.array([bits], dtype=np.uint64).view(np.float64)[0])


def _keys(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integers in the order of the numbers; minus zero counts as zero."""
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)
    return np.where(bits & _TOP, ~bits, bits | _TOP)
