"""The fitted objective: rows + penalty. Every fit and every solver goes through it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.newton_step import solve_in_gauge
from softgrad.optimize.penalty import Penalty
from softgrad.optimize.rounding import ROUNDING, of_value
from softgrad.rows.base import Point, Rows
from softgrad.rows.centred import CentredRows
from softgrad.rows.glance import Glance, glance

Array = npt.NDArray[Any]

SMALL = 1000
"""K d up to which the exact Hessian is cheap: 8 MB, and a Cholesky factor of it within 20 ms on one core."""


@dataclass(eq=False)
class Iterate:
    """The objective at one place.

    Attributes
    ----------
    params : ndarray of shape (K, d) or (K, d + 1)
        ``[coef, intercept]``; the last column only where an intercept is fitted.
    point : Point
    value : float
        ``loss + penalty``, in nats.
    gradient : ndarray of the shape of `params`
    """

    objective: "Objective"
    params: Array
    point: Point
    value: float
    gradient: Array

    @cached_property
    def hessian(self) -> Array:
        """(P, P), parameters class by class; see :meth:`softgrad.rows.base.Point.hessian`."""
        full = self.point.hessian()
        n_classes, width = self.params.shape
        if not self.objective.fit_intercept:
            kept = np.arange(full.shape[0]).reshape(n_classes, width + 1)[:, :-1].ravel()
            full = full[np.ix_(kept, kept)]
        full[np.diag_indices_from(full)] += self.objective.penalty_diagonal.ravel()
        return full

    @cached_property
    def newton_direction(self) -> Array:
        """``H^+ gradient``, of the shape of `params`; O(P^3) beside the Hessian."""
        return solve_in_gauge(self.hessian, self.gradient)

    @property
    def newton_gain(self) -> float:
        """``(1/2) gradient' H^+ gradient``: what a full step would gain in the quadratic model, in nats."""
        return 0.5 * float(np.vdot(self.gradient, self.newton_direction))

    @cached_property
    def lost(self) -> float:
        """What the logits' rounding may move the value by, to first order; it may read rows for the columns' sizes."""
        return of_value(self.objective.column_sizes, self.point.coef, self.point.intercept)

    def no_lower_than(self, value: float) -> bool:
        """Whether `value`, of a point nearby, is no higher than this one but for what rounding may hide.

        That is of the sums over the rows, and where they do not decide of the logits, if that is finite.
        """
        above = value - self.value - ROUNDING * abs(self.value)
        return above <= 0 or above <= self.lost < np.inf

    def curved(self, negligible: float) -> "Iterate":
        """For products only: without the rows of :meth:`softgrad.rows.base.Point.curved`; itself where all count."""
        point = self.point.curved(negligible)
        return self if point is self.point else replace(self, point=point)

    def product(self, direction: Array) -> Array:
        """Hessian times `direction`, both of the shape of `params`. One pass."""
        return self.followed_product(direction)[0]

    def followed_product(self, direction: Array) -> tuple[Array, Any]:
        """:meth:`product`, and the rows' Direction that it came by."""
        coef, intercept = self.objective.split(direction)
        by_coef, by_intercept, followed = self.point.product(coef, intercept)
        product: Array = (
            self.objective.join(by_coef, by_intercept) + self.objective.penalty_diagonal * direction
        )
        return product, followed


