"""``softgrad evaluate``: a model's metrics on a table that has the true classes."""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.cli.exits import UserError
from softgrad.cli.inputs import Inputs, read_inputs
from softgrad.measures.score import plain, score
from softgrad.table.columns import Target
from softgrad.table.errors import counted, listing, quote, suggestion
from softgrad.table.target import encode_target

__all__ = ["run"]


def run(model: str, data: str, target: str | None) -> dict[str, Any]:
    """Carry out ``softgrad evaluate`` and return the metrics.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    """
    inputs = read_inputs(model, data, target)
    name = target or inputs.columns.target.name
    codes = _codes(_target_column(inputs.table, name), inputs, name)
    with warnings.catch_warnings():  # columns are matched by name already
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        proba = inputs.estimator.predict_proba(inputs.X)
    classes = np.asarray(inputs.estimator.classes_)
    shares = np.bincount(codes, minlength=len(classes)) / len(codes)
    return {
        "command": "evaluate",
        "model": model,
        "data": data,
        "target": name,
        "scores": score(codes, proba, classes, shares),
    }


def _target_column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if not name:
        raise UserError("the model does not know which column holds the true classes: give --target")
    if name not in table.column_names:
        raise UserError(
            f"the data have no target column {quote(name)}: {suggestion(name, table.column_names)}"
        )
    return table.column(name)


def _codes(column: pa.ChunkedArray, inputs: Inputs, name: str) -> NDArray[np.intp]:
    labels = encode_target(column, Target(name, inputs.columns.target.kind))
    classes = np.asarray(inputs.estimator.classes_)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise UserError(
            f"the model does not know the class of {counted(int(unknown.sum()), 'row')} in {quote(name)} "
            f"({listing(plain(np.unique(labels[unknown])))}): it knows {listing(plain(classes))}"
        )
    order = np.argsort(classes)
    return order[np.searchsorted(classes, labels, sorter=order)]
