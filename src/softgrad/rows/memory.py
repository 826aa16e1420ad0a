"""MemoryRows: labelled, weighted rows in memory; dense.py and sparse.py say how X is cut into tiles."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from softgrad.kernels import passes
from softgrad.kernels.job import Targets
from softgrad.maths import pairs, regression
from softgrad.maths.cross_entropy import check_targets, check_weights
from softgrad.maths.cross_entropy import weight_sum as total
from softgrad.rows.base import LogitsAre, Meter
from softgrad.rows.kept import KeptPoint
from softgrad.rows.sampling import distinct, quotas, restored

Array = npt.NDArray[Any]


WIDE = 64
"""Features beyond which a Gram matrix is a symmetric product."""

LARGEST_KEPT = 2**20
"""Entries of a sample that is kept."""

NARROW = frozenset(np.dtype(name) for name in ("f4", "u1", "i1", "?"))
FAR, LOOKED_AT = 1e3, 256
"""How far a column's mean may lie from zero, in spreads, for products in float32, and how many rows tell."""


class MemoryRows(ABC):
    """Rows whose X fits in memory, as it was given: neither copied nor converted as a whole.

    Parameters
    ----------
    X : array of shape (n, d)
    targets : ndarray of shape (n,) or (n, K)
        Integer codes 0..K-1 or one distribution over the classes a row.
    n_classes : int
    sample_weight : array_like of shape (n,), optional
        Finite and not negative, with a positive sum.
    weight_sum : float, optional
        What the rows' shares are shares of, if not of their own weights' sum.

    Raises
    ------
    ValueError
        If there is no row, or labels or weights do not fit.
    """

    logits_are: LogitsAre = "kept"

    def __init__(
        self,
        X: Any,
        targets: npt.ArrayLike,
        n_classes: int,
        sample_weight: npt.ArrayLike | None = None,
        *,
        weight_sum: float | None = None,
    ) -> None:
        if X.ndim != 2 or X.shape[0] == 0:
            raise ValueError(
                f"X of shape {X.shape} was given; pass at least one row, shape (n_samples, n_features)."
            )
        self.X = X
        self.n_rows, self.n_features, self.n_classes = X.shape[0], X.shape[1], n_classes
        self.targets = check_targets(targets, self.n_rows, n_classes)
        weights = check_weights(sample_weight, self.n_rows)
        self.given_weights = None if weights is None else weights.astype(np.float64, copy=False)
        own_sum = float(self.n_rows) if weights is None else total(weights)
        self.weight_sum = own_sum if weight_sum is None else weight_sum
        if self.weight_sum == 0:
            raise ValueError("all sample weights are zero; give at least one row a positive weight.")
        self.given = Targets.of(self.targets, None if weights is None else self.shares)
        self.meter = Meter(4.0 * self.n_stored() * n_classes)
        self._reads = 1.0
        self._samples: dict[tuple[int, int], Self] = {}

    @abstractmethod
    def n_stored(self) -> int:
        """Stored entries of X."""

    @abstractmethod
    def _tiles(self) -> Iterator[tuple[slice, Any]]:
        """X in pieces of rows whose float64 image is small, in order."""

    @cached_property
    def weights(self) -> Array:
        """As they were given, (n,); ones where none were."""
        return np.ones(self.n_rows) if self.given_weights is None else self.given_weights

    @cached_property
    def shares(self) -> Array:
        """The weights over their sum, (n,)."""
        return self.weights / self.weight_sum

    @cached_property
    def class_weights(self) -> Array:
        if self.targets.ndim == 1:
            return np.bincount(self.targets, self.given_weights, minlength=self.n_classes).astype(np.float64)
        return np.asarray(self.weights @ self.targets)

    @property
    def table(self) -> Any:
        """X as the kernels read it."""
        return self.X

    def loss_and_gradient(
        self, coef: Array, intercept: Array | None, *, single: bool = False
    ) -> tuple[float, Array, Array]:
        """What :meth:`at` finds, without a point: no logit is kept. In float32 tile by tile where `single`."""
        sums, _ = passes.loss_and_gradient(self.table, coef, intercept, self.given, single=single)
        self._count(4.0 * self.n_classes, reads=1.0)
        return sums.loss, np.asarray(sums.by_coef), sums.by_intercept

    def hessian_product(
        self, coef: Array, intercept: Array | None, direction: Array, change: Array | None
    ) -> tuple[Array, Array]:
        """Hessian at (coef, intercept) times (direction, change), in one read of X."""
        sums = passes.product_at(self.table, coef, intercept, direction, change, self.given)
        self._count(6.0 * self.n_classes, reads=1.0)
        return np.asarray(sums.by_coef), sums.by_intercept

    def at(self, coef: Array, intercept: Array) -> KeptPoint:
        sums, logits = passes.loss_and_gradient(self.table, coef, intercept, self.given, keeps=True)
        self._count(4.0 * self.n_classes, reads=1.0)
        return KeptPoint(self, coef, intercept, logits, (sums.loss, sums.by_coef, sums.by_intercept))

    def forward(self, coef: Array, intercept: Array) -> Array:
        """The logits (K, n) of (coef, intercept)."""
        if not coef.any():
            return np.repeat(np.asarray(intercept, dtype=np.float64)[:, None], self.n_rows, axis=1)
        self._count(2.0 * self.n_classes, reads=1.0)
        return passes.forward(self.table, coef, intercept)

    def gradient(self, logits: Array) -> tuple[float, Array, Array]:
        """Loss and its gradient with respect to coef and intercept, at the logits (K, n)."""
        sums = passes.gradient(self.table, logits, self.given)
        self._count(2.0 * self.n_classes, reads=1.0)
        return sums.loss, np.asarray(sums.by_coef), sums.by_intercept

    def pull_back(self, by_logits: Array) -> tuple[Array, Array]:
        """``by_logits [X 1]``, for a (K, n) gradient with respect to the logits."""
        sums = passes.pulled_back(self.table, by_logits)
        self._count(2.0 * self.n_classes, reads=1.0)
        return np.asarray(sums.by_coef), sums.by_intercept

    def product(self, proba: Array, coef: Array, intercept: Array) -> tuple[Array, Array, Array]:
        """Hessian times (coef, intercept) at the probabilities (K, n), and the direction's logits, in one read of X.

        Computed in the type of the probabilities, which the logits are of too.
        """
        sums, logits = passes.product(self.table, proba, coef, intercept, self.given)
        self._count(4.0 * self.n_classes, reads=1.0)
        return np.asarray(sums.by_coef), sums.by_intercept, logits

    @cached_property
    def product_type(self) -> Any:
        """What Hessian products are computed in: float32 where X is no wider and holds no column far from zero.

        A solver asks them which way to go, and float32 takes half their arithmetic; where it arrives is for the
        gradient to say, which is float64 always. A column whose mean is `FAR` spreads away would cost three more of
        seven digits.
        """
        if not isinstance(self.X, np.ndarray) or self.X.dtype not in NARROW:
            return np.float64
        seen = self.X[:: max(1, self.n_rows // LOOKED_AT)].astype(np.float64)
        with np.errstate(all="ignore"):
            near = np.abs(seen.mean(axis=0)) <= FAR * seen.std(axis=0)
        return np.float32 if near.all() else np.float64

    def hessian(self, proba: Array) -> Array:
        """The mean loss's Hessian at the probabilities (K, n)."""
        if isinstance(self.X, np.ndarray) and pairs.fits(self.n_features):
            self._count(pairs.flop_per_entry(self.n_classes, self.n_features), reads=1.0)
            return passes.hessian(self.X, proba, self.given)
        size = self.n_classes * (self.n_features + 1)
        result = np.zeros((size, size))
        for part, X in self._tiles():
            result += regression.hessian_at(proba[:, part].T, X, self.shares[part])
        self._count(self.n_classes * (self.n_classes + 1.0) * self.n_features, reads=1.0)
        return result

    def grams(self, curvature: Array) -> Iterator[Array]:
        """``[X 1]' diag(h_k) [X 1]``, (d+1, d+1), for each row h_k >= 0 of `curvature` (K, n)."""
        size = self.n_features + 1
        if isinstance(self.X, np.ndarray) and size > WIDE:
            counted = np.count_nonzero(curvature) / self.n_rows
            self._count(float(counted * self.n_features), reads=float(counted))
            return (regression.curvature_gram(self.X, of_rows) for of_rows in curvature)
        if isinstance(self.X, np.ndarray) and len(curvature) >= pairs.FEW and pairs.fits(self.n_features):
            self._count(len(curvature) * self.n_features + 0.5 * self.n_features, reads=1.0)
            return iter(passes.grams(self.X, curvature))
        result = np.zeros((len(curvature), size, size))
        for part, X in self._tiles():
            result += regression.extended_grams(regression.as_float(X), curvature[:, part].T)
        self._count(2.0 * len(curvature) * self.n_features, reads=1.0)
        return iter(result)

    def squares(self, curvature: Array) -> Array:
        """``sum_i h_ki [x_ij^2 1]``, (K, d+1): the diagonals of :meth:`grams`."""
        result = np.zeros((len(curvature), self.n_features + 1))
        for part, X in self._tiles():
            X = regression.as_float(X)
            squared = X * X if isinstance(X, np.ndarray) else X.multiply(X)
            result[:, :-1] += (squared.T @ curvature[:, part].T).T
        result[:, -1] = curvature.sum(axis=1)
        self._count(2.0 * len(curvature), reads=1.0)
        return result

    def moments(self) -> tuple[Array, Array]:
        means = self.means()
        return means, np.sqrt(self.variances(means))

    def means(self) -> Array:
        """Weighted means of the columns, (d,)."""
        means = np.zeros(self.n_features)
        for part, X in self._tiles():
            means += regression.as_float(X).T @ self.shares[part]
        self._count(2.0, reads=1.0)
        return means

    def variances(self, means: Array) -> Array:
        """Weighted mean squared distances of the columns from the means given, (d,)."""
        variances = np.zeros(self.n_features)
        for part, X in self._tiles():
            variances += self._squared_deviations(regression.as_float(X), means, self.shares[part])
        self._count(2.0, reads=1.0)
        return variances

    def is_constant(self, j: int) -> bool:
        """Whether all entries of a column are equal."""
        column = self.X[:, [j]]
        column = column if isinstance(column, np.ndarray) else column.toarray()
        return bool((column == column[0]).all())

    @abstractmethod
    def _squared_deviations(self, X: Any, means: Array, shares: Array) -> Array:
        """``sum_i share_i (x_ij - mean_j)^2`` over a tile, (d,)."""

    @cached_property
    def strata(self) -> Array:
        """The likeliest label of each row, (n,): what samples are stratified by."""
        return self.targets if self.targets.ndim == 1 else self.targets.argmax(axis=1)

    def members(self, k: int) -> Array:
        """The rows of weight in stratum k, in order."""
        return np.flatnonzero((self.strata == k) & (self.weights > 0))

    def sample(self, size: int, seed: int) -> Self:
        """See :class:`softgrad.rows.base.Rows`; a small one is kept, as solvers ask for the same again and again."""
        if (size, seed) in self._samples:
            return self._samples[size, seed]
        sample = self._drawn(size, seed)
        if sample.n_stored() <= LARGEST_KEPT:
            self._samples[size, seed] = sample
        return sample

    def _drawn(self, size: int, seed: int) -> Self:
        members = [self.members(k) for k in range(self.n_classes)]
        chosen, weights = [], []
        for k, count in enumerate(quotas(size, [len(those) for those in members])):
            taken = members[k][np.sort(distinct(len(members[k]), count, (seed, k)))]
            if taken.size:
                chosen.append(taken)
                weights.append(restored(self.weights[taken], self.weights[members[k]].sum()))
        return self.take(np.concatenate(chosen), np.concatenate(weights))

    def subset(self, fraction: float) -> Self:
        if not 0 < fraction <= 1:
            raise ValueError(f"a subset of fraction {fraction} was asked for; it must be in (0, 1].")
        size = max(1, round(fraction * self.n_rows))
        chosen = np.sort(np.random.default_rng(0).permutation(self.n_rows)[:size])
        return self.take(chosen, self.weights[chosen])

    def take(self, indices: Array, weights: Array, *, weight_sum: float | None = None) -> Self:
        """Some of the rows, with the weights given; they share the meter and count pro rata."""
        X, targets = self.X[indices], self.targets[indices]
        taken = type(self)(X, targets, self.n_classes, weights, weight_sum=weight_sum)
        taken.counted_with(self.meter, self._reads * len(indices) / self.n_rows)
        return taken

    def part(self, indices: Array) -> Self:
        """Some of the rows, read once, with the shares that they have: sums over them are a part of these rows'."""
        part = self.take(indices, self.weights[indices], weight_sum=self.weight_sum)
        part._count(0.0, reads=1.0)
        return part

    @property
    @abstractmethod
    def most_taken(self) -> int:
        """With how many rows, copied, some products are still cheaper than with all of them; 0 where with none."""

    def counted_with(self, meter: Meter, reads: float) -> None:
        """These rows are some of another source's, whose meter counts each read of them as so many passes."""
        self.meter, self._reads = meter, reads

    def _count(self, flop_per_entry: float, reads: float) -> None:
        self.meter.add(flop=flop_per_entry * self.n_stored(), reads=reads * self._reads)
