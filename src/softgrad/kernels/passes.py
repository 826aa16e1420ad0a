"""The passes by name, each one :class:`softgrad.kernels.job.Job` for the kernel that takes it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels import fused, threads, tiled
from softgrad.kernels.job import Job, Step, Sums, Targets
from softgrad.maths import pairs

Array = npt.NDArray[Any]


SOFTMAX = 50.0
"""What a logit's share of a softmax takes, in flop of a product."""


def run(job: Job) -> Sums:
    """The sums of the job, by the fused pass where it takes the job, else tile by tile."""
    return fused.run(job) if fused.takes(job) else tiled.run(job)


def loss_and_gradient(
    X: Any,
    coef: Array,
    intercept: Array | None,
    targets: Targets,
    *,
    keeps: bool = False,
    single: bool = False,
) -> tuple[Sums, Array | None]:
    """``sum_i s_i loss_i`` and its gradient in one read of X; the logits (K, n) too where they are kept.

    4 n d K flop and n K exponentials.
    """
    n_classes = len(coef)
    logits = np.empty((n_classes, X.shape[0]), np.float32 if single else np.float64) if keeps else None
    job = Job(
        X,
        Step.RESIDUAL,
        n_classes,
        coef=coef,
        start=intercept,
        targets=targets,
        logits=logits,
        backward=True,
        single=single,
        n_threads=_threads(X, n_classes, products=2, softmaxes=1),
    )
    return run(job), logits


def gradient(X: Any, logits: Array, targets: Targets) -> Sums:
    """Loss and gradient from kept logits: one read of X, 2 n d K flop."""
    return run(
        Job(
            X,
            Step.RESIDUAL,
            len(logits),
            targets=targets,
            logits=logits,
            backward=True,
            n_threads=_threads(X, len(logits), products=1, softmaxes=1),
        )
    )


def pulled_back(X: Any, by_logits: Array) -> Sums:
    """``by_logits [X 1]`` for a (K, n) gradient with respect to the logits: one read of X, 2 n d K flop."""
    by_logits = np.ascontiguousarray(by_logits)
    n_threads = _threads(X, len(by_logits), products=1)
    return run(Job(X, Step.GIVEN, len(by_logits), logits=by_logits, backward=True, n_threads=n_threads))


def forward(
    X: Any, coef: Array, intercept: Array | None, *, step: Step = Step.NONE, single: bool = False
) -> Array:
    """The logits, or with Step.PROBA the probabilities, (K, n): one read of X, 2 n d K flop."""
    result = np.empty((len(coef), X.shape[0]), np.float32 if single else np.float64)
    run(
        Job(
            X,
            step,
            len(coef),
            coef=coef,
            start=intercept,
            logits=result,
            overwrites=step == Step.PROBA,
            single=single,
            n_threads=_threads(X, len(coef), products=1, softmaxes=step == Step.PROBA),
        )
    )
    return result


def product(
    X: Any, proba: Array, coef: Array, intercept: Array | None, targets: Targets
) -> tuple[Sums, Array]:
    """Hessian times a direction at the probabilities (K, n), and the direction's logits (K, n), in one read of X.

    In float32 tile by tile where the probabilities are float32; the logits are of their type.
    """
    logits = np.empty((len(coef), X.shape[0]), proba.dtype)
    job = Job(
        X,
        Step.CURVED,
        len(coef),
        coef=coef,
        start=intercept,
        targets=targets,
        logits=logits,
        other=proba,
        backward=True,
        single=proba.dtype == np.float32,
        n_threads=_threads(X, len(coef), products=2),
    )
    return run(job), logits


def product_at(
    X: Any, coef: Array, intercept: Array | None, direction: Array, change: Array | None, targets: Targets
) -> Sums:
    """Hessian at (coef, intercept) times a direction, its probabilities computed in the same read: 6 n d K flop."""
    job = Job(
        X,
        Step.CURVED,
        len(coef),
        coef=direction,
        start=change,
        base=coef,
        base_start=intercept,
        targets=targets,
        backward=True,
        n_threads=_threads(X, len(coef), products=3, softmaxes=1),
    )
    return run(job)


def hessian(X: Array, proba: Array, targets: Targets) -> Array:
    """The mean loss's Hessian at the probabilities (K, n), (P, P) with P = K (d + 1), class by class; few features.

    One read of X and n K (K - 1) (d + 1) (d + 2) / 2 flop, by the products of :mod:`softgrad.maths.pairs`.
    """
    job = _of_pairs(Step.PAIRS, X, proba, targets)
    if fused.takes(job):
        return pairs.unpacked(fused.feature_pairs(job), len(proba), X.shape[1] + 1)
    return pairs.hessian(proba, X, targets.each_share)


def grams(X: Array, curvature: Array) -> Array:
    """``[X 1]' diag(h_k) [X 1]`` for each row h_k of `curvature` (K, n), (K, d + 1, d + 1); few features.

    One read of X and n K (d + 1) (d + 2) flop.
    """
    job = _of_pairs(Step.GRAMS, X, curvature, None)
    if fused.takes(job):
        return pairs.symmetric(fused.feature_pairs(job), X.shape[1] + 1)
    return pairs.grams(curvature, X)


def _of_pairs(step: Step, X: Array, weights: Array, targets: Targets | None) -> Job:
    rows = len(weights) * (len(weights) - 1) / 2 if step == Step.PAIRS else len(weights)
    n_threads = threads.for_work(rows * X.size * (X.shape[1] + 3.0))
    return Job(
        X, step, len(weights), targets=targets, logits=np.ascontiguousarray(weights), n_threads=n_threads
    )


def along(logits: Array, direction: Array, t: float, targets: Targets) -> tuple[float, float]:
    """Loss and slope at ``logits + t direction``: n K exponentials, no read of X."""
    sums = run(_of_logits(Step.ALONG, logits, targets, other=direction, t=t))
    return sums.loss, float(sums.by_intercept.sum())


def intercept_system(logits: Array, start: Array | None, targets: Targets) -> tuple[Array, Array]:
    """Gradient (K,) and Hessian (K, K) with respect to the intercept at ``logits + start``, without a read of X.

    n K exponentials and 2 n K^2 flop. The Hessian's diagonal is minus the sum of its row's others: the rows of
    ``diag(p) - p p'`` sum to zero.
    """
    sums = run(_of_logits(Step.SPREAD, logits, targets, start=start, backward=True))
    system = -np.asarray(sums.by_coef)
    np.fill_diagonal(system, 0)
    np.fill_diagonal(system, -system.sum(axis=1))
    return sums.by_intercept, system


def loss(logits: Array, targets: Targets) -> Sums:
    """Loss and the intercept's gradient at kept logits: n K exponentials, no read of X."""
    return run(_of_logits(Step.RESIDUAL, logits, targets))


def proba(logits: Array) -> Array:
    """The probabilities of kept logits (K, n)."""
    result = logits.copy()
    run(_of_logits(Step.PROBA, result, None, overwrites=True))
    return result


def _of_logits(step: Step, logits: Array, targets: Targets | None, **rest: Any) -> Job:
    nothing = np.empty((logits.shape[1], 0))
    return Job(
        nothing,
        step,
        len(logits),
        targets=targets,
        logits=logits,
        n_threads=_threads(nothing, len(logits), softmaxes=1),
        **rest,
    )


def _threads(X: Any, n_classes: int, *, products: int = 0, softmaxes: int = 0) -> int:
    entries = X.nnz if hasattr(X, "nnz") else X.size
    return threads.for_work(n_classes * (2.0 * products * entries + SOFTMAX * softmaxes * X.shape[0]))
