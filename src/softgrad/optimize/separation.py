"""Separation: which classes a direction separates, so that without a penalty there is no optimum; data and words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEADING, NEGLIGIBLE = 3, 0.1
"""Features named at most, and the share of the largest one's part below which none is."""
STATEMENTS, LISTED = 3, 5
"""Statements made at most, and classes listed in one of them."""


@dataclass(frozen=True, eq=False)
class Separation:
    """A direction along which no row's margin falls and some rise, however far it is followed: no optimum exists.

    A row's margin is its own class's logit less another's. Along the direction all logits change by
    ``X @ coef.T + intercept``; the rows were asked, and no margin falls by more than 1e-9 of the typical size of that
    change. Only what this one direction shows is said: that classes are not separated is never claimed.

    Attributes
    ----------
    coef : ndarray of shape (K, d)
        Class means removed; scaled so that the largest entry of `effects` is 1 or -1.
    intercept : ndarray of shape (K,)
    shares : ndarray of shape (3, K, K)
        Entries [0, k, l], [1, k, l], [2, k, l]: the weight of the rows of class k whose margin over class l rises,
        stays, falls, as a share of the weight of all rows. The last are zeros.
    spreads : ndarray of shape (d,)
        Standard deviations of the columns.
    classes : tuple or None
        The classes' labels; None where they are numbered.
    features : tuple or None
        The columns' names; None where they are numbered.
    """

    coef: Array
    intercept: Array
    shares: Array
    spreads: Array
    classes: tuple[Any, ...] | None = None
    features: tuple[Any, ...] | None = None

    @property
    def effects(self) -> Array:
        """(K, d): what one standard deviation of each column adds to each class's logit, ``coef * spreads``."""
        return np.asarray(self.coef * self.spreads)

    @property
    def complete(self) -> Array:
        """(K, K) of bool, symmetric: the margins of all rows of two classes over each other rise."""
        stays = self.shares[1] + self.shares[2]
        return np.asarray(self._rises & (stays == 0) & (stays.T == 0))

    @property
    def partial(self) -> Array:
        """(K, K) of bool, symmetric: some of these margins rise, the others stay; rows lie on the boundary."""
        return np.asarray(self._rises & ~self.complete)

    @property
    def _rises(self) -> Array:
        return np.asarray((self.shares[0] > 0) | (self.shares[0].T > 0))

    def named(self, classes: Sequence[Any] | None, features: Sequence[Any] | None) -> Self:
        """The same, with labels for the classes and names for the columns; None leaves them as they are."""
        return replace(
            self,
            classes=self.classes if classes is None else tuple(classes),
            features=self.features if features is None else tuple(features),
        )

    def among(self, present: Array, n_classes: int) -> Self:
        """The same where its classes are those of the numbers `present` among more, of which nothing is said."""
        coef, intercept = np.zeros((n_classes, self.coef.shape[1])), np.zeros(n_classes)
        shares = np.zeros((3, n_classes, n_classes))
        coef[present], intercept[present] = self.coef, self.intercept
        shares[:, present[:, None], present] = self.shares
        return replace(self, coef=coef, intercept=intercept, shares=shares)

    def moved(self, coef: Array, intercept: Array, spreads: Array) -> Self:
        """The same direction in other columns, scaled there."""
        largest = float(np.abs(coef * spreads).max(initial=0.0)) or 1.0
        return replace(self, coef=coef / largest, intercept=intercept / largest, spreads=spreads)

    @property
    def words(self) -> str:
        """Which classes are separated, and by which features; signs are those of the classes named first."""
        everyone = (self.shares[0] + self.shares[1]).any(axis=1)
        apart = self.complete[np.ix_(everyone, everyone)]
        if len(apart) > 2 and (apart | np.eye(len(apart), dtype=bool)).all():
            return f"all {len(apart)} classes are separated from one another{self._by_ends(np.flatnonzero(everyone))}"
        told = [self._statement(*groups, "") for groups in _groups(self.complete)]
        told += [self._statement(*groups, PARTLY) for groups in _groups(self.partial)]
        rest = len(told) - STATEMENTS
        return "; ".join(told[:STATEMENTS]) + (f"; and {rest} more such statements hold" if rest > 0 else "")

    def _statement(self, ones: Array, others: Array, but: str) -> str:
        effects = self.effects[ones].mean(axis=0) - self.effects[others].mean(axis=0)
        parts = [f"{self._feature(j)} ({sign})" for j, sign in _leading(effects)]
        first = (
            self._listed(ones) if len(ones) > 1 else "class " + self._label(ones[0]).removeprefix("class ")
        )
        are = "are" if len(ones) > 1 else "is"
        return f"{first} {are} separated from {self._listed(others)}{but}{_by(parts, self.coef.shape[1])}"

    def _by_ends(self, everyone: Array) -> str:
        """The features that tell all classes apart, each with the classes at its ends."""
        effects = self.effects[everyone]
        parts = []
        for j, _ in _leading(np.sqrt((effects**2).mean(axis=0))):
            low, high = (
                self._label(everyone[end]) for end in (effects[:, j].argmin(), effects[:, j].argmax())
            )
            parts.append(f"{self._feature(j)} (- for {low}, + for {high})")
        return _by(parts, self.coef.shape[1])

    def _listed(self, others: Array) -> str:
        labels = [self._label(k) for k in others]
        if len(labels) > LISTED:
            labels = [*labels[: LISTED - 1], f"{len(labels) - LISTED + 1} other classes"]
        return _joined(labels)

    def _label(self, k: int) -> str:
        label = k if self.classes is None else self.classes[k]
        label = label.item() if isinstance(label, np.generic) else label
        return repr(label) if isinstance(label, str) else f"class {label}"

    def _feature(self, j: int) -> str:
        return f"column {j}" if self.features is None else repr(str(self.features[j]))


PARTLY = ", but for rows on the boundary between them,"


def _groups(pairs: Array) -> list[tuple[Array, Array]]:
    """The pairs (K, K), symmetric, as few groups of classes, each with the others that it is paired with.

    The class with most pairs comes first, with those that are paired with the same others.
    """
    left, result = pairs.copy(), []
    while left.any():
        others = left[int(left.sum(axis=1).argmax())].copy()
        ones = (left == others).all(axis=1)
        result.append((np.flatnonzero(ones), np.flatnonzero(others)))
        left[np.ix_(ones, others)] = left[np.ix_(others, ones)] = False
    return result


def _leading(effects: Array) -> list[tuple[int, str]]:
    """The features of the largest parts, at most `LEADING`, with their signs; parts equal to six digits in order."""
    sizes = np.abs(effects)
    if not sizes.any():
        return []
    sizes = np.round(sizes / sizes.max(), 6)
    order = np.argsort(-sizes, kind="stable")[:LEADING].tolist()
    return [(j, "+" if effects[j] > 0 else "-") for j in order if sizes[j] >= NEGLIGIBLE]


def _by(parts: list[str], n_features: int) -> str:
    if not parts:
        return ""
    led = "" if n_features == 1 else "a combination of the features led by "
    return f" by {led}{_joined(parts)}"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
