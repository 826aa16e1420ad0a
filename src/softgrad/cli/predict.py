"""``softgrad predict``: the class of every row."""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.cli.files import check_output_path
from softgrad.cli.inputs import Inputs, read_inputs
from softgrad.table.write import to_csv, write_table

__all__ = ["run"]


def run(model: str, data: str, output: str, *, proba: bool, memory_limit: int | None) -> None:
    """Carry out ``softgrad predict``.

    Raises
    ------
    UserError, TableError, ModelFileError
        One sentence.
    """
    if output != "-":
        check_output_path(output, (model, data))
    predictions = (
        _predictions(inputs, proba=proba) for inputs in read_inputs(model, data, None, memory_limit)
    )
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


def _predictions(inputs: Inputs, *, proba: bool) -> dict[str, NDArray[Any]]:
    with warnings.catch_warnings():  # columns are matched by name already
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        columns = {"prediction": np.asarray(inputs.estimator.predict(inputs.X))}
        if proba:
            table = inputs.estimator.predict_proba(inputs.X)
            columns |= {f"proba_{_text(c)}": table[:, k] for k, c in enumerate(inputs.estimator.classes_)}
    return columns


def _text(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool | np.bool_) else str(label)
