"""Which rows are in a sample: the same wherever the rows are, a smaller sample's among a larger one's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def quotas(size: int, members: Sequence[int]) -> list[int]:
    """How many rows of each stratum are in a sample of about `size`: pro rata, none below half an even share."""
    n_rows, least = max(sum(members), 1), max(size // (2 * len(members)), 1)
    return [min(max(size * count // n_rows, least), count) for count in members]


def distinct(n: int, count: int, seed: tuple[int, ...]) -> Array:
    """The first `count` different numbers below `n` of a random sequence that the seed fixes. O(count log count).

    The sequence is of ``4 n + 64`` draws, followed by the few numbers that are not among them.
    """
    longest = 4 * n + 64
    length = min(2 * count + 16, longest)
    while True:
        drawn = np.random.default_rng(seed).integers(max(n, 1), size=length)
        _, first = np.unique(drawn, return_index=True)
        if len(first) >= count:
            return np.asarray(drawn[np.sort(first)[:count]])
        if length == longest:
            found = drawn[np.sort(first)]
            return np.append(found, np.setdiff1d(np.arange(n), found))[:count]
        length = min(2 * length, longest)


def restored(weights: Array, total: float) -> Array:
    """The weights of a stratum's rows in a sample, scaled to the whole stratum's."""
    return np.asarray(weights * (total / weights.sum()))
