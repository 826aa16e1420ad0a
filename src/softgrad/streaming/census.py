"""The first pass over a data table: its rows, classes and columns, as a model needs to know them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from softgrad.jsonvalues import decode, encode
from softgrad.streaming.dataset import Batch, Dataset
from softgrad.streaming.medians import medians
from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric, Target
from softgrad.table.errors import TableError, quote, suggestion
from softgrad.table.learn import choose_features, columns_of, most_frequent, refuse_gaps
from softgrad.table.read import no_rows
from softgrad.table.summary import Summary
from softgrad.table.target import check_classes, coded_target, refuse_missing_labels, target_of
from softgrad.table.values import missing, numbers

__all__ = ["Census", "Wanted", "choose", "take_census", "weights_of"]

_MOST_LABELS = 100_000


@dataclass(frozen=True)
class Wanted:
    """What is asked of a data table.

    Attributes
    ----------
    target : str
    features : tuple of str
        In the order of the matrix.
    sample_weight : str or None
    impute : bool
        Whether missing values are filled in.
    """

    target: str
    features: tuple[str, ...]
    sample_weight: str | None = None
    impute: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are read."""
        weight = () if self.sample_weight is None else (self.sample_weight,)
        return (*self.features, self.target, *weight)


def choose(
    names: Sequence[str],
    target: str,
    features: Sequence[str] = (),
    exclude: Sequence[str] = (),
    sample_weight: str | None = None,
    *,
    impute: bool = False,
) -> Wanted:
    """What is asked of a table with the columns `names`; without `features` all but the target and the weights.

    Raises
    ------
    TableError
        For a name that the table does not have, and a target or weights among the features.
    """
    without = list(exclude)
    if sample_weight is not None:
        if sample_weight not in names:
            raise TableError(
                f"the data have no column {quote(sample_weight)}: {suggestion(sample_weight, names)}"
            )
        if sample_weight in (target, *features):
            raise TableError(
                f"the column {quote(sample_weight)} is given as the weights and as something else: give it once"
            )
        without.append(sample_weight)
    return Wanted(target, choose_features(names, target, features, without), sample_weight, impute)


