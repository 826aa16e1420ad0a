"""Loss and gradient, side by side: softgrad, scikit-learn, NumPy and, where it is installed, PyTorch.

    python benchmarks/kernels.py [--quick]

Every row is one problem on this machine's own cores, medians over interleaved repetitions. `roof` is the time below
which the machine cannot go, ``max(bytes of X / read bandwidth, 4 n d K / GEMM rate)``: both rates are medians that were
measured in turns with the row, in its own precision. `with exps` adds n K exponentials at the rate of softgrad's own.
`product` is the time of a product with the Hessian at kept probabilities, over that of loss and gradient.
Peers do the same job: loss and gradient of the mean loss in the data's precision, no penalty; scikit-learn's
LinearModelLoss is called as its LogisticRegression calls it, on a float64 copy where the data are bytes. Sparse rows
are given to softgrad as Rows, as its fits hold them, with the threads' ranges of features found before.
"""

import argparse
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy
import scipy.sparse
import sklearn
from sklearn._loss.loss import HalfMultinomialLoss
from sklearn.linear_model._linear_loss import LinearModelLoss

import softgrad
from softgrad.kernels import passes
from softgrad.kernels.choice import backend
from softgrad.kernels.job import Targets
from softgrad.rows.wrap import as_rows

GRID = [
    (200_000, 100, 3, "f8"),
    (200_000, 100, 10, "f8"),
    (60_000, 784, 10, "f8"),
    (60_000, 784, 10, "f4"),
    (60_000, 784, 10, "u1"),
    (1_000_000, 10, 4, "f8"),
    (100_000, 54, 7, "f8"),
    (20_000, 16, 26, "f8"),
    (20_000, 768, 1000, "f4"),
]
SMALL = (1_000, 20, 5, "f8")
VERY_MANY = (2_000, 768, 20_000, "f4")
THREADS = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Problem:
    """Data and parameters in the type they are computed in."""

    X: Any
    y: Any
    coef: Any
    intercept: Any

    @property
    def n_classes(self) -> int:
        return len(self.coef)


def dense(n: int, d: int, n_classes: int, kind: str) -> Problem:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)).astype(kind) if kind != "u1" else rng.integers(0, 256, (n, d), dtype=np.uint8)
    real = np.float32 if kind == "f4" else np.float64
    coef = (0.01 * rng.normal(size=(n_classes, d))).astype(real)
    return Problem(X, rng.integers(0, n_classes, size=n), coef, np.zeros(n_classes, dtype=real))


def one_hot(n: int, columns: int, levels: int, n_classes: int) -> Problem:
    """Categories drawn with Zipf's frequencies, one column a level."""
    rng = np.random.default_rng(1)
    weights = 1 / np.arange(1, levels + 1)
    chosen = rng.choice(levels, size=(n, columns), p=weights / weights.sum()) + levels * np.arange(columns)
    X = scipy.sparse.csr_array(
        (np.ones(n * columns), np.sort(chosen, axis=1).ravel(), np.arange(0, n * columns + 1, columns)),
        shape=(n, columns * levels),
    )
    coef = 0.1 * rng.normal(size=(n_classes, columns * levels))
    return Problem(X, rng.integers(0, n_classes, size=n), coef, np.zeros(n_classes))


def descriptions() -> Problem | None:
    """Hashed words of the Debian packages' descriptions, the section as label; None where apt-cache is not there."""
    from _corpus import package_descriptions  # beside this script

    found = package_descriptions()
    if found is None:
        return None
    X, y = found
    n_classes = int(y.max()) + 1
    coef = 0.1 * np.random.default_rng(2).normal(size=(n_classes, X.shape[1]))
    return Problem(X, y, coef, np.zeros(n_classes))


# --------------------------------------------------------------------------------------------- competitors


def ours(problem: Problem) -> Callable[[], Any]:
    if scipy.sparse.issparse(problem.X):
        rows = as_rows(problem.X, problem.y, n_classes=problem.n_classes)
        return lambda: softgrad.loss_and_gradient(problem.coef, problem.intercept, rows)
    return lambda: softgrad.loss_and_gradient(problem.coef, problem.intercept, problem.X, problem.y)


