"""Runs every step and shape once and looks at every number it gives: for memory checkers, without oracles."""

from dataclasses import replace

import numpy as np

from softgrad.kernels import passes
from softgrad.kernels.job import Targets
from tests.kernels.cases import Case
from tests.kernels.oracle import found
from tests.kernels.test_shapes import covering
from tests.kernels.test_steps import STEPS


def cases() -> list[Case]:
    """Those of the tests, and each step over two chunks of tiles."""
    steps = [
        replace(step, n=n, d=d, K=3, single=n % 2 == 0)
        for step in STEPS.values()
        for n, d in ((9, 5), (14, 39))
    ]
    return (
        steps
        + list(covering())
        + [Case(2100, 3, 4, n_threads=2), Case(600, 300, 4, soft=True, n_threads=3), Case(72, 3, 2050)]
    )


def main() -> None:
    rng = np.random.default_rng(0)
    for case in cases():
        result = found(case.job(rng))
        arrays = [np.array(result.loss), result.by_intercept, result.by_coef, result.written]
        assert all(np.isfinite(array).all() for array in arrays if array is not None), case
    for n, d, K in ((5, 2, 3), (700, 11, 4), (40, 70, 2)):
        X, proba = rng.normal(size=(n, d)), rng.uniform(size=(K, n))
        for result in (
            passes.hessian(X, proba, Targets(None, np.zeros(n, int), None)),
            passes.grams(X, proba),
        ):
            assert np.isfinite(result).all()
    print("Every job ran.")


if __name__ == "__main__":
    main()
