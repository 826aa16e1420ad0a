"""Learn the column schema from a training table: which columns, of which kind, and what fills their gaps."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric, Target
from softgrad.table.errors import TableError, listing, quote, suggestion
from softgrad.table.summary import Summary
from softgrad.table.target import learn_target
from softgrad.table.values import booleans, decoded, missing, numbers, refuse_missing, texts

__all__ = ["choose_features", "columns_of", "learn", "most_frequent", "refuse_gaps", "with_fills"]


def choose_features(
    names: Sequence[str], target: str, features: Collection[str], exclude: Collection[str]
) -> tuple[str, ...]:
    """Return the feature columns: those in `features` (all but the target where empty) without `exclude`.

    Raises
    ------
    TableError
        For a name that the table does not have, the target among the features, or no feature left.
    """
    for name in (target, *features, *exclude):
        if name not in names:
            raise TableError(f"the data have no column {quote(name)}: {suggestion(name, names)}")
    if target in features:
        raise TableError(
            f"the target {quote(target)} is among --features: a model cannot be given its answer"
        )
    wanted = list(dict.fromkeys(features)) or [name for name in names if name != target]
    chosen = tuple(name for name in wanted if name not in exclude)
    if not chosen:
        raise TableError(f"no feature is left beside the target {quote(target)}: give at least one column")
    return chosen


def learn(table: pa.Table, target: str, features: Sequence[str], *, impute: bool = False) -> Columns:
    """Learn what the target and the feature columns are.

    Parameters
    ----------
    table : pyarrow.Table
        The training data.
    target : str
        The column to predict.
    features : sequence of str
        The columns to predict it from.
    impute : bool, default False
        Store a filling value for every column: the median (of whole numbers the lower of the middle two, so
        that they stay whole), or the most frequent value (the first in sorted order among equals).

    Raises
    ------
    TableError
        For a column that is of no use (dates, lists, free text, no values, infinite values), for missing
        values without `impute`, and for two features of the same name.
    """
    kind = learn_target(table.column(target), target)
    summaries = [_summary(table.column(name), name) for name in features]
    columns = columns_of(kind, summaries)
    if impute:
        return with_fills(columns, table)
    refuse_gaps(summaries)
    return columns


def columns_of(target: Target, summaries: Iterable[Summary]) -> Columns:
    """Return the schema of a target and of summarised features, without filling values.

    Raises
    ------
    TableError
        For a column that is of no use, and for two features of the same name.
    """
    columns = Columns(target, tuple(summary.column() for summary in summaries))
    twice = len(columns.encoded_names) - len(set(columns.encoded_names))
    if twice:
        names = sorted({name for name in columns.encoded_names if columns.encoded_names.count(name) > 1})
        raise TableError(f"two columns give features of the same name {listing(names)}: rename one of them")
    return columns


def refuse_gaps(summaries: Iterable[Summary]) -> None:
    """Raise a TableError where values are missing.

    Raises
    ------
    TableError
    """
    refuse_missing(
        {summary.name: summary.missing for summary in summaries},
        "fill them in, leave the columns out with --exclude, or give --impute",
    )


def with_fills(columns: Columns, table: pa.Table) -> Columns:
    """Return the schema with the filling values of this table's rows.

    A column without any value in these rows keeps the filling value that it has.
    """
    return replace(columns, features=tuple(_filled(c, table.column(c.name)) for c in columns.features))


def _summary(column: pa.ChunkedArray, name: str) -> Summary:
    summary = Summary(name, column.type)
    summary.add(column)
    return summary


def _filled(column: Column, values: pa.ChunkedArray) -> Column:
    present = ~missing(values)
    if not present.any():
        return column
    match column:
        case Numeric(name, whole):
            array = numbers(values, name)[present]
            if whole:
                return replace(column, fill=int(np.quantile(array, 0.5, method="lower")))
            return replace(column, fill=float(np.median(array)))
        case Boolean():
            flags = booleans(values)[present]
            return replace(column, fill=bool(2 * flags.sum() > flags.size))
        case Category(_, levels):
            counts = texts(decoded(values)).value_counts().to_pylist()
            frequent = most_frequent({item["values"]: item["counts"] for item in counts}, levels)
            return replace(column, fill=frequent)


def most_frequent(counts: Mapping[str, int], levels: Sequence[str]) -> str:
    """Return the level with most rows, the first of them among equals."""
    return max(levels, key=lambda level: counts.get(level, 0))