def hessian_product(problem: Problem) -> Callable[[], Any]:
    """As the solvers ask for it: at kept probabilities, the direction's logits returned."""
    rows = as_rows(problem.X, problem.y, n_classes=problem.n_classes)
    point = rows.at(problem.coef, problem.intercept)
    return lambda: point.product(problem.coef[::-1], problem.intercept)


def scikit_learn(problem: Problem) -> Callable[[], Any]:
    X = problem.X.astype(np.float64) if problem.X.dtype == np.uint8 else problem.X
    loss = LinearModelLoss(base_loss=HalfMultinomialLoss(n_classes=problem.n_classes), fit_intercept=True)
    coef = np.asfortranarray(np.column_stack([problem.coef, problem.intercept]))
    y = problem.y.astype(X.dtype)
    return lambda: loss.loss_gradient(coef, X, y, n_threads=THREADS)


def numpy_naive(problem: Problem) -> Callable[[], Any]:
    X = problem.X.astype(np.float64) if problem.X.dtype == np.uint8 else problem.X
    rows = np.arange(X.shape[0])

    def run() -> Any:
        z = X @ problem.coef.T + problem.intercept
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        loss = float((np.log(total[:, 0]) - z[rows, problem.y]).mean())
        p /= total
        p[rows, problem.y] -= 1
        return loss, p.T @ X / len(rows), p.mean(axis=0)

    return run


def pytorch(problem: Problem) -> Callable[[], Any] | None:
    try:
        import torch
    except ModuleNotFoundError:
        return None
    if not isinstance(problem.X, np.ndarray):
        return None
    torch.set_num_threads(THREADS)
    X = torch.from_numpy(problem.X.astype(np.float64) if problem.X.dtype == np.uint8 else problem.X)
    y = torch.from_numpy(problem.y)
    coef = torch.from_numpy(problem.coef.copy()).requires_grad_()
    intercept = torch.from_numpy(problem.intercept.copy()).requires_grad_()

    def run() -> Any:
        coef.grad = intercept.grad = None
        loss = torch.nn.functional.cross_entropy(X @ coef.T + intercept, y)
        loss.backward()
        return loss

    return run


# ------------------------------------------------------------------------------------------------- measuring


def interleaved(runs: dict[str, Callable[[], Any] | None], seconds: float) -> dict[str, float]:
    """Median seconds of each, in turns, so that a slow spell of the machine meets all.

    A turn begins with calls that are not counted: by then the threads of the library before have stopped spinning, and
    the machine's clock and caches are those of the work at hand.
    """
    kept = {name: run for name, run in runs.items() if run is not None}
    times: dict[str, list[float]] = {name: [] for name in kept}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(next(iter(times.values()))) < 9:
        for name, run in kept.items():
            time.sleep(0.2)
            repeated(run, 0.05)
            times[name] += repeated(run, 0.1)
    return {name: statistics.median(taken) for name, taken in times.items()}


def repeated(run: Callable[[], Any], seconds: float) -> list[float]:
    """The times of at least three calls, and of more until `seconds` have passed."""
    taken: list[float] = []
    while sum(taken) < seconds or len(taken) < 3:
        taken.append(timed(run))
    return taken


def timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Yardstick:
    """A piece of work whose rate bounds a pass."""

    run: Callable[[], Any]
    amount: float


