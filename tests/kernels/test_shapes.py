"""Shapes, types and layouts of X: covering selections of their combinations."""

from itertools import cycle

import numpy as np
import pytest

from softgrad.kernels import fused
from softgrad.kernels.job import Step
from tests.kernels.cases import LAYOUTS, NATIVE, OTHER, Case
from tests.kernels.oracle import assert_right

SIZES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 252, 507)
CLASSES = (1, 2, 3, 4, 5, 6, 7, 10, 13, 26, 32, 33, 40)
WIDE = (513, 520, 1027)


def covering():
    """Every d with six n and six K, every n and K with many d; the other properties take turns."""
    classes, dtypes, layouts = cycle(CLASSES), cycle(NATIVE), cycle(LAYOUTS)
    turns = cycle(range(15))
    for d in (0, *SIZES, *WIDE):
        for shift in range(6):
            n, turn = SIZES[(SIZES.index(d) if d in SIZES else 0) * 5 + shift * 7 + 3 & 15], next(turns)
            yield Case(
                n,
                d,
                next(classes),
                step=Step.CURVED if turn % 5 == 4 else Step.RESIDUAL,
                dtype=next(dtypes),
                layout=next(layouts) if turn % 2 else "C",
                single=turn % 3 == 0,
                soft=turn % 3 == 1,
                offsets=turn % 5 == 0,
                kept=True,
            )


@pytest.mark.parametrize(
    "case", list(covering()), ids=lambda case: f"{case.n}x{case.d}x{case.K}-{case.dtype}"
)
def test_shapes(kernels, rng, case):
    assert_right(case.job(rng))


@pytest.mark.parametrize("d", [5, 47])
@pytest.mark.parametrize("dtype", NATIVE + OTHER)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_every_type(kernels, rng, layout, dtype, d):
    case = Case(90, d, 3, dtype=dtype, layout=layout, single=len(layout) % 2 == d % 2, offsets=d == 5)
    assert_right(case.job(rng))


@pytest.mark.parametrize("d", [3, 16, 33, 77, 530])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_over_many_tiles(kernels, rng, layout, d):
    assert_right(Case(555, d, 4, layout=layout, offsets=d == 77).job(rng))


@pytest.mark.parametrize("dtype", NATIVE)
def test_the_compiled_pass_takes_every_native_type(compiled, rng, dtype):
    for layout in set(LAYOUTS) - {"a field", "an odd address"}:
        assert fused.takes(Case(9, 33, 2, dtype=dtype, layout=layout).job(rng)), layout


@pytest.mark.parametrize("dtype", ["i8", "u8", "i4", "u4", "i2", "u2", "i1"])
def test_the_ends_of_the_integers(kernels, rng, dtype):
    limits = np.iinfo(dtype)
    case = Case(70, 34, 3, dtype=dtype)
    job = case.job(rng)
    job.X[::3], job.X[1::3] = limits.max, limits.min
    job.coef[:] *= 1.0 / float(limits.max)
    assert_right(job)


@pytest.mark.parametrize("dtype", NATIVE)
def test_x_is_never_written(kernels, rng, dtype):
    job = Case(100, 40, 3, dtype=dtype, offsets=True).job(rng)
    before = job.X.copy()
    assert_right(job)
    np.testing.assert_array_equal(job.X, before)
