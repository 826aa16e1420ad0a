"""The column to predict: text, whole numbers or booleans."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.table.columns import Target, TargetKind
from softgrad.table.errors import TableError, quote
from softgrad.table.values import booleans, decoded, family, missing, numbers, texts

__all__ = ["encode_target", "learn_target"]


def learn_target(column: pa.ChunkedArray, name: str) -> Target:
    """Find out what the labels of the target are.

    Raises
    ------
    TableError
        For missing labels, for numbers that are not whole (that is regression), and for other types.
    """
    column = decoded(column)
    _refuse_missing(column, name)
    kinds: dict[str, TargetKind] = {"text": "text", "boolean": "boolean", "number": "integer"}
    found = family(column.type)
    if found is None or found not in kinds:
        raise TableError(
            f"the target {quote(name)} is of type {column.type}, "
            "but text, whole numbers or booleans are expected"
        )
    if found == "number":
        _whole(column, name)
    return Target(name, kinds[found])


def encode_target(column: pa.ChunkedArray, target: Target) -> NDArray[Any]:
    """Return the labels as an array of str, int64 or bool, (n_samples,).

    Raises
    ------
    TableError
        For missing labels, and for labels of another kind than the target's.
    """
    column = decoded(column)
    _refuse_missing(column, target.name)
    found = family(column.type)
    whole = found == "boolean" or pa.types.is_integer(column.type)
    if target.kind == "text" and (found == "text" or whole):
        return np.array(texts(column).to_pylist(), dtype=str)
    if target.kind == "integer" and found == "number":
        return _whole(column, target.name)
    if target.kind == "boolean" and found == "boolean":
        return booleans(column)
    if target.kind == "boolean" and found == "number":
        codes = _whole(column, target.name)
        if set(np.unique(codes)) <= {0, 1}:
            return codes.astype(bool)
    raise TableError(
        f"the target {quote(target.name)} is of type {column.type}, but the model's labels are "
        f"{'whole numbers' if target.kind == 'integer' else target.kind}"
    )


def _refuse_missing(column: pa.ChunkedArray, name: str) -> None:
    count = int(missing(column).sum())
    if count:
        raise TableError(
            f"the target {quote(name)} is missing in {count} of {len(column)} rows: drop those rows first"
        )


def _whole(column: pa.ChunkedArray, name: str) -> NDArray[np.int64]:
    values = numbers(column, name)
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        raise TableError(
            f"the target {quote(name)} has numbers that are not whole ({len(np.unique(values))} distinct), "
            "which looks like regression: softgrad predicts classes"
        )
    return values.astype(np.int64)
