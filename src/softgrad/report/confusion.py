"""The confusion matrix as the page shows it: whole where it is small, else its largest mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Confusion", "Pair", "confusion"]

_WIDEST = 12
_MOST_PAIRS = 10
_LONGEST_HEADING = 3
_MOST_BESIDE = 6


@dataclass(frozen=True)
class Cell:
    """A count, how dark it is (0 to 9), and whether it is right."""

    count: int
    level: int
    right: bool


@dataclass(frozen=True)
class Pair:
    """How many rows of one class were taken for another."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Confusion:
    """The matrix, or the most frequent mistakes of many classes.

    Attributes
    ----------
    labels : tuple of str
    headings : tuple of str
        The columns' names: labels where all are short, else numbers.
    numbered : bool
        Whether the headings are numbers, which then stand before the rows' labels too.
    apart : bool
        Whether the labels stand below, as there is no room for them before the rows.
    cells : tuple of tuple of Cell
        Empty for more than 12 classes.
    pairs : tuple of Pair
        Empty for at most 12 classes.
    """

    labels: tuple[str, ...]
    headings: tuple[str, ...]
    numbered: bool
    apart: bool
    cells: tuple[tuple[Cell, ...], ...]
    pairs: tuple[Pair, ...]


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Confusion:
    """Arrange a confusion matrix whose rows are true classes and whose columns are predicted ones."""
    numbered = max(map(len, labels)) > _LONGEST_HEADING
    headings = tuple(str(k + 1) for k in range(len(labels))) if numbered else tuple(labels)
    apart = numbered and len(labels) > _MOST_BESIDE
    if len(labels) > _WIDEST:
        return Confusion(tuple(labels), headings, numbered, apart, (), _pairs(counts, labels))
    cells = tuple(
        tuple(Cell(n, round(9 * (n / max(sum(line), 1)) ** 0.5), k == m) for m, n in enumerate(line))
        for k, line in enumerate(counts)
    )
    return Confusion(tuple(labels), headings, numbered, apart, cells, ())


def _pairs(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> tuple[Pair, ...]:
    pairs = [
        Pair(labels[k], labels[m], n)
        for k, line in enumerate(counts)
        for m, n in enumerate(line)
        if n and k != m
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair.count)[:_MOST_PAIRS])
