"""exp and log1p inside the kernels, over all that the softmax sees, in units in the last place."""

from functools import cache

import mpmath
import numpy as np
import pytest

from softgrad.kernels import passes
from softgrad.kernels.job import Job, Step, Targets

LN2 = float(np.log(2.0))


def exponents(least, most_beyond):
    """All of [least - most_beyond, 0]: evenly, near zero, and where the reduction by ln 2 changes its integer."""
    rng = np.random.default_rng(0)
    halves = (np.arange(0, -2 * least / LN2) + 0.5) * -LN2
    near = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, -np.inf)])
    evenly = np.linspace(least - most_beyond, 0, 8001)
    return np.unique(
        np.concatenate([evenly, near, -np.logspace(-320, 2, 800), least * rng.random(4000), [least, 0.0]])
    )


@cache
def doubles():
    return exponents(-745.2, 20.0)


@cache
def singles():
    return exponents(-104.0, 20.0).astype(np.float32)


@cache
def true_proba(single):
    """exp(x) / (1 + exp(x)) at the numbers that the kernel gets, correctly rounded to long double."""
    with mpmath.workdps(50):
        x = [mpmath.mpf(float(value)) for value in (singles() if single else doubles())]
        return np.array([np.longdouble(mpmath.nstr(mpmath.exp(v) / (1 + mpmath.exp(v)), 30)) for v in x])


def units(found, truth, dtype):
    """The error in units in the last place of the truth, subnormal where that is."""
    spacing = np.maximum(np.spacing(np.abs(truth).astype(dtype)), np.finfo(dtype).smallest_subnormal)
    return np.abs(found.astype(np.longdouble) - truth) / spacing.astype(np.longdouble)


def most(kernels, single):
    """NumPy's own exponential of float32 errs by up to 2.5 units."""
    return 4 if kernels == "numpy" and single else 2


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_each_exponential(kernels, single):
    x = singles() if single else doubles()
    proba = run_proba(x, single)
    errors = units(proba, true_proba(single), x.dtype)
    assert errors.max() <= most(kernels, single), f"{errors.max():.2f} units at {x[errors.argmax()]}"


def run_proba(x, single):
    logits = np.stack([x, np.zeros_like(x)])
    job = Job(np.empty((len(x), 0)), Step.PROBA, 2, logits=logits, overwrites=True, single=single)
    passes.run(job)
    return logits[0]


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_each_residual(kernels, single):
    """The others' residuals are the probabilities, by other ways for tiles where something underflows or nothing."""
    x = singles() if single else doubles()
    for part in (x[x > (-79 if single else -689)], x):
        logits = np.stack([part, np.zeros_like(part)])
        targets = Targets.of(np.ones(len(part), dtype=int), np.ones(len(part)))
        passes.run(
            Job(
                np.empty((len(part), 0)),
                Step.RESIDUAL,
                2,
                targets=targets,
                logits=logits,
                overwrites=True,
                single=single,
            )
        )
        truth = true_proba(single)[len(x) - len(part) :]
        for found in (logits[0], -logits[1]):
            errors = units(found, truth, x.dtype)
            assert errors.max() <= most(kernels, single), (
                f"{errors.max():.2f} units at {part[errors.argmax()]}"
            )


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_each_logarithm(kernels, single):
    """The loss of one row, log1p(exp(x)); two units are the exponential's and one the logarithm's."""
    x = (singles() if single else doubles())[::9]
    targets = Targets.of(np.array([1]), np.ones(1))
    found = np.array([one_loss(np.array([[v], [0]], x.dtype), targets, single) for v in x])
    with mpmath.workdps(50):
        exact = [mpmath.log1p(mpmath.exp(mpmath.mpf(float(v)))) for v in x]
        truth = np.array([np.longdouble(mpmath.nstr(v, 30)) for v in exact])
    errors = units(found, truth, x.dtype)
    assert errors.max() <= 3, f"{errors.max():.2f} units at {x[errors.argmax()]}"


def one_loss(logits, targets, single):
    return passes.run(
        Job(np.empty((1, 0)), Step.RESIDUAL, len(logits), targets=targets, logits=logits, single=single)
    ).loss


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_logarithms_of_many_classes(kernels, single):
    """Of equal logits the loss is log K."""
    dtype = np.float32 if single else np.float64
    for n_classes in range(1, 200):
        found = one_loss(np.full((n_classes, 1), 0.5, dtype), Targets.of(np.array([0]), np.ones(1)), single)
        truth = np.log(np.longdouble(n_classes))
        assert units(np.array(found), truth, dtype) <= 2, n_classes
