"""What is asked of the logits of a block, and where a block keeps them.

A block's logits at any place are a linear combination of logits that it has computed before: a point moved along a
direction has ``z + t dz``, and a shifted intercept adds a number a class. So whoever asks describes the place as
:class:`Logits`: factors and :class:`Leaf`, each a (coef, intercept) with a key. A block that finds a leaf on its
:class:`Shelf` reads no row; one that does not, as it keeps none, or was lost and made anew on another machine, computes
it from the leaf's (coef, intercept). A shelf is a cache: what it holds never changes an answer beyond rounding.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Key(NamedTuple):
    """The name of an array (K, n) on a shelf: which leaf's, and whether its logits or their probabilities."""

    leaf: int
    proba: bool = False


@dataclass(frozen=True, eq=False)
class Leaf:
    """Parameters whose logits may be on the shelves; `key` is unique in a source."""

    key: int
    coef: Array
    intercept: Array


@dataclass(frozen=True, eq=False)
class Logits:
    """``sum_j factor_j logits(leaf_j) + shift``, and the parameters that have these logits.

    Attributes
    ----------
    terms : tuple of (float, Leaf)
    shift : ndarray of shape (K,), or None
    """

    terms: tuple[tuple[float, Leaf], ...]
    shift: Array | None = None

    @classmethod
    def of(cls, leaf: Leaf) -> "Logits":
        return cls(((1.0, leaf),))

    @cached_property
    def coef(self) -> Array:
        """(K, d)."""
        return _sum([(factor, leaf.coef) for factor, leaf in self.terms])

    @cached_property
    def intercept(self) -> Array:
        """(K,)."""
        result = _sum([(factor, leaf.intercept) for factor, leaf in self.terms])
        return result if self.shift is None else result + self.shift

    @property
    def only_leaf(self) -> int | None:
        """The key of the leaf that these logits are, unmoved; None where they are a combination."""
        factor, leaf = self.terms[0]
        return leaf.key if len(self.terms) == 1 and factor == 1 and self.shift is None else None

    def plus(self, factor: float, other: "Logits") -> "Logits":
        """``self + factor * other``, equal leaves taken together."""
        terms = {leaf.key: (weight, leaf) for weight, leaf in self.terms}
        for weight, leaf in other.terms:
            before = terms[leaf.key][0] if leaf.key in terms else 0.0
            terms[leaf.key] = (before + factor * weight, leaf)
        moved = Logits(tuple(terms.values()), self.shift)
        return moved if other.shift is None else moved.shifted(factor * other.shift)

    def shifted(self, intercept: Array) -> "Logits":
        """With `intercept` added."""
        return Logits(self.terms, intercept if self.shift is None else self.shift + intercept)

    def times(self, factor: float) -> "Logits":
        shift = None if self.shift is None else factor * self.shift
        return Logits(tuple((factor * weight, leaf) for weight, leaf in self.terms), shift)


def _sum(terms: list[tuple[float, Array]]) -> Array:
    """``sum_j factor_j array_j``; one array as it is, uncopied."""
    factor, array = terms[0]
    result = array if factor == 1 else factor * array
    for factor, array in terms[1:]:
        result = result + factor * array
    return np.asarray(result)


class Shelf(Protocol):
    """The arrays (K, n) that one block keeps: in memory, in a file, or none at all."""

    def get(self, key: Key) -> Array | None:
        """The array, not to be written to; None where it is not there."""
        ...

    def put(self, key: Key, values: Array) -> None:
        """Keep the array, or decline to."""
        ...

    def keep(self, keys: Collection[Key]) -> None:
        """Let go of all others."""
        ...


class MemoryShelf:
    """A shelf in memory."""

    def __init__(self) -> None:
        self._arrays: dict[Key, Array] = {}

    @property
    def nbytes(self) -> int:
        return sum(values.nbytes for values in list(self._arrays.values()))

    def get(self, key: Key) -> Array | None:
        return self._arrays.get(key)

    def put(self, key: Key, values: Array) -> None:
        self._arrays[key] = values

    def keep(self, keys: Collection[Key]) -> None:
        for key in [key for key in self._arrays if key not in keys]:
            self._arrays.pop(key, None)


class NoShelf:
    """Keeps nothing: logits are computed anew each time."""

    def get(self, _key: Key) -> None:
        return None

    def put(self, _key: Key, _values: Array) -> None:
        return None

    def keep(self, _keys: Collection[Key]) -> None:
        return None
