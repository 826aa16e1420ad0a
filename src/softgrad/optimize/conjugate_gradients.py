"""Preconditioned conjugate gradients for Newton's system, truncated where more accuracy does not pay."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from softgrad.optimize.objective import Iterate

Array = npt.NDArray[Any]


FIRST = 16
"""Searches that room is made for at first; it doubles until the memory given is full."""
LITTLE = 1e-3
"""How far along a step its curvature is looked for."""
MISSED = 2.4
"""The curvature along a step, over its gain, from which on the rows left out are missed: with all rows it is 2."""


class Preconditioner(Protocol):
    """A symmetric positive definite approximation M of the Hessian on the gauge (class means zero)."""

    def solve(self, residual: Array, /) -> Array:
        """``M^-1 residual``, of the shape of `residual`, (K, d) or (K, d + 1), with class means zero."""
        ...


@dataclass(frozen=True)
class Truncation:
    """When conjugate gradients end.

    Attributes
    ----------
    accuracy : float
        In (0, 1): the share of the average product's gain that a product has to bring.
    enough : float
        The norm of the residual that is small enough.
    longest : int
        Products at most, >= 1.
    memory : int
        How many of the last search directions are handed out, >= 1.
    negligible : float, default 0.0
        Products leave out the rows that :meth:`softgrad.rows.base.Point.curved` does.
    """

    accuracy: float
    enough: float
    longest: int
    memory: int
    negligible: float = 0.0


@dataclass(frozen=True, eq=False)
class Step:
    """What the conjugate gradients ended at.

    Attributes
    ----------
    params : ndarray of the shape of the iterate's
        The step x.
    direction : Direction
        The same for the rows, so that a line search along it reads no X.
    residual : ndarray
        ``-gradient - H x``, with the H of the products.
    gain : float
        What the quadratic model falls by along x, in nats.
    digits : float
        Decimal digits by which a product shortened the residual in the norm of M^-1, on average.
    searches, curved : ndarray of shape (at most memory, P)
        The last search directions s_j, and ``H s_j``.
    left_out, missed : bool
        Whether products left out rows, and whether these have a say in the curvature along x.
    """

    params: Array
    direction: Any
    residual: Array
    gain: float
    digits: float
    searches: Array
    curved: Array
    left_out: bool = False
    missed: bool = False


def newton_step(iterate: Iterate, preconditioner: Preconditioner, truncation: Truncation) -> Step | None:
    """Approximately ``-H^+ gradient``; None where the gradient vanishes or no curvature is found.

    The quadratic model ``Q(x) = <gradient, x> + <x, H x> / 2`` falls by ``q_j = a_j <r_j, z_j> / 2`` in the j-th
    product. The iteration ends once a product has gained less than `accuracy` of the average one,
    ``j q_j <= accuracy (q_1 + ... + q_j)`` (Galli and Lin 2021, after Nash and Sofer 1990). It also ends once the model
    promises the whole objective: neither loss nor penalty is negative, so such a model no longer holds along x.

    Searches are kept conjugate, and residuals orthogonal, to all in memory: where a few eigenvalues lie far out,
    as on nearly separable rows, rounding would otherwise find them again and again. That costs 8 m P flop, no pass.

    Parameters
    ----------
    iterate : Iterate
    preconditioner : Preconditioner
    truncation : Truncation
    """
    residual, step, direction = -iterate.gradient, np.zeros_like(iterate.gradient), None
    search = preconditioner.solve(residual)
    size = first = float(np.vdot(residual, search))
    curved = iterate.curved(truncation.negligible)
    taken = _Taken(truncation.memory, residual.shape)
    products, gain = 0, 0.0
    while size > 0 and products < truncation.longest:
        product, followed = curved.followed_product(search)
        curvature = float(np.vdot(search, product))
        if not curvature > 0:
            break
        length = size / curvature
        taken.add(search, product, curvature)
        step, residual = step + length * search, taken.less_products(residual - length * product)
        if curved is iterate:
            direction = followed.times(length) if direction is None else direction.plus(length, followed)
        products, gain = products + 1, gain + (gained := 0.5 * length * size)
        preconditioned = preconditioner.solve(residual)
        size = float(np.vdot(residual, preconditioned))
        slow = products * gained <= truncation.accuracy * gain
        if slow or gain >= iterate.value or _small(residual, truncation.enough):
            break
        search = taken.less_searches(preconditioned)
        size = float(np.vdot(residual, search))
    if products == 0:
        return None
    followed, missed = (direction, False) if curved is iterate else _on_all_rows(iterate, step, gain)
    digits = 0.5 * np.log10(first / max(size, 1e-30 * first)) / products
    return Step(step, followed, residual, gain, float(digits), *taken.last, curved is not iterate, missed)


def _on_all_rows(iterate: Iterate, step: Array, gain: float) -> tuple[Any, bool]:
    """The step's Direction, half a pass; and whether ``step' H step`` of all rows is more than the model has.

    The curvature is that of the slopes at the start and a little way along the step.
    """
    direction = iterate.objective.direction(iterate, step)
    _, slopes = iterate.objective.along(iterate, direction, np.array([LITTLE]))
    curvature = (slopes[0] - float(np.vdot(iterate.gradient, step))) / LITTLE
    return direction, not curvature <= MISSED * gain


class _Taken:
    """The last searches s_j and their products y_j, and the projections that keep new ones conjugate to them."""

    def __init__(self, memory: int, shape: tuple[int, ...]) -> None:
        self._memory, self._n = memory, 0
        self._pairs, self._curvatures = np.empty((2, 0, int(np.prod(shape)))), np.empty(0)

    def add(self, search: Array, product: Array, curvature: float) -> None:
        """Room is made as it is needed, by the oldest once memory is full."""
        if self._n == len(self._curvatures) < self._memory:
            self._grow(min(max(2 * self._n, FIRST), self._memory))
        place = self._n % len(self._curvatures)
        self._pairs[0, place], self._pairs[1, place] = search.ravel(), product.ravel()
        self._curvatures[place] = curvature
        self._n += 1

    def _grow(self, room: int) -> None:
        pairs, curvatures = np.empty((2, room, self._pairs.shape[2])), np.empty(room)
        pairs[:, : self._n], curvatures[: self._n] = self._pairs, self._curvatures
        self._pairs, self._curvatures = pairs, curvatures

    def less_searches(self, vector: Array) -> Array:
        """``v - sum_j s_j (y_j'v) / (s_j'y_j)``: conjugate to all s_j."""
        return self._less(vector, self._pairs[1], self._pairs[0])

    def less_products(self, vector: Array) -> Array:
        """``v - sum_j y_j (s_j'v) / (s_j'y_j)``: orthogonal to all s_j."""
        return self._less(vector, self._pairs[0], self._pairs[1])

    def _less(self, vector: Array, along: Array, of: Array) -> Array:
        n = min(self._n, len(self._curvatures))
        shares = (along[:n] @ vector.ravel()) / self._curvatures[:n]
        return np.asarray(vector - (shares @ of[:n]).reshape(vector.shape))

    @property
    def last(self) -> tuple[Array, Array]:
        """The searches and the products, the oldest first."""
        n = min(self._n, len(self._curvatures))
        order = (self._n - n + np.arange(n)) % len(self._curvatures)
        return self._pairs[0, order], self._pairs[1, order]


def _small(residual: Array, enough: float) -> bool:
    return bool(np.linalg.norm(residual) <= enough)
