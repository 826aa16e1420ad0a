"""Drawn shapes, types and layouts, against long doubles; and what no formula needs to be known for."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from softgrad.kernels import passes
from softgrad.kernels.job import Step, Targets
from tests.kernels.cases import LAYOUTS, NATIVE, OTHER, Case
from tests.kernels.oracle import assert_right

cases = st.builds(
    Case,
    n=st.one_of(st.integers(1, 40), st.integers(1, 600)),
    d=st.one_of(st.integers(0, 40), st.integers(0, 200)),
    K=st.integers(1, 34),
    step=st.sampled_from([step for step in Step if step <= Step.SPREAD]),
    dtype=st.sampled_from(NATIVE + OTHER),
    layout=st.sampled_from(sorted(LAYOUTS)),
    single=st.booleans(),
    soft=st.booleans(),
    offsets=st.booleans(),
    given=st.booleans(),
    kept=st.booleans(),
    backward=st.booleans(),
    n_threads=st.integers(1, 4),
)
drawn = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**32 - 1)


@drawn
@given(case=cases, seed=seeds)
def test_any_job_is_right(kernels, case, seed):
    assume(case.step not in (Step.NONE, Step.PROBA) or not case.backward)
    case = replace(case, overwrites=case.step == Step.PROBA)
    assert_right(case.job(np.random.default_rng(seed)))


@drawn
@given(case=cases, seed=seeds)
def test_rows_may_be_permuted_and_repeated(kernels, case, seed):
    """Twice the rows, in another order, at half their shares: the same sums up to rounding."""
    rng = np.random.default_rng(seed)
    job = replace(case, step=Step.RESIDUAL, given=False, kept=False, backward=True).job(rng)
    order = rng.permutation(np.tile(np.arange(case.n), 2))
    part = job.targets.part(order)
    twice = replace(job, X=job.X[order], targets=Targets(part.shares / 2, part.codes, part.soft))
    one, two = passes.run(job), passes.run(twice)
    tolerance = 2e-4 if case.single else 1e-11
    size = max(1.0, float(np.abs(np.asarray(job.X, dtype=float)).max(initial=0)))
    if job.offsets is not None:
        size += float(np.abs(job.offsets).max(initial=0))
    np.testing.assert_allclose(two.loss, one.loss, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(two.by_intercept, one.by_intercept, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(two.by_coef, one.by_coef, rtol=tolerance, atol=tolerance * size)


@drawn
@given(case=cases, seed=seeds)
def test_classes_may_be_permuted(kernels, case, seed):
    """The residuals sum to zero over the classes, and follow them into another order."""
    rng = np.random.default_rng(seed)
    job = replace(case, step=Step.RESIDUAL, given=True, soft=False, kept=False, backward=False).job(rng)
    job = replace(job, start=None)
    order = rng.permutation(case.K)
    codes = np.argsort(order)[job.targets.codes]
    other = replace(job, logits=job.logits[order].copy(), targets=Targets(job.targets.shares, codes, None))
    one, two = passes.run(job), passes.run(other)
    tolerance = 1e-5 if case.single else 1e-13
    np.testing.assert_allclose(two.by_intercept, one.by_intercept[order], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(two.loss, one.loss, rtol=tolerance)
    assert abs(one.by_intercept.sum()) <= tolerance
