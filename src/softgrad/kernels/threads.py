"""How many threads a pass and the linear algebra may use."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any

SMALL_FLOP = 1.5e6
"""A pass of less work than this (some 0.08 ms) stays on one thread: a second one costs more than it saves."""

SMALL_FOR_BLAS = 2e8
"""The same for the BLAS, whose threads wait for each other in every call."""

Team = Callable[[Callable[[Any], Any], Sequence[Any]], None]
"""Does one thing for every piece."""

_AS_SET = nullcontext()

_limit: ContextVar[int | None] = ContextVar("softgrad_threads", default=None)


@contextmanager
def limited(n_threads: int | None, flop_per_pass: float) -> Iterator[None]:
    """Run the body on at most `n_threads` threads, the BLAS's included.

    Parameters
    ----------
    n_threads : int or None
        None: the environment variable SOFTGRAD_NUM_THREADS, else one thread where a pass is small, else what the
        process may use (its cores, or joblib's share of them inside its workers).
    flop_per_pass : float

    Raises
    ------
    ValueError
        If SOFTGRAD_NUM_THREADS is no whole number >= 1.
    """
    limit = n_threads if n_threads is not None else _from_environment()
    small = limit is None and flop_per_pass < SMALL_FOR_BLAS
    passes = _usable() if limit is None and _limit.get() is None else limit
    with using(passes), _blas_limited(1 if small else limit):
        yield


@contextmanager
def team(n_threads: int, flop: float) -> Iterator[Team]:
    """How the body does pieces of so much work together: on `n_threads` threads, each with a BLAS of one thread.

    Small work is done in turn, with the BLAS as it is.
    """
    if flop < SMALL_FOR_BLAS:
        yield _in_turn
        return
    with _blas_limited(1):
        if n_threads == 1:
            yield _in_turn
            return
        with ThreadPoolExecutor(n_threads) as pool:
            yield lambda work, pieces: _finish(pool.map(work, pieces))


def _finish(results: Iterator[Any]) -> None:
    """Wait for all, and raise what one of them raised."""
    for _ in results:
        pass


def _in_turn(work: Callable[[Any], Any], pieces: Sequence[Any]) -> None:
    for piece in pieces:
        work(piece)


@contextmanager
def _blas_limited(n_threads: int | None) -> Iterator[None]:
    if n_threads is None:
        yield
        return
    with _controller().limit(limits=n_threads, user_api="blas"):
        yield


def using(n_threads: int | None) -> AbstractContextManager[None]:
    """Run the body's passes on at most `n_threads` threads; None leaves what is set."""
    return _AS_SET if n_threads is None else _set(n_threads)


@contextmanager
def _set(n_threads: int) -> Iterator[None]:
    token = _limit.set(n_threads)
    try:
        yield
    finally:
        _limit.reset(token)


def for_work(flop: float) -> int:
    """Threads for one pass of so much work.

    Raises
    ------
    ValueError
        If the work is not small and SOFTGRAD_NUM_THREADS is no whole number >= 1.
    """
    if flop < SMALL_FLOP:
        return 1
    allowed = _limit.get()
    if allowed is None:
        allowed = _from_environment()
    return _usable() if allowed is None else allowed


def _from_environment() -> int | None:
    text = os.environ.get("SOFTGRAD_NUM_THREADS")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise ValueError(f"SOFTGRAD_NUM_THREADS={text!r} is set; it must be a whole number >= 1.")
    return int(text)


def _usable() -> int:
    """The cores the process may use, or fewer where OMP_NUM_THREADS says so, as joblib does for its workers."""
    inner = os.environ.get("OMP_NUM_THREADS", "")
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(cores, int(inner)) if inner.isascii() and inner.isdigit() and int(inner) >= 1 else cores


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  (its BLAS must be loaded to be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
