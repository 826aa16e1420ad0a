"""The directions along which the loss has no curvature, and the part of the parameters along them.

Where classes are separated the parameters on the way to infinity are a finite part, which weighs the rows that no
direction separates, and a growing one, which changes no margin of these rows. Far out only these rows have curvature,
so that the growing part is the one in the null space of the Hessian (Geyer 2009).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.linalg

from softgrad.optimize.objective import Iterate, Objective

Array = npt.NDArray[Any]

FLAT = 1e-11
"""Curvature that counts as none, of the largest."""
ROUNDS = 4
NOTHING = 1e-6
"""The share of the parameters below which their flat part is rounding."""


@dataclass(frozen=True, eq=False)
class Standard:
    """The columns' means and spreads, each (d,), and the coordinates in which these are 0 and 1.

    Without an intercept the columns are divided by their root mean squares. `back` (width, width) makes parameters
    of standard ones, ``params = standard @ back``; `forth` is its inverse.
    """

    means: Array
    spreads: Array
    back: Array
    forth: Array

    @classmethod
    def of(cls, objective: Objective) -> Self:
        """Two reads of X."""
        means, spreads = objective.rows.moments()
        sizes = spreads if objective.fit_intercept else np.hypot(means, spreads)
        sizes = np.where(sizes > 0, sizes, 1.0)
        back, forth = (np.eye(objective.shape[1]) for _ in range(2))
        features = np.arange(len(sizes))
        back[features, features], forth[features, features] = 1 / sizes, sizes
        if objective.fit_intercept:
            back[:-1, -1], forth[:-1, -1] = -means / sizes, means
        return cls(means, spreads, back, forth)


@dataclass(frozen=True, eq=False)
class Flatness:
    """The curved directions of the Hessian at one place, (K, width, m) in standard coordinates, and their curvatures.

    The flat ones are all others.
    """

    standard: Standard
    curved: Array
    curvatures: Array

    @classmethod
    def of(cls, iterate: Iterate, standard: Standard) -> Self | None:
        """None where no direction is flat, which a Cholesky factor tells before any eigenvalue is computed.

        A direction is flat where its curvature is below `FLAT` of the largest, or below what the Hessian is off by:
        that is measured by one product with the parameters, as far from zero centred Hessians have fewer digits.
        """
        n_classes, width = iterate.params.shape
        contrasts = np.linalg.qr(np.eye(n_classes, n_classes - 1) - 1 / n_classes)[0]
        by_class = iterate.hessian.reshape(n_classes, width, n_classes, width)
        system = np.einsum(
            "ka,ij,kjlm,nm,lb->aibn",
            contrasts,
            standard.back,
            by_class,
            standard.back,
            contrasts,
            optimize=True,
        )
        system = system.reshape((n_classes - 1) * width, (n_classes - 1) * width)
        largest = float(np.abs(system).sum(axis=1).max())
        inside = contrasts.T @ iterate.params @ standard.forth
        off = (
            system @ inside.ravel()
            - (contrasts.T @ iterate.product(iterate.params) @ standard.back.T).ravel()
        )
        size = float(np.linalg.norm(inside))
        least = max(FLAT * largest, 10 * float(np.linalg.norm(off)) / size if size else 0.0)
        if not scipy.linalg.lapack.dpotrf(system - least * np.eye(len(system)))[1]:
            return None
        values, vectors = np.linalg.eigh(system)
        kept = values > least
        curved = np.einsum("ka,aim->kim", contrasts, vectors[:, kept].reshape(n_classes - 1, width, -1))
        return cls(standard, curved, values[kept])

    def part(self, iterate: Iterate, params: Array) -> Array | None:
        """The flat part of the parameters, in the gauge; None where it is rounding.

        What is curved is taken away by ``params - H^+ H params`` until the products, which have more digits than the
        Hessian where columns are far from zero, say that nothing is left. At most `ROUNDS` products.
        """
        whole = params - params.mean(axis=0)
        left = whole
        for _ in range(ROUNDS):
            product = iterate.product(left) @ self.standard.back.T
            along = np.einsum("kim,ki->m", self.curved, product) / self.curvatures
            left = left - self.curved @ along @ self.standard.back
        sizes = [float(np.linalg.norm(each @ self.standard.forth)) for each in (left, whole)]
        return left - left.mean(axis=0) if sizes[0] > NOTHING * sizes[1] else None
