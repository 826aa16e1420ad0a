"""One epoch of `partial_fit` against the optimum that sees all rows at once, and against scikit-learn's best SGD.

Held-out log-loss in nats, of a quarter of the rows; the rest comes in a random order in batches, once. `worst` is the
worst of three orders, relative to the optimum's log-loss. SGDClassifier(loss="log_loss") learns the same batches, with
the best of 28 settings (step sizes and schedules, with and without averaging), chosen on the held-out rows
themselves, on raw columns and, where dense, on columns standardised beforehand.

Usage: python benchmarks/streams.py [name of a set ...]
"""

import sys
import time
import warnings
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse
from corpus import package_descriptions
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

from softgrad import SoftmaxRegression

ORDERS = 3


@dataclass(frozen=True)
class Split:
    """Rows to learn and rows held out."""

    X: Any
    y: Any
    X_held: Any
    y_held: Any

    def loss(self, proba: Any, labels: Any) -> float:
        """Mean log-loss on the held-out rows; a probability below 1e-15 counts as that."""
        own = proba[np.arange(len(self.y_held)), np.searchsorted(labels, self.y_held)]
        return float(-np.log(np.maximum(own, 1e-15)).mean())


def garments(n: int = 16_000) -> tuple[Any, Any]:
    """Ten classes of 28 x 28 smooth pixels as bytes, some of them alike: made up, of Fashion-MNIST's shape."""
    rng = np.random.default_rng(0)
    waves = np.cos(np.pi * np.outer(np.arange(12), np.arange(28) + 0.5) / 28)
    basis = np.einsum("ai,bj->abij", waves, waves).reshape(144, 784)
    decay = 1 / (1 + np.add.outer(np.arange(12), np.arange(12))).ravel()
    y = rng.integers(0, 10, n)
    centres = rng.normal(size=(10, 144))
    centres[5:] = 0.7 * centres[:5] + 0.3 * centres[5:]
    parts = (0.35 * centres[y] + rng.normal(size=(n, 144))) * decay
    pixels = 70 + 60 * parts @ basis + 8 * rng.normal(size=(n, 784))
    return np.clip(pixels, 0, 255).astype(np.uint8), y


def crooked(n: int = 20_000) -> tuple[Any, Any]:
    """Five classes, 30 correlated columns with spreads from 1e-8 to 1e8, some 1e6 spreads from zero."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 30)) @ (np.eye(30) + 0.2 * rng.normal(size=(30, 30))) + rng.normal(size=(n, 1))
    z = X @ rng.normal(size=(30, 5)) / 3
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    far = np.where(np.arange(30) % 6 == 0, 1e6, 0.0)
    return (X + far) * 10.0 ** rng.uniform(-8, 8, 30), y


SETS = {
    "digits": (lambda: load_digits(return_X_y=True), (1, 50, 500), 1.0),
    "package descriptions": (package_descriptions, (100, 1000), 1.0),
    "made-up garments": (garments, (100, 1000), 1.0),
    "crooked columns": (crooked, (10, 1000), np.inf),
}


def split(X: Any, y: Any) -> Split:
    """A quarter held out."""
    order = np.random.default_rng(0).permutation(len(y))
    held, kept = np.split(order, [len(y) // 4])
    return Split(X[kept], y[kept], X[held], y[held])


def batches(n: int, size: int, order: int) -> list[Any]:
    """The rows' numbers in one of the orders, cut into batches."""
    return np.split(np.random.default_rng(100 + order).permutation(n), range(size, n, size))


def streamed(data: Split, size: int, order: int, C: float) -> tuple[float, SoftmaxRegression, float]:
    """Held-out log-loss, the model, and seconds."""
    labels, began = np.unique(data.y), time.perf_counter()
    model = SoftmaxRegression(C=C, classes=labels)
    for rows in batches(len(data.y), size, order):
        model.partial_fit(data.X[rows], data.y[rows])
    seconds = time.perf_counter() - began
    return data.loss(model.predict_proba(data.X_held), labels), model, seconds


def best_sgd(data: Split, size: int) -> float:
    """The least held-out log-loss of any setting."""
    labels, losses = np.unique(data.y), []
    steps = [("constant", eta) for eta in 10.0 ** np.arange(-5, 2)]
    steps += [("invscaling", eta) for eta in 10.0 ** np.arange(-3, 4)]
    for (schedule, eta), average in product(steps, (False, True)):
        model = SGDClassifier(
            loss="log_loss", alpha=1e-6, learning_rate=schedule, eta0=eta, average=average, random_state=0
        )
        try:
            for rows in batches(len(data.y), size, 0):
                model.partial_fit(data.X[rows], data.y[rows], classes=labels)
        except ValueError:  # it overflowed
            continue
        proba = model.predict_proba(data.X_held)
        if np.isfinite(proba).all():
            losses.append(data.loss(proba, labels))
    return min(losses, default=np.nan)


def standardised(data: Split) -> Split | None:
    """The same with columns of mean 0 and deviation 1; None where they are sparse."""
    if scipy.sparse.issparse(data.X):
        return None
    scaler = StandardScaler().fit(data.X)
    return Split(scaler.transform(data.X), data.y, scaler.transform(data.X_held), data.y_held)


def report(name: str) -> None:
    """Print the lines of one set."""
    make, sizes, C = SETS[name]
    found = make()
    if found is None:
        print(f"| {name} | not here |")
        return
    data = split(*found)
    labels = np.unique(data.y)
    optimum = data.loss(SoftmaxRegression(C=C).fit(data.X, data.y).predict_proba(data.X_held), labels)
    scaled = standardised(data)
    raw = best_sgd(data, sizes[-1])
    eased = np.nan if scaled is None else best_sgd(scaled, sizes[-1])
    for size in sizes:
        runs = [streamed(data, size, order, C) for order in range(ORDERS)]
        losses = [loss for loss, _, _ in runs]
        model, seconds = runs[0][1:]
        print(
            f"| {name} {'x'.join(map(str, found[0].shape))} | {size} | {optimum:.4f} | "
            f"{', '.join(f'{loss:.4f}' for loss in losses)} | {max(losses) / optimum - 1:+.1%} | "
            f"{model.progressive_log_loss_:.4f} +- {model.progressive_log_loss_se_:.4f} | "
            f"{model.recent_log_loss_:.4f} +- {model.recent_log_loss_se_:.4f} | {seconds:.1f} | "
            f"{raw:.4f} | {eased:.4f} |",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    warnings.filterwarnings("ignore")
    print(
        "| data | batch | optimum | one epoch, three orders | worst | progressive | recent | s | SGD raw | SGD scaled |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or SETS:
        report(name)


if __name__ == "__main__":
    main()
