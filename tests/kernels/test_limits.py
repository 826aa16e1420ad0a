"""Huge and infinite logits, NaN, certainty, and rows of weight zero, as the texts of softgrad.maths promise."""

import numpy as np
import pytest

from softgrad.kernels import passes, tiled
from softgrad.kernels.job import Job, Step, Targets
from tests.kernels.cases import Case
from tests.kernels.oracle import EXACT, assert_right

INF, NAN = np.inf, np.nan
ROWS = {
    (0.0, -1e4, -1e4): (1.0, 0.0, 0.0),
    (1e9, 1e9, -1e9): (0.5, 0.5, 0.0),
    (1e9, 1e9 - 800, 0.0): (1.0, 0.0, 0.0),
    (1e300, -1e300, 0.0): (1.0, 0.0, 0.0),
    (INF, 0.0, 1.0): (1.0, 0.0, 0.0),
    (0.0, INF, -INF): (0.0, 1.0, 0.0),
    (-INF, -INF, 3.0): (0.0, 0.0, 1.0),
    (-INF, 2.0, 2.0): (0.0, 0.5, 0.5),
    (INF, INF, 0.0): (NAN, NAN, NAN),
    (INF, INF, INF): (NAN, NAN, NAN),
    (INF, NAN, 0.0): (NAN, NAN, NAN),
    (-INF, -INF, -INF): (NAN, NAN, NAN),
    (NAN, 0.0, 0.0): (NAN, NAN, NAN),
    (0.0, NAN, 0.0): (NAN, NAN, NAN),
    (0.0, 0.0, NAN): (NAN, NAN, NAN),
    (-INF, NAN, -INF): (NAN, NAN, NAN),
    (NAN, NAN, NAN): (NAN, NAN, NAN),
}
HARD = list(range(3))
SOFT = [(1.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.25, 0.25, 0.5)]


def loss_of(z, p, Y):
    """From the definition, where 0 log 0 = 0 but a NaN stays one; p is exactly 0, 1/2, 1 or NaN in these rows."""
    if np.isnan(p).any():
        return NAN
    z, Y = np.array(z), np.array(Y)
    if np.isposinf(z).any():
        return INF if Y[~np.isposinf(z)].any() else 0.0
    if np.isneginf(z[Y > 0]).any():
        return INF
    total = np.log(np.count_nonzero(np.array(p) == max(p)))
    return float(sum(y * (total + (z.max() - value)) for y, value in zip(Y, z, strict=True) if y))


def jobs_of(z, single=False, before=0, after=0):
    """The logits as given, and as an intercept; among ordinary rows."""
    dtype = np.float32 if single else np.float64
    logits = np.zeros((len(z), before + 1 + after), dtype)
    logits[:, before] = z
    n = logits.shape[1]
    start, coef = np.array(z, dtype=np.float64), np.zeros((len(z), 2))
    yield Job(np.ones((n, 2)), Step.PROBA, len(z), logits=logits, overwrites=True, single=single), before
    for d in (2, 40):
        X, coef = np.ones((n, d)), np.zeros((len(z), d))
        room = np.empty_like(logits)
        yield (
            Job(X, Step.PROBA, len(z), coef=coef, start=start, logits=room, overwrites=True, single=single),
            before,
        )


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("z", ROWS, ids=str)
def test_probabilities(kernels, z, single):
    if single and max(abs(np.array(z)[np.isfinite(z)]), default=0) > 1e38:
        pytest.skip("no number of this type")
    for before, after in [(0, 0), (5, 11), (16, 3), (300, 40)]:
        for job, row in jobs_of(z, single, before, after):
            passes.run(job)
            np.testing.assert_array_equal(job.logits[:, row], np.array(ROWS[z], job.dtype))
            if job.coef is None:
                third = np.full((3, before + after), 1 / 3)
                np.testing.assert_allclose(np.delete(job.logits, row, axis=1), third, rtol=1e-6)


@pytest.mark.parametrize("target", HARD + SOFT, ids=str)
@pytest.mark.parametrize("z", ROWS, ids=str)
def test_losses(kernels, z, target):
    labels = np.array([target])
    Y = np.eye(3)[target] if labels.ndim == 1 else np.array(target)
    sums = passes.loss(np.array([z]).T, Targets.of(labels, np.ones(1)))
    np.testing.assert_allclose(sums.loss, loss_of(z, ROWS[z], Y), rtol=1e-14)
    residual = np.array(ROWS[z]) - Y
    np.testing.assert_array_equal(sums.by_intercept, residual)


