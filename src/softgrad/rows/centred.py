"""CentredRows: the columns of any Rows less their offsets, without touching a row.

Written with ``m = offsets`` (d,), ``X_c = X - 1 m'``. A point (coef, intercept_c) of the centred rows is the point
(coef, intercept) of the rows themselves with ``intercept = intercept_c - coef @ m``, for then

    X_c coef' + intercept_c = X coef' + intercept,

so losses, probabilities, slopes along lines and the intercept's system are the same numbers, and the penalty stays on
the user's coef. Derivatives follow by the chain rule, with g the intercept's part of whatever is differentiated:

    gradient     grad_coef_c = grad_coef - g m'                       grad_intercept_c = g
    product      of (V, c) is that of (V, c - V @ m);  its coef part  HV_c = HV - Hc m'
    hessian      H_c = A' H A for each pair of classes, grams alike, with  A = [[I, 0], [-m', 1]]

All methods cost what they cost on the rows themselves, except two. `diagonal` needs ``sum_i h_ik x_ij``, the Hessian's
entries between coef and intercept, which takes min(K, d / 2) passes more. And where the columns are so far out that
``A' H A`` would cancel (an entry of its diagonal below `CANCELLED` of H's: offsets beyond 1e5 spreads), hessian and
grams are put together column by column from products, (K - 1) (d + 1) passes.

A column that is constant is exactly zero once centred; its derivatives are then set to zero, not computed as the
rounding that would be left of them.

Accuracy, with u = 1.1e-16 the unit roundoff and r = |m_j| / spread_j: logits and gradients, products included, carry
the error of sums of terms r times too large, about r u (measured against 50-digit arithmetic at r = 1e6: 1e-10); a
Hessian from ``A' H A`` one of r^2 u, from products r u. Centring the data themselves would leave u; it needs a copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.rows.base import LogitsAre, Meter, Point, Rows
from softgrad.rows.glance import Glance

Array = npt.NDArray[Any]

CANCELLED = 1e-10

FAR = 1.0
"""Columns are centred where one's |mean| is above this many of its standard deviations."""


@dataclass(frozen=True, eq=False)
class CentredDirection:
    """A direction in the centred coordinates, and the same as the rows themselves know it."""

    intercept: Array
    inner: Any

    @property
    def coef(self) -> Array:
        return np.asarray(self.inner.coef)

    def plus(self, factor: float, other: "CentredDirection") -> "CentredDirection":
        return CentredDirection(
            self.intercept + factor * other.intercept, self.inner.plus(factor, other.inner)
        )

    def times(self, factor: float) -> "CentredDirection":
        return CentredDirection(factor * self.intercept, self.inner.times(factor))


