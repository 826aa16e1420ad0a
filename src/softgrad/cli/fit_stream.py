"""``softgrad fit`` on a table that is streamed from disk: the same steps and the same report as in memory.

Which rows are held out is decided row by row, with the probability `test_size`; they are measured block by block.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad import modelfile
from softgrad.cli.exits import UserError
from softgrad.cli.fit_data import described
from softgrad.cli.fit_request import Request, fitted, listed
from softgrad.cli.streaming_progress import streaming_progress
from softgrad.cli.streams import limit_or_default
from softgrad.estimator import SoftmaxRegression
from softgrad.measures.score import Scores, plain
from softgrad.streaming.census import Census
from softgrad.streaming.labelled import Fold
from softgrad.streaming.opening import table_rows
from softgrad.streaming.streamed import StreamedRows
from softgrad.table.errors import counted, listing, quote

__all__ = ["run"]


def run(request: Request) -> dict[str, Any]:
    """Carry out ``softgrad fit`` block by block and return all that there is to tell about it.

    Raises
    ------
    UserError, TableError, CheckpointError
        For a mistake in the data or in the paths.
    """
    if request.report is not None:
        raise UserError(
            "--report describes a table in memory, and this one is streamed from disk: leave it out, or give a larger "
            "--memory-limit"
        )
    files = _checkpoints(request)
    rows = _opened(request)
    report = request.begun(_describe(rows, request))
    if request.test_size:
        report["held_out"] = _hold_out(rows, request, files[0])
    if request.model is not None or not request.test_size:
        estimator, report["fit"] = _fit(rows, request, files[1], "fitting all rows", rows.n_rows)
        if request.model is not None:
            modelfile.save(request.model, estimator, rows.columns)
    for file in filter(None, files):
        with suppress(FileNotFoundError):
            file.unlink()
    return report


def _checkpoints(request: Request) -> tuple[Path | None, Path | None]:
    """Where the checkpoints of the fit on the training rows and of the fit on all rows are."""
    if request.checkpoint is None:
        if request.resume:
            raise UserError("--resume goes on from a checkpoint: give its file as --checkpoint")
        return None, None
    both = Path(f"{request.checkpoint}.held-out"), Path(request.checkpoint)
    if request.resume and not any(file.exists() for file in both):
        raise UserError(f"there is no checkpoint {quote(request.checkpoint)}: begin without --resume")
    return both


def _opened(request: Request) -> StreamedRows:
    limit = limit_or_default(request.memory_limit)
    rows = table_rows(
        request.data,
        lambda names: {
            "target": request.target,
            "features": listed(request.features, names),
            "exclude": listed(request.exclude, names),
            "impute": request.impute,
        },
        limit,
        None if request.cache is None else Path(request.cache),
    )
    census = _census(rows)
    single = census.classes[census.counts < 2]
    if request.test_size and len(single):
        raise UserError(
            f"{counted(len(single), 'class', 'classes')} of the target {quote(request.target)} with one row only "
            f"({listing(plain(single))}): held-out metrics need two of each class, so give more rows, or --test-size 0 "
            "for no held-out metrics"
        )
    return rows


def _hold_out(rows: StreamedRows, request: Request, checkpoint: Path | None) -> dict[str, Any]:
    training, held_out = (rows.folded(Fold(request.test_size, request.seed, part)) for part in (False, True))
    absent = _census(rows).classes[training.class_weights == 0]
    if len(absent):
        raise UserError(
            f"no row of {listing(plain(absent))} is left for training: give another --seed or --test-size, or 0 for no "
            "held-out metrics"
        )
    n_rows = int(training.weight_sum)
    estimator, figures = _fit(training, request, checkpoint, "fitting the training rows", n_rows)
    scores = Scores(rows.classes, training.class_weights / training.weight_sum)
    for codes, X in _rows_that_count(held_out):
        scores.add(codes, estimator.predict_proba(X))
    split = {"test_size": request.test_size, "seed": request.seed, "train_rows": n_rows}
    return {"split": split, "fit": figures, "scores": scores.result()}


def _rows_that_count(rows: StreamedRows) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Codes and features of the rows of weight, block by block."""
    for block in rows.opened.blocks.blocks(reads=True):
        if block is not None:
            chosen = block.weights > 0
            yield block.targets[chosen].astype(np.intp), block.X[chosen]


def _fit(
    rows: StreamedRows, request: Request, checkpoint: Path | None, label: str, n_rows: int
) -> tuple[SoftmaxRegression, dict[str, Any]]:
    resume = request.resume and checkpoint is not None and checkpoint.exists()
    with streaming_progress(label, request.parameters["tol"]) as (callback, watch):
        rows.watched(watch)
        estimator, figures = fitted(
            request.parameters,
            n_rows,
            lambda estimator: estimator.fit(rows, callback=callback, checkpoint=checkpoint, resume=resume),
        )
    del estimator.feature_names_in_  # the model file has the columns, as that of a fit in memory
    return estimator, figures


def _census(rows: StreamedRows) -> Census:
    assert rows.opened.census is not None
    return rows.opened.census


def _describe(rows: StreamedRows, request: Request) -> dict[str, Any]:
    census, blocks = _census(rows), rows.opened.blocks
    return described(
        request,
        census.columns,
        census.classes,
        census.counts,
        target_type=rows.opened.target_type,
        missing=census.missing,
        constant=census.constant,
        streamed={
            "memory_limit": rows.opened.memory_limit,
            "block_rows": blocks.block_rows,
            "row_bytes": blocks.row_bytes,
            "logits": rows.logits_are,
            "cache": None if request.cache is None else os.fspath(request.cache),
        },
    )
