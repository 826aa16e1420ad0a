"""The passes by name: each against the jobs' oracle, whatever kernel it takes."""

import numpy as np
import pytest
import scipy.sparse

from softgrad.kernels import passes
from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Job, Step, Targets
from softgrad.maths import regression
from tests.kernels.cases import Case
from tests.kernels.oracle import LONG, Result, compare, formulas

SHAPES = [(1, 1, 1), (50, 4, 3), (700, 40, 5), (60, 30, 35)]


def right(result, job):
    """`result` is what `job` describes."""
    truth, scale = formulas(job, LONG)
    naive, _ = formulas(job, LONG)
    compare(result, truth, scale, naive, job, LONG, 8.0)


def of(sums, written=None):
    return Result(sums.loss, sums.by_intercept, sums.by_coef, written)


@pytest.fixture(params=SHAPES, ids=str)
def job(request, rng):
    return Case(*request.param, soft=request.param[0] == 50).job(rng)


@pytest.fixture(params=["dense", "sparse"])
def X(request, job):
    return job.X if request.param == "dense" else CompressedTable(scipy.sparse.csr_array(job.X))


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("keeps", [False, True])
def test_loss_and_gradient(kernels, job, single, keeps):
    sums, logits = passes.loss_and_gradient(
        job.X, job.coef, job.start, job.targets, keeps=keeps, single=single
    )
    assert (logits is None) != keeps
    room = np.empty((job.n_classes, len(job.X))) if keeps else None
    asked = Job(
        job.X,
        Step.RESIDUAL,
        job.n_classes,
        job.coef,
        job.start,
        job.targets,
        room,
        backward=True,
        single=single,
    )
    right(of(sums, logits), asked)


def test_gradient_and_loss_at_kept_logits(kernels, job, X):
    _, logits = passes.loss_and_gradient(X, job.coef, job.start, job.targets, keeps=True)
    asked = Job(X, Step.RESIDUAL, job.n_classes, targets=job.targets, logits=logits, backward=True)
    right(of(passes.gradient(X, logits, job.targets), logits), asked)
    bare = Job(np.empty((len(job.X), 0)), Step.RESIDUAL, job.n_classes, targets=job.targets, logits=logits)
    right(of(passes.loss(logits, job.targets), logits), bare)


@pytest.mark.parametrize("step", [Step.NONE, Step.PROBA])
def test_forward(kernels, job, X, step):
    found = passes.forward(X, job.coef, job.start, step=step)
    nothing = np.zeros(job.n_classes)
    asked = Job(
        X,
        step,
        job.n_classes,
        job.coef,
        job.start,
        logits=np.empty_like(found),
        overwrites=step == Step.PROBA,
    )
    right(Result(0.0, nothing, None, found), asked)


def test_proba(kernels, job):
    logits = passes.forward(job.X, job.coef, job.start)
    before = logits.copy()
    found = passes.proba(logits)
    np.testing.assert_array_equal(logits, before)
    asked = Job(np.empty((len(job.X), 0)), Step.PROBA, job.n_classes, logits=logits, overwrites=True)
    right(Result(0.0, np.zeros(job.n_classes), None, found), asked)


def test_product(kernels, job, X, rng):
    proba = passes.forward(X, job.coef, job.start, step=Step.PROBA)
    direction, change = rng.standard_normal(job.coef.shape), rng.standard_normal(job.n_classes)
    sums, logits = passes.product(X, proba, direction, change, job.targets)
    asked = Job(
        X,
        Step.CURVED,
        job.n_classes,
        direction,
        change,
        job.targets,
        np.empty_like(logits),
        other=proba,
        backward=True,
    )
    right(of(sums, logits), asked)
    coef, intercept = regression.hessian_product(
        job.coef, job.start, direction, change, job.X, job.targets.shares
    )
    np.testing.assert_allclose(sums.by_coef, coef, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(sums.by_intercept, intercept, rtol=1e-10, atol=1e-13)


def test_product_at(kernels, job, X, rng):
    direction, change = rng.standard_normal(job.coef.shape), rng.standard_normal(job.n_classes)
    sums = passes.product_at(X, job.coef, job.start, direction, change, job.targets)
    asked = Job(
        X,
        Step.CURVED,
        job.n_classes,
        direction,
        change,
        job.targets,
        base=job.coef,
        base_start=job.start,
        backward=True,
    )
    right(of(sums), asked)


def test_pulled_back(kernels, job, X, rng):
    for order in "CF":
        by_logits = np.asarray(rng.standard_normal((job.n_classes, len(job.X))), order=order)
        asked = Job(X, Step.GIVEN, job.n_classes, logits=by_logits, backward=True)
        right(of(passes.pulled_back(X, by_logits), by_logits), asked)


@pytest.mark.parametrize("t", [0.0, 0.5, -3.0])
def test_along(kernels, job, rng, t):
    logits, direction = rng.standard_normal((2, job.n_classes, len(job.X)))
    loss, slope = passes.along(logits, direction, t, job.targets)
    asked = Job(
        np.empty((len(job.X), 0)),
        Step.ALONG,
        job.n_classes,
        targets=job.targets,
        logits=logits,
        other=direction,
        t=t,
    )
    truth, scale = formulas(asked, LONG)
    assert abs(loss - truth.loss) <= 8 * np.finfo(float).eps * scale.loss
    assert abs(slope - truth.by_intercept.sum()) <= 8 * np.finfo(float).eps * scale.by_intercept.sum()


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_codes_of_every_integer_type(kernels, rng, dtype):
    job = Case(100, 5, 4).job(rng)
    codes = job.targets.codes.astype(dtype)[::-1]
    sums = passes.run(
        Job(
            job.X, Step.RESIDUAL, 4, job.coef, job.start, Targets.of(codes, job.targets.shares), backward=True
        )
    )
    right(
        of(sums),
        Job(
            job.X,
            Step.RESIDUAL,
            4,
            job.coef,
            job.start,
            Targets(job.targets.shares, codes.astype(int), None),
            backward=True,
        ),
    )


def test_arrays_of_another_order_or_read_only_are_read_as_they_are(kernels, rng):
    job = Case(100, 5, 4).job(rng)
    logits, direction = rng.standard_normal((2, 100, 4)).transpose(0, 2, 1)
    proba = passes.proba(np.ascontiguousarray(logits)).T.copy().T
    kept, ordered = np.ascontiguousarray(logits), np.ascontiguousarray(direction)
    for view in (logits, _frozen(logits), _frozen(kept), np.repeat(logits, 2, axis=1)[:, ::2]):
        same(passes.gradient(job.X, view, job.targets), passes.gradient(job.X, kept, job.targets))
        steps = [
            passes.along(array, way, 0.5, job.targets) for array, way in ((view, direction), (kept, ordered))
        ]
        np.testing.assert_allclose(*steps, rtol=1e-13)
        np.testing.assert_allclose(passes.proba(view), passes.proba(kept), rtol=1e-14)
    found, _ = passes.product(job.X, proba, job.coef, job.start, job.targets)
    plain, _ = passes.product(job.X, np.ascontiguousarray(proba), job.coef, job.start, job.targets)
    same(found, plain)


def _frozen(array):
    array = array.copy(order="K")
    array.flags.writeable = False
    return array


def same(found, expected):
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-14)
    np.testing.assert_allclose(found.by_intercept, expected.by_intercept, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.by_coef, expected.by_coef, rtol=1e-12, atol=1e-15)
