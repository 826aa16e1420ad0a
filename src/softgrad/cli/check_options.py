"""The arguments and options of ``softgrad check``."""

import math
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "CHECK_EXIT_CODES",
    "Alpha",
    "ConventionName",
    "DataFile",
    "Function",
    "Grade",
    "PenalizeIntercept",
    "TableOut",
    "TargetColumn",
    "TimeLimit",
    "ValueFunction",
]

CHECK_EXIT_CODES = (
    "Exit codes: 0 the gradient is right (there may be warnings); 1 a mistake was found, and the report says which; "
    "2 it could not be checked, or wrong usage (one sentence on standard error); 130 interrupted; 141 the reader of "
    "the output went away. With --grade: 0 all are right; 1 a mistake was found; 2 a file could not be checked."
)
_CONVENTIONS = ("numpy", "per-class", "log-likelihood", "columns")


def _convention(value: str) -> str:
    if value and value not in _CONVENTIONS:
        raise typer.BadParameter(f"expected one of {', '.join(_CONVENTIONS)}, not {value!r}")
    return value


def _alpha(value: float) -> float:
    if not (value >= 0 and math.isfinite(value)):
        raise typer.BadParameter(f"expected a finite number, 0 or above, not {value:g}")
    return value


def _seconds(value: float) -> float:
    if not 0 < value <= 86400:
        raise typer.BadParameter(f"expected a number of seconds above 0 and up to 86400, not {value:g}")
    return value


def _table(value: str) -> str:
    if value and Path(value).suffix.lower() not in (".csv", ".html"):
        raise typer.BadParameter(f"expected a file that ends in .csv or .html, not {value!r}")
    return value


Function = Annotated[
    str,
    typer.Argument(
        metavar="[FILE:FUNCTION]",
        help="A Python file and its function, as in my_homework.py:gradient, which is the name taken for a FILE alone.",
        show_default=False,
    ),
]
ValueFunction = Annotated[
    str,
    typer.Option(
        "--value",
        metavar="[FILE:]FUNCTION",
        help="The objective whose gradient it is; the pair is checked.",
        show_default="not checked",
    ),
]
ConventionName = Annotated[
    str,
    typer.Option(
        "--convention",
        metavar="NAME",
        callback=_convention,
        help="numpy, per-class, log-likelihood or columns.",
        show_default="what the file says in CONVENTION, else numpy",
    ),
]
Alpha = Annotated[
    float,
    typer.Option("--alpha", callback=_alpha, help="The objective holds a penalty of alpha/2 times ||W||^2."),
]
PenalizeIntercept = Annotated[
    bool, typer.Option("--penalize-intercept", help="The penalty holds for the intercept too.")
]
DataFile = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="A data table to check on, with --target; at most 500 of its rows are used.",
        show_default="a small set that scikit-learn carries",
    ),
]
TargetColumn = Annotated[
    str,
    typer.Option(
        "--target", metavar="COLUMN", help="The column of --data with the classes.", show_default=False
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", callback=_seconds, help="Seconds after which a file's check is given up."),
]
Grade = Annotated[
    str,
    typer.Option(
        "--grade",
        metavar="FOLDER",
        help="Check every .py file of a folder: its function gradient, with value or loss where it has one.",
        show_default=False,
    ),
]
TableOut = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        callback=_table,
        help="With --grade: where to write the table, .csv or .html.",
        show_default="not written",
    ),
]
