"""A first look at the columns of any Rows: about how large they are, and how far out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.rows.base import Rows

Array = npt.NDArray[Any]

SAMPLED = 4096
FLAT = 1e-10
"""A spread below this much of the mean may be the rounding of the moments."""


@dataclass(frozen=True, eq=False)
class Glance:
    """The columns' means and spreads, each (d,), or numbers near them."""

    means: Array
    scales: Array

    @cached_property
    def sizes(self) -> Array:
        """Root mean squares, (d,)."""
        with np.errstate(all="ignore"):
            return np.asarray(np.hypot(self.means, self.scales))

    @cached_property
    def flat(self) -> Array:
        """Which columns may be constant, (d,)."""
        return np.asarray((self.means != 0) & (self.scales <= FLAT * np.abs(self.means)))


def glance(rows: Rows) -> Glance:
    """Of a sample, an eighth of a pass or less; of all rows where a column of that looks flat."""
    size = min(SAMPLED, max(rows.n_rows // 16, 16 * rows.n_classes))
    with np.errstate(all="ignore"):
        if 4 * size < rows.n_rows:
            seen = Glance(*rows.sample(size, seed=0).moments())
            if not seen.flat.any():
                return seen
        return Glance(*rows.moments())
