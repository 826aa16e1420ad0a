"""A pass's sums written down from the formulas, in numbers of 50 digits, in long doubles, or naively in its own type.

One row with logits z, p = softmax(z), target Y and share s contributes, to

    the loss       s sum_k Y_k (log sum_l exp(z_l) - z_k)
    by_intercept   r_k = s (p_k - Y_k);  ALONG: r_k a_k at z + t a
                   CURVED: r_k = s (p_k a_k - p_k sum_l p_l a_l);  GIVEN: r_k = z_k
    by_coef        r_k (x_j - offset_j);  SPREAD: s p_k p_l

The truth comes with the scale of its rounding: the sum of the absolute values of all that is added up, with the
logits' own rounding carried through the formula. A kernel may err by what the naive form errs, and a few such units.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import mpmath
import numpy as np

from softgrad.kernels import passes
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Job, Step

Array = Any
FEW = 4.0


@dataclass(frozen=True)
class Arithmetic:
    of: Callable[[Array], Array]
    exp: Callable[[Array], Array]
    log1p: Callable[[Array], Array]


def _digits(values: Array) -> Array:
    return np.frompyfunc(lambda value: mpmath.mpf(float(value)), 1, 1)(np.asarray(values, dtype=np.float64))


EXACT = Arithmetic(_digits, np.frompyfunc(mpmath.exp, 1, 1), np.frompyfunc(mpmath.log1p, 1, 1))


def _plain(dtype: Any) -> Arithmetic:
    return Arithmetic(lambda values: np.asarray(values).astype(dtype), np.exp, np.log1p)


LONG = _plain(np.longdouble)


@dataclass(frozen=True)
class Result:
    """What a pass gives: `written` is what it leaves in the class-major array, if anything."""

    loss: Any
    by_intercept: Array
    by_coef: Array | None
    written: Array | None


@dataclass(frozen=True)
class Terms:
    """The rows' r and loss, the logits, and the scales of their rounding."""

    loss: Array
    r: Array
    summed: Array
    z: Array
    loss_scale: Array
    r_scale: Array
    summed_scale: Array
    z_scale: Array


@dataclass(frozen=True)
class Softmax:
    """p, its scale (relative to p), the logits minus the largest, and log sum exp(that)."""

    p: Array
    scale: Array
    shifted: Array
    log_sum: Array


def _softmax(z: Array, dz: Array, arithmetic: Arithmetic) -> Softmax:
    top, index = z.max(axis=0), z.argmax(axis=0)
    shifted = z - top
    e = arithmetic.exp(shifted)
    others = e.copy()
    others[index, np.arange(z.shape[1])] = 0
    p = e / e.sum(axis=0)
    return Softmax(p, 1 + dz + (p * dz).sum(axis=0), shifted, arithmetic.log1p(others.sum(axis=0)))


def _distributions(job: Job, arithmetic: Arithmetic, n_classes: int) -> Array:
    assert job.targets is not None
    if job.targets.soft is not None:
        return arithmetic.of(job.targets.soft.T)
    return arithmetic.of(np.eye(n_classes)[job.targets.codes].T)


def _logits(
    job: Job, X: Array, X_scale: Array, coef: Any, start: Any, arithmetic: Arithmetic
) -> tuple[Any, Any]:
    W = arithmetic.of(coef)
    b = arithmetic.of(np.zeros(len(W)) if start is None else start)[:, None]
    return W @ X.T + b, abs(W) @ X_scale.T + abs(b)


def _residual(job: Job, z: Array, dz: Array, arithmetic: Arithmetic) -> tuple[Array, Array, Array, Array]:
    """The rows' losses and residuals with their scales; a class that is certain without cancellation."""
    assert job.targets is not None
    shares, Y = arithmetic.of(job.targets.shares), _distributions(job, arithmetic, len(z))
    s = _softmax(z, dz, arithmetic)
    losses = s.log_sum - (Y * s.shifted).sum(axis=0)
    certain = Y == 1
    others = np.where(certain, 0, s.p).sum(axis=0)
    residual = np.where(certain, -others, s.p - Y)
    scale = np.where(certain, np.where(certain, 0, s.p * s.scale).sum(axis=0), s.p * s.scale + Y)
    spread = (dz * (s.p + Y)).sum(axis=0)
    return losses * shares, residual * shares, (losses + spread) * shares, scale * shares


def _curved(
    job: Job, X: Array, X_scale: Array, a: Array, da: Array, arithmetic: Arithmetic
) -> tuple[Array, Array]:
    assert job.targets is not None
    shares = arithmetic.of(job.targets.shares)
    if job.base is not None:
        s = _softmax(*_logits(job, X, X_scale, job.base, job.base_start, arithmetic), arithmetic)
        p, p_scale = s.p, s.scale
    else:
        p = arithmetic.of(job.other)
        p_scale = 0 * p + 1
    values, scales = [], []
    for b, db in zip(np.split(a, job.directions), np.split(da, job.directions), strict=True):
        values.append(shares * p * (b - (p * b).sum(axis=0)))
        size = p_scale * (abs(b) + db)
        scales.append(shares * p * (size + 2 * (p * size).sum(axis=0)))
    return np.concatenate(values), np.concatenate(scales)


