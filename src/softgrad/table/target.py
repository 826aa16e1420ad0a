"""The column to predict: text, whole numbers or booleans."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.table.columns import Target, TargetKind
from softgrad.table.errors import TableError, quote
from softgrad.table.values import booleans, decoded, family, missing, numbers, texts

__all__ = [
    "check_classes",
    "coded_target",
    "encode_target",
    "learn_target",
    "refuse_missing_labels",
    "target_of",
]


def learn_target(column: pa.ChunkedArray, name: str) -> Target:
    """Find out what the labels of the target are.

    Raises
    ------
    TableError
        For missing labels, for numbers that are not whole (that is regression), and for other types.
    """
    refuse_missing_labels(int(missing(column).sum()), len(column), name)
    target = target_of(column.type, name)
    if family(decoded(column).type) == "number":
        _whole(decoded(column), name)
    return target


def target_of(kind: pa.DataType, name: str) -> Target:
    """What labels of an Arrow type are.

    Raises
    ------
    TableError
        For other types than text, numbers and booleans.
    """
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    kinds: dict[str, TargetKind] = {"text": "text", "boolean": "boolean", "number": "integer"}
    found = family(plain)
    if found is None or found not in kinds:
        raise TableError(
            f"the target {quote(name)} is of type {plain}, but text, whole numbers or booleans are expected"
        )
    return Target(name, kinds[found])


def encode_target(column: pa.ChunkedArray, target: Target) -> NDArray[Any]:
    """Return the labels as an array of str, int64 or bool, (n_samples,).

    Raises
    ------
    TableError
        For missing labels, and for labels of another kind than the target's.
    """
    refuse_missing_labels(int(missing(column).sum()), len(column), target.name)
    labels, codes = coded_target(column, target)
    every: NDArray[Any] = labels[codes]
    return every


def coded_target(column: pa.ChunkedArray, target: Target) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return distinct labels, in any order, and for every row which of them it has; none may be missing.

    Raises
    ------
    TableError
        For labels of another kind than the target's.
    """
    column = decoded(column)
    if target.kind == "text" and _reads_as_text(column.type):
        coded = texts(column).combine_chunks().dictionary_encode()
        return np.array(coded.dictionary.to_pylist(), dtype=str), coded.indices.to_numpy().astype(np.intp)
    labels, codes = np.unique(_plain_labels(column, target), return_inverse=True)
    return labels, codes


def _reads_as_text(kind: pa.DataType) -> bool:
    return family(kind) in ("text", "boolean") or pa.types.is_integer(kind)


def _plain_labels(column: pa.ChunkedArray, target: Target) -> NDArray[Any]:
    found = family(column.type)
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


def check_classes(name: str, classes: NDArray[Any], n_rows: int) -> None:
    """Refuse a target with one class only, or with so many that they cannot be classes.

    Raises
    ------
    TableError
    """
    if len(classes) < 2:
        raise TableError(
            f"the target {quote(name)} has one class only, {quote(classes[0].item())}: two are needed"
        )
    if len(classes) > max(20, n_rows // 2):
        raise TableError(
            f"the target {quote(name)} has {len(classes)} distinct values in {n_rows} rows, which is a quantity or "
            "an identifier, not a class: give another --target"
        )


def refuse_missing_labels(count: int, n_rows: int, name: str) -> None:
    """Raise a TableError where labels are missing.

    Raises
    ------
    TableError
    """
    if count:
        raise TableError(
            f"the target {quote(name)} is missing in {count} of {n_rows} rows: drop those rows first"
        )


def _whole(column: pa.ChunkedArray, name: str) -> NDArray[np.int64]:
    values = numbers(column, name)
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        raise TableError(
            f"the target {quote(name)} has numbers that are not whole ({len(np.unique(values))} distinct), "
            "which looks like regression: softgrad predicts classes"
        )
    wide = values[~(np.abs(values.astype(np.float64)) < 2.0**63)]
    if wide.size:
        raise TableError(
            f"the target {quote(name)} holds {wide[0]}, which is no whole number of 64 bits: give it other labels"
        )
    return values.astype(np.int64)