class CentredPoint:
    """See :class:`softgrad.rows.base.Point`; `intercept` is the centred one."""

    def __init__(self, rows: "CentredRows", intercept: Array, inner: Point) -> None:
        self._rows, self.intercept, self._inner = rows, intercept, inner

    @property
    def _offsets(self) -> Array:
        return self._rows.offsets

    @property
    def coef(self) -> Array:
        return self._inner.coef

    @property
    def loss(self) -> float:
        return self._inner.loss

    @cached_property
    def grad_coef(self) -> Array:
        return self._centred(self._inner.grad_coef, self.grad_intercept)

    @property
    def grad_intercept(self) -> Array:
        return self._inner.grad_intercept

    def direction(self, coef: Array, intercept: Array) -> CentredDirection:
        return CentredDirection(intercept, self._inner.direction(coef, intercept - coef @ self._offsets))

    def toward(self, other: "CentredPoint") -> CentredDirection:
        return CentredDirection(other.intercept - self.intercept, self._inner.toward(other._inner))

    def product(self, coef: Array, intercept: Array) -> tuple[Array, Array, CentredDirection]:
        by_coef, by_intercept, inner = self._inner.product(coef, intercept - coef @ self._offsets)
        return self._centred(by_coef, by_intercept), by_intercept, CentredDirection(intercept, inner)

    def curved(self, negligible: float) -> "CentredPoint":
        inner = self._inner.curved(negligible)
        return self if inner is self._inner else CentredPoint(self._rows, self.intercept, inner)

    def along(self, direction: CentredDirection, steps: Array) -> tuple[Array, Array]:
        return self._inner.along(direction.inner, steps)

    def move(self, direction: CentredDirection, step: float) -> "CentredPoint":
        intercept = self.intercept + step * direction.intercept
        return CentredPoint(self._rows, intercept, self._inner.move(direction.inner, step))

    def shift(self, intercept: Array) -> "CentredPoint":
        return CentredPoint(self._rows, self.intercept + intercept, self._inner.shift(intercept))

    def intercept_system(self) -> tuple[Array, Array]:
        return self._inner.intercept_system()

    def hessian(self) -> Array:
        n_classes, width = len(self.intercept), len(self._offsets) + 1
        inner = self._inner.hessian().reshape(n_classes, width, n_classes, width)
        centred = inner.copy()
        centred[:, :-1] -= self._offsets[:, None, None] * centred[:, -1:]
        centred[..., :-1] -= self._offsets * centred[..., -1:]
        if self._cancelled(np.einsum("kjkj->kj", inner), np.einsum("kjkj->kj", centred)):
            centred = self._hessian_by_products()
        centred[:, self._rows.constant] = 0
        centred[..., self._rows.constant] = 0
        return np.asarray(centred.reshape(n_classes * width, n_classes * width))

    def class_grams(self, negligible: float = 0.0) -> Iterator[Array]:
        by_products = cache(self._hessian_by_products)

        def class_gram(k: int, gram: Array) -> Array:
            before = np.array(np.diagonal(gram))
            self._centre(gram)
            if self._cancelled(before, np.diagonal(gram)):
                gram = np.array(by_products()[k, :, k])
            return self._cleared(gram)

        return map(class_gram, count(), self._inner.class_grams(negligible))

    def gram(self) -> Array:
        inner = self._inner.gram()
        centred = np.array(inner)
        self._centre(centred)
        if self._cancelled(np.diagonal(inner), np.diagonal(centred)):
            return np.asarray(sum(self.class_grams()))
        return self._cleared(centred)

    def diagonal(self) -> Array:
        n_classes, n_features = len(self.intercept), len(self._offsets)
        if n_features <= 2 * n_classes:
            return self._grams_diagonal()
        inner = self._inner.diagonal()
        centred = np.array(inner)
        for k in range(n_classes):
            centred[k, :-1] += self._offsets * (self._offsets * inner[k, -1] - 2 * self._crossed(k))
        centred[:, self._rows.constant] = 0
        return self._grams_diagonal() if self._cancelled(inner, centred) else np.asarray(centred)

    def _grams_diagonal(self) -> Array:
        return np.array([np.diagonal(gram) for gram in self.class_grams()])

    def _cancelled(self, before: Array, after: Array) -> bool:
        """Whether a diagonal entry lost so many digits that the rest of them cannot be trusted."""
        varying = ~self._rows.constant
        return bool((after[..., varying] < CANCELLED * before[..., varying]).any())

    def separates(self) -> bool:
        return self._inner.separates()

    def margins(self, direction: CentredDirection, slack: float) -> Array:
        return self._inner.margins(direction.inner, slack)

    def release(self) -> None:
        self._inner.release()

    def _centre(self, gram: Array) -> None:
        """Takes the offsets off both sides of a Gram matrix (d+1, d+1), in place."""
        gram[:-1] -= self._offsets[:, None] * gram[-1:]
        gram[:, :-1] -= self._offsets * gram[:, -1:]

    def _cleared(self, gram: Array) -> Array:
        """The Gram matrix without what rounding left of constant columns."""
        gram[self._rows.constant] = 0
        gram[:, self._rows.constant] = 0
        return gram

    def _centred(self, by_coef: Array, by_intercept: Array) -> Array:
        centred = by_coef - by_intercept[:, None] * self._offsets
        centred[:, self._rows.constant[:-1]] = 0
        return np.asarray(centred)

    def _crossed(self, k: int) -> Array:
        """The Hessian's entries between class k's coef and its intercept on the rows themselves. Half a pass."""
        one = np.zeros(len(self.intercept))
        one[k] = 1
        by_coef, _, _ = self._inner.product(np.zeros_like(self.coef), one)
        return np.asarray(by_coef[k])

    def _hessian_by_products(self) -> Array:
        """(K, d+1, K, d+1); the last class's columns follow, as a shift common to all classes has no curvature."""
        n_classes, width = len(self.intercept), len(self._offsets) + 1
        result = np.empty((n_classes, width, n_classes, width))
        for k in range(n_classes - 1):
            for j in range(width):
                one = np.zeros((n_classes, width))
                one[k, j] = 1
                by_coef, by_intercept, _ = self.product(one[:, :-1], one[:, -1])
                result[:, :-1, k, j], result[:, -1, k, j] = by_coef, by_intercept
        result[:, :, -1] = -result[:, :, :-1].sum(axis=2)
        return np.asarray((result + result.transpose(2, 3, 0, 1)) / 2)


