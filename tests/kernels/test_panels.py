"""Tiles of thousands of classes: panels of a few, and of as many as they have."""

from dataclasses import replace

import numpy as np
import pytest

from softgrad.kernels import fused, panels, passes
from softgrad.kernels.job import Job, Step, Targets
from tests.kernels.cases import Case
from tests.kernels.oracle import EXACT, assert_right, found

CASES = {
    "residual": Case(0, 0, 1),
    "kept": Case(0, 0, 1, kept=True),
    "given": Case(0, 0, 1, given=True),
    "loss alone": Case(0, 0, 1, backward=False),
    "offsets": Case(0, 0, 1, offsets=True),
    "bytes": Case(0, 0, 1, dtype="u1"),
    "curved": Case(0, 0, 1, Step.CURVED, kept=True),
    "curved of given": Case(0, 0, 1, Step.CURVED, given=True),
}


@pytest.fixture
def few(monkeypatch, compiled):
    """Panels of about seven classes from 33 on, which is where the BLAS takes over."""
    monkeypatch.setattr(panels, "MANY", 33)
    monkeypatch.setattr(panels, "PANEL", 7)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("n", [1, 8, 11])
@pytest.mark.parametrize("name", CASES)
def test_against_fifty_digits(few, rng, name, n, single):
    job = replace(CASES[name], n=n, d=4, K=40, single=single).job(rng)
    assert panels.takes(job)
    assert_right(job, EXACT)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("K", [panels.MANY, 2 * panels.MANY + 333])
def test_thousands_of_classes(compiled, rng, K, single):
    job = Case(152, 20, K, single=single).job(rng)
    assert panels.takes(job)
    assert job.targets.codes.max() > panels.PANEL
    assert_right(job)


@pytest.mark.parametrize("step", [Step.RESIDUAL, Step.CURVED])
@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_the_same_bits_on_any_number_of_threads(few, rng, monkeypatch, n_threads, step):
    monkeypatch.setattr("softgrad.kernels.threads.SMALL_FOR_BLAS", 0)
    job = Case(3000, 12, 90, step).job(rng)
    one, several = passes.run(job), passes.run(replace(job, n_threads=n_threads))
    assert one.loss == several.loss
    np.testing.assert_array_equal(one.by_intercept, several.by_intercept)
    np.testing.assert_array_equal(one.by_coef, several.by_coef)


def test_a_certain_label_costs_what_the_others_leave(few, rng):
    """Where 1 - p would be zero: the label leads by 60, in a panel of its own."""
    job = Case(5, 1, 40, given=True).job(rng)
    job = replace(job, start=None, logits=np.zeros((40, 5)))
    job.logits[job.targets.codes, np.arange(5)] = 60
    assert panels.takes(job)
    assert not fused.takes(job)
    assert_right(job, EXACT)
    loss = passes.run(replace(job, backward=False)).loss
    assert loss == pytest.approx(39 * np.exp(-60.0), rel=1e-14)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(
    "case", [Case(6, 2, 40, given=True), Case(5, 2, 40, kept=True)], ids=["given", "kept"]
)
def test_logits_that_are_not_finite_have_the_limits_of_all_classes_at_once(
    few, rng, monkeypatch, case, value
):
    """A tile whose sums are not finite is computed again; nothing is added twice, and the logits are left right."""
    job = case.job(rng)
    if case.given:
        job.logits[17, 3] = job.logits[:, 4] = value
    else:
        job.start = np.zeros(40)
        job.start[17] = value
    assert panels.takes(job)
    assert not fused.takes(job)
    here = found(replace(job, logits=job.logits.copy()))
    monkeypatch.setattr(panels, "MANY", 10**9)
    there = found(job)
    assert not np.isfinite(there.by_intercept).all() or not np.isfinite(there.written).all()
    for name in ("loss", "by_intercept", "by_coef", "written"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "case",
    [
        Case(6, 3, 40, soft=True),
        Case(6, 3, 40, overwrites=True),
        Case(6, 3, 40, Step.CURVED, base=True),
        Case(6, 3, 20, Step.CURVED, directions=2),
    ],
    ids=["soft labels", "r is kept", "a base", "directions"],
)
def test_what_is_left_to_the_tile(few, rng, case):
    job = case.job(rng)
    assert not panels.takes(job)
    assert_right(job)


def test_a_product_leaves_out_rows_of_no_share(few, rng):
    job = Case(9, 3, 40, Step.CURVED).job(rng)
    none = np.flatnonzero(job.targets.shares == 0)
    right = passes.run(job)
    job.other[:, none] = np.nan
    np.testing.assert_array_equal(passes.run(job).by_coef, right.by_coef)


def test_exponentials_need_somewhere_to_leave_their_sums(compiled):
    logits = np.zeros((3, 4))
    with pytest.raises(ValueError, match="room"):
        fused.run(
            Job(
                np.empty((4, 0)),
                Step.EXPONENTIALS,
                3,
                targets=Targets(None, np.zeros(4, int), None),
                logits=logits,
            )
        )


def test_a_wrong_factor_would_be_noticed(few, rng, monkeypatch):
    """The comparison catches panels that are not brought to a common top."""
    right = panels._Rows.of
    monkeypatch.setattr(
        panels._Rows, "of", lambda sums, *rest: right(sums * np.array([0, 1, 1, 1])[:, None], *rest)
    )
    with pytest.raises(AssertionError):
        assert_right(Case(8, 4, 40).job(rng))
