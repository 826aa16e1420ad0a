"""``softgrad evaluate``: a model's metrics on a table that has the true classes."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.cli.exits import UserError
from softgrad.cli.inputs import Inputs, read_inputs
from softgrad.measures.score import Scores, plain
from softgrad.table.columns import Target
from softgrad.table.errors import counted, listing, quote, suggestion
from softgrad.table.target import encode_target

__all__ = ["run"]


def run(model: str, data: str, target: str | None, memory_limit: int | None) -> dict[str, Any]:
    """Carry out ``softgrad evaluate`` and return the metrics.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    """
    scores, name = None, target or ""
    for inputs in read_inputs(model, data, target, memory_limit):
        name = target or inputs.columns.target.name
        if scores is None:
            _check_target(name, inputs.names)
            scores = Scores(np.asarray(inputs.estimator.classes_))
        codes = _codes(inputs.table.column(name), inputs, name)
        with warnings.catch_warnings():  # columns are matched by name already
            warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
            scores.add(codes, inputs.estimator.predict_proba(inputs.X))
    assert scores is not None
    return {
        "command": "evaluate",
        "model": model,
        "data": data,
        "target": name,
        "scores": scores.result(),
    }


def _check_target(name: str, names: Sequence[str]) -> None:
    if not name:
        raise UserError("the model does not know which column holds the true classes: give --target")
    if name not in names:
        raise UserError(f"the data have no target column {quote(name)}: {suggestion(name, names)}")


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