@dataclass(frozen=True)
class Census:
    """What the first pass has found.

    Attributes
    ----------
    columns : Columns
    classes : ndarray of shape (K,)
        The labels, sorted.
    counts : ndarray of shape (K,)
        Rows of each class.
    counting : ndarray of shape (K,)
        Those of positive weight.
    weights : ndarray of shape (K,)
        Their weights.
    dtype : str
        "u1", "f4" or "f8": the narrowest type that holds every feature exactly.
    missing : tuple of int
        Rows without a value, column by column.
    means, deviations : tuple of float
        Of the values that are there, zeros for what is no number, column by column.
    constant : tuple of str
        Features with the same value in all rows.
    """

    columns: Columns
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    counting: NDArray[np.int64]
    weights: NDArray[np.float64]
    dtype: str
    missing: tuple[int, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    constant: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        others = (item.name for item in fields(self) if item.name != "columns")
        return {"columns": self.columns.to_dict(), **{name: encode(getattr(self, name)) for name in others}}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Census":
        """The inverse of :meth:`to_dict`.

        Raises
        ------
        KeyError, TypeError, ValueError
            For what `to_dict` does not write.
        """
        others = {item.name: decode(data[item.name]) for item in fields(cls) if item.name != "columns"}
        return cls(columns=Columns.from_dict(data["columns"]), **others)


class _Labels:
    """The labels of the target and their weights, batch by batch."""

    def __init__(self, name: str, kind: pa.DataType) -> None:
        self.target, self.rows, self.missing = target_of(kind, name), 0, 0
        self.counts: Counter[Any] = Counter()
        self.counting: Counter[Any] = Counter()
        self.weights: dict[Any, float] = defaultdict(float)

    def add(self, column: pa.ChunkedArray, weights: NDArray[np.float64] | None) -> None:
        gaps = missing(column)
        self.rows, self.missing = self.rows + len(column), self.missing + int(gaps.sum())
        if gaps.any():
            column, weights = column.filter(pa.array(~gaps)), None if weights is None else weights[~gaps]
        labels, codes = coded_target(column, self.target)
        counts = np.bincount(codes, minlength=len(labels))
        counting = counts if weights is None else np.bincount(codes[weights > 0], minlength=len(labels))
        sums = counts if weights is None else np.bincount(codes, weights, minlength=len(labels))
        for k, label in enumerate(labels.tolist()):
            self.counts[label] += int(counts[k])
            self.counting[label] += int(counting[k])
            self.weights[label] += float(sums[k])
        if len(self.counts) > _MOST_LABELS:
            check_classes(self.target.name, np.array(list(self.counts)), 0)

    def found(self) -> tuple[NDArray[Any], list[Any]]:
        """The classes, sorted, as an array of their type and as a list.

        Raises
        ------
        TableError
        """
        refuse_missing_labels(self.missing, self.rows, self.target.name)
        labels = sorted(self.counts)
        types: dict[str, Any] = {"text": str, "integer": np.int64, "boolean": bool}
        classes = np.array(labels, dtype=types[self.target.kind])
        check_classes(self.target.name, classes, self.rows)
        return classes, labels


def take_census(dataset: Dataset, wanted: Wanted, rows: int) -> Census:
    """Read a data table once, `rows` rows at a time; with `impute` four times more for the medians.

    Raises
    ------
    TableError
        For a column, label or weight that cannot be used; the sentences are those of a table in memory.
    """
    if dataset.n_rows == 0:
        raise no_rows(dataset.name)
    labels = _Labels(wanted.target, dataset.types[wanted.target])
    summaries = [Summary(name, dataset.types[name]) for name in wanted.features]
    for batch in dataset.batches(wanted.names, rows):
        weights = weights_of(batch, wanted.sample_weight)
        labels.add(batch.table.column(wanted.target), weights)
        for summary in summaries:
            summary.add(batch.table.column(summary.name))
    if not labels.rows:
        raise no_rows(dataset.name)
    return _census(labels, _columns(dataset, wanted, labels.target, summaries, rows), summaries)


def weights_of(batch: Batch, name: str | None) -> NDArray[np.float64] | None:
    """The weights of a batch's rows; None where all count one.

    Raises
    ------
    TableError
        For weights that are missing, negative or not finite.
    """
    if name is None:
        return None
    column = batch.table.column(name)
    gaps = missing(column)
    weights = numbers(column, name).astype(np.float64)
    wrong = gaps | (weights < 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        what = "no weight" if gaps[row] else f"the weight {weights[row]:g}"
        raise TableError(
            f"row {batch.first_row + row + 1} of {batch.file} has {what} in {quote(name)}, but numbers >= 0 are "
            "expected: mend or drop that row"
        )
    return weights


def _columns(
    dataset: Dataset, wanted: Wanted, target: Target, summaries: Sequence[Summary], rows: int
) -> Columns:
    columns = columns_of(target, summaries)
    if not wanted.impute:
        refuse_gaps(summaries)
        return columns
    numeric = [column.name for column in columns.features if isinstance(column, Numeric)]
    middle = medians(dataset, numeric, rows)
    features = (
        _filled(column, summary, middle) for column, summary in zip(columns.features, summaries, strict=True)
    )
    return replace(columns, features=tuple(features))


def _filled(column: Column, summary: Summary, middle: dict[str, tuple[float, float]]) -> Column:
    """As :func:`softgrad.table.learn.with_fills`, from what the passes have found."""
    match column:
        case Numeric(name, whole):
            low, high = middle[name]
            return replace(column, fill=int(low) if whole else float(np.mean([low, high])))
        case Boolean():
            known = summary.rows - summary.missing
            return replace(column, fill=bool(2 * summary.levels["true"] > known)) if known else column
        case Category(_, levels):
            return replace(column, fill=most_frequent(summary.levels, levels))


def _census(labels: _Labels, columns: Columns, summaries: Sequence[Summary]) -> Census:
    classes, order = labels.found()
    pairs = list(zip(columns.features, summaries, strict=True))
    return Census(
        columns,
        classes,
        np.array([labels.counts[label] for label in order], dtype=np.int64),
        np.array([labels.counting[label] for label in order], dtype=np.int64),
        np.array([labels.weights[label] for label in order], dtype=np.float64),
        _dtype(pairs),
        tuple(summary.missing for summary in summaries),
        tuple(summary.mean for summary in summaries),
        tuple(summary.deviation for summary in summaries),
        tuple(name for column, summary in pairs for name in _constant(column, summary)),
    )


def _dtype(pairs: Sequence[tuple[Column, Summary]]) -> str:
    numeric = [(column, summary) for column, summary in pairs if isinstance(column, Numeric)]
    if all(column.whole and summary.lowest >= 0 and summary.highest <= 255 for column, summary in numeric):
        return "u1"
    fills_fit = all(column.fill is None or np.float32(column.fill) == column.fill for column, _ in numeric)
    return "f4" if fills_fit and all(summary.single for _, summary in numeric) else "f8"


def _constant(column: Column, summary: Summary) -> tuple[str, ...]:
    """The names of the column's features that are the same in all rows."""
    values = {column.fill} if summary.missing else set()
    match column:
        case Numeric():
            values |= {summary.lowest, summary.highest}
            return column.encoded_names if len(values) == 1 else ()
        case Boolean():
            values |= {level == "true" for level, rows in summary.levels.items() if rows}
            return column.encoded_names if len(values) == 1 else ()
        case Category(_, levels):
            return column.encoded_names if len(values | set(levels)) == 1 else ()
