"""What tests of several files here start from."""

import numpy as np
import pytest


@pytest.fixture(params=[2, 3], ids=lambda n_classes: f"K={n_classes}")
def problem(request, rng):
    """Overlapping classes with offsets, so that a fit moves everything."""
    y = rng.integers(0, request.param, 60)
    X = rng.standard_normal((60, 4)) + np.eye(4)[y] + [0, 3, -1, 0]
    return X, y
