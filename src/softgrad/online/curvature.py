"""What is kept of the rows gone by: their curvature, by classes, shared by the classes, or by parameters.

All are sums over rows of approximations to ``diag(p) - p p'`` times ``[x 1]' [x 1]`` that drop what couples two
classes: ``K / (K - 1) p_k (1 - p_k)`` for class k. The factor makes it exact for two classes, and at p = 1 / K for any.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self, final

import numpy as np
import numpy.typing as npt

from softgrad.optimize.equilibrate import unit_scales
from softgrad.optimize.kronecker_preconditioner import feature_basis
from softgrad.optimize.scaled_inverses import ScaledInverses, scaled_inverses
from softgrad.rows.base import Point

Array = npt.NDArray[Any]

LARGEST_BLOCKS = 1e7
"""Entries up to which a matrix is kept for each class: 80 MB, and a third of that for their inverses."""
WIDEST = 1500
"""Parameters a class up to which matrices are factored: a second or so."""
WIDEST_SPARSE = 300
"""The same where the rows come sparse: their matrices would not stay so."""


class Inverse(Protocol):
    """What solves systems with a curvature: a preconditioner of conjugate gradients."""

    def solve(self, residual: Array, /) -> Array: ...


class Curvature(Protocol):
    """A positive semidefinite matrix on parameters (K, w); w is d, or d + 1 with an intercept."""

    def product(self, params: Array, /) -> Array:
        """The matrix times `params`, (K, w)."""
        ...

    def plus(self, point: Point, weight: float, /) -> Self:
        """The same with the rows of `point` added, whose weights sum to `weight`."""
        ...

    def inverse(self, ridge: Array, /) -> Inverse:
        """One over the matrix plus ``diag(ridge)`` (w,) for every class."""
        ...

    @property
    def inverse_flop(self) -> float:
        """About what :meth:`inverse` takes; zero where it need not be kept."""
        ...

    @property
    def product_flop(self) -> float: ...


@final
@dataclass(frozen=True, eq=False)
class Blocks:
    """A matrix for each class, `grams` (K, w, w): ``sum of w_i p_k (1 - p_k) [x 1]' [x 1]`` times K / (K - 1)."""

    grams: Array

    @property
    def inverse_flop(self) -> float:
        return float(self.grams.size * self.grams.shape[1])

    @property
    def product_flop(self) -> float:
        return 2.0 * self.grams.size

    def product(self, params: Array) -> Array:
        return np.asarray(np.matmul(self.grams, params[:, :, None])[:, :, 0])

    def plus(self, point: Point, weight: float) -> "Blocks":
        n_classes, width, _ = self.grams.shape
        scale, pairs = weight * factor(n_classes), zip(self.grams, point.class_grams(), strict=True)
        return Blocks(np.stack([old + scale * gram[:width, :width] for old, gram in pairs]))

    def inverse(self, ridge: Array) -> ScaledInverses:
        penalty = np.diag(ridge)
        blocks = (gram + penalty for gram in self.grams)
        return scaled_inverses(blocks, len(self.grams), len(ridge))


@final
@dataclass(frozen=True, eq=False)
class Shared:
    """One matrix for all classes, which have it by their shares: for many classes of many features.

    Attributes
    ----------
    gram : ndarray of shape (w, w)
        The sum over the classes of what :class:`Blocks` keeps.
    masses : ndarray of shape (K,)
        ``sum of w_i p_k (1 - p_k)``; class k's part of `gram` is its share of their sum.
    """

    gram: Array
    masses: Array

    @property
    def inverse_flop(self) -> float:
        return 20.0 * len(self.gram) ** 3

    @property
    def product_flop(self) -> float:
        return 2.0 * self.gram.size * len(self.masses)

    @property
    def shares(self) -> Array:
        return self.masses / max(float(self.masses.sum()), np.finfo(np.float64).tiny)

    def product(self, params: Array) -> Array:
        return np.asarray(self.shares[:, None] * (params @ self.gram))

    def plus(self, point: Point, weight: float) -> "Shared":
        width, n_classes = len(self.gram), len(self.masses)
        added = point.gram()[:width, :width] * (weight * factor(n_classes))
        return Shared(self.gram + added, self.masses + weight * np.diagonal(point.intercept_system()[1]))

    def inverse(self, ridge: Array) -> "SharedInverse":
        typical = self.gram / len(self.masses)
        scales = unit_scales(np.diagonal(typical) + ridge)
        scaled = scales[:, None] * typical * scales
        penalty = ridge * scales**2
        features, by_ridge = feature_basis(scaled + np.diag(penalty), penalty)
        relative = len(self.masses) * self.shares
        spectrum = relative[:, None] * (1 - by_ridge) + by_ridge
        return SharedInverse(scales[:, None] * features, np.maximum(spectrum, np.finfo(np.float64).eps))


@final
@dataclass(frozen=True, eq=False)
class SharedInverse:
    """A basis of the features by columns (w, w), in which each class's matrix is diagonal: `spectrum` (K, w)."""

    features: Array
    spectrum: Array

    def solve(self, residual: Array) -> Array:
        return np.asarray(((residual @ self.features) / self.spectrum) @ self.features.T)


@final
@dataclass(frozen=True, eq=False)
class Diagonal:
    """One entry a parameter, (K, w), ``sum of w_i p_k (1 - p_k) x_j^2``: for very wide, or wide and sparse rows.

    Without the factor of the others: along directions that columns share, dropping what couples them already makes
    the diagonal too large, and K / (K - 1) was measured to make it worse.
    """

    entries: Array

    @property
    def inverse_flop(self) -> float:
        return 0.0

    @property
    def product_flop(self) -> float:
        return float(self.entries.size)

    def product(self, params: Array) -> Array:
        return np.asarray(self.entries * params)

    def plus(self, point: Point, weight: float) -> "Diagonal":
        return Diagonal(self.entries + weight * point.diagonal()[:, : self.entries.shape[1]])

    def inverse(self, ridge: Array) -> "DiagonalInverse":
        system = self.entries + ridge
        floors = np.finfo(np.float64).eps * system.max(axis=0)
        return DiagonalInverse(1 / np.maximum(system, np.where(floors > 0, floors, 1.0)))


@final
@dataclass(frozen=True, eq=False)
class DiagonalInverse:
    """One over the entries."""

    entries: Array

    def solve(self, residual: Array) -> Array:
        return np.asarray(self.entries * residual)


def factor(n_classes: int) -> float:
    """K / (K - 1)."""
    return n_classes / (n_classes - 1)


def no_curvature(n_classes: int, width: int, *, sparse: bool) -> Blocks | Shared | Diagonal:
    """The closest form whose matrices are small enough, at zero."""
    if width > (WIDEST_SPARSE if sparse else WIDEST):
        return Diagonal(np.zeros((n_classes, width)))
    if n_classes * width**2 <= LARGEST_BLOCKS:
        return Blocks(np.zeros((n_classes, width, width)))
    return Shared(np.zeros((width, width)), np.zeros(n_classes))
