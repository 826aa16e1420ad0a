"""The solvers' contract: pure init and step on a frozen State; the driver owns everything else."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from softgrad.optimize.objective import Objective

Array = npt.NDArray[Any]

LARGEST_GRAM = 5e7
"""Entries of the K blocks (d + 1)^2 up to which their eigenvalues are computed: 400 MB."""


@dataclass(frozen=True, eq=False)
class State:
    """Where a solver is, with all it takes to go on bit for bit: arrays and numbers only, so that it serialises.

    Attributes
    ----------
    params : ndarray of shape (K, d) or (K, d + 1)
        Where the objective is evaluated next; its value there is what the driver reports.
    exhausted : bool
        No step lowers the objective any more in floating point.
    """

    params: Array
    exhausted: bool = False


class Solver(Protocol):
    """One algorithm. It never loops over outer iterations, stops, reports or counts."""

    name: ClassVar[str]

    def init(self, objective: Objective, params: Array, /) -> Any:
        """The State at the start `params`."""
        ...

    def step(self, objective: Objective, state: Any) -> Any:
        """The State one outer iteration later."""
        ...


def largest_curvature(objective: Objective) -> float:
    """A Lipschitz constant of the gradient: ``L = lambda_max(X~' diag(w) X~) / (2 sum w) + alpha``.

    X~ holds the constant column where an intercept is fitted. Proof: each row's Hessian with respect to its logits
    is ``diag(p) - p p'``, whose quadratic form is the variance of a direction's entries under p; a variance is at most
    a quarter of the squared range, and ``(max - min)^2 <= 2 ||v||^2``, so it is <= I/2 (attained at p = (1/2, 1/2)).
    Hence the Hessian of the mean loss is at most ``(1/2) I (x) X~' diag(w) X~ / sum w``. A step 1/L never ascends.

    The Gram matrix is read off the Hessian's diagonal blocks at parameters zero, where p = 1/K and each block is
    ``(K - 1) / K^2`` times it. Where these are large (K d^2 beyond `LARGEST_GRAM`) their trace bounds lambda_max.
    """
    point = objective.at(np.zeros(objective.shape)).point
    n_classes, width = objective.shape
    factor = n_classes**2 / (n_classes - 1)
    if n_classes * width**2 <= LARGEST_GRAM:
        gram = factor * next(point.class_grams())[:width, :width]
        largest = float(np.linalg.eigvalsh(gram)[-1])
    else:
        largest = factor * float(point.diagonal()[0][:width].sum())
    return 0.5 * max(largest, np.finfo(np.float64).tiny) + objective.penalty.curvature
