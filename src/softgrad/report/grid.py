"""Features that are the pixels of a grid, and grids as squares to draw."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "grid_of_names", "picture"]

_PLACE = re.compile(r"(?P<stem>.*\D)(?P<row>\d+)\D(?P<column>\d+)")
_LARGEST = 32


def grid_of_names(names: tuple[str, ...]) -> tuple[int, int] | None:
    """Rows and columns of the grid that names such as pixel_0_0, pixel_0_1 ... count through in order.

    >>> grid_of_names(tuple(f"pixel_{r}_{c}" for r in range(4) for c in range(3)))
    (4, 3)
    >>> grid_of_names(("sepal_1_1", "petal_1_2"))
    """
    places = [_PLACE.fullmatch(name) for name in names]
    found = [(match["stem"], int(match["row"]), int(match["column"])) for match in places if match]
    if len(found) != len(names) or len({stem for stem, _, _ in found}) != 1:
        return None
    _, first_row, first_column = found[0]
    n_rows, n_columns = found[-1][1] - first_row + 1, found[-1][2] - first_column + 1
    wanted = [(first_row + i, first_column + j) for i in range(n_rows) for j in range(n_columns)]
    if min(n_rows, n_columns) < 3 or [(row, column) for _, row, column in found] != wanted:
        return None
    return n_rows, n_columns


@dataclass(frozen=True)
class Picture:
    """A grid as squares: (column, row, opacity from 0 to 1, whether negative)."""

    width: int
    height: int
    squares: tuple[tuple[int, int, float, bool], ...]


def picture(values: NDArray[Any], largest: float) -> Picture:
    """Draw a grid; one of more than 32 pixels a side is averaged down.

    Parameters
    ----------
    values : ndarray of shape (height, width)
    largest : float
        The absolute value that is drawn fully opaque.
    """
    for axis in (0, 1):
        step = -(-values.shape[axis] // _LARGEST)
        if step > 1:
            starts = np.arange(0, values.shape[axis], step)
            sizes = np.diff([*starts, values.shape[axis]])
            sums = np.add.reduceat(values, starts, axis=axis)
            values = sums / (sizes[:, None] if axis == 0 else sizes)
    strength = np.abs(values) / (largest or 1.0)
    squares = [
        (int(j), int(i), round(float(min(strength[i, j], 1)), 2), bool(values[i, j] < 0))
        for i, j in np.argwhere(strength >= 0.005)
    ]
    return Picture(values.shape[1], values.shape[0], tuple(squares))
