"""How many threads the linear algebra may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

SMALL_FLOP = 2e8
"""A pass of less work than this stays on one thread: waking a second one costs more than it saves."""


@contextmanager
def limited(n_threads: int | None, flop_per_pass: float) -> Iterator[None]:
    """Run the body on at most `n_threads` BLAS threads.

    Parameters
    ----------
    n_threads : int or None
        None: the environment variable SOFTGRAD_NUM_THREADS, else one thread where a pass is small, else what the
        BLAS was given (the process's cores, or joblib's share of them inside its workers).
    flop_per_pass : float

    Raises
    ------
    ValueError
        If SOFTGRAD_NUM_THREADS is no whole number >= 1.
    """
    limit = n_threads if n_threads is not None else _from_environment()
    if limit is None and flop_per_pass < SMALL_FLOP:
        limit = 1
    if limit is None:
        yield
        return
    with _controller().limit(limits=limit, user_api="blas"):
        yield


def _from_environment() -> int | None:
    text = os.environ.get("SOFTGRAD_NUM_THREADS")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise ValueError(f"SOFTGRAD_NUM_THREADS={text!r} is set; it must be a whole number >= 1.")
    return int(text)


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  (its BLAS must be loaded to be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
