"""The inverses of symmetric blocks, one a class, each scaled to a unit diagonal first."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, final

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from softgrad.optimize.equilibrate import unit_scales

Array = npt.NDArray[Any]

RIDGES = (1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 1e-1, 10.0)
"""Multiples of the identity tried on a block of unit diagonal until Cholesky finds it positive definite."""

RIDGES_OF_SINGLE = RIDGES[2:]
"""The same for factors in float32: along a null vector of the block its rounding is divided by the ridge."""

LARGEST_CACHED = 2**20
"""Entries of the blocks up to which their inverses stay in the cache."""

PANEL = 192
"""Rows of the factors kept together: what they hold of the upper triangle, zeros, is read in vain."""


@final
@dataclass(frozen=True, eq=False)
class CachedInverses:
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

    def solve(self, residual: Array) -> Array:
        """``M_k^-1 residual_k`` for each row of (K, d)."""
        scaled = (self.scales * residual)[:, :, None]
        return np.asarray(self.scales * np.matmul(self.inverses, scaled)[:, :, 0])


@final
@dataclass(frozen=True, eq=False)
class FactoredInverses:
    """The same for blocks beyond the cache, where reading them is the cost: ``M_k^-1 = s_k F_k' F_k s_k``.

    ``F_k = L_k^-1`` with ``L_k L_k' = s_k M_k s_k`` is half zeros, and float32 does: rounded like that, ``F_k' F_k``
    is positive definite still, which a rounded inverse need not be. A third of the bytes, and one read of them.

    Attributes
    ----------
    panels : tuple of ndarray of shape (K, rows, end)
        Some rows each of the lower triangles F_k, up to the last column that is not zero.
    scales : ndarray of shape (K, d)
    """

    panels: tuple[Array, ...]
    scales: Array

    def solve(self, residual: Array) -> Array:
        """``M_k^-1 residual_k`` for each row of (K, d)."""
        scaled = (self.scales * residual).astype(np.float32)[:, :, None]
        result = np.zeros_like(self.scales)
        for panel in self.panels:
            end = panel.shape[2]
            within = np.matmul(panel, scaled[:, :end])
            result[:, :end] += np.matmul(panel.transpose(0, 2, 1), within)[:, :, 0]
        return np.asarray(self.scales * result)


ScaledInverses = CachedInverses | FactoredInverses


def scaled_inverses(blocks: Iterator[Array], n_blocks: int, width: int) -> ScaledInverses:
    """Of the blocks (width, width), which are taken and overwritten one at a time. O(n_blocks width^3)."""
    scales = np.empty((n_blocks, width))
    cached = n_blocks * width**2 <= LARGEST_CACHED
    scaled = map(_equilibrated, blocks, scales)
    factors = map(_factor, scaled, repeat(RIDGES if cached else RIDGES_OF_SINGLE))
    if cached:
        inverses = np.empty((n_blocks, width, width))
        for inverse in inverses:
            _set_inverse(inverse, next(factors))
        return CachedInverses(inverses, scales)
    panels = tuple(
        np.empty((n_blocks, min(PANEL, width - start), min(start + PANEL, width)), np.float32)
        for start in range(0, width, PANEL)
    )
    for k in range(n_blocks):
        _set_panels([panel[k] for panel in panels], next(factors))
    return FactoredInverses(panels, scales)


def _equilibrated(block: Array, scales: Array) -> Array:
    """The block scaled to a unit diagonal, in place; `scales` are set."""
    scales[...] = unit_scales(np.diagonal(block))
    block *= scales
    block *= scales[:, None]
    return block


def _factor(block: Array, ridges: tuple[float, ...]) -> Array:
    """U of ``U'U = block + ridge I``, in LAPACK's order, with the first of the ridges that has one."""
    for ridge in ridges:
        trial = block.copy()
        trial[np.diag_indices_from(trial)] += ridge
        factor, failed = lapack.dpotrf(trial.T, overwrite_a=1)
        if not failed:
            return np.asarray(factor)
    return np.eye(len(block), order="F")


def _set_inverse(inverse: Array, factor: Array) -> None:
    """``U^-1 U^-T``; `factor` is overwritten."""
    lower = lapack.dpotri(factor, overwrite_c=1)[0].T
    inverse[...] = lower
    inverse += np.tril(lower, -1).T


def _set_panels(panels: list[Array], factor: Array) -> None:
    """The rows of ``F = U^-T``; `factor` is overwritten."""
    lower = lapack.dtrtri(factor, overwrite_c=1)[0].T
    for panel in panels:
        height, end = panel.shape
        panel[...] = lower[end - height : end, :end]
