"""The arguments and options of the commands, with the checks that need no data."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "Balanced",
    "Cache",
    "CheckpointOut",
    "Data",
    "Dtype",
    "Exclude",
    "Features",
    "Impute",
    "MaxIter",
    "MemoryLimit",
    "Model",
    "ModelOut",
    "NoIntercept",
    "OnnxOut",
    "OptionalModel",
    "OptionalTarget",
    "Output",
    "Penalty",
    "Proba",
    "ReportOut",
    "Resume",
    "Seed",
    "Solver",
    "TestSize",
    "Tol",
    "TrainTarget",
    "size_of",
]


def _whole(least: int, most: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not least <= value <= most:
            raise typer.BadParameter(f"expected a whole number from {least} to {most}, not {value}")
        return value

    return check


def _solver(value: str) -> str:
    if value != "auto":
        from softgrad.optimize.choose import check_name  # brings SciPy, which --help does not need

        try:
            check_name(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    return value


def _positive(value: float) -> float:
    if not value > 0:
        raise typer.BadParameter(f"expected a number above 0, not {value:g}")
    return value


def _tolerance(value: float) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"expected a finite number above 0, not {value:g}")
    return value


def _fraction(value: float) -> float:
    if not 0 <= value < 1:
        raise typer.BadParameter(f"expected a fraction from 0 to below 1 of the rows, not {value:g}")
    return value


def _class_weight(value: str) -> str:
    if value not in ("none", "balanced"):
        raise typer.BadParameter(f"expected none or balanced, not {value!r}")
    return value


def size_of(value: str) -> int | None:
    """The bytes of an option that `MemoryLimit` has checked; None where it was not given."""
    from softgrad.streaming.sizes import parse_size

    return parse_size(value, "--memory-limit") if value else None


def _size(value: str) -> str:
    try:
        size_of(value)
    except ValueError as error:
        raise typer.BadParameter(
            f"expected at least a megabyte, such as 256MB or 2GiB, not {value!r}"
        ) from error
    return value


def _dtype(value: str) -> str:
    if value not in ("float64", "float32"):
        raise typer.BadParameter(f"expected float64 or float32, not {value!r}")
    return value


def _table_suffix(value: str) -> str:
    if value != "-" and Path(value).suffix.lower() not in (".csv", ".parquet") and not Path(value).exists():
        raise typer.BadParameter(f"expected a file that ends in .csv or .parquet, or -, not {value!r}")
    return value


Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV, TSV, Parquet or Arrow/Feather file (.csv.gz too), a folder of them or a quoted pattern, or - for "
        "standard input.",
    ),
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A model file that softgrad fit wrote.")]
OnnxOut = Annotated[str, typer.Argument(metavar="ONNX", help="The ONNX file to write.")]
Dtype = Annotated[
    str,
    typer.Option(
        "--dtype",
        metavar="TYPE",
        callback=_dtype,
        help="float64 or float32: the numbers that the file takes, and its probabilities.",
    ),
]
OptionalModel = Annotated[str, typer.Argument(metavar="[MODEL]", help="A model file to describe.")]
TrainTarget = Annotated[
    str,
    typer.Option(
        "--target", metavar="COLUMN", help="The column to predict: text, whole numbers or booleans."
    ),
]
OptionalTarget = Annotated[
    str,
    typer.Option(
        "--target", metavar="COLUMN", help="The column with the true classes.", show_default="the model's"
    ),
]
Features = Annotated[
    list[str],
    typer.Option(
        "--features",
        metavar="COLUMNS",
        help="The columns to predict from, separated by commas; may be repeated.",
        show_default="all but the target",
    ),
]
Exclude = Annotated[
    list[str],
    typer.Option(
        "--exclude", metavar="COLUMNS", help="Columns to leave out, separated by commas; may be repeated."
    ),
]
Penalty = Annotated[
    float,
    typer.Option(
        "--C", callback=_positive, help="Inverse strength of the penalty, above 0; inf for no penalty."
    ),
]
ModelOut = Annotated[
    str, typer.Option("--model", metavar="FILE", help="Where to save the model.", show_default="not saved")
]
ReportOut = Annotated[
    str,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Where to write a report of the fit, as one HTML page.",
        show_default="not written",
    ),
]
TestSize = Annotated[
    float,
    typer.Option(
        "--test-size",
        callback=_fraction,
        help="The fraction of the rows to hold out for the metrics; 0 for none.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", callback=_whole(0, 2**32 - 1), help="Which rows are held out: same seed, same rows."
    ),
]
Impute = Annotated[
    bool,
    typer.Option(
        "--impute", help="Fill missing values with the median or the most frequent value, and keep it."
    ),
]
Balanced = Annotated[
    str,
    typer.Option(
        "--class-weight", callback=_class_weight, help="none, or balanced: every class weighs the same."
    ),
]
NoIntercept = Annotated[bool, typer.Option("--no-intercept", help="Fit no intercept.")]
Solver = Annotated[
    str,
    typer.Option(
        "--solver",
        callback=_solver,
        help="auto, which chooses by size, or newton, newton-pcg, lbfgs, gradient-descent, accelerated-gradient.",
    ),
]
Tol = Annotated[
    float,
    typer.Option("--tol", callback=_tolerance, help="Stop at this certified relative gap to the optimum."),
]
MaxIter = Annotated[
    int,
    typer.Option(
        "--max-iter", callback=_whole(1, 10**9), help="Stop after this many iterations at the latest."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        callback=_table_suffix,
        help="Where to write: .csv or .parquet; - is standard output, as CSV.",
    ),
]
Proba = Annotated[bool, typer.Option("--proba", help="Add the probability of every class, proba_CLASS.")]
MemoryLimit = Annotated[
    str,
    typer.Option(
        "--memory-limit",
        metavar="SIZE",
        callback=_size,
        help="Stream a table that would take more, such as 256MB, in blocks that take no more.",
        show_default="half of what is available",
    ),
]
Cache = Annotated[
    str,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="Stream, and keep a compact copy of the data there.",
        show_default="no copy",
    ),
]
CheckpointOut = Annotated[
    str,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Stream, and keep in this file what --resume goes on from.",
        show_default="none",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on from the --checkpoint of a fit that was interrupted, to the same bits."
    ),
]
