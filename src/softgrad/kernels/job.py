"""What a pass is asked for: the same plain description for every kernel.

Nobody changes one of these once it is made; frozen classes would take several times as long to make.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CODE_TYPES = frozenset(np.dtype(name) for name in ("u1", "i4", "i8"))


class Step(IntEnum):
    """What happens to a tile's logits z, in the numbers of native/job.hpp; s_i is the row's share of the weight."""

    NONE = 0
    """Nothing."""
    PROBA = 1
    """softmax(z) takes their place."""
    RESIDUAL = 2
    """r = s (softmax(z) - Y), and the loss."""
    ALONG = 3
    """The same at z + t a; the intercept's part is ``sum_i r_ik a_ik`` then: the slope, class by class."""
    CURVED = 4
    """r = s (p a - p (p'a)) for z = a."""
    GIVEN = 5
    """r = z."""
    SPREAD = 6
    """r = s p; the intercept's part is that of s (p - Y), and the last sum is r p', of shape (n_classes, n_classes)."""

    EXPONENTIALS = 7
    """exp(z - top) takes their place; top, sum of exp, the same without the label, and z_label - top go to `rows`."""

    PAIRS = 8
    """z are probabilities p; nothing but ``sum_i s_i p_ik p_il x~_ij x~_im`` for k < l, j <= m, x~ = [x 1]."""
    GRAMS = 9
    """z are weights; nothing but ``sum_i z_ik x~_ij x~_im``, j <= m."""


@dataclass(slots=True, eq=False)
class Targets:
    """Labels and shares of the rows.

    Attributes
    ----------
    shares : ndarray of shape (n,), float64, or None
        Weights over their sum; None where all are 1 / n.
    codes : ndarray of shape (n,), uint8, int32 or int64, or None
    soft : ndarray of shape (n, K), float64, or None
    """

    shares: Array | None
    codes: Array | None
    soft: Array | None

    @classmethod
    def of(cls, labels: Array, shares: Array | None) -> "Targets":
        """From checked labels, codes (n,) or distributions (n, K)."""
        if shares is not None:
            shares = np.ascontiguousarray(shares, dtype=np.float64)
        if labels.ndim == 2:
            return cls(shares, None, np.ascontiguousarray(labels, dtype=np.float64))
        own = labels.dtype in CODE_TYPES
        return cls(shares, np.ascontiguousarray(labels, dtype=None if own else np.int64), None)

    @property
    def labels(self) -> Array:
        """What they were made from."""
        labels = self.soft if self.codes is None else self.codes
        assert labels is not None
        return labels

    @property
    def each_share(self) -> Array:
        """The shares, spelled out."""
        n_rows = len(self.labels)
        return np.full(n_rows, 1 / n_rows) if self.shares is None else self.shares

    def part(self, rows: slice) -> "Targets":
        """Those of some rows."""
        return Targets(
            self.each_share[rows],
            None if self.codes is None else self.codes[rows],
            None if self.soft is None else self.soft[rows],
        )


@dataclass(slots=True, eq=False)
class Job:
    """One pass.

    Attributes
    ----------
    X : ndarray of shape (n, d), or CompressedTable
    step : Step
    n_classes : int
        Rows of the logits: classes, or directions x classes for CURVED.
    coef : ndarray of shape (n_classes, d), or None
        None where the logits are given.
    start : ndarray of shape (n_classes,), or None
        The intercept, added to given logits too; None for zeros.
    targets : Targets or None
        None where the step needs none.
    logits : ndarray of shape (n_classes, n), or None
        Written where coef is given and this is not None, else read.
    overwrites : bool
        RESIDUAL and PROBA leave their result in `logits`.
    other : ndarray of shape (n_classes / directions, n), or None
        Probabilities for CURVED, the direction's logits a for ALONG.
    t : float
        For ALONG.
    base, base_start : ndarray of shape (n_classes / directions, d) and (n_classes / directions,), or None
        For CURVED without `other`: the probabilities are softmax of their logits, in the same read of X.
    directions : int
        For CURVED.
    backward : bool
        Whether ``r X`` is wanted.
    offsets : ndarray of shape (d,), or None
        Subtracted from every row of X.
    single : bool
        Tiles are computed in float32 (logits and `other` are float32 then); sums of tiles in float64 still.
    rows : ndarray of shape (4, n), or None
        For EXPONENTIALS, whose labels may lie outside the classes. Logits that are not finite show in the sums.
    n_threads : int
    """

    X: Any
    step: Step
    n_classes: int
    coef: Array | None = None
    start: Array | None = None
    targets: Targets | None = None
    logits: Array | None = None
    overwrites: bool = False
    other: Array | None = None
    t: float = 0.0
    base: Array | None = None
    base_start: Array | None = None
    directions: int = 1
    backward: bool = False
    offsets: Array | None = None
    single: bool = False
    rows: Array | None = None
    n_threads: int = 1

    @property
    def dtype(self) -> Any:
        """Of the tiles' arithmetic, and of the class-major arrays."""
        return np.float32 if self.single else np.float64

    @property
    def width(self) -> int:
        """Columns of what is summed up last."""
        return self.n_classes if self.step == Step.SPREAD else int(self.X.shape[1])


@dataclass(slots=True, eq=False)
class Sums:
    """What a pass sums up: the loss, the intercept's part (n_classes,) and ``r X`` (n_classes, width) or None."""

    loss: float
    by_intercept: Array
    by_coef: Array | None