class Objective:
    """``loss(coef, intercept) + penalty(coef)`` on one source of rows.

    Parameters
    ----------
    rows : Rows
    penalty : Penalty
    fit_intercept : bool, default True
        Without one the intercept stays zero.
    seen : Glance, optional
        Of the rows as they are read, not centred; where not given it is taken once it is asked for.

    Attributes
    ----------
    shape : tuple of int
        Of the parameters, (K, d) or (K, d + 1).
    density : float
        The share of the entries of X that are stored.
    """

    def __init__(
        self, rows: Rows, penalty: Penalty, *, fit_intercept: bool = True, seen: Glance | None = None
    ) -> None:
        self.rows, self.penalty, self.fit_intercept = rows, penalty, fit_intercept
        self._seen = seen
        self.shape = (rows.n_classes, rows.n_features + fit_intercept)
        self.penalty_diagonal = np.full(self.shape, penalty.curvature)
        if fit_intercept:
            self.penalty_diagonal[:, -1] = 0
        entries = 4.0 * rows.n_classes * rows.n_rows * max(rows.n_features, 1)
        self.density = rows.meter.flop_per_pass / entries
        self._recent: list[Iterate] = []

    def on(self, rows: Rows) -> "Objective":
        """The same objective on a part of its rows, which share their meter."""
        part = Objective(rows, self.penalty, fit_intercept=self.fit_intercept, seen=self._seen)
        part.density = self.density
        return part

    @property
    def n_passes(self) -> float:
        return self.rows.meter.passes

    @cached_property
    def column_sizes(self) -> Array:
        """About the root mean squares of the columns as passes read them, (d,); zero where centring leaves zeros."""
        rows = self.rows
        if not isinstance(rows, CentredRows):
            return (self._seen or glance(rows)).sizes
        return np.where(rows.constant[:-1], 0.0, (self._seen or glance(rows.inner)).sizes)

    @property
    def hessian_is_cheap(self) -> bool:
        return self.rows.n_classes * self.rows.n_features <= SMALL

    def scale(self, value: float) -> float:
        """What relative gaps are relative to: the value, or 1e-12 log K where that is larger."""
        return max(value, 1e-12 * float(np.log(max(self.rows.n_classes, 2))))

    def split(self, params: Array) -> tuple[Array, Array]:
        """Coef (K, d) and intercept (K,)."""
        if self.fit_intercept:
            return params[:, :-1], params[:, -1]
        return params, np.zeros(len(params))

    def join(self, coef: Array, intercept: Array) -> Array:
        """The inverse of :meth:`split`."""
        return np.column_stack([coef, intercept]) if self.fit_intercept else np.asarray(coef)

    def at(self, params: Array) -> Iterate:
        """Value and gradient at `params`, in one pass; free where they are one of the last two asked for."""
        found = [iterate for iterate in self._recent if np.array_equal(iterate.params, params)]
        others = [iterate for iterate in self._recent if iterate not in found]
        for old in others[:-1]:  # before the new one takes memory too
            old.point.release()
        self._recent = others[-1:]
        self._recent.append(found[0] if found else self._iterate(params))
        return self._recent[-1]

    def direction(self, iterate: Iterate, direction: Array) -> Any:
        """The rows' Direction for a change of the parameters."""
        return iterate.point.direction(*self.split(direction))

    def along(self, iterate: Iterate, direction: Any, steps: Array) -> tuple[Array, Array]:
        """Objective and slope at ``iterate + t * direction`` for each t of `steps`, without reading X."""
        losses, slopes = iterate.point.along(direction, steps)
        coefs = [iterate.point.coef + t * direction.coef for t in steps]
        values = np.array([self.penalty.value(coef) for coef in coefs])
        tilts = np.array([float(np.vdot(self.penalty.gradient(coef), direction.coef)) for coef in coefs])
        return losses + values, slopes + tilts

    def balanced(self, params: Array) -> Array:
        """The same probabilities in the gauge: class means removed."""
        coef, intercept = self.split(params)
        return self.join(self.penalty.balance(coef), intercept - intercept.mean())

    def _iterate(self, params: Array) -> Iterate:
        coef, intercept = (np.ascontiguousarray(part) for part in self.split(params))
        point = self.rows.at(coef, intercept)
        by_coef = point.grad_coef + self.penalty.gradient(coef)
        value = point.loss + self.penalty.value(coef)
        return Iterate(self, params, point, value, self.join(by_coef, point.grad_intercept))
