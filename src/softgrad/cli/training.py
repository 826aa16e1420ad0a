"""The training table of ``softgrad fit`` in memory: read, learnt and encoded."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.cli.exits import UserError
from softgrad.cli.fit_request import Request, listed
from softgrad.measures.score import plain
from softgrad.table.columns import Columns
from softgrad.table.encode import encode
from softgrad.table.errors import counted, listing, quote
from softgrad.table.learn import choose_features, learn
from softgrad.table.read import read_table
from softgrad.table.target import check_classes, encode_target

__all__ = ["TrainingTable", "read_training"]


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
    features, exclude = listed(request.features, names), listed(request.exclude, names)
    columns = learn(
        table,
        request.target,
        choose_features(names, request.target, features, exclude),
        impute=request.impute,
    )
    labels = encode_target(table.column(request.target), columns.target)
    classes, codes = np.unique(labels, return_inverse=True)
    check_classes(request.target, classes, len(codes))
    if request.test_size:
        _check_split(request, classes, codes)
    return TrainingTable(table, columns, encode(table, columns), classes, codes)


def _check_split(request: Request, classes: NDArray[Any], codes: NDArray[np.intp]) -> None:
    target, n_rows = quote(request.target), len(codes)
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
