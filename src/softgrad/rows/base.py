"""The protocol between the rows and the algebra: Rows, Point, Direction, and how passes are counted.

A solver sees only K x d arrays and these three kinds of object; the n x K logits never leave the source. All sums
are weighted means: ``loss = sum_i w_i loss_i / sum_i w_i``, and gradients and curvatures are its derivatives.

Whoever writes a source decides where logits are: kept in memory, spilled to disk, or recomputed. What each method
may cost follows from that, and `Rows.logits_are` tells the cost model. In passes over X (one is a full read):

===================  ====================  ====================  ==========================================
method               kept or spilled       recomputed            asked for by
===================  ====================  ====================  ==========================================
at                   1                     1                     every solver, once an outer iteration
direction            1                     0 (coefficients)      line searches
toward               0                     0                     line searches after a failed unit step
product              1                     1.5                   conjugate gradients
curved               its share of rows     0 (itself)            conjugate gradients, preconditioners
along, move          0                     1                     line searches
shift, separates,    0                     1                     the certificate
intercept_system
margins              0                     1                     which classes are separated
hessian              (K - 1) d / 8         (K - 1) d / 8         full Newton; few features, dense; else twice that
class_grams          d / 2                 d / 2                 the block-diagonal preconditioner; wide, dense: half
gram                 d / (2 K)             d / (2 K)             the Kronecker preconditioner
===================  ====================  ====================  ==========================================
"""

from collections.abc import Iterator
from typing import Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LogitsAre = Literal["kept", "spilled", "recomputed"]


class Meter:
    """Counts passes: 4 * nnz * K flop or one full read of X is one, whichever is more; and rounds of messages.

    Parameters
    ----------
    flop_per_pass : float
        ``4 * nnz * n_classes`` of the full source.

    Attributes
    ----------
    flop_per_pass : float
    passes : float
        The sum so far; subsets of a source share its meter and count pro rata.
    rounds : int
        How often other machines were asked.
    bytes_moved : int
        Between machines, at most.
    """

    def __init__(self, flop_per_pass: float) -> None:
        self.flop_per_pass = max(flop_per_pass, 1.0)
        self.passes = 0.0
        self.rounds, self.bytes_moved = 0, 0

    def add(self, *, flop: float, reads: float) -> None:
        """Count one operation."""
        self.passes += max(flop / self.flop_per_pass, reads)

    def add_round(self, n_bytes: int) -> None:
        """Count one question to other machines and its answer."""
        self.rounds += 1
        self.bytes_moved += n_bytes


class Direction(Protocol):
    """A direction in parameter space, with what the source needs to follow it."""

    @property
    def coef(self) -> Array: ...
    @property
    def intercept(self) -> Array: ...
    def times(self, factor: float, /) -> Self:
        """``factor * self``, in its memory: it is not to be used again."""
        ...

    def plus(self, factor: float, other: Self, /) -> Self:
        """``self + factor * other``, in the memory of both: neither is to be used again."""
        ...


class Point(Protocol):
    """The sums over the rows at one (coef, intercept). Opaque: row data stay inside."""

    @property
    def coef(self) -> Array: ...
    @property
    def intercept(self) -> Array: ...
    @property
    def loss(self) -> float:
        """Mean loss in nats."""
        ...

    @property
    def grad_coef(self) -> Array:
        """(K, d); costs half a gradient's flop and one read where the point was moved to."""
        ...

    @property
    def grad_intercept(self) -> Array:
        """(K,); never reads X."""
        ...

    def direction(self, coef: Array, intercept: Array) -> Any:
        """The Direction (coef, intercept), ready to be followed from here."""
        ...

    def toward(self, other: Any) -> Any:
        """The Direction from here to another point of the same source."""
        ...

    def product(self, coef: Array, intercept: Array) -> tuple[Array, Array, Any]:
        """Hessian times (coef, intercept): its coef part, its intercept part, and the Direction on the way.

        To the rounding of float64, or for narrower X of float32: it says where to go, never where one is.
        """
        ...

    def curved(self, negligible: float) -> "Point":
        """The same sums without rows whose p_k (1 - p_k) is at most `negligible` times the mean one's in every class.

        For products and what preconditioners are made of, not for losses. Less than `negligible` of each class's
        ``mean of p_k (1 - p_k)`` is left out, whatever the size of x. Itself where few rows are left out, or their
        copy is too large, or rows are not in memory.
        """
        ...

    def along(self, direction: Any, steps: Array) -> tuple[Array, Array]:
        """Losses and slopes at ``self + t * direction`` for each t of `steps`."""
        ...

    def move(self, direction: Any, step: float) -> "Point":
        """The point at ``self + step * direction``."""
        ...

    def shift(self, intercept: Array) -> "Point":
        """The point with `intercept` added to the intercept."""
        ...

    def intercept_system(self) -> tuple[Array, Array]:
        """Gradient (K,) and Hessian (K, K) with respect to the intercept alone."""
        ...

    def hessian(self) -> Array:
        """(K (d+1), K (d+1)), parameters class by class as [coef_k, intercept_k]."""
        ...

    def class_grams(self, negligible: float = 0.0) -> Iterator[Array]:
        """The Hessian's K diagonal blocks (d+1, d+1), ``mean of p_k (1 - p_k) [x 1]' [x 1]``, which the caller owns.

        Of wide rows in memory each is made when it is its turn, so that one at a time need be there.
        Without the rows whose p_k (1 - p_k) is at most `negligible` times the class's mean, of the rows in one block.
        """
        ...

    def gram(self) -> Array:
        """(d+1, d+1): the sum of :meth:`class_grams`, ``mean of (1 - |p|^2) [x 1]' [x 1]``, at a K-th of its cost."""
        ...

    def diagonal(self) -> Array:
        """(K, d+1): the Hessian's diagonal."""
        ...

    def separates(self) -> bool:
        """Whether every weighted row has one certain label, and that class strictly the largest logit."""
        ...

    def margins(self, direction: Any, slack: float) -> Array:
        """(3, K, K): which rows' margins rise, stay and fall along a direction, as shares of the weight of all rows.

        See :func:`softgrad.maths.margins.margin_shares`.
        """
        ...

    def release(self) -> None:
        """Let go of the row data; only coef, intercept and sums already computed stay valid."""
        ...


class Rows(Protocol):
    """A source of weighted, labelled rows."""

    @property
    def n_rows(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_classes(self) -> int: ...
    @property
    def weight_sum(self) -> float: ...
    @property
    def class_weights(self) -> Array:
        """(K,): the total weight of each class's labels."""
        ...

    @property
    def logits_are(self) -> LogitsAre: ...
    @property
    def meter(self) -> Meter: ...

    def at(self, coef: Array, intercept: Array) -> Point:
        """Loss and gradient in one read; `coef` (K, d), `intercept` (K,)."""
        ...

    def moments(self) -> tuple[Array, Array]:
        """Weighted means and standard deviations of the columns, each (d,)."""
        ...

    def sample(self, size: int, seed: int) -> "Rows":
        """At most about `size` rows in memory, each class represented, weights restored to the classes' totals."""
        ...

    def subset(self, fraction: float) -> "Rows":
        """A fixed pseudo-random share of the rows; a smaller fraction's rows are among a larger one's."""
        ...
