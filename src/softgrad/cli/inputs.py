"""A model and a data table encoded for it: what predict and evaluate begin with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.cli.streams import would_stream
from softgrad.estimator import SoftmaxRegression
from softgrad.rows.stream import rows_per_block
from softgrad.streaming.dataset import Dataset
from softgrad.streaming.encoded_table import encoded
from softgrad.streaming.files import find_files
from softgrad.table.columns import Columns, Numeric, Target, TargetKind
from softgrad.table.encode import check_present, encode
from softgrad.table.read import no_rows, read_table

__all__ = ["Inputs", "read_inputs"]


@dataclass(frozen=True)
class Inputs:
    """A fitted estimator, its schema, and some rows of a table with their matrix; `names` are all its columns."""

    estimator: SoftmaxRegression
    columns: Columns
    names: Sequence[str]
    table: pa.Table
    X: NDArray[Any]


def read_inputs(
    model: str, data: str, target: str | None = None, memory_limit: int | None = None
) -> Iterator[Inputs]:
    """Load a model and read a table for it: all at once where it fits into memory, else batch by batch.

    `target` is needed for a model that was not fitted on a table.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    """
    estimator, columns = modelfile.load_with_columns(model)
    text_columns = columns.text_columns if columns else ()
    if would_stream(data, memory_limit):
        dataset = Dataset(data, find_files(data), text_columns)
        yield from _streamed(
            estimator, columns or _plain_columns(estimator, dataset.names, target), dataset, target
        )
    else:
        table = read_table(data, text_columns=text_columns)
        columns = columns or _plain_columns(estimator, table.column_names, target)
        yield Inputs(estimator, columns, table.column_names, table, encode(table, columns))


def _streamed(
    estimator: SoftmaxRegression, columns: Columns, dataset: Dataset, target: str | None
) -> Iterator[Inputs]:
    check_present(dataset.names, columns)
    label = target or columns.target.name
    wanted = [name for name in dataset.names if name in columns.names or name == label]
    empty = True
    for batch in dataset.batches(wanted, rows_per_block(len(columns.encoded_names), inf)):
        empty = empty and not batch.table.num_rows
        yield Inputs(estimator, columns, dataset.names, batch.table, encoded(batch, columns, "f8"))
    if empty:
        raise no_rows(dataset.name)


def _plain_columns(estimator: SoftmaxRegression, known: Sequence[str], target: str | None) -> Columns:
    """The schema for a model that was fitted on arrays: numbers, by name if it has names, else by place."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = [name for name in known if name != target]
    if len(names) != estimator.n_features_in_:
        raise UserError(
            f"the data have {len(names)} columns of features, but the model takes {estimator.n_features_in_} "
            "and does not know their names: give a table with just these columns, in the order of the fit"
        )
    kinds: dict[str, TargetKind] = {"U": "text", "O": "text", "b": "boolean"}
    kind = kinds.get(np.asarray(estimator.classes_).dtype.kind, "integer")
    return Columns(Target(target or "", kind), tuple(Numeric(str(name)) for name in names))
