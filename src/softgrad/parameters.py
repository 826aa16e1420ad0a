"""The estimator's door for its own parameters."""

from typing import Any

import numpy as np

from softgrad.optimize.choose import check_name
from softgrad.scalars import check_number, check_whole


def check_params(estimator: Any) -> None:
    """Refuse parameters out of their range.

    Raises
    ------
    ValueError
        With the parameter's name, what it is and what it may be.
    """
    check_number("C", estimator.C, "one number > 0, np.inf for no penalty", positive=True, infinite=True)
    check_number("tol", estimator.tol, "a finite relative gap >= 0")
    check_whole("max_iter", estimator.max_iter, "a whole number >= 1", least=1)
    if not isinstance(estimator.verbose, bool):
        check_whole("verbose", estimator.verbose, "0, 1 or 2 (more is as 2)")
    if estimator.n_jobs is not None:
        least = 1 if estimator.n_jobs == 0 else -(2**31)
        check_whole("n_jobs", estimator.n_jobs, "a number of threads, -1 for all, or None", least=least)
    check_number("l1_ratio", estimator.l1_ratio, "0: only the L2 penalty is there yet")
    if estimator.l1_ratio != 0:
        raise ValueError(
            f"l1_ratio={estimator.l1_ratio!r} was given, but only the L2 penalty is there yet; pass 0."
        )
    for name in ("fit_intercept", "warm_start"):
        if not isinstance(getattr(estimator, name), bool | np.bool_):
            raise ValueError(f"{name}={getattr(estimator, name)!r} was given; pass True or False.")
    check_name(estimator.solver)
