"""What ``softgrad fit`` was asked for, and its training table: read, learnt and encoded."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.cli.exits import UserError
from softgrad.measures.score import plain
from softgrad.table.columns import Columns
from softgrad.table.encode import encode
from softgrad.table.errors import counted, listing, quote
from softgrad.table.learn import choose_features, learn
from softgrad.table.read import read_table
from softgrad.table.target import encode_target

__all__ = ["Request", "TrainingTable", "read_training"]


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line; `parameters` are the estimator's."""

    data: str
    target: str
    features: tuple[str, ...]
    exclude: tuple[str, ...]
    parameters: dict[str, Any]
    model: str | None
    report: str | None
    test_size: float
    seed: int
    impute: bool


@dataclass(frozen=True)
class TrainingTable:
    """The training table, read and encoded."""

    table: pa.Table
    columns: Columns
    X: NDArray[Any]
    classes: NDArray[Any]
    codes: NDArray[np.intp]

    @property
    def labels(self) -> NDArray[Any]:
        """The label of every row."""
        labels: NDArray[Any] = self.classes[self.codes]
        return labels


def read_training(request: Request) -> TrainingTable:
    """Read the table, learn its columns and encode it.

    Raises
    ------
    UserError, TableError
        One sentence.
    """
    table = read_table(request.data)
    names = table.column_names
    features, exclude = _names(request.features, names), _names(request.exclude, names)
    columns = learn(
        table,
        request.target,
        choose_features(names, request.target, features, exclude),
        impute=request.impute,
    )
    labels = encode_target(table.column(request.target), columns.target)
    classes, codes = np.unique(labels, return_inverse=True)
    _check_classes(request, classes, codes)
    return TrainingTable(table, columns, encode(table, columns), classes, codes)


def _names(values: tuple[str, ...], known: list[str]) -> list[str]:
    """Split at commas, except where the whole is the name of a column."""
    parts = [[value] if value in known else value.split(",") for value in values]
    return [name.strip() if name not in known else name for part in parts for name in part if name.strip()]


def _check_classes(request: Request, classes: NDArray[Any], codes: NDArray[np.intp]) -> None:
    target, n_rows = quote(request.target), len(codes)
    if len(classes) < 2:
        raise UserError(f"the target {target} has one class only, {quote(classes[0].item())}: two are needed")
    if len(classes) > max(20, n_rows // 2):
        raise UserError(
            f"the target {target} has {len(classes)} distinct values in {n_rows} rows, which is a quantity or an "
            "identifier, not a class: give another --target"
        )
    if not request.test_size:
        return
    single = classes[np.bincount(codes) == 1]
    if len(single):
        raise UserError(
            f"{counted(len(single), 'class', 'classes')} of the target {target} with one row only "
            f"({listing(plain(single))}): the "
            "stratified split needs two of each class, so give more rows, or --test-size 0 for no held-out metrics"
        )
    n_test = ceil(request.test_size * n_rows)
    if not len(classes) <= n_test <= n_rows - len(classes):
        raise UserError(
            f"--test-size {request.test_size:g} holds out {n_test} of {n_rows} rows, but both parts need a row of "
            f"each of the {len(classes)} classes: give another --test-size, or 0 for no held-out metrics"
        )
