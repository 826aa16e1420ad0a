"""Products with the Hessian in float32 take numbers below the smallest normal one for zero; nothing else does."""

import platform

import numpy as np
import pytest

from softgrad.kernels import choice, passes
from softgrad.kernels.job import Job, Step, Targets

TINY = np.finfo(np.float32).tiny
CAN = {"x86_64", "amd64", "aarch64", "arm64"}


def product(n, d, p, n_threads=1):
    """At rows of two classes, the second of probability p, for a direction whose logits are 1 and 0 times the row."""
    other = np.array([[1.0 - p], [p]], np.float32).repeat(n, axis=1)
    X, coef = np.ones((n, d), np.float32), np.zeros((2, d))
    coef[0, 0] = 1
    given = {
        "targets": Targets.of(np.zeros(n, dtype=np.int64), np.full(n, 1 / n)),
        "other": other,
        "coef": coef,
    }
    return passes.run(Job(X, Step.CURVED, 2, **given, backward=True, single=True, n_threads=n_threads))


@pytest.mark.skipif(platform.machine().lower() not in CAN, reason="this machine's way to do so is not known")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("d", [3, 40])
@pytest.mark.parametrize("p", [TINY / 2, TINY / 1e5])
def test_a_product_takes_subnormal_probabilities_for_zero(kernels, d, p, n_threads):
    if choice.instruction_set() is None:
        pytest.skip("NumPy has no such mode")
    sums = product(5000, d, p, n_threads)
    np.testing.assert_array_equal(sums.by_intercept, 0)
    np.testing.assert_array_equal(sums.by_coef, 0)


def test_normal_probabilities_count(kernels):
    p = float(np.float32(1e-30))
    np.testing.assert_allclose(product(5000, 40, p).by_intercept[1], -p, rtol=1e-5)


def test_the_caller_computes_as_before(kernels):
    product(5000, 40, TINY / 2)
    assert np.float32(TINY) / np.float32(4) > 0
    targets = Targets.of(np.zeros(1, dtype=np.int64), None)
    residuals = passes.loss(np.array([[0.0], [-100.0]], np.float32), targets)
    assert 0 < residuals.by_intercept[1] < TINY