@pytest.mark.parametrize("z", [z for z in ROWS if not np.isnan(ROWS[z][0])], ids=str)
@pytest.mark.parametrize("soft", [False, True])
def test_certainty_costs_exactly_nothing(kernels, z, soft):
    k = int(np.argmax(ROWS[z]))
    if ROWS[z][k] < 1:
        pytest.skip("nothing is certain here")
    labels = np.eye(3)[[k]] if soft else np.array([k])
    sums = passes.loss(np.array([z]).T, Targets.of(labels, np.ones(1)))
    assert sums.loss == 0
    np.testing.assert_array_equal(sums.by_intercept, np.zeros(3))


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("z", [(0.0, -40.0, -50.0), (-700.0, 0.0, -740.0), (-36.5, -37.5, 3.0)], ids=str)
def test_near_certainty_nothing_cancels(kernels, z, soft):
    k = int(np.argmax(z))
    labels = np.eye(3)[[k]] if soft else np.array([k])
    logits = np.array([z]).T
    job = Job(np.empty((1, 0)), Step.RESIDUAL, 3, targets=Targets.of(labels, np.ones(1)), logits=logits)
    assert_right(job, EXACT)
    sums = passes.run(job)
    np.testing.assert_allclose(sums.by_intercept[k], -np.delete(sums.by_intercept, k).sum(), rtol=1e-15)
    assert 0 < sums.loss < 1e-15


@pytest.mark.parametrize("n_classes", [1, 2, 5, 13, 33])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("d", [3, 40])
@pytest.mark.parametrize("at", [0, 1, 63, 499])
def test_a_nan_in_x_is_never_hidden(kernels, rng, n_classes, soft, d, at):
    job = Case(500, d, n_classes, soft=soft).job(rng)
    job.targets.shares[at] = 0.5
    job.X[at, d - 1] = NAN
    sums = passes.run(job)
    assert np.isnan(sums.loss)
    if n_classes > 1:
        assert np.isnan(sums.by_intercept).all()
        assert np.isnan(sums.by_coef).all()


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("step", [Step.RESIDUAL, Step.CURVED])
@pytest.mark.parametrize("d", [3, 40, 77])
def test_rows_of_weight_zero_count_nothing(kernels, rng, d, step, soft, value):
    """Whatever their logits are: the loss and the intercept's part are those without the row.

    In ``r X`` zero times NaN is NaN in that column, as in :mod:`softgrad.maths`; no other column may see it.
    """
    job = Case(300, d, 4, step, soft=soft).job(rng)
    job.targets.shares[[0, 77, 299]] = 0
    right = passes.run(job)
    for at in (0, 77, 299):
        job.X[at, 1] = value
    sums = passes.run(job)
    assert sums.loss == right.loss
    np.testing.assert_array_equal(sums.by_intercept, right.by_intercept)
    others = np.arange(d) != 1
    np.testing.assert_allclose(sums.by_coef[:, others], right.by_coef[:, others], rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("soft", [False, True])
def test_logits_of_weight_zero_count_nothing(kernels, rng, soft):
    job = Case(90, 5, 3, given=True, soft=soft).job(rng)
    job.targets.shares[7::9] = 0
    right = passes.run(job)
    job.logits[:, 7::9] = np.array([NAN, INF, -INF])[:, None]
    sums = passes.run(job)
    assert sums.loss == right.loss
    np.testing.assert_array_equal(sums.by_intercept, right.by_intercept)
    np.testing.assert_array_equal(sums.by_coef, right.by_coef)


@pytest.mark.parametrize("scale", [1e4, 1e9])
@pytest.mark.parametrize("shape", [(40, 5, 3), (70, 33, 7)], ids=str)
def test_large_logits(kernels, rng, shape, scale):
    job = Case(*shape, given=True).job(rng)
    job.logits[:] *= scale
    assert_right(job, EXACT)


def test_the_slope_ignores_certain_rows_along_an_infinite_direction(kernels):
    """Where r is exactly zero, the row does not change: zero times infinity is zero in this sum."""
    logits, direction = np.array([[0.0, 0.0], [-1e4, 1.0]]), np.array([[0.0, 1.0], [-INF, 2.0]])
    targets = Targets.of(np.array([0, 1]), np.array([0.5, 0.5]))
    loss, slope = passes.along(logits, direction, 1.0, targets)
    p = 1 / (1 + np.exp(-2.0))
    np.testing.assert_allclose(loss, -0.5 * np.log(p), rtol=1e-14)
    np.testing.assert_allclose(slope, 0.5 * (p - 1), rtol=1e-14)


def test_the_tiled_pass_keeps_the_limits_of_many_classes(kernels):
    z = np.full((40, 3), -INF)
    z[7, 0], z[:2, 1], z[3, 2] = INF, INF, 0.0
    sums = tiled.run(
        Job(
            np.ones((3, 1)),
            Step.RESIDUAL,
            40,
            targets=Targets.of(np.array([7, 0, 3]), np.eye(3)[0]),
            logits=z,
        )
    )
    assert sums.loss == 0
    np.testing.assert_array_equal(sums.by_intercept, np.zeros(40))