def reading() -> Yardstick:
    """Bytes that all cores read together."""
    parts = np.array_split(np.ones(60_000_000), THREADS)  # zeros would be one page of memory

    def read() -> None:
        threads = [threading.Thread(target=part.sum) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return Yardstick(read, sum(part.nbytes for part in parts))


def multiplying(kind: str) -> Yardstick:
    """The flop of a large matrix product."""
    a = np.random.default_rng(0).normal(size=(1800, 1800)).astype(kind)
    return Yardstick(lambda: a @ a, 2 * 1800**3)


def exponentials(n_classes: int = 32, n: int = 60_000) -> Yardstick:
    """Those of the kernels' own loss from given logits."""
    logits = np.random.default_rng(0).normal(size=(n_classes, n))
    targets = Targets.of(np.zeros(n, dtype=np.int64), None)
    return Yardstick(lambda: passes.loss(logits, targets), logits.size)


@cache
def yardsticks() -> dict[str, Yardstick]:
    """By what they are called in the rates."""
    return {"read": reading(), "f8": multiplying("f8"), "f4": multiplying("f4"), "exp": exponentials()}


def roofs(problem: Problem, rates: dict[str, float]) -> tuple[float, float]:
    """Seconds of the two roofs at these rates a second."""
    X = problem.X
    entries, size = (X.size, X.nbytes) if isinstance(X, np.ndarray) else (X.nnz, X.nnz * 12)
    flop = 4 * entries * problem.n_classes
    roof = max(size / rates["read"], flop / rates["f4" if X.dtype == np.float32 else "f8"])
    return roof, roof + X.shape[0] * problem.n_classes / rates["exp"]


def row(name: str, problem: Problem, seconds: float) -> dict[str, float]:
    taken = interleaved(
        {
            "softgrad": ours(problem),
            "product": hessian_product(problem),
            "scikit-learn": scikit_learn(problem),
            "NumPy": numpy_naive(problem) if isinstance(problem.X, np.ndarray) else None,
            "PyTorch": pytorch(problem),
            **{name: yardstick.run for name, yardstick in yardsticks().items()},
        },
        seconds,
    )
    rates = {name: yardstick.amount / taken[name] for name, yardstick in yardsticks().items()}
    roof, with_exps = roofs(problem, rates)
    cells = [f"{taken[peer] * 1e3:9.2f}" if peer in taken else "        -" for peer in PEERS]
    speed, share = taken["scikit-learn"] / taken["softgrad"], roof / taken["softgrad"]
    print(
        f"{name:28s}",
        *cells,
        f"{speed:7.1f}x {share:6.2f} {with_exps / taken['softgrad']:9.2f}",
        f"{taken['product'] / taken['softgrad']:9.2f}",
        flush=True,
    )
    return {"speed": speed, "share": share, "n_classes": problem.n_classes, **rates}


PEERS = ("softgrad", "scikit-learn", "NumPy", "PyTorch")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a second a row")
    seconds = 2.0 if parser.parse_args().quick else 6.0
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"
    print(
        f"softgrad {softgrad.__version__} ({backend()}), {versions}; {platform.processor() or platform.machine()}"
    )
    print(f"{'ms':28s}", *(f"{peer:>9s}" for peer in ("softgrad", "sklearn", "NumPy", "PyTorch")),
          "  vs sklearn   roof  with exps  product")  # fmt: skip
    found = [row(f"({n}, {d}, {k}, {kind})", dense(n, d, k, kind), seconds) for n, d, k, kind in GRID]
    narrow = [one for one in found if one["n_classes"] <= 26]
    mean = {key: statistics.geometric_mean(one[key] for one in narrow) for key in ("speed", "share")}
    print(f"K <= 26, geometric mean: {mean['speed']:.1f}x scikit-learn, {mean['share']:.2f} of the roof")
    rate = {name: statistics.median(one[name] for one in found) / 1e9 for name in yardsticks()}
    print(
        f"{THREADS} cores, medians: {rate['read']:.1f} GB/s read, GEMM {rate['f8']:.0f} (f8) {rate['f4']:.0f} (f4) "
        f"GFLOP/s, {1 / rate['exp']:.2f} ns an exponential"
    )
    row(f"small {SMALL}", dense(*SMALL), seconds / 3)
    row(f"classes {VERY_MANY}", dense(*VERY_MANY), seconds)
    row("one-hot (200000, 10 x 1000, 8)", one_hot(200_000, 10, 1000, 8), seconds)
    corpus = descriptions()
    if corpus is not None:
        row(f"descriptions {corpus.X.shape} K={corpus.n_classes}", corpus, seconds)


if __name__ == "__main__":
    main()
