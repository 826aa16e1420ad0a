"""The pass in tiles of rows through the BLAS: many classes, sparse rows, rare types, or no compiled kernels.

Beside what is asked for it holds one tile of logits and, where X is converted, one of X; a sparse X is one tile.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels import fused, panels, threads
from softgrad.kernels.blocks import Block, blocks
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Job, Step, Sums, Targets
from softgrad.kernels.threads import Team
from softgrad.maths import regression
from softgrad.maths.cross_entropy import hessian_action, residual_of
from softgrad.maths.logits import softmax

Array = npt.NDArray[Any]

TILE, TALL_TILE = 2**21, 2**24
"""Bytes of a tile; and beyond `fused.MOST_CLASSES`, where products are the cost and tall factors are fast ones."""

LEAST, MOST = 1024, 4096
"""Rows of a tile beyond `fused.MOST_CLASSES`, the least of them while it holds no more than `LARGEST_TILE` bytes."""

LARGEST_TILE = 2**26


def tiles(job: Job) -> Iterator[tuple[slice, Any]]:
    """Pieces of rows of X; a sparse array is one piece."""
    if isinstance(job.X, CompressedTable):
        yield slice(0, job.X.shape[0]), job.X.csr
        return
    height = _height(max(job.X.shape[1], job.n_classes, 1) * np.dtype(job.dtype).itemsize, job.n_classes)
    for start in range(0, job.X.shape[0], height):
        part = slice(start, start + height)
        yield part, job.X[part]


def _height(bytes_per_row: int, n_classes: int) -> int:
    if n_classes <= fused.MOST_CLASSES:
        return max(64, TILE // bytes_per_row)
    least = max(1, min(LEAST, LARGEST_TILE // bytes_per_row))
    return min(max(least, TALL_TILE // bytes_per_row), MOST)


FORWARD, BACKWARD = (1024, 1024), (512, 384)
"""Classes and rows, or classes and columns, of what one product of the BLAS yields, on one thread."""


def run(job: Job) -> Sums:
    """The sums of any job, on at most its number of threads."""
    with threads.team(job.n_threads, 4.0 * job.X.shape[0] * job.X.shape[1] * job.n_classes) as team:
        return _sums(job, team)


def _sums(job: Job, team: Team) -> Sums:
    by_coef = np.zeros((job.n_classes, job.width)) if job.backward else None
    loss, by_intercept = 0.0, np.zeros(job.n_classes)
    if job.coef is not None:
        job = replace(job, coef=job.coef.astype(job.dtype, copy=False))
    for part, X in tiles(job):
        tile = _loaded(X, job)
        sums = panels.run(job, part, tile, team, by_coef) if panels.takes(job) else None
        if sums is None:
            sums = _tile_sums(job, part, tile, team, by_coef)
        loss, by_intercept = loss + sums.loss, by_intercept + sums.by_intercept
    return Sums(loss, by_intercept, by_coef)


def _tile_sums(job: Job, part: slice, X: Any, team: Team, by_coef: Array | None) -> Sums:
    """Of one tile, all classes at once; r X is added to `by_coef`."""
    z = _logits(job, part, X, team)
    sums = _rows(job, part, z, _other(job, part, X, team))
    if by_coef is not None:
        _pull_back(sums, z.T if job.step == Step.SPREAD else X, job, team, by_coef)
    return sums


def _loaded(X: Any, job: Job) -> Any:
    tile = X.astype(job.dtype, copy=False)
    return (
        tile
        if job.offsets is None or not isinstance(tile, np.ndarray)
        else tile - job.offsets.astype(job.dtype)
    )


def _logits(job: Job, part: slice, X: Any, team: Team) -> Array:
    """(n_classes, t), in memory of its own where the step would spoil the caller's."""
    if job.coef is None:
        assert job.logits is not None
        given = job.logits[:, part]
        z = given if job.overwrites else given.copy()
        if job.start is not None:
            z += job.start.astype(job.dtype)[:, None]
        return z
    z = _product(job, X, job.coef, job.start, team)
    if job.logits is not None:
        job.logits[:, part] = z
        if job.overwrites:
            return job.logits[:, part]
    return z


def _other(job: Job, part: slice, X: Any, team: Team) -> Any:
    if job.base is not None:
        return softmax(_product(job, X, job.base, job.base_start, team), axis=0)
    return None if job.other is None else job.other[:, part]


def _product(job: Job, X: Any, coef: Array, start: Array | None, team: Team) -> Array:
    """``coef X' + start``, of shape (n_classes, t)."""
    factor = coef.astype(job.dtype, copy=False)
    shift = np.zeros(len(coef)) if start is None else start
    if not isinstance(X, np.ndarray):
        shift = shift if job.offsets is None else shift - coef @ job.offsets
        return np.ascontiguousarray((X @ factor.T + shift.astype(job.dtype)).T)
    z, column = np.empty((len(coef), len(X)), job.dtype), shift.astype(job.dtype)[:, None]

    def fill(block: Block) -> None:
        classes, rows = block
        np.matmul(factor[classes], X[rows].T, out=z[block])
        z[block] += column[classes]

    team(fill, blocks(z.shape, FORWARD))
    return z


def _pull_back(sums: Sums, X: Any, job: Job, team: Team, by_coef: Array) -> None:
    """by_coef += r X."""
    r: Any = sums.by_coef
    if isinstance(X, np.ndarray):
        team(lambda block: _add_product(r, X, block, by_coef), blocks(by_coef.shape, BACKWARD))
        return
    by_coef += (X.T @ r.T).T
    if job.offsets is not None:
        by_coef -= np.outer(r.sum(axis=1, dtype=np.float64), job.offsets)


def _add_product(r: Array, X: Array, block: Block, by_coef: Array) -> None:
    classes, columns = block
    by_coef[block] += r[classes] @ X[:, columns]


def _rows(job: Job, part: slice, z: Array, other: Any) -> Sums:
    """Loss, intercept's part and r (n_classes, t) of a tile from its logits z, which may be overwritten."""
    if job.step == Step.NONE:
        return Sums(0.0, np.zeros(job.n_classes), z)
    if job.step == Step.GIVEN:
        return Sums(0.0, z.sum(axis=1, dtype=np.float64), z)
    targets = None if job.targets is None else job.targets.part(part)
    if job.step in (Step.RESIDUAL, Step.CURVED) and z.flags.c_contiguous:
        compiled = replace(
            job,
            X=np.empty((z.shape[1], 0)),
            coef=None,
            start=None,
            offsets=None,
            base=None,
            base_start=None,
            other=None if other is None else np.ascontiguousarray(other),
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
    shares = targets.each_share.astype(job.dtype)
    if job.step == Step.SPREAD:
        z[:] = np.where(shares > 0, softmax(z, axis=0), 0)
        residuals = regression.weighted(residual_of(z.T, targets.labels), shares)
        return Sums(0.0, residuals.sum(axis=0, dtype=np.float64), z * shares)
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
