"""The inverses of symmetric blocks, one a class, each scaled to a unit diagonal first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from softgrad.optimize.equilibrate import unit_scales

Array = npt.NDArray[Any]

RIDGES = (1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 1e-1, 10.0)
"""Multiples of the identity tried on a block of unit diagonal until Cholesky finds it positive definite."""


@final
@dataclass(frozen=True, eq=False)
class ScaledInverses:
    """``M_k^-1 = s_k (s_k M_k s_k)^-1 s_k`` with diagonal s_k: the units of the columns do not matter.

    Attributes
    ----------
    inverses : ndarray of shape (K, d, d)
        Of the scaled blocks.
    scales : ndarray of shape (K, d)
        One over the roots of the blocks' diagonals.
    """

    inverses: Array
    scales: Array

    @classmethod
    def of(cls, blocks: Iterable[Array], floors: Array, *, into: Array) -> Self:
        """Of the blocks (d, d), which may be made one at a time; diagonals below `floors` (d,) count as zero.

        The inverses are written to `into` (K, d, d), where the blocks made so far may have lain.
        """
        scales = np.empty(into.shape[:2])
        for k, block in enumerate(blocks):
            scales[k] = unit_scales(np.diagonal(block), floors)
            into[k] = inverse_of(scales[k][:, None] * block * scales[k])
        return cls(into, scales)

    def solve(self, residual: Array) -> Array:
        """``M_k^-1 residual_k`` for each row of (K, d)."""
        scaled = (self.scales * residual)[:, :, None]
        return np.asarray(self.scales * np.matmul(self.inverses, scaled)[:, :, 0])


def inverse_of(block: Array) -> Array:
    """The inverse of a symmetric block of unit diagonal, with the least of `RIDGES` that makes it definite."""
    for ridge in RIDGES:
        trial = block.copy()
        trial[np.diag_indices_from(trial)] += ridge
        factor, failed = lapack.dpotrf(trial, lower=1)
        if not failed:
            inverse, _ = lapack.dpotri(factor, lower=1)
            lower = np.tril(inverse)
            return np.asarray(lower + np.tril(inverse, -1).T)
    return np.eye(len(block))
