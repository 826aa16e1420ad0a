"""One problem, all methods: every fit in a process of its own that is killed at the time limit.

The first fit of each (method, tolerance) runs alone; the quick ones are then repeated in turns, so that a noisy
spell of the machine meets all of them, and medians are kept.
"""

import json
import multiprocessing
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from _oracle import judge
from _peers import OURS, Method, by_softgrad, quietly
from _problems import Problem

Array = np.ndarray[Any, Any]

CONTEXT = multiprocessing.get_context("forkserver")
"""Processes start from one that has imported everything and computed nothing."""
CONTEXT.set_forkserver_preload(["_race"])

REPEATS = 7
REPEATED_BELOW = 3.0
"""Seconds below which a fit is repeated."""
ENOUGH = 6.0
"""Seconds after which repetitions of one fit end."""
PATIENT = 3600.0
"""Seconds that starting a process, judging a point and the reference solution may take."""
REFERENCE = 1e-13
"""The relative gap asked of the reference solution."""


@dataclass(frozen=True)
class Entry:
    """One (method, tolerance): median seconds, passes, the objective by the oracle; or why there is none."""

    method: str
    tolerance: float
    seconds: float = float("nan")
    passes: float = float("nan")
    objective: float = float("nan")
    bound: float = float("nan")
    gap: float = float("nan")
    failure: str = ""


@dataclass(frozen=True)
class Race:
    """What came out for one problem.

    `optimum` is the lowest objective seen by anyone, `slack` its relative distance to the best lower bound.
    """

    name: str
    group: str
    shape: tuple[int, int, int]
    optimum: float
    slack: float
    entries: list[Entry] = field(default_factory=list)

    def excess(self, entry: Entry) -> float:
        """True relative suboptimality, up to `slack`."""
        return (entry.objective - self.optimum) / self.optimum

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def race(problem: Problem, methods: list[Method], limit: float) -> Race | str:
    """All methods on one problem, or why the data are not there."""
    loaded = problem.load()
    if isinstance(loaded, str):
        return loaded
    X, y = loaded
    y = np.unique(y, return_inverse=True)[1].astype(np.int64)
    shape = (*X.shape, int(y.max()) + 1)
    with tempfile.TemporaryDirectory() as folder:
        _store(Path(folder), X, y)
        size = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes
        del X, loaded
        reference = _reference(folder)
        if reference.failure:
            return f"has no reference solution ({reference.failure})"
        entries = _all_fits(folder, shape, methods, limit * problem.patience, size, reference)
    seen = [reference, *entries]
    optimum = min(entry.objective for entry in seen if not entry.failure)
    bound = max(entry.bound for entry in seen if not entry.failure)
    return Race(problem.name, problem.group, shape, optimum, (optimum - bound) / optimum, entries)


def _reference(folder: str) -> Entry:
    """Our own tightest fit, on which nothing rests: the oracle's bound says how far from the optimum it can be."""
    worker = _Worker(folder, Method("reference", (REFERENCE,), by_softgrad))
    entry = worker.fit(REFERENCE, PATIENT)
    worker.close()
    return entry


def _all_fits(
    folder: str, shape: tuple[int, int, int], methods: list[Method], limit: float, size: int, reference: Entry
) -> list[Entry]:
    """The first fits one after the other, a method's next tolerance until it arrives; then the repetitions."""
    goal, fastest = reference.objective * (1 + 1e-6), limit
    first: list[tuple[Entry, _Worker | None]] = []
    for method in methods:
        refused = method.refuses(shape[1], shape[2])
        if refused:
            first.append((Entry(method.name, method.tolerances[-1], failure=refused), None))
            continue
        worker, kept = _Worker(folder, method), False
        for tolerance in method.tolerances:
            entry = worker.fit(tolerance, min(limit, max(5.0, 5 * fastest)))
            again = not entry.failure and entry.seconds < min(REPEATED_BELOW, 5 * fastest) and size < 2e8
            kept = kept or again
            first.append((entry, worker if again else None))
            arrived = method.name != OURS and entry.objective <= goal
            fastest = min(fastest, entry.seconds) if arrived else fastest
            if entry.failure or arrived:
                break
        if not kept:
            worker.close()
    entries = _repeated(first)
    for worker in {worker for _, worker in first if worker is not None}:
        worker.close()
    return entries


