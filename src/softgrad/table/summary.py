"""What a column of a data table holds, learned batch by batch: enough to say what it is to a model."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from softgrad.table.columns import Boolean, Category, Column, Numeric
from softgrad.table.errors import TableError, quote
from softgrad.table.values import (
    booleans,
    family,
    finite_numbers,
    missing,
    plain_numbers,
    refuse_huge,
    refuse_identifiers,
    refuse_infinite,
    texts,
)

__all__ = ["Summary"]

_FEWEST_LEVELS = 50
_MOST_LEVELS = 1000
_EXACT_IN_SINGLE = 2**24


@dataclass
class Summary:
    """One column, as far as it has been seen.

    Attributes
    ----------
    name : str
    kind : pyarrow.DataType
    rows, missing : int
        Rows seen, and how many of them have no value.
    lowest, highest : int or float
        Of the finite numbers, 0 and 1 for booleans; inf and -inf where there is none.
    infinite : int
    single : bool
        Whether float32 holds every number exactly.
    mean, squares : float
        Of the finite numbers: their mean, and the sum of their squared distances from it.
    levels : Counter
        The texts of a text column, or "true" and "false", with their rows.
    """

    name: str
    kind: pa.DataType
    rows: int = 0
    missing: int = 0
    lowest: float = np.inf
    highest: float = -np.inf
    infinite: int = 0
    single: bool = True
    mean: float = 0.0
    squares: float = 0.0
    levels: Counter[str] = field(default_factory=Counter)
    _finite: int = 0

    def add(self, column: pa.ChunkedArray) -> None:
        """Take in further rows.

        Raises
        ------
        TableError
            For a text column as soon as it has more levels than any number of rows may have.
        """
        self.rows += len(column)
        quick = finite_numbers(column)
        if quick is not None:
            self._add_numbers(quick)
            return
        gaps = missing(column)
        self.missing += int(gaps.sum())
        match family(self.kind):
            case "number":
                self._add_numbers(plain_numbers(column)[~gaps])
            case "boolean":
                flags = booleans(column)[~gaps]
                self.levels.update({"true": int(flags.sum()), "false": int((~flags).sum())})
            case "text":
                self._add_texts(column)

    def _add_numbers(self, values: Any) -> None:
        if values.dtype.kind == "f":
            infinite = np.isinf(values)
            self.infinite += int(infinite.sum())
            values = values[~infinite] if infinite.any() else values
            with np.errstate(over="ignore"):
                self.single = self.single and bool((values.astype(np.float32) == values).all())
        if values.size:
            self._add_moments(values)
            self.lowest = min(self.lowest, values.min().item())
            self.highest = max(self.highest, values.max().item())
            if values.dtype.kind != "f":
                self.single = max(-self.lowest, self.highest) <= _EXACT_IN_SINGLE

    def _add_moments(self, values: Any) -> None:
        """Two batches' moments are merged by Chan, Golub and LeVeque's formulas."""
        before, size = self._finite, len(values)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            apart = mean - self.mean
            self._finite = before + size
            self.mean += apart * (size / self._finite)
            self.squares += float(values.var()) * size + apart * apart * (before * size / self._finite)

    def _add_texts(self, column: pa.ChunkedArray) -> None:
        for item in texts(column).value_counts().to_pylist():
            if item["values"] is not None:
                self.levels[item["values"]] += item["counts"]
        if len(self.levels) > 2 * _MOST_LEVELS:
            raise _free_text(self.name, f"more than {2 * _MOST_LEVELS}", self.rows - self.missing)

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite numbers."""
        return float(np.sqrt(self.squares / max(self._finite, 1)))

    def column(self) -> Column:
        """What the column is to a model.

        Raises
        ------
        TableError
            For a column that is of no use: dates, lists, free text, no values, infinite values, identifiers.
        """
        found = family(self.kind)
        if found is None:
            raise TableError(
                f"the column {quote(self.name)} is of type {self.kind}, but numbers, booleans or text are "
                "expected: convert it or leave it out with --exclude"
            )
        if found == "boolean":
            return Boolean(self.name)
        if found == "empty" or self.missing == self.rows:
            raise TableError(
                f"the column {quote(self.name)} has no values at all: leave it out with --exclude"
            )
        return self._category() if found == "text" else self._numeric()

    def _numeric(self) -> Numeric:
        refuse_infinite(self.infinite, self.name)
        refuse_huge(max(-self.lowest, self.highest), self.name)
        whole = pa.types.is_integer(self.kind)
        if whole:
            refuse_identifiers(int(self.lowest), int(self.highest), self.name)
        return Numeric(self.name, whole)

    def _category(self) -> Category:
        known, levels = self.rows - self.missing, sorted(self.levels)
        most = min(max(_FEWEST_LEVELS, self.rows // 20), _MOST_LEVELS)
        nearly_all = known >= 20 and len(levels) > 0.9 * known
        if len(levels) > most or nearly_all:
            raise _free_text(self.name, str(len(levels)), known)
        return Category(self.name, tuple(levels))


def _free_text(name: str, levels: str, known: int) -> TableError:
    return TableError(
        f"the text column {quote(name)} has {levels} distinct values in {known} rows, which is free "
        "text or an identifier, not a category: leave it out with --exclude"
    )
