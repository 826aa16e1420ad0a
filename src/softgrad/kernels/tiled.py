"""The pass in tiles of rows through the BLAS: many classes, sparse rows, rare types, or no compiled kernels.

Beside what is asked for it holds one tile of X in float64 and one of logits, `TILE` entries each.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels import fused
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Job, Step, Sums, Targets
from softgrad.maths import regression
from softgrad.maths.cross_entropy import hessian_action, residual_of
from softgrad.maths.logits import softmax

Array = npt.NDArray[Any]

TILE = 2**18
"""Entries of a tile: 2 MB as float64."""


def tiles(X: Any, n_classes: int) -> Iterator[tuple[slice, Any]]:
    """Pieces of rows of X; a sparse array is one piece."""
    if isinstance(X, CompressedTable):
        yield slice(0, X.shape[0]), X.csr
        return
    height = max(64, TILE // max(X.shape[1], n_classes, 1))
    for start in range(0, X.shape[0], height):
        part = slice(start, start + height)
        yield part, X[part]


def run(job: Job) -> Sums:
    """The sums of any job."""
    by_coef = np.zeros((job.n_classes, job.X.shape[1])) if job.backward else None
    loss, by_intercept = 0.0, np.zeros(job.n_classes)
    for part, X in tiles(job.X, job.n_classes):
        tile = _loaded(X, job)
        sums = _rows(job, part, _logits(job, part, tile), _other(job, part, tile))
        loss, by_intercept = loss + sums.loss, by_intercept + sums.by_intercept
        if by_coef is not None:
            by_coef += _pulled_back(sums.by_coef, tile, job)
    return Sums(loss, by_intercept, by_coef)


def _loaded(X: Any, job: Job) -> Any:
    tile = X.astype(job.dtype, copy=False)
    return (
        tile
        if job.offsets is None or not isinstance(tile, np.ndarray)
        else tile - job.offsets.astype(job.dtype)
    )


def _logits(job: Job, part: slice, X: Any) -> Array:
    """(n_classes, t), in memory of its own where the step would spoil the caller's."""
    if job.coef is None:
        assert job.logits is not None
        given = job.logits[:, part]
        return given if job.overwrites else given.copy()
    z = _product(job, X, job.coef, job.start)
    if job.logits is not None:
        job.logits[:, part] = z
        if job.overwrites:
            return job.logits[:, part]
    return z


def _other(job: Job, part: slice, X: Any) -> Any:
    if job.base is not None:
        return softmax(_product(job, X, job.base, job.base_start), axis=0)
    return None if job.other is None else job.other[:, part]


def _product(job: Job, X: Any, coef: Array, start: Array | None) -> Array:
    """``coef X' + start``, of shape (n_classes, t)."""
    factor = coef.astype(job.dtype, copy=False)
    z: Array = factor @ X.T if isinstance(X, np.ndarray) else np.ascontiguousarray((X @ factor.T).T)
    shift = np.zeros(len(coef)) if start is None else start
    if job.offsets is not None and not isinstance(X, np.ndarray):
        shift = shift - coef @ job.offsets
    z += shift.astype(job.dtype)[:, None]
    return z


def _pulled_back(r: Any, X: Any, job: Job) -> Array:
    if isinstance(X, np.ndarray):
        return np.asarray(r @ X, dtype=np.float64)
    pulled = np.asarray((X.T @ r.T).T, dtype=np.float64)
    return pulled if job.offsets is None else pulled - np.outer(r.sum(axis=1, dtype=np.float64), job.offsets)


def _rows(job: Job, part: slice, z: Array, other: Any) -> Sums:
    """Loss, intercept's part and r (n_classes, t) of a tile from its logits z, which may be overwritten."""
    if job.step == Step.NONE:
        return Sums(0.0, np.zeros(job.n_classes), z)
    if job.step == Step.GIVEN:
        return Sums(0.0, z.sum(axis=1, dtype=np.float64), z)
    targets = None if job.targets is None else job.targets.part(part)
    if job.step == Step.RESIDUAL and z.flags.c_contiguous:
        compiled = replace(
            job,
            X=np.empty((z.shape[1], 0)),
            coef=None,
            start=None,
            offsets=None,
            backward=False,
            targets=targets,
            logits=z,
            overwrites=True,
        )
        if fused.takes(compiled):
            sums = fused.run(compiled)
            return Sums(sums.loss, sums.by_intercept, z)
    return _numpy_rows(job, z, targets, other)


def _numpy_rows(job: Job, z: Array, targets: Targets | None, other: Any) -> Sums:
    if job.step == Step.PROBA:
        z[:] = softmax(z, axis=0)
        return Sums(0.0, np.zeros(job.n_classes), z)
    assert targets is not None
    shares = targets.shares.astype(job.dtype)
    if job.step == Step.CURVED:
        stacked = z.reshape(job.directions, -1, z.shape[1])
        curved = [regression.weighted(hessian_action(other.T, a.T), shares).T for a in stacked]
        z[:] = np.concatenate(curved)
        return Sums(0.0, z.sum(axis=1, dtype=np.float64), z)
    moved = z.T if job.step == Step.RESIDUAL else z.T + job.dtype(job.t) * other.T
    loss = float(regression.weighted_loss(moved, targets.labels, shares))
    r = regression.weighted(residual_of(softmax(moved), targets.labels), shares).T
    if job.step == Step.ALONG:
        return Sums(loss, np.where(r != 0, r * other, 0).sum(axis=1, dtype=np.float64), r)
    by_intercept = r.sum(axis=1, dtype=np.float64)
    if job.overwrites:
        z[:] = r
    return Sums(loss, by_intercept, r)
