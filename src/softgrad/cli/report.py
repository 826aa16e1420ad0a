"""``softgrad fit --report``: what the command did, as the case of a report."""

import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.cli.fit_request import Request
from softgrad.cli.training import TrainingTable
from softgrad.estimator import SoftmaxRegression
from softgrad.report.case import Case, Sample
from softgrad.report.grid import grid_of_names
from softgrad.report.numbers import count, short, significant
from softgrad.report.page import report
from softgrad.table.columns import Category, Columns
from softgrad.table.formats import said

__all__ = ["FittedPart", "write_report"]


@dataclass(frozen=True)
class FittedPart:
    """A fit, the encoded table, and the rows it was fitted to and is measured on: the same if none are held out."""

    estimator: SoftmaxRegression
    figures: dict[str, Any]
    X: NDArray[Any]
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def write_report(request: Request, data: TrainingTable, part: FittedPart, told: dict[str, Any]) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    request : Request
        Its `report` is a path.
    data : TrainingTable
    part : FittedPart
    told : dict
        What the command prints.
    """
    names = data.columns.encoded_names
    case = Case(
        estimator=part.estimator,
        names=names,
        table=data.table,
        fitted=Sample(part.X[part.train], data.codes[part.train]),
        measured=Sample(part.X[part.test], data.codes[part.test]),
        relation="held out" if request.test_size else "of the fit",
        row_numbers=part.test + 1,
        counted="the rows of the file are counted from 1",
        command=_command(request),
        target=request.target,
        source=said(request.data),
        columns=data.columns.names,
        levels=_levels(data.columns),
        shape=grid_of_names(names),
        notes=tuple(_notes(told)),
    )
    report(case).save(str(request.report))


def _levels(columns: Columns) -> tuple[tuple[int, ...], ...]:
    places = iter(range(len(columns.encoded_names)))
    groups = [(column, tuple(next(places) for _ in column.encoded_names)) for column in columns.features]
    return tuple(group for column, group in groups if isinstance(column, Category))


def _notes(told: dict[str, Any]) -> list[str]:
    data = told["data"]
    notes = []
    if data["imputed"]:
        fills = ", ".join(f"{item['column']} {_shown(item['value'])}" for item in data["imputed"])
        notes.append(
            "Missing values take the median or the most frequent value of the rows of the fit; of all rows these are "
            f"{fills}."
        )
    if data["target_was_float"]:
        notes.append("The target's whole numbers are stored as floats.")
    if told["model"] is not None and told["held_out"] is not None:
        again = told["fit"]
        notes.append(
            f"The model in {told['model']} was fitted again, to all {count(again['rows'])} rows: objective "
            f"{significant(again['objective'], 6)}, {again['certificate']}."
        )
    return notes


def _shown(value: Any) -> str:
    return short(str(value), 24) if isinstance(value, str | bool) else significant(float(value))


def _command(request: Request) -> str:
    """The command line that does this again; options at their defaults are left out."""
    parameters = request.parameters
    options: list[tuple[str, Any, Any]] = [
        *(("--features", name, None) for name in request.features),
        *(("--exclude", name, None) for name in request.exclude),
        ("--C", parameters["C"], 1.0),
        ("--class-weight", parameters["class_weight"], None),
        ("--solver", parameters["solver"], "auto"),
        ("--tol", parameters["tol"], 1e-8),
        ("--max-iter", parameters["max_iter"], 1000),
        ("--test-size", request.test_size, None),
        ("--seed", request.seed, None),
        ("--model", request.model, None),
        ("--report", request.report, None),
    ]
    words = ["softgrad", "fit", request.data, "--target", request.target]
    words += [str(word) for name, value, default in options if value != default for word in (name, value)]
    flags = {"--no-intercept": not parameters["fit_intercept"], "--impute": request.impute}
    return shlex.join(words + [name for name, given in flags.items() if given])
