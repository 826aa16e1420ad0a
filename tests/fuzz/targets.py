"""Strategies for the labels and weights that people hand over: of any type and container, sound and not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from hypothesis import strategies as st

__all__ = ["Labels", "Weights", "labels", "weights"]


@dataclass(frozen=True, eq=False)
class Labels:
    """y as handed over, the distributions it means, the labels' names in order, and what is wrong with it."""

    y: Any
    Y: Any
    names: Any = None
    flaw: str = ""

    def __repr__(self) -> str:
        return f"Labels(flaw={self.flaw!r}, {self.y!r:.300})"


NAMES = {
    "ints": lambda K: np.arange(K),
    "far ints": lambda K: np.array([-7, 0, 2**40, 2**62])[:K],
    "bytes": lambda K: np.arange(K, dtype=np.uint8) * 80,
    "words": lambda K: np.array(["", "a", "b b", "zürich\n"])[:K],
    "object words": lambda K: np.array(["<b>", "=1+1", "a,b", "none"], dtype=object)[:K],
    "floats": lambda K: np.array([-1.0, 0.0, 3.0, 1e15])[:K],
    "big-endian": lambda K: np.array([1, 5, 6, 9], dtype=">i4")[:K],
    "object ints": lambda K: np.array([1, 2, 3, 4], dtype=object)[:K],
    "dates": lambda K: np.array(["2024-01-01", "2024-01-02", "2025-01-01", "2030-01-01"], dtype="M8[D]")[:K],
    "booleans": lambda K: np.array([False, True]),
}
KINDS = tuple(sorted(NAMES))
LABEL_FLAWS = {
    "too few": lambda n: np.arange(n - 1) % 2,
    "too many": lambda n: np.arange(n + 1) % 2,
    "one class": lambda n: np.zeros(n, dtype=int),
    "continuous": lambda n: np.linspace(0.1, 0.9, n),
    "nan": lambda n: np.append(np.nan, np.arange(n - 1) % 2.0),
    "a None": lambda n: np.array([None, *["a", "b"] * n], dtype=object)[:n],
    "none": lambda n: None,
    "mixed": lambda n: np.array([1, *["a", 2.5] * n], dtype=object)[:n],
    "two columns": lambda n: np.zeros((n, 2), dtype=int),
    "three axes": lambda n: np.zeros((n, 2, 2)),
    "not one": lambda n: np.full((n, 2), 0.7),
    "negative": lambda n: np.tile([1.5, -0.5], (n, 1)),
    "soft nan": lambda n: np.full((n, 2), np.nan),
    "a word": lambda n: "spam",
    "a number": lambda n: 1,
    "nested": lambda n: [[1]] * (n - 1) + [[1, 2]],
    "lists": lambda n: np.fromiter([[1]] * n, dtype=object, count=n),
    "complex": lambda n: np.arange(n) % 2 + 1j,
    "bytes": lambda n: np.array([b"a", b"b"] * n)[:n],
    "sparse": lambda n: scipy.sparse.csr_array(np.arange(n)[:, None] % 2),
    "a record": lambda n: np.zeros(n, dtype=[("a", "f8")]),
}


@st.composite
def labels(draw, n, *, sound=None, kinds=KINDS, soft=True, at_least=2):
    """Labels of n rows: hard ones of every kind, or soft ones; every class has a row where there are enough rows."""
    flawed = draw(st.booleans()) if sound is None else not sound
    if flawed:
        flaw = draw(st.sampled_from(sorted(LABEL_FLAWS)))
        return Labels(LABEL_FLAWS[flaw](n), None, None, flaw)
    kind = draw(st.sampled_from(kinds))
    K = 2 if kind == "booleans" else draw(st.integers(at_least, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if soft and draw(st.integers(0, 4)) == 0:
        Y = rng.dirichlet(np.ones(K), size=n)
        Y = Y.astype(draw(st.sampled_from(["f8", "f4"])))
        return Labels(Y, Y / Y.sum(axis=1, keepdims=True, dtype=float), np.arange(K))
    names = NAMES[kind](K)
    codes = np.arange(n) % K
    rng.shuffle(codes)
    y = names[codes]
    handed = draw(st.sampled_from(["array", "array", "list", "strided", "read only", "series", "polars"]))
    return Labels(_container(y, handed), np.eye(K)[codes], names)


def _container(y, kind):
    if kind == "list" and y.dtype.kind != "M":
        return y.tolist()
    if kind == "strided":
        return np.repeat(y, 2)[::2]
    if kind == "read only":
        y = y.copy()
        y.flags.writeable = False
    if kind == "series":
        import pandas as pd

        return pd.Series(y.astype(y.dtype.newbyteorder("=")) if y.dtype.kind in "iuf" else y)
    if kind == "polars" and y.dtype.kind in "iufb" and y.dtype.isnative:
        import polars as pl

        return pl.Series(y)
    return y


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights as handed over, what they mean (None for ones), and what is wrong with them."""

    given: Any
    values: Any
    flaw: str = ""

    def __repr__(self) -> str:
        return f"Weights(flaw={self.flaw!r}, {self.given!r:.300})"


WEIGHT_FLAWS = {
    "negative": lambda n: np.append(-1.0, np.ones(n - 1)),
    "nan": lambda n: np.append(np.nan, np.ones(n - 1)),
    "inf": lambda n: np.append(np.inf, np.ones(n - 1)),
    "zero": np.zeros,
    "too few": lambda n: np.ones(n + 1)[:-2] if n > 1 else np.ones(3),
    "too many": lambda n: np.ones(n + 1),
    "two axes": lambda n: np.ones((n, 2)),
    "a word": lambda n: "balanced",
    "words": lambda n: ["a"] * n,
    "overflow": lambda n: np.full(n + 1, 1.7e308)[: max(n, 2)],
    "nested": lambda n: [[1.0]] * n + [[1.0, 2.0]],
    "complex": lambda n: np.ones(n) + 1j,
}
SCALES = (0, 0, 0, -300, -150, -30, 30, 150, 290)


@st.composite
def weights(draw, n, *, sound=None, zeros=True):
    """Weights of n rows: none, ones, whole, zero here and there, tiny or huge; a first row never has zero."""
    flawed = draw(st.integers(0, 3)) == 0 if sound is None else not sound
    if flawed:
        flaw = draw(st.sampled_from(sorted(WEIGHT_FLAWS)))
        return Weights(WEIGHT_FLAWS[flaw](n), None, flaw)
    if draw(st.booleans()):
        return Weights(None, None)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    w = rng.exponential(size=n)
    if zeros and draw(st.booleans()):
        w[1:][rng.random(size=n - 1) < 0.4] = 0
    kind = draw(st.sampled_from(["f8", "f8", "f8", "f4", "i8", "u1", "list", "object"]))
    if kind == "f8":
        w *= 10.0 ** draw(st.sampled_from(SCALES))
        return Weights(w, w)
    if kind in ("i8", "u1"):
        w = np.ceil(w).clip(0, 200)
        return Weights(w.astype(kind), w)
    if kind == "f4":
        w = w.astype("f4")
        return Weights(w, w.astype(float))
    return Weights(w.tolist() if kind == "list" else w.astype(object), w)
