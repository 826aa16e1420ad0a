"""The compiled pass: one read of X, everything else in the cache (native/tile_loop.hpp)."""

from typing import Any

import numpy as np

from softgrad.kernels.choice import extension, instruction_set
from softgrad.kernels.job import Job, Sums

TYPES = frozenset(
    np.dtype(name) for name in ("f8", "f4", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "?")
)
MOST_CLASSES = 32
"""Beyond, the tiles' products are large enough for the BLAS."""


def takes(job: Job) -> bool:
    """Whether the compiled pass is there for this job."""
    X = job.X
    return (
        isinstance(X, np.ndarray)
        and X.dtype in TYPES
        and (job.n_classes <= MOST_CLASSES or X.shape[1] == 0)
        and not any(stride % X.itemsize for stride in X.strides)
        and instruction_set() is not None
    )


def run(job: Job) -> Sums:
    """The sums of a job that :func:`takes` accepts."""
    X, targets, width = job.X, job.targets, job.X.shape[1] if job.backward else 0
    sums = np.empty(1 + job.n_classes * (1 + width))
    extension().run(
        instruction_set(),
        job.n_threads,
        job.step,
        job.single,
        job.backward,
        job.n_classes,
        job.directions,
        job.overwrites,
        job.t,
        X.view(np.uint8) if X.dtype == np.bool_ else X,
        _doubles(job.offsets),
        _doubles(job.coef),
        _doubles(job.start),
        None if targets is None else targets.codes,
        None if targets is None else targets.soft,
        None if targets is None else targets.shares,
        job.logits,
        job.other,
        sums,
    )
    by_intercept = sums[1 : 1 + job.n_classes]
    by_coef = sums[1 + job.n_classes :].reshape(job.n_classes, width) if job.backward else None
    return Sums(float(sums[0]), by_intercept, by_coef)


def _doubles(array: Any) -> Any:
    return None if array is None else np.ascontiguousarray(array, dtype=np.float64)
