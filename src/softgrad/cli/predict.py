"""``softgrad predict``: the class of every row."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

from softgrad.cli.files import check_output_path
from softgrad.cli.inputs import Inputs, read_inputs
from softgrad.table.errors import quote
from softgrad.table.spreadsheet import inert, is_formula
from softgrad.table.write import to_csv, write_table

__all__ = ["run"]

Columns = dict[str, NDArray[Any]]


def run(
    model: str, data: str, output: str, *, proba: bool, spreadsheet: bool, memory_limit: int | None
) -> None:
    """Carry out ``softgrad predict``.

    Where a class's name would be a formula to a spreadsheet, standard error says so, unless `spreadsheet`, which
    writes such names inert.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    typer.BadParameter
        If `spreadsheet` is asked for of a Parquet file.
    """
    if output != "-":
        check_output_path(output, (model, data))
    parquet = Path(output).suffix.lower() == ".parquet"
    if spreadsheet and parquet:
        raise typer.BadParameter("a Parquet file holds no formulas", param_hint="--spreadsheet")
    predictions: Iterator[Columns] = (
        _predictions(inputs, proba=proba) for inputs in read_inputs(model, data, None, memory_limit)
    )
    if spreadsheet:
        predictions = (_inert(columns) for columns in predictions)
    elif not parquet:
        predictions = _told(predictions)
    if output == "-":
        for number, columns in enumerate(predictions):
            _write_to_stdout(to_csv(columns, header=number == 0))
    else:
        write_table(predictions, output)


def _write_to_stdout(data: bytes) -> None:
    """Write all of it: an unbuffered standard output (PYTHONUNBUFFERED) takes as much as the pipe holds."""
    rest = memoryview(data)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def _predictions(inputs: Inputs, *, proba: bool) -> Columns:
    with warnings.catch_warnings():  # columns are matched by name already
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        columns = {"prediction": np.asarray(inputs.estimator.predict(inputs.X))}
        if proba:
            table = inputs.estimator.predict_proba(inputs.X)
            columns |= {f"proba_{_text(c)}": table[:, k] for k, c in enumerate(inputs.estimator.classes_)}
    return columns


def _inert(columns: Columns) -> Columns:
    if columns["prediction"].dtype.kind not in "OU":
        return columns
    words = [inert(word) for word in columns["prediction"].tolist()]
    return columns | {"prediction": np.array(words, dtype=object)}


def _told(parts: Iterator[Columns]) -> Iterator[Columns]:
    """The parts as they are, and at the first formula among them a line on standard error."""
    told = False
    for columns in parts:
        first = next(filter(is_formula, () if told else columns["prediction"].tolist()), None)
        if first is not None:
            told = True
            sys.stderr.write(
                f"softgrad: a spreadsheet would take the class {quote(first)} for a formula: give --spreadsheet to "
                "write it with an apostrophe before it, or write Parquet\n"
            )
        yield columns


def _text(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool | np.bool_) else str(label)