def _repeated(first: list[tuple[Entry, "_Worker | None"]]) -> list[Entry]:
    """Median seconds of the fits that have a worker left, which run in turns."""
    times = [[entry.seconds] for entry, _ in first]
    for _ in range(REPEATS - 1):
        for (entry, worker), seconds in zip(first, times, strict=True):
            if worker is not None and sum(seconds) < ENOUGH:
                seconds.append(worker.fit(entry.tolerance, PATIENT).seconds)
    return [
        replace(entry, seconds=float(np.nanmedian(seconds)) if not entry.failure else entry.seconds)
        for (entry, _), seconds in zip(first, times, strict=True)
    ]


# -------------------------------------------------------------------------------------------------- workers


class _Worker:
    """A process that holds the data and fits one method when asked to; after it was killed, a new one."""

    def __init__(self, folder: str, method: Method) -> None:
        self._folder, self._method = folder, method
        self._process: Any = None

    def fit(self, tolerance: float, limit: float) -> Entry:
        """One fit; past `limit` seconds the process is killed."""
        name = self._method.name
        try:
            if self._process is None:
                self._start()
            self._ours.send(tolerance)
            self._answer(limit, f"not reached in {limit:.0f} s")
            return Entry(name, tolerance, **self._answer(PATIENT, "could not be judged"))
        except _FailedError as failed:
            self.close()
            return Entry(name, tolerance, failure=str(failed))
        except (EOFError, OSError):
            self.close()
            return Entry(name, tolerance, failure="its process ended (out of memory?)")

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._ours.close()
            self._process = None

    def _start(self) -> None:
        self._ours, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_serve, args=(theirs, self._folder, self._method), daemon=True)
        self._process.start()
        theirs.close()
        self._answer(PATIENT, "could not be started")

    def _answer(self, limit: float, otherwise: str) -> dict[str, float]:
        if not self._ours.poll(limit):
            raise _FailedError(otherwise)
        answer: dict[str, float] | str = self._ours.recv()
        if isinstance(answer, str):
            raise _FailedError(answer)
        return answer


class _FailedError(Exception):
    """Why a fit has no result, for the table."""


def _store(folder: Path, X: Any, y: Array) -> None:
    np.save(folder / "y.npy", y)
    if scipy.sparse.issparse(X):
        scipy.sparse.save_npz(folder / "X.npz", X, compressed=False)
    else:
        np.save(folder / "X.npy", X)


def _stored(folder: Path) -> tuple[Any, Array]:
    """The inverse of :func:`_store`."""
    sparse = folder / "X.npz"
    X = (
        scipy.sparse.csr_array(scipy.sparse.load_npz(sparse))
        if sparse.exists()
        else np.load(folder / "X.npy")
    )
    return X, np.load(folder / "y.npy")


def _serve(connection: Any, folder: str, method: Method) -> None:
    """Answer {} when ready and when a fit is done, so that the limit ends there; then what the oracle says."""
    quietly()
    X, y = _stored(Path(folder))
    alpha, judged = 1.0 / len(y), {}
    connection.send({})
    while True:
        try:
            tolerance = connection.recv()
        except EOFError:
            return
        try:
            fit = method.fit(X, y, alpha, tolerance)
        except (MemoryError, ValueError, np.linalg.LinAlgError) as error:
            connection.send(f"{type(error).__name__}: {error}"[:80])
            continue
        connection.send({})
        if tolerance not in judged:
            judged[tolerance] = judge(X, y, alpha, fit.coef, fit.intercept)
        objective, bound = judged[tolerance]
        connection.send(
            {
                "seconds": fit.seconds,
                "passes": fit.passes,
                "objective": objective,
                "bound": bound,
                "gap": fit.gap,
            }
        )
