"""CSR rows: the same steps, against the same oracle on the dense array."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from softgrad.kernels import choice, fused
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Step
from tests.kernels.cases import Case
from tests.kernels.oracle import assert_right
from tests.kernels.test_steps import STEPS

SHAPES = [(1, 1, 1), (3, 0, 2), (40, 9, 4), (700, 60, 7), (90, 700, 3), (50, 20, 33), (300, 5, 40)]


def thinned(job, rng, index_type=np.int32):
    """Most entries dropped, some rows and columns empty, columns of a row in no order, a zero stored."""
    X = np.where(rng.random(job.X.shape) < 0.2, job.X, 0)
    X[1::7], X[:, 2::5] = 0, 0
    csr = scipy.sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype(index_type), csr.indptr.astype(index_type)
    for start, end in zip(csr.indptr[:-1], csr.indptr[1:], strict=True):
        csr.indices[start:end], csr.data[start:end] = csr.indices[start:end][::-1], csr.data[start:end][::-1]
    csr.has_sorted_indices = False
    csr.data[::5] = 0
    return replace(job, X=CompressedTable(csr))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", STEPS)
def test_steps(kernels, rng, name, shape):
    n, d, K = shape
    case = replace(STEPS[name], n=n, d=d, K=K, soft=n % 2 == 1, offsets=d > 50, n_threads=1 + n % 3)
    job = thinned(case.job(rng), rng)
    centres_slopes = case.step == Step.ALONG and case.backward and case.offsets
    starts_late = case.given and job.start is not None
    other = case.base or centres_slopes or case.step == Step.SPREAD or starts_late
    assert fused.takes(job) == (choice.backend() != "numpy" and not other)
    assert_right(job)


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1", "i2", "?"])
def test_types(kernels, rng, dtype, index_type):
    assert_right(thinned(Case(120, 30, 5, dtype=dtype).job(rng), rng, index_type))


def test_repeated_entries_add_up(kernels, rng):
    job = Case(2, 3, 2).job(rng)
    csr = scipy.sparse.csr_array(
        (np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 2, 3])), (2, 3)
    )
    assert_right(replace(job, X=CompressedTable(csr)))
