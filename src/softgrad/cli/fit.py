"""``softgrad fit``: read, split, fit, measure, fit again on all rows, save."""

import warnings
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.cli.files import check_model_path, check_report_path
from softgrad.cli.progress import progress
from softgrad.cli.report import FittedPart, write_report
from softgrad.cli.training import Request, TrainingTable, read_training
from softgrad.estimator import SoftmaxRegression
from softgrad.measures.figures import figures
from softgrad.measures.score import plain, score
from softgrad.table.columns import Category
from softgrad.table.encode import encode
from softgrad.table.learn import with_fills
from softgrad.table.values import missing

__all__ = ["run"]


def run(request: Request) -> dict[str, Any]:
    """Carry out ``softgrad fit`` and return all that there is to tell about it.

    Raises
    ------
    UserError, TableError
        For a mistake in the data or in the paths.
    """
    _check_paths(request)
    data = read_training(request)
    part = _hold_out(data, request) if request.test_size else None
    report: dict[str, Any] = {
        "command": "fit",
        "data": _describe(data, request),
        "parameters": request.parameters,
        "held_out": None if part is None else _held_out(data, request, part),
        "fit": None,
        "model": request.model,
        "report": request.report,
    }
    if request.model is not None or part is None:
        estimator, report["fit"] = _fit(data.X, data.labels, request, "fitting all rows")
        if request.model is not None:
            modelfile.save(request.model, estimator, data.columns)
        everything = np.arange(len(data.codes))
        part = part or FittedPart(estimator, report["fit"], data.X, everything, everything)
    if request.report is not None:
        write_report(request, data, part, report)
    return report


def _check_paths(request: Request) -> None:
    if request.model is not None:
        check_model_path(request.model, request.data)
    if request.report is not None:
        check_report_path(request.report, request.data, request.model)


def _hold_out(data: TrainingTable, request: Request) -> FittedPart:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(
        np.arange(len(data.codes)),
        test_size=request.test_size,
        stratify=data.codes,
        random_state=request.seed,
    )
    X = data.X
    if request.impute:  # the held-out rows must not have a say in what fills their own gaps
        X = encode(data.table, with_fills(data.columns, data.table.take(train)))
    estimator, reached = _fit(X[train], data.labels[train], request, "fitting the training rows")
    return FittedPart(estimator, reached, X, train, test)


def _held_out(data: TrainingTable, request: Request, part: FittedPart) -> dict[str, Any]:
    shares = np.bincount(data.codes[part.train]) / len(part.train)
    proba = part.estimator.predict_proba(part.X[part.test])
    split = {"test_size": request.test_size, "seed": request.seed, "train_rows": len(part.train)}
    return {
        "split": split,
        "fit": part.figures,
        "scores": score(data.codes[part.test], proba, data.classes, shares),
    }


def _fit(
    X: NDArray[Any], labels: NDArray[Any], request: Request, label: str
) -> tuple[SoftmaxRegression, dict[str, Any]]:
    from sklearn.exceptions import ConvergenceWarning

    estimator = SoftmaxRegression(**request.parameters)
    began = perf_counter()
    with warnings.catch_warnings(), progress(label, request.parameters["tol"]) as callback:
        warnings.simplefilter("ignore", ConvergenceWarning)  # the status below says it
        try:
            estimator.fit(X, labels, callback=callback)
        except ValueError as error:
            raise UserError(f"cannot fit: {' '.join(str(error).split())}") from error
    if estimator.status_ == "stopped":  # the callback never asks for it: an interrupt did
        raise KeyboardInterrupt
    return estimator, figures(estimator, seconds=perf_counter() - began, rows=len(labels))


def _describe(data: TrainingTable, request: Request) -> dict[str, Any]:
    constant = data.X.max(axis=0) == data.X.min(axis=0)
    names = np.array(data.columns.encoded_names, dtype=object)
    gaps = {c: int(missing(data.table.column(c.name)).sum()) for c in data.columns.features}
    target = data.table.column(request.target)
    return {
        "path": request.data,
        "rows": len(data.codes),
        "target": request.target,
        "target_kind": data.columns.target.kind,
        "target_was_float": data.columns.target.kind == "integer" and not pa.types.is_integer(target.type),
        "classes": [
            {"class": label, "rows": rows}
            for label, rows in zip(plain(data.classes), plain(np.bincount(data.codes)), strict=True)
        ],
        "columns": list(data.columns.names),
        "features": len(names),
        "one_hot": [
            {"column": c.name, "levels": list(c.levels)}
            for c in data.columns.features
            if isinstance(c, Category)
        ],
        "imputed": [{"column": c.name, "rows": n, "value": c.fill} for c, n in gaps.items() if n],
        "constant": plain(names[constant]),
    }
