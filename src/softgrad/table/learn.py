"""Learn the column schema from a training table: which columns, of which kind, and what fills their gaps."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric
from softgrad.table.errors import TableError, listing, quote, suggestion
from softgrad.table.target import learn_target
from softgrad.table.values import booleans, decoded, distinct, family, missing, numbers, refuse_missing, texts

__all__ = ["choose_features", "learn", "with_fills"]

_FEWEST_LEVELS = 50
_MOST_LEVELS = 1000


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
    columns = Columns(kind, tuple(_column(table.column(name), name) for name in features))
    twice = len(columns.encoded_names) - len(set(columns.encoded_names))
    if twice:
        names = sorted({name for name in columns.encoded_names if columns.encoded_names.count(name) > 1})
        raise TableError(f"two columns give features of the same name {listing(names)}: rename one of them")
    if impute:
        return with_fills(columns, table)
    refuse_missing(
        {name: int(missing(table.column(name)).sum()) for name in features},
        "fill them in, leave the columns out with --exclude, or give --impute",
    )
    return columns


def with_fills(columns: Columns, table: pa.Table) -> Columns:
    """Return the schema with the filling values of this table's rows.

    A column without any value in these rows keeps the filling value that it has.
    """
    return replace(columns, features=tuple(_filled(c, table.column(c.name)) for c in columns.features))


def _column(column: pa.ChunkedArray, name: str) -> Column:
    match family(column.type):
        case "number":
            if missing(column).all():
                raise _no_values(name)
            return Numeric(name, numbers(column, name).dtype.kind in "iu")
        case "boolean":
            return Boolean(name)
        case "text":
            return _category(column, name)
        case "empty":
            raise _no_values(name)
        case None:
            raise TableError(
                f"the column {quote(name)} is of type {column.type}, but numbers, booleans or text are "
                "expected: convert it or leave it out with --exclude"
            )


def _no_values(name: str) -> TableError:
    return TableError(f"the column {quote(name)} has no values at all: leave it out with --exclude")


def _category(column: pa.ChunkedArray, name: str) -> Category:
    levels = distinct(column)
    if not levels:
        raise _no_values(name)
    known = len(column) - int(missing(column).sum())
    most = min(max(_FEWEST_LEVELS, len(column) // 20), _MOST_LEVELS)
    nearly_all = known >= 20 and len(levels) > 0.9 * known
    if len(levels) > most or nearly_all:
        raise TableError(
            f"the text column {quote(name)} has {len(levels)} distinct values in {known} rows, which is free "
            "text or an identifier, not a category: leave it out with --exclude"
        )
    return Category(name, tuple(levels))


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
            return replace(column, fill=_most_frequent(values, levels))


def _most_frequent(values: pa.ChunkedArray, levels: tuple[str, ...]) -> str:
    counts = {item["values"]: item["counts"] for item in texts(decoded(values)).value_counts().to_pylist()}
    return max(levels, key=lambda level: counts.get(level, 0))
