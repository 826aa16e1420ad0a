"""The compiled passes: one read of X, everything else in the cache (native/tile_loop.hpp, native/sparse_loop.hpp)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels.choice import extension, instruction_set
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Job, Step, Sums

Array = npt.NDArray[Any]

TYPES = frozenset(
    np.dtype(name) for name in ("f8", "f4", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "?")
)
MOST_CLASSES = 32
"""Beyond, a dense tile's products are large enough for the BLAS."""

OF_PAIRS = frozenset((Step.PAIRS, Step.GRAMS))
"""Steps that sum products of two features."""

LARGEST_SUMS = 2**18
"""Sums of pairs up to which each of eight runs of rows has its own; the BLAS's threads share one."""


def takes(job: Job) -> bool:
    """Whether a compiled pass is there for this job."""
    if instruction_set() is None or not _lie_in_order(job):
        return False
    if isinstance(job.X, CompressedTable):
        centres_slopes = job.step == Step.ALONG and job.backward and job.offsets is not None
        starts_late = job.coef is None and job.start is not None
        dense = job.base is not None or job.step in (Step.SPREAD, *OF_PAIRS)
        simple = not (job.single or dense or starts_late)
        return simple and job.X.compiles and not centres_slopes
    by_row, by_column = job.X.strides
    if job.step in OF_PAIRS and _sums_of_pairs(job) > LARGEST_SUMS:
        return False
    return (
        job.X.dtype in TYPES
        and (job.n_classes <= MOST_CLASSES or job.width == 0 or job.step in OF_PAIRS)
        and job.X.flags.aligned
        and not (by_row % job.X.itemsize or by_column % job.X.itemsize)
    )


def run(job: Job) -> Sums:
    """The sums of a job that :func:`takes` accepts."""
    width = job.width if job.backward else 0
    sums = np.empty(1 + job.n_classes * (1 + width))
    if isinstance(job.X, CompressedTable):
        _run_compressed(job, job.X, sums)
    else:
        _run_dense(job, sums)
    by_intercept = sums[1 : 1 + job.n_classes]
    by_coef = sums[1 + job.n_classes :].reshape(job.n_classes, width) if job.backward else None
    if by_coef is not None and job.offsets is not None and isinstance(job.X, CompressedTable):
        by_coef -= np.outer(by_intercept, job.offsets)
    return Sums(float(sums[0]), by_intercept, by_coef)


def feature_pairs(job: Job) -> Array:
    """The sums of a job of PAIRS or GRAMS, (rows of weights, pairs of features j <= m) as triu_indices orders them."""
    sums = np.zeros(_sums_of_pairs(job))
    _run_dense(job, sums)
    return sums.reshape(-1, (job.width + 1) * (job.width + 2) // 2)


def _sums_of_pairs(job: Job) -> int:
    weights = job.n_classes * (job.n_classes - 1) // 2 if job.step == Step.PAIRS else job.n_classes
    return weights * (job.width + 1) * (job.width + 2) // 2


def _run_dense(job: Job, sums: Array) -> None:
    X = job.X.view(np.uint8) if job.X.dtype == np.bool_ else job.X
    extension().run(_request(job, sums, job.start, job.offsets), X)


def _run_compressed(job: Job, X: CompressedTable, sums: Any) -> None:
    """Centring never fills a sparse row: ``(x - m)' w = x' w - m' w``, and likewise for the gradient."""
    start = job.start
    if job.offsets is not None and job.coef is not None:
        start = (0 if start is None else start) - job.coef @ job.offsets
    parts = X.parts(job.n_threads if job.backward else 1)
    extension().run_sparse(_request(job, sums, start, None), *X.shape, X.rows, *parts)


def _request(job: Job, sums: Any, start: Any, offsets: Any) -> Any:
    targets = job.targets
    return extension().Request(
        instruction_set(),
        job.n_threads,
        job.step,
        job.single,
        job.backward,
        job.n_classes,
        job.directions,
        job.overwrites,
        job.t,
        _doubles(offsets),
        _doubles(job.coef),
        _doubles(start),
        _doubles(job.base),
        _doubles(job.base_start),
        None if targets is None else targets.codes,
        None if targets is None else targets.soft,
        None if targets is None else targets.shares,
        job.logits,
        job.other,
        job.rows,
        sums,
    )


def _lie_in_order(job: Job) -> bool:
    """Whether the class-major arrays lie in memory as the compiled passes read and write them."""
    if job.logits is not None and not job.logits.flags.writeable:
        return False
    return all(
        array is None or (array.dtype == job.dtype and array.flags.c_contiguous)
        for array in (job.logits, job.other)
    )


def _doubles(array: Any) -> Any:
    return None if array is None else np.ascontiguousarray(array, dtype=np.float64)
