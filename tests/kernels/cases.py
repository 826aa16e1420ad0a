"""Jobs of every kind with random numbers, and X in every shape of memory."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.kernels.job import Job, Step, Targets

Array = Any

NATIVE = ("f8", "f4", "u1", "i1", "?", "i2", "i4", "i8", "u2", "u4", "u8")
OTHER = ("f2", ">f8", ">i2", "longdouble")


def values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Numbers that float32 holds exactly, over much of the type's range where that is small."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    if kind == "u":
        return rng.integers(0, 256, shape).astype(dtype)
    if kind == "i":
        return rng.integers(-128, 128, shape).astype(dtype)
    return rng.standard_normal(shape).astype(np.float16).astype(dtype)


def _memory_mapped(X: Array) -> Array:
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, X.dtype, "w+", shape=X.shape)
        mapped[:] = X
    return mapped


def _read_only(X: Array) -> Array:
    X = X.copy()
    X.flags.writeable = False
    return X


def _strided(X: Array, rows: int, columns: int) -> Array:
    around = np.ones((X.shape[0] * abs(rows), X.shape[1] * abs(columns)), X.dtype)
    view = around[::rows, ::columns]
    view[:] = X
    return view


def _far_apart(X: Array) -> Array:
    view = np.zeros((16 * X.shape[0], X.shape[1]), X.dtype)[::16]
    view[:] = X
    return view


def _field(X: Array) -> Array:
    """A field behind one odd byte: rows lie at addresses that fit no type."""
    record = np.zeros(X.shape[0], [("odd", "u1"), ("X", X.dtype, (X.shape[1],))])
    record["X"] = X
    return record["X"]


def _odd_address(X: Array) -> Array:
    return np.frombuffer(b"\0" + X.tobytes(), X.dtype, offset=1).reshape(X.shape)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every third row": lambda X: _strided(X, 3, 1),
    "every second column": lambda X: _strided(X, 1, 2),
    "both": lambda X: _strided(X, 2, 3),
    "rows reversed": lambda X: _strided(X, -1, 1),
    "columns reversed": lambda X: _strided(X, 1, -1),
    "transposed and reversed": lambda X: _strided(X.T, -2, -1).T,
    "far apart": _far_apart,
    "one row": lambda X: np.broadcast_to(X[:1], X.shape),
    "one column": lambda X: np.broadcast_to(X[:, :1], X.shape),
    "one number": lambda X: np.broadcast_to(X[0, 0], X.shape),
    "read-only": _read_only,
    "memory-mapped": _memory_mapped,
    "a field": _field,
    "an odd address": _odd_address,
}


@dataclass(frozen=True)
class Case:
    """`given`: the logits are given, and coef is not. `kept`: they are written."""

    n: int
    d: int
    K: int
    step: Step = Step.RESIDUAL
    dtype: str = "f8"
    layout: str = "C"
    single: bool = False
    soft: bool = False
    offsets: bool = False
    given: bool = False
    kept: bool = False
    overwrites: bool = False
    backward: bool = True
    directions: int = 1
    base: bool = False
    n_threads: int = 1

    def X(self, rng: np.random.Generator) -> Array:
        X = values(rng, (self.n, self.d), self.dtype)
        return LAYOUTS[self.layout](X) if X.size else X

    def job(self, rng: np.random.Generator) -> Job:
        X, dtype = self.X(rng), np.float32 if self.single else np.float64
        size = max(1.0, float(np.abs(X.astype(np.float64)).max(initial=0)) * self.d**0.5)
        total = self.K * self.directions
        given = self._reals(rng, total, self.n, 3.0).astype(dtype)
        room = given if self.given else np.full((total, self.n), np.nan, dtype)
        return Job(
            X,
            self.step,
            total,
            coef=None if self.given else self._reals(rng, total, self.d, 3 / size),
            start=None if self.n % 2 else self._reals(rng, total, 1, 1.0)[:, 0],
            targets=None if self.step in (Step.NONE, Step.PROBA, Step.GIVEN) else self.targets(rng),
            logits=room if self.given or self.kept or self.overwrites else None,
            overwrites=self.overwrites,
            other=self._other(rng, dtype),
            t=0.625,
            base=self._reals(rng, self.K, self.d, 2 / size) if self.base else None,
            base_start=self._reals(rng, self.K, 1, 1.0)[:, 0] if self.base and self.n % 3 else None,
            directions=self.directions,
            backward=self.backward,
            offsets=self._reals(rng, 1, self.d, size)[0] if self.offsets else None,
            single=self.single,
            n_threads=self.n_threads,
        )

    @staticmethod
    def _reals(rng: np.random.Generator, rows: int, columns: int, size: float) -> Array:
        return (size * rng.standard_normal((rows, columns))).astype(np.float32).astype(np.float64)

    def _other(self, rng: np.random.Generator, dtype: Any) -> Array | None:
        if self.step == Step.ALONG:
            return self._reals(rng, self.K, self.n, 2.0).astype(dtype)
        if self.step != Step.CURVED or self.base:
            return None
        e = np.exp(self._reals(rng, self.K, self.n, 2.0))
        return np.asarray(e / e.sum(axis=0)).astype(dtype)

    def targets(self, rng: np.random.Generator) -> Targets:
        """A third of the rows of weight zero; a third of the soft labels certain."""
        weights = rng.random(self.n) * (rng.random(self.n) < 0.67)
        weights[0] = 1.0
        shares = (weights / weights.sum()).astype(np.float32).astype(np.float64)
        codes = rng.integers(0, self.K, self.n)
        if not self.soft:
            return Targets.of(codes.astype(("i8", "i4", "u1", "u8")[self.n % 4]), shares)
        soft = rng.multinomial(64, rng.dirichlet(np.full(self.K, 0.5)), self.n) / 64
        certain = rng.random(self.n) < 0.33
        soft[certain] = np.eye(self.K)[codes[certain]]
        return Targets.of(soft.astype(np.float32), shares)