class CentredRows:
    """See :class:`softgrad.rows.base.Rows`.

    Parameters
    ----------
    inner : Rows
    offsets : ndarray of shape (d,)
        Subtracted from the columns; the weighted means or numbers near them.
    constant : ndarray of bool of shape (d,), optional
        Columns all of whose entries are their offset.
    """

    def __init__(self, inner: Rows, offsets: Array, constant: Array | None = None) -> None:
        self.inner, self.offsets = inner, np.asarray(offsets, dtype=np.float64)
        self.constant = np.zeros(len(self.offsets) + 1, dtype=bool)
        if constant is not None:
            self.constant[:-1] = constant

    @property
    def n_rows(self) -> int:
        return self.inner.n_rows

    @property
    def n_features(self) -> int:
        return self.inner.n_features

    @property
    def n_classes(self) -> int:
        return self.inner.n_classes

    @property
    def weight_sum(self) -> float:
        return self.inner.weight_sum

    @property
    def class_weights(self) -> Array:
        return self.inner.class_weights

    @property
    def logits_are(self) -> LogitsAre:
        return self.inner.logits_are

    @property
    def meter(self) -> Meter:
        return self.inner.meter

    def at(self, coef: Array, intercept: Array) -> CentredPoint:
        return CentredPoint(self, intercept, self.inner.at(coef, self.back(coef, intercept)[1]))

    def moments(self) -> tuple[Array, Array]:
        means, scales = self.inner.moments()
        return means - self.offsets, scales

    def sample(self, size: int, seed: int) -> "CentredRows":
        return CentredRows(self.inner.sample(size, seed), self.offsets, self.constant[:-1])

    def subset(self, fraction: float) -> "CentredRows":
        return CentredRows(self.inner.subset(fraction), self.offsets, self.constant[:-1])

    def back(self, coef: Array, intercept: Array) -> tuple[Array, Array]:
        """(coef, intercept) of the rows themselves, from centred ones."""
        return coef, np.asarray(intercept - coef @ self.offsets)

    def forth(self, coef: Array, intercept: Array) -> tuple[Array, Array]:
        """The inverse of :meth:`back`."""
        return coef, np.asarray(intercept + coef @ self.offsets)


def centred_where_far(rows: Rows, seen: Glance) -> CentredRows | None:
    """The rows centred where a column's mean is more than `FAR` spreads from zero, else None.

    Any numbers near the means do. A flat column is centred where it is seen to be constant, and else left as it is: no
    centring by rounded sums would be exact enough.
    """
    means, scales = seen.means, seen.scales
    with np.errstate(all="ignore"):
        far = np.abs(means) > FAR * scales
    if not (far.any() and np.isfinite(means).all() and np.isfinite(scales).all()):
        return None
    constant = np.array([flat and _is_constant(rows, j) for j, flat in enumerate(seen.flat)], dtype=bool)
    return CentredRows(rows, np.where(seen.flat & ~constant, 0.0, means), constant)


def _is_constant(rows: Rows, j: int) -> bool:
    """Whether all entries of the column are equal, as far as that can be seen."""
    look = getattr(rows, "is_constant", None)
    return bool(look is not None and look(j))
