"""Equality up to rounding of arrays whose small entries are differences of large ones."""

from typing import Any

import numpy as np


def close(result: Any, truth: Any, rtol: float, floor: float = 0.0) -> None:
    """Equal to rtol of the largest entry, or to the given round-off of the terms that were summed."""
    np.testing.assert_allclose(result, truth, rtol=rtol, atol=max(rtol * np.abs(truth).max(), floor))
