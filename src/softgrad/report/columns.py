"""What each column of a table holds: type, range or categories, missing values."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import scipy.sparse

from softgrad.report.numbers import count, percent, short, significant

__all__ = ["Column", "describe", "grid_column"]

_MOST_CATEGORIES = 4


@dataclass(frozen=True)
class Column:
    """One column in words."""

    name: str
    kind: str
    values: str
    missing: int


def describe(table: Any, names: tuple[str, ...]) -> list[Column]:
    """Every named column of a table.

    Parameters
    ----------
    table : data frame, Arrow table, array_like or sparse array of shape (n, n_columns)
    names : tuple of str
        The columns of a frame to describe, or the names of an array's columns in order.

    Returns
    -------
    list of Column
    """
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return [_of_series(name, frame[name]) for name in names]
    if scipy.sparse.issparse(table):
        sparse: Any = table.tocsc()  # type: ignore[attr-defined]
        columns = (sparse[:, [j]].toarray().ravel() for j in range(len(names)))
        return [_numbers(name, values, 0) for name, values in zip(names, columns, strict=True)]
    array = np.asarray(table)
    return [_numbers(name, array[:, j], 0) for j, name in enumerate(names)]


def grid_column(columns: list[Column], shape: tuple[int, int]) -> Column:
    """The pixels of a grid as one column: their joint range is not known here, so the widest one's is told."""
    constant = sum(column.kind == "constant" for column in columns)
    kinds = sorted({column.kind for column in columns} - {"constant"})
    values = max((column.values for column in columns), key=lambda text: (len(text), text))
    return Column(
        f"{columns[0].name} to {columns[-1].name}",
        f"{shape[0]} × {shape[1]} pixels of {' and '.join(kinds)}",
        f"up to {values}" + (f"; {count(constant)} are constant" if constant else ""),
        sum(column.missing for column in columns),
    )


def _of_series(name: str, series: Any) -> Column:
    if series.dtype.is_float():
        series = series.to_frame().select(nw.col(series.name).fill_nan(None))[series.name]
    gaps = int(series.null_count())
    present = series.drop_nulls()
    if not len(present):
        return Column(name, "empty", "", gaps)
    if series.dtype.is_numeric():
        return _numbers(name, np.asarray(present.to_numpy()), gaps)
    if series.dtype == nw.Boolean:
        share = float(present.cast(nw.Float64).mean())
        return Column(name, "true or false", f"true in {percent(share)}", gaps)
    return _categories(name, present, gaps)


def _categories(name: str, present: Any, gaps: int) -> Column:
    levels, counts = np.unique(np.array([str(value) for value in present.to_list()]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = [f"{short(str(levels[i]), 24)} ({count(int(counts[i]))})" for i in order[:_MOST_CATEGORIES]]
    more = len(levels) - len(shown)
    text = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return Column(name, f"{len(levels)} categories" if len(levels) > 1 else "constant", text, gaps)


def _numbers(name: str, values: Any, gaps: int) -> Column:
    low, high = values.min(), values.max()
    if low == high:
        return Column(name, "constant", significant(float(low)), gaps)
    if values.dtype.kind == "b":
        return Column(name, "true or false", f"true in {percent(float(values.mean()))}", gaps)
    whole = values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
    return Column(
        name,
        "whole numbers" if whole else "numbers",
        f"{significant(float(low))} to {significant(float(high))}",
        gaps,
    )
