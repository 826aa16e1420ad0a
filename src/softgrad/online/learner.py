"""Softmax regression on a stream: each batch is learned once, by Newton's method, against a quadratic for the past.

With v = params - centre, and everything summed, not averaged, over the weight W seen so far, a batch is learned by

    params <- argmin  sum over the batch of w_i loss_i  +  <slope, v> + v' A v / 2  +  sum_j ridge_j |params_j|^2 / 2

where A is the sum of the curvatures (:mod:`softgrad.online.curvature`) that earlier rows had when they were learned,
and the slope the sum of their gradients, both carried to the new centre as Taylor's formula has it. So there is no
step size and no schedule to choose: A grows like W, each step shrinks like 1 / W, and every row counts the same, early
or late, which is what averaging of iterates is for. The first batch's parameters are the exact optimum.

    ridge_j = 1 / C + s_j^2 / K   for a feature,      1 / K   for the intercept,

s_j^2 the mean square of the column so far, about the offsets. Its second part is the curvature of one row of weight 1
about which nothing is known, p = 1 / K, at one deviation of each column: it is in the columns' own units, keeps rows
that are separable, and classes not seen yet, at finite parameters, and fades like 1 / W beside the rows. What is
approached is therefore

    sum_i w_i loss_i / W  +  |coef|^2 / (2 C W)  +  that term / W,

fit's objective on all rows so far up to the last term. Where columns are rescaled the parameters follow, but for C.

This is the Laplace filter, or the extended Kalman filter without its linearisation of the new rows: the batch's own
loss is minimised exactly (an implicit step). Sources: Ollivier, "Online natural gradient as a Kalman filter" (2018);
Bercu, Godichon and Portier, "An efficient stochastic Newton algorithm for parameter estimation in logistic regression"
(2020), who prove such steps to be asymptotically efficient with the whole curvature.
"""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from softgrad.online.batch import BatchObjective, Past
from softgrad.online.curvature import Blocks, Diagonal, Shared, no_curvature
from softgrad.online.evidence import Scores, scored
from softgrad.online.step import Built, minimum
from softgrad.rows.arriving import arriving, column_means, occurring
from softgrad.rows.kept import KeptPoint
from softgrad.rows.memory import MemoryRows

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Learner:
    """What is known after some batches. :meth:`learned` returns the next one and changes nothing.

    Attributes
    ----------
    params, slope : ndarray of shape (K, w)
        ``[coef, intercept]`` of the centred columns; the gradient of the past's losses there.
    curvature : Blocks, Shared or Diagonal
    offsets : ndarray of shape (d,)
        What is subtracted from the columns: the first batch's means; zero for sparse rows or without intercept.
    squares : ndarray of shape (d,)
        ``sum_i w_i (x_ij - offset_j)^2``.
    fit_intercept : bool
    built : Built
        The preconditioner, and how much it has been wanting.
    scores : Scores
    n_batches, n_rows, n_newton : int
        Batches, rows and Newton steps so far.
    work : float
        Rows read, all repetitions counted.
    """

    params: Array
    slope: Array
    curvature: Blocks | Shared | Diagonal
    offsets: Array
    squares: Array
    fit_intercept: bool
    built: Built = field(default_factory=Built)
    scores: Scores = field(default_factory=Scores)
    n_batches: int = 0
    n_rows: int = 0
    n_newton: int = 0
    work: float = 0.0

    @classmethod
    def begun(cls, X: Any, sample_weight: Array | None, n_classes: int, *, fit_intercept: bool) -> "Learner":
        """A learner for batches like X, a NumPy or CSR array (n, d), the first of them; it is not learned yet."""
        width, sparse = X.shape[1] + fit_intercept, not isinstance(X, np.ndarray)
        centre = fit_intercept and not sparse
        none = np.zeros((n_classes, width))
        return cls(
            params=none,
            slope=none,
            curvature=no_curvature(n_classes, width, sparse=sparse),
            offsets=column_means(X, sample_weight) if centre else np.zeros(X.shape[1]),
            squares=np.zeros(X.shape[1]),
            fit_intercept=fit_intercept,
        )

    @property
    def weight(self) -> float:
        return self.scores.total.weight

    def coef_and_intercept(self) -> tuple[Array, Array]:
        """Of the columns as they come, class means removed: (K, d) and (K,)."""
        balanced = self.params - self.params.mean(axis=0)
        if not self.fit_intercept:
            return balanced, np.zeros(len(balanced))
        coef, intercept = balanced[:, :-1], balanced[:, -1]
        return np.ascontiguousarray(coef), intercept - coef @ self.offsets

    def learned(self, X: Any, targets: Array, sample_weight: Array | None, strength: float) -> "Learner":
        """The learner after one more batch, which is scored first.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n, d)
        targets : ndarray of shape (n,) or (n, K)
            Codes or soft labels.
        sample_weight : ndarray of shape (n,), optional
        strength : float
            ``1 / C``.
        """
        rows = arriving(X, targets, sample_weight, self.offsets, len(self.params))
        squares = self.squares + rows.weight_sum * _mean_squares(rows)
        rows, columns, curvature = self._concerned(rows)
        ridge = self._ridge(squares, self.weight + rows.weight_sum, strength)
        past = Past(self.params[:, columns], self.slope[:, columns], curvature, ridge[columns])
        objective = BatchObjective(rows, past, fit_intercept=self.fit_intercept)
        start = objective.at(past.centre)
        scores = self.scores.plus(scored(cast(KeptPoint, start.point), rows))
        found, built, n_newton = minimum(objective, start, self.built)
        own = objective.join(found.point.grad_coef, found.point.grad_intercept)
        slope = past.moved_slope(found.params) + rows.weight_sum * own
        curvature = curvature.plus(found.point, rows.weight_sum)
        if isinstance(self.curvature, Diagonal):
            curvature = Diagonal(_placed(self.curvature.entries, columns, curvature.entries))
        return replace(
            self,
            params=_placed(self.params, columns, found.params),
            slope=_placed(self.slope, columns, slope),
            curvature=curvature,
            squares=squares,
            built=built if curvature.inverse_flop else Built(),
            scores=scores,
            n_batches=self.n_batches + 1,
            n_rows=self.n_rows + rows.n_rows,
            n_newton=self.n_newton + n_newton,
            work=self.work + objective.n_passes * rows.n_rows,
        )

    def _concerned(self, rows: MemoryRows) -> tuple[MemoryRows, Any, Any]:
        """The rows, the parameters' columns and the curvature, on those columns that the batch can move.

        Entry by entry, the past keeps a parameter of a column that does not occur where it is.
        """
        if not isinstance(self.curvature, Diagonal):
            return rows, slice(None), self.curvature
        rows, columns = occurring(rows)
        if self.fit_intercept:
            columns = np.append(columns, self.params.shape[1] - 1)
        return rows, columns, Diagonal(self.curvature.entries[:, columns])

    def _ridge(self, squares: Array, weight: float, strength: float) -> Array:
        """The ridge of each parameter of a class, (w,)."""
        features = strength + squares / (weight * len(self.params))
        return np.append(features, 1 / len(self.params)) if self.fit_intercept else features


def _mean_squares(rows: MemoryRows) -> Array:
    means, deviations = rows.moments()
    return np.asarray(means**2 + deviations**2)


def _placed(whole: Array, columns: Any, part: Array) -> Array:
    """A copy of `whole` with `part` for its columns."""
    result = whole.copy()
    result[:, columns] = part
    return result
