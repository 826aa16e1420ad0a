"""``softgrad fit`` in memory: read, split, fit, measure, fit again on all rows, save."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.cli.fit_request import Request, fitted, listed
from softgrad.cli.progress import progress
from softgrad.cli.score import Scores, plain
from softgrad.estimator import SoftmaxRegression
from softgrad.table.columns import Category, Columns
from softgrad.table.encode import encode
from softgrad.table.errors import counted, listing, quote
from softgrad.table.learn import choose_features, learn, with_fills
from softgrad.table.read import read_table
from softgrad.table.target import check_classes, encode_target
from softgrad.table.values import missing

__all__ = ["run"]


@dataclass(frozen=True)
class _Data:
    """The training table, read and encoded."""

    table: pa.Table
    columns: Columns
    X: NDArray[Any]
    classes: NDArray[Any]
    codes: NDArray[np.intp]

    @property
    def labels(self) -> NDArray[Any]:
        """The label of every row."""
        labels: NDArray[Any] = self.classes[self.codes]
        return labels


def run(request: Request) -> dict[str, Any]:
    """Carry out ``softgrad fit`` on a table in memory and return all that there is to tell about it.

    Raises
    ------
    UserError, TableError
        For a mistake in the data or in the paths.
    """
    data = _read(request)
    report = request.report(_describe(data, request))
    if request.test_size:
        report["held_out"] = _hold_out(data, request)
    if request.model is not None or not request.test_size:
        estimator, report["fit"] = _fit(data.X, data.labels, request, "fitting all rows")
        if request.model is not None:
            modelfile.save(request.model, estimator, data.columns)
    return report


def _read(request: Request) -> _Data:
    table = read_table(request.data)
    names = table.column_names
    features, exclude = listed(request.features, names), listed(request.exclude, names)
    columns = learn(
        table,
        request.target,
        choose_features(names, request.target, features, exclude),
        impute=request.impute,
    )
    labels = encode_target(table.column(request.target), columns.target)
    classes, codes = np.unique(labels, return_inverse=True)
    check_classes(request.target, classes, len(codes))
    if request.test_size:
        _check_split(request, classes, codes)
    return _Data(table, columns, encode(table, columns), classes, codes)


def _check_split(request: Request, classes: NDArray[Any], codes: NDArray[np.intp]) -> None:
    target, n_rows = quote(request.target), len(codes)
    single = classes[np.bincount(codes) == 1]
    if len(single):
        raise UserError(
            f"{counted(len(single), 'class', 'classes')} of the target {target} with one row only "
            f"({listing(plain(single))}): the "
            "stratified split needs two of each class, so give more rows, or --test-size 0 for no held-out metrics"
        )
    n_test = ceil(request.test_size * n_rows)
    if not len(classes) <= n_test <= n_rows - len(classes):
        raise UserError(
            f"--test-size {request.test_size:g} holds out {n_test} of {n_rows} rows, but both parts need a row of "
            f"each of the {len(classes)} classes: give another --test-size, or 0 for no held-out metrics"
        )


def _hold_out(data: _Data, request: Request) -> dict[str, Any]:
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
    estimator, figures = _fit(X[train], data.labels[train], request, "fitting the training rows")
    shares = np.bincount(data.codes[train]) / len(train)
    scores = Scores(data.classes, shares)
    scores.add(data.codes[test], estimator.predict_proba(X[test]))
    split = {"test_size": request.test_size, "seed": request.seed, "train_rows": len(train)}
    return {"split": split, "fit": figures, "scores": scores.result()}


def _fit(
    X: NDArray[Any], labels: NDArray[Any], request: Request, label: str
) -> tuple[SoftmaxRegression, dict[str, Any]]:
    with progress(label, request.parameters["tol"]) as callback:
        return fitted(
            request.parameters, len(labels), lambda estimator: estimator.fit(X, labels, callback=callback)
        )


def _describe(data: _Data, request: Request) -> dict[str, Any]:
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
        "streamed": None,
    }
