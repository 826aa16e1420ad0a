"""Dask collections cut at the same rows: X, labels and weights as one list of partitions, told without reading them.

Nothing here imports dask before a collection is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.rows.wrap import is_collection


@dataclass(frozen=True, eq=False)
class Partitions:
    """X, y and weights cut at the same rows.

    Attributes
    ----------
    parts : list
        Of each partition, what will be the tuple (X, y, weights); weights are None where none were given.
    labels : list
        Of the same rows, perhaps in other pieces, what will be such tuples whose X need not be read.
    n_features : int
    row_bytes : float
        Of X; 0 where they are not known beforehand, as for sparse partitions.
    """

    parts: list[Any]
    labels: list[Any]
    n_features: int
    row_bytes: float


def aligned(X: Any, y: Any, sample_weight: Any) -> Partitions:
    """X, y and weights in partitions of the same rows, as far as that can be told without reading them.

    Raises
    ------
    ValueError
    """
    if not is_collection(X):
        raise ValueError(f"X of type {type(X).__name__} was given; pass a dask.array or a dask.dataframe.")
    if y is None:
        raise ValueError("y is missing; pass integer codes 0..n_classes-1 or soft labels, in X's partitions.")
    if not hasattr(X, "columns"):
        return _of_array(X, y, sample_weight)
    row_bytes = _frame_row_bytes(X)
    if hasattr(y, "to_dask_array") and (sample_weight is None or hasattr(sample_weight, "to_dask_array")):
        return _of_frame(X, y, sample_weight, row_bytes)
    return _paired(list(X.to_delayed(optimize_graph=False)), y, sample_weight, None, X.shape[1], row_bytes)


def _of_frame(X: Any, y: Any, sample_weight: Any, row_bytes: float) -> Partitions:
    """All columns as one frame, as Dask would otherwise be free to cut X, y and weights differently."""
    extra = (
        {"softgrad y": y} if sample_weight is None else {"softgrad y": y, "softgrad weight": sample_weight}
    )
    try:
        whole = X.assign(**extra)
    except (ValueError, NotImplementedError, AssertionError) as error:
        raise ValueError(
            f"y or sample_weight are not partitioned as X is ({error}); take all as columns of one data frame."
        ) from error
    parts = [postponed(_split, part, len(extra)) for part in whole.to_delayed()]
    labels = [postponed(_split, part, len(extra)) for part in whole[list(extra)].to_delayed()]
    return Partitions(parts, labels, int(X.shape[1]), row_bytes)


def _split(frame: Any, n_extra: int) -> tuple[Any, Any, Any]:
    """X, labels and weights of a partition of all columns."""
    width = frame.shape[1] - n_extra
    columns = [frame.iloc[:, width + i].to_numpy() for i in range(n_extra)]
    return frame.iloc[:, :width], columns[0], columns[1] if n_extra == 2 else None


def _of_array(X: Any, y: Any, sample_weight: Any) -> Partitions:
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise ValueError(
            f"X of shape {X.shape} and type {X.dtype} was given; pass numbers of shape (n_samples, n_features)."
        )
    X = X.rechunk({1: -1}) if X.numblocks[1] > 1 else X
    row_bytes = X.dtype.itemsize * X.shape[1] if isinstance(X._meta, np.ndarray) else 0.0
    chunks = None if np.isnan(X.chunks[0]).any() else X.chunks[0]
    return _paired(list(X.to_delayed().ravel()), y, sample_weight, chunks, X.shape[1], row_bytes)


def _paired(
    rows: list[Any], y: Any, sample_weight: Any, chunks: Any, n_features: int, row_bytes: float
) -> Partitions:
    """Partition by partition."""
    columns = [
        _delayed_parts(part, name, chunks) for part, name in ((y, "y"), (sample_weight, "sample_weight"))
    ]
    for parts, name in zip(columns, ("y", "sample_weight"), strict=True):
        if parts is not None and len(parts) != len(rows):
            raise ValueError(
                f"{name} has {len(parts)} partitions, but X has {len(rows)}; take both from one collection, "
                f"or repartition {name} as X is."
            )
    labels, weights = columns[0] or [], columns[1] or [None] * len(rows)
    without = [postponed(_without, *pair) for pair in zip(labels, weights, strict=True)]
    return Partitions(list(zip(rows, labels, weights, strict=True)), without, int(n_features), row_bytes)


def _without(labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """A partition without its X."""
    return None, labels, weights


def _delayed_parts(values: Any, name: str, chunks: Any) -> list[Any] | None:
    """One Delayed a partition."""
    if values is None:
        return None
    if not is_collection(values):
        values = _array_in_chunks(values, name, chunks)
    elif chunks is not None and hasattr(values, "chunks") and not np.isnan(values.chunks[0]).any():
        if values.shape[0] != sum(chunks):
            raise ValueError(
                f"{name} has {values.shape[0]} rows, but X has {sum(chunks)}; pass one entry a row."
            )
        values = values.rechunk({0: chunks, **({1: -1} if values.ndim == 2 else {})})
    if hasattr(values, "chunks"):
        return list(values.to_delayed().ravel())
    return list(values.to_delayed(optimize_graph=False))


def _array_in_chunks(values: Any, name: str, chunks: Any) -> Any:
    import dask.array

    values = np.asarray(values)
    if chunks is None:
        raise ValueError(
            f"{name} is in memory, but the partitions of X have lengths that are not known yet; "
            f"pass {name} as a column of the same Dask collection."
        )
    if len(values) != sum(chunks):
        raise ValueError(f"{name} has {len(values)} rows, but X has {sum(chunks)}; pass one entry a row.")
    rest = tuple((size,) for size in values.shape[1:])
    return dask.array.from_array(values, chunks=(chunks, *rest))


def _frame_row_bytes(frame: Any) -> float:
    """Bytes a row, of columns that are all numbers."""
    text = [str(name) for name, dtype in frame.dtypes.items() if getattr(dtype, "kind", "O") not in "biuf"]
    if text:
        raise ValueError(
            f"column {text[0]!r} of X is of type {frame.dtypes[text[0]]}, not a number; encode or drop such columns "
            "first, or take the others: X = frame[[...]]."
        )
    kinds = [getattr(dtype, "numpy_dtype", dtype) for dtype in frame.dtypes]
    return float(len(kinds) * np.result_type(*kinds).itemsize)


def postponed(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """A Delayed call."""
    from dask import delayed

    return delayed(function, pure=False)(*given, **options)
