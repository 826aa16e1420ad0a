"""``softgrad fit`` in memory: read, split, fit, measure, fit again on all rows, save."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.fit_data import described
from softgrad.cli.fit_request import Request, fitted
from softgrad.cli.progress import progress
from softgrad.cli.report import FittedPart, write_report
from softgrad.cli.training import TrainingTable, read_training
from softgrad.estimator import SoftmaxRegression
from softgrad.measures.score import Scores, plain
from softgrad.table.encode import encode
from softgrad.table.learn import with_fills
from softgrad.table.values import missing

__all__ = ["run"]


def run(request: Request) -> dict[str, Any]:
    """Carry out ``softgrad fit`` on a table in memory and return all that there is to tell about it.

    Raises
    ------
    UserError, TableError
        For a mistake in the data or in the paths.
    """
    data = read_training(request)
    part = _hold_out(data, request) if request.test_size else None
    report = request.begun(_describe(data, request))
    if part is not None:
        report["held_out"] = _held_out(data, request, part)
    if request.model is not None or part is None:
        estimator, report["fit"] = _fit(data, data.X, data.labels, request, "fitting all rows")
        if request.model is not None:
            modelfile.save(request.model, estimator, data.columns)
        everything = np.arange(len(data.codes))
        part = part or FittedPart(estimator, report["fit"], data.X, everything, everything)
    if request.report is not None:
        write_report(request, data, part, report)
    return report


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
    estimator, reached = _fit(data, X[train], data.labels[train], request, "fitting the training rows")
    return FittedPart(estimator, reached, X, train, test)


def _held_out(data: TrainingTable, request: Request, part: FittedPart) -> dict[str, Any]:
    scores = Scores(data.classes, np.bincount(data.codes[part.train]) / len(part.train))
    scores.add(data.codes[part.test], part.estimator.predict_proba(part.X[part.test]))
    split = {"test_size": request.test_size, "seed": request.seed, "train_rows": len(part.train)}
    return {"split": split, "fit": part.figures, "scores": scores.result()}


def _fit(
    data: TrainingTable, X: NDArray[Any], labels: NDArray[Any], request: Request, label: str
) -> tuple[SoftmaxRegression, dict[str, Any]]:
    with progress(label, request.parameters["tol"]) as callback:

        def fit(estimator: SoftmaxRegression) -> None:
            estimator.fit(X, labels, callback=callback)
            estimator.status_ = estimator.status_.named(features=data.columns.encoded_names)

        return fitted(request.parameters, len(labels), fit)


def _describe(data: TrainingTable, request: Request) -> dict[str, Any]:
    constant = data.X.max(axis=0) == data.X.min(axis=0)
    return described(
        request,
        data.columns,
        data.classes,
        np.bincount(data.codes, minlength=len(data.classes)),
        target_type=data.table.column(request.target).type,
        missing=[int(missing(data.table.column(c.name)).sum()) for c in data.columns.features],
        constant=plain(np.array(data.columns.encoded_names, dtype=object)[constant]),
    )