def _terms(job: Job, z: Array, dz: Array, X: Array, X_scale: Array, arithmetic: Arithmetic) -> Terms:
    nothing = 0 * z[0]
    if job.step in (Step.NONE, Step.GIVEN):
        summed = z if job.step == Step.GIVEN else 0 * z
        return Terms(nothing, z, summed, z, nothing, abs(z) + dz, abs(summed) + dz, dz)
    if job.step == Step.PROBA:
        s = _softmax(z, dz, arithmetic)
        return Terms(nothing, s.p, 0 * z, z, nothing, s.p * s.scale, 0 * z, dz)
    if job.step == Step.CURVED:
        r, scale = _curved(job, X, X_scale, z, dz, arithmetic)
        return Terms(nothing, r, r, z, nothing, scale, scale, dz)
    if job.step == Step.RESIDUAL:
        losses, r, loss_scale, scale = _residual(job, z, dz, arithmetic)
        return Terms(losses, r, r, z, loss_scale, scale, scale, dz)
    if job.step == Step.SPREAD:
        _, summed, _, summed_scale = _residual(job, z, dz, arithmetic)
        s, shares = _softmax(z, dz, arithmetic), arithmetic.of(job.targets.shares)
        return Terms(nothing, shares * s.p, summed, z, nothing, shares * s.p * s.scale, summed_scale, dz)
    a, t = arithmetic.of(job.other), arithmetic.of(np.array(job.t))
    losses, r, loss_scale, scale = _residual(job, z + t * a, dz + abs(t * a), arithmetic)
    return Terms(losses, r, r * a, z, loss_scale, scale, scale * abs(a), dz)


def dense(X: Any) -> Array:
    return X.csr.toarray() if isinstance(X, CompressedTable) else np.asarray(X)


def formulas(job: Job, arithmetic: Arithmetic) -> tuple[Result, Result]:
    """The result and the scales of its rounding."""
    X = arithmetic.of(dense(job.X))
    X_scale = abs(X)
    if job.offsets is not None:
        offsets = arithmetic.of(job.offsets)
        X, X_scale = X - offsets, X_scale + abs(offsets)
    if job.coef is None:
        z = arithmetic.of(job.logits)
        dz = 0 * z
        if job.start is not None:
            z, dz = (
                z + arithmetic.of(job.start)[:, None],
                dz + abs(z) + abs(arithmetic.of(job.start)[:, None]),
            )
    else:
        z, dz = _logits(job, X, X_scale, job.coef, job.start, arithmetic)
    terms = _terms(job, z, dz, X, X_scale, arithmetic)
    if job.step == Step.SPREAD:
        s = _softmax(z, dz, arithmetic)
        X, X_scale = s.p.T, (s.p * s.scale).T
    written, written_scale = None, None
    if job.overwrites:
        written, written_scale = terms.r, terms.r_scale
    elif job.coef is None:
        written = arithmetic.of(job.logits)
        written_scale = 0 * written
    elif job.logits is not None:
        written, written_scale = terms.z, terms.z_scale
    value = Result(terms.loss.sum(), terms.summed.sum(axis=1), terms.r @ X if job.backward else None, written)
    scale = Result(
        terms.loss_scale.sum(),
        terms.summed_scale.sum(axis=1),
        terms.r_scale @ X_scale if job.backward else None,
        written_scale,
    )
    return value, scale


def found(job: Job) -> Result:
    """The kernels' result."""
    sums = passes.run(job)
    return Result(sums.loss, sums.by_intercept, sums.by_coef, job.logits)


def _restored(job: Job) -> Job:
    return job if job.logits is None else replace(job, logits=job.logits.copy())


def assert_right(job: Job, arithmetic: Arithmetic = LONG, few: float = FEW) -> None:
    """Each entry's error is at most the naive form's and a few units in the last place, judged by `arithmetic`."""
    with mpmath.workdps(50):
        truth, scale = formulas(job, arithmetic)
        naive, _ = formulas(job, _plain(job.dtype))
        compare(found(_restored(job)), truth, scale, naive, job, arithmetic, few)


def compare(
    result: Result, truth: Result, scale: Result, naive: Result, job: Job, arithmetic: Arithmetic, few: float
) -> None:
    limits = np.finfo(job.dtype)
    size = max(1.0, float(np.abs(dense(job.X)).max(initial=0)))
    floor = float(limits.smallest_subnormal) * (1 + job.X.shape[0]) * size
    for field in fields(Result):
        right = getattr(truth, field.name)
        got, plain = getattr(result, field.name), getattr(naive, field.name)
        assert (right is None) == (got is None), field.name
        if right is None:
            continue
        assert np.shape(got) == np.shape(right), field.name
        error, own = abs(arithmetic.of(got) - right), abs(arithmetic.of(plain) - right)
        allowed = own + few * (float(limits.eps) * getattr(scale, field.name) + floor)
        worst = np.max(np.asarray((error - allowed), dtype=np.float64), initial=-1.0)
        assert np.all(error <= allowed), f"{field.name} errs by {worst:.3g} more than it may"
