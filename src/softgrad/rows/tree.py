"""Sums over blocks in one fixed order, whoever computes them: the same bits for the same blocks.

The terms are the leaves of a tree in which every node adds up to `ARITY` neighbours from left to right; an incomplete
node at the right edge is what is left over. A stream adds its blocks as they come and holds one partial sum a
level (:class:`Tally`); a cluster adds whole groups at a time (:func:`total` of each group, level by level). Both are
this tree. A term is a tuple of arrays or numbers, or None where a block contributes nothing.
"""

from collections.abc import Iterable
from typing import Any

Term = tuple[Any, ...] | None

ARITY = 8
"""Terms a node adds: a cluster of n blocks then needs n / 7 sums, in log_8 n rounds of messages."""


def added(left: Term, right: Term) -> Term:
    """The sum of two terms, part by part."""
    if left is None or right is None:
        return right if left is None else left
    return tuple(a + b for a, b in zip(left, right, strict=True))


def total(terms: Iterable[Term]) -> Term:
    """The terms from left to right: one node of the tree."""
    result: Term = None
    for term in terms:
        result = added(result, term)
    return result


class Tally:
    """The tree's sum of terms that come one after the other."""

    def __init__(self) -> None:
        self._partial: list[Term] = []
        self._counts: list[int] = []

    def add(self, term: Term) -> None:
        """The next term."""
        self._enter(0, term)

    def total(self) -> Term:
        """The sum of all terms so far; None where there is none."""
        carried: Term = None
        for partial in self._partial:
            carried = added(partial, carried)
        return carried

    def _enter(self, level: int, term: Term) -> None:
        if level == len(self._partial):
            self._partial.append(None)
            self._counts.append(0)
        self._partial[level] = added(self._partial[level], term)
        self._counts[level] += 1
        if self._counts[level] == ARITY:
            full, self._partial[level], self._counts[level] = self._partial[level], None, 0
            self._enter(level + 1, full)
