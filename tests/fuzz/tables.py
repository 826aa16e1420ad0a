"""Strategies for the tables that people hand over: of any type, order and container, sound and not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from hypothesis import strategies as st

__all__ = ["Table", "tables"]

DTYPES = (
    "f8",
    "f8",
    "f8",
    "f4",
    "f2",
    ">f8",
    ">f4",
    "g",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u4",
    "u8",
    ">i4",
    "?",
)


@dataclass(frozen=True, eq=False)
class Table:
    """X as handed over, what it means in float64, and what is wrong with it, if anything is."""

    X: Any
    values: Any
    flaw: str = ""

    def __repr__(self) -> str:
        kind = f"{type(self.X).__name__} {getattr(self.X, 'shape', '')} {getattr(self.X, 'dtype', '')}"
        return f"Table({kind}, flaw={self.flaw!r}, {self.X!r:.300})"


def _fortran(X):
    return np.asfortranarray(X)


def _strided(X):
    room = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    room[::2, 1::3] = X
    return room[::2, 1::3]


def _backwards(X):
    return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def _unaligned(X):
    room = np.zeros(X.nbytes + 1, np.uint8)
    view = room[1:].view(np.uint8)
    array = np.ndarray(X.shape, X.dtype, buffer=view.data)
    array[:] = X
    return array


def _repeated(X):
    """One row in memory, shown as many: only where all rows are equal."""
    return np.broadcast_to(X[:1], X.shape) if (X[:1] == X).all() else X


def _subclass(X):
    return X.view(np.matrix) if X.ndim == 2 else X


def _csr(index):
    def make(X):
        S = scipy.sparse.csr_array(X)
        S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
        return S

    return make


def _unsorted(X):
    S = scipy.sparse.csr_array(X)
    for i in range(S.shape[0]):
        part = slice(S.indptr[i], S.indptr[i + 1])
        S.indices[part], S.data[part] = S.indices[part][::-1].copy(), S.data[part][::-1].copy()
    S.has_sorted_indices = False
    return S


DENSE = {
    "as it is": np.ascontiguousarray,
    "fortran": _fortran,
    "strided": _strided,
    "backwards": _backwards,
    "read only": _read_only,
    "unaligned": _unaligned,
    "repeated": _repeated,
    "list": lambda X: X.tolist(),
}
SPARSE = {
    "csr32": _csr(np.int32),
    "csr64": _csr(np.int64),
    "unsorted": _unsorted,
    "csc": scipy.sparse.csc_array,
    "coo": scipy.sparse.coo_array,
    "matrix": scipy.sparse.csr_matrix,
}


def _frame(X):
    import pandas as pd

    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def _polars(X):
    import polars as pl

    return pl.DataFrame({f"x{j}": X[:, j] for j in range(X.shape[1])})


FRAMES = {"pandas": _frame, "polars": _polars}
FLAWS = {
    "nan": lambda X: _with(X, np.nan),
    "inf": lambda X: _with(X, np.inf),
    "-inf": lambda X: _with(X, -np.inf),
    "sparse nan": lambda X: scipy.sparse.csr_array(_with(X, np.nan)),
    "no rows": lambda X: X[:0],
    "no columns": lambda X: X[:, :0],
    "one axis": lambda X: X[:, 0],
    "three axes": lambda X: X[:, :, None],
    "complex": lambda X: X + 1j,
    "text": lambda X: np.full(X.shape, "spam"),
    "objects": lambda X: np.full(X.shape, object(), dtype=object),
    "dates": lambda X: np.full(X.shape, np.datetime64("2024-01-01")),
    "ragged": lambda X: [*X.tolist(), [0.0]] if X.shape[1] > 1 else [[0.0], [0.0, 1.0]],
    "none": lambda X: None,
    "a word": lambda X: "spam",
    "a number": lambda X: 3.0,
    "a set": lambda X: {1.0, 2.0},
    "bytes": lambda X: X.tobytes(),
    "a record": lambda X: np.zeros(len(X), dtype=[("a", "f8"), ("b", "i4")]),
}


def _with(X, value):
    X = np.array(X, dtype=np.float64)
    X[len(X) // 2, X.shape[1] // 2] = value
    return X


@st.composite
def tables(draw, *, sound=None, kinds=("dense", "sparse"), most=25):
    """A Table; `sound` True for those without a flaw, False for flawed ones, None for either."""
    n, d = draw(st.integers(1, most)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X = rng.normal(size=(n, d))
    flawed = draw(st.booleans()) if sound is None else not sound
    if flawed:
        flaw = draw(st.sampled_from(sorted(FLAWS)))
        return Table(FLAWS[flaw](X), None, flaw)
    X *= 10.0 ** draw(st.integers(-3, 3))
    quirk = draw(st.sampled_from(["", "", "zero column", "constant", "twins", "far", "sparse", "all zero"]))
    if quirk == "zero column":
        X[:, 0] = 0
    elif quirk == "constant":
        X[:] = X[0]
    elif quirk == "twins":
        X[:, -1] = X[:, 0]
    elif quirk == "far":
        X += 10.0 ** draw(st.integers(0, 5))
    elif quirk == "sparse":
        X[rng.random(size=X.shape) < 0.7] = 0
    elif quirk == "all zero":
        X[:] = 0
    return _handed_over(draw, X, kinds)


def _handed_over(draw, X, kinds):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    kind = draw(st.sampled_from(kinds))
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        X = np.clip(np.rint(X), max(limits.min, -(2**52)), min(limits.max, 2**52))
    elif dtype == np.float16:
        X = np.clip(X, -6e4, 6e4)
    X = X.astype(dtype)
    if kind == "sparse":
        layout = draw(st.sampled_from(sorted(SPARSE)))
        if dtype == np.float16 or not dtype.isnative:  # SciPy has no sparse arrays of these
            X = X.astype(np.float32)
        return Table(SPARSE[layout](X), X.astype(np.float64))
    if kind == "frame":
        if dtype.char == "g" or not dtype.isnative or dtype == np.float16:
            X = X.astype(np.float64)
        return Table(FRAMES[draw(st.sampled_from(sorted(FRAMES)))](X), X.astype(np.float64))
    return Table(DENSE[draw(st.sampled_from(sorted(DENSE)))](X), X.astype(np.float64))
