"""Every step against 50 digits where that is quick, and against long doubles where there are many tiles."""

from dataclasses import replace

import numpy as np
import pytest

from softgrad.kernels import choice, fused
from softgrad.kernels.job import Step
from tests.kernels.cases import Case
from tests.kernels.oracle import EXACT, assert_right

STEPS = {
    "logits": Case(0, 0, 1, Step.NONE, kept=True, backward=False),
    "proba": Case(0, 0, 1, Step.PROBA, overwrites=True, backward=False),
    "proba of given": Case(0, 0, 1, Step.PROBA, given=True, overwrites=True, backward=False),
    "residual": Case(0, 0, 1),
    "residual, kept": Case(0, 0, 1, kept=True),
    "residual of given": Case(0, 0, 1, given=True),
    "residual in place": Case(0, 0, 1, given=True, overwrites=True, backward=False),
    "residual written": Case(0, 0, 1, overwrites=True),
    "along": Case(0, 0, 1, Step.ALONG, given=True, backward=False),
    "along, pulled back": Case(0, 0, 1, Step.ALONG, kept=True),
    "curved": Case(0, 0, 1, Step.CURVED, kept=True),
    "curved of given": Case(0, 0, 1, Step.CURVED, given=True),
    "curved, three directions": Case(0, 0, 1, Step.CURVED, directions=3),
    "curved at a base": Case(0, 0, 1, Step.CURVED, base=True, kept=True),
    "given": Case(0, 0, 1, Step.GIVEN, given=True),
    "given by coef": Case(0, 0, 1, Step.GIVEN),
    "spread": Case(0, 0, 1, Step.SPREAD),
    "spread of given": Case(0, 0, 1, Step.SPREAD, given=True),
}
SMALL = [(1, 1, 1), (7, 3, 2), (9, 5, 4), (6, 33, 3)]
TILES = [(7300, 4, 3), (1100, 130, 4), (300, 1040, 2)]


def variants(case, n, d, K, step_name):
    number = 3 * n + d + len(step_name)
    return replace(case, n=n, d=d, K=K, soft=bool(number % 2), offsets=number % 3 == 0)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("shape", SMALL, ids=str)
@pytest.mark.parametrize("name", STEPS)
def test_against_fifty_digits(kernels, rng, name, shape, single):
    case = replace(variants(STEPS[name], *shape, name), single=single)
    assert_right(case.job(rng), EXACT)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("shape", TILES, ids=str)
@pytest.mark.parametrize("name", STEPS)
def test_over_many_tiles(kernels, rng, name, shape, single):
    case = replace(variants(STEPS[name], *shape, name), single=single, n_threads=1 + shape[0] % 3)
    job = case.job(rng)
    assert fused.takes(job) == (choice.backend() != "numpy")
    assert_right(job)


@pytest.mark.parametrize("name", STEPS)
def test_more_classes_than_the_compiled_pass_takes(kernels, rng, name):
    assert_right(replace(STEPS[name], n=300, d=10, K=40).job(rng))


@pytest.mark.parametrize("step", [Step.RESIDUAL, Step.PROBA, Step.NONE])
def test_logits_are_not_touched_where_nothing_is_written(kernels, rng, step):
    job = Case(77, 6, 3, step, given=True, backward=step == Step.RESIDUAL).job(rng)
    before = job.logits.copy()
    assert_right(job)
    np.testing.assert_array_equal(job.logits, before)
