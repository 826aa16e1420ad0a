"""A model, and a data table encoded for it: what predict and evaluate begin with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.estimator import SoftmaxRegression
from softgrad.table.columns import Columns, Numeric, Target, TargetKind
from softgrad.table.encode import encode
from softgrad.table.read import read_table

__all__ = ["Inputs", "read_inputs"]


@dataclass(frozen=True)
class Inputs:
    """A fitted estimator, its schema, and a table with its matrix."""

    estimator: SoftmaxRegression
    columns: Columns
    table: pa.Table
    X: NDArray[Any]


def read_inputs(model: str, data: str, target: str | None = None) -> Inputs:
    """Load a model and read a table for it; `target` is needed for a model that was not fitted on a table.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    """
    estimator, columns = modelfile.load_with_columns(model)
    table = read_table(data, text_columns=columns.text_columns if columns else ())
    if columns is None:
        columns = _plain_columns(estimator, table, target)
    return Inputs(estimator, columns, table, encode(table, columns))


def _plain_columns(estimator: SoftmaxRegression, table: pa.Table, target: str | None) -> Columns:
    """The schema for a model that was fitted on arrays: numbers, by name if it has names, else by place."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = [name for name in table.column_names if name != target]
    if len(names) != estimator.n_features_in_:
        raise UserError(
            f"the data have {len(names)} columns of features, but the model takes {estimator.n_features_in_} "
            "and does not know their names: give a table with just these columns, in the order of the fit"
        )
    kinds: dict[str, TargetKind] = {"U": "text", "O": "text", "b": "boolean"}
    kind = kinds.get(np.asarray(estimator.classes_).dtype.kind, "integer")
    return Columns(Target(target or "", kind), tuple(Numeric(str(name)) for name in names))
