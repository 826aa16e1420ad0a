"""Arrays in memory or in memory-mapped files, opened for a fit that reads them block by block."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.jsonvalues import digest
from softgrad.labels import of_one_kind
from softgrad.maths.arrays import LARGEST
from softgrad.rows.flat import FlatFile, temporary
from softgrad.rows.stream import rows_per_block
from softgrad.streaming.labelled import LabelledBlocks
from softgrad.streaming.matrices import ArraySlices, mapped_anew
from softgrad.streaming.streamed import Opened, StreamedRows

__all__ = ["as_array", "open_array"]

CHUNK = 2**18
"""Labels that are looked at at once."""


def as_array(source: Any) -> Any:
    """The array that is given, or that a ``.npy`` file holds, memory-mapped; None for anything else.

    Raises
    ------
    ValueError
        For a ``.npy`` file that is missing, damaged, or holds objects.
    """
    if isinstance(source, np.ndarray):
        return source
    if not isinstance(source, str | os.PathLike) or not os.fspath(source).lower().endswith(".npy"):
        return None
    try:
        return np.load(source, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise ValueError(
            f"cannot read {os.fspath(source)!r} as an array ({reason}); make or copy it again."
        ) from error


def open_array(
    array: NDArray[Any], target: Any, features: Any, sample_weight: Any, memory_limit: int
) -> StreamedRows:
    """See :func:`softgrad.open_rows`. One pass over the array, which must hold finite numbers.

    Raises
    ------
    ValueError
        For an array, labels or weights that cannot be used.
    """
    if array.ndim != 2 or array.dtype.kind not in "biuf" or array.size == 0:
        raise ValueError(
            f"an array of shape {array.shape} and type {array.dtype} was given; pass numbers of shape "
            "(n_samples, n_features)."
        )
    if features is not None:
        raise ValueError(
            "features were given with an array, whose columns have no names; pass only the columns to use."
        )
    block_rows = rows_per_block(array.shape[1], memory_limit)
    matrices = ArraySlices(array)
    sums, constant = _checked(matrices, block_rows)
    classes, codes = _labels(_column(target, len(array), "target"))
    weights = None if sample_weight is None else _weights(_column(sample_weight, len(array), "sample_weight"))
    blocks = LabelledBlocks(matrices, codes, weights, len(array), len(classes), block_rows)
    rows = StreamedRows(Opened(blocks, classes, None, memory_limit, None, ""))
    found = digest([len(array), str(array.dtype), classes, sums.tolist(), rows.class_weights.tolist()])
    return StreamedRows(Opened(blocks, classes, None, memory_limit, None, found, constant))


def _checked(matrices: ArraySlices, rows: int) -> tuple[NDArray[np.float64], frozenset[int]]:
    """The columns' sums, and which are constant; entries that are missing, infinite or too large are refused."""
    sums, start = np.zeros(matrices.n_features), 0
    first, constant = None, np.ones(matrices.n_features, dtype=bool)
    for X in matrices.blocks(rows):
        first = X[0] if first is None else first
        constant &= (first == X).all(axis=0)
        wrong = ~np.isfinite(X) if X.dtype != np.float64 else ~(np.abs(X) <= LARGEST)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise ValueError(
                f"row {start + i}, column {j} of the array holds {X[i, j]}, but finite numbers up to 1e100 are "
                "expected; mend or drop that row."
            )
        sums += X.sum(axis=0, dtype=np.float64)
        start += len(X)
    return sums, frozenset(np.flatnonzero(constant).tolist())


def _column(given: Any, n_rows: int, name: str) -> NDArray[Any]:
    array = as_array(given)
    values = np.asarray(given) if array is None else array
    if values.shape != (n_rows,):
        raise ValueError(
            f"{name} of shape {values.shape} was given with {n_rows} rows; pass one entry a row."
        )
    return values


def _labels(values: NDArray[Any]) -> tuple[NDArray[Any], FlatFile]:
    parts = [slice(start, start + CHUNK) for start in range(0, len(values), CHUNK)]
    found = [np.unique(of_one_kind(np.asarray(values[part]))) for part in parts]
    classes = np.unique(np.concatenate(found))
    if len(classes) < 2:
        raise ValueError(f"target holds one class only, {classes.tolist()[0]!r}; a fit needs at least two.")
    codes = temporary("u1" if len(classes) <= 256 else "i4")
    for part in parts:
        codes.append(np.searchsorted(classes, of_one_kind(mapped_anew(values, part.start, part.stop))))
    return classes, codes


def _weights(values: NDArray[Any]) -> FlatFile:
    weights = temporary("f8")
    for start in range(0, len(values), CHUNK):
        part = mapped_anew(values, start, start + CHUNK)
        wrong = ~((part >= 0) & np.isfinite(part))
        if wrong.any():
            row = start + int(np.argmax(wrong))
            raise ValueError(
                f"row {row} has the weight {values[row]}, but finite numbers >= 0 are expected; mend it."
            )
        weights.append(part)
    return weights
