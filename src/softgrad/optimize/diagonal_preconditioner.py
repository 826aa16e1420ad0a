"""The diagonal preconditioner: for sparse and very wide rows."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class DiagonalPreconditioner:
    """The Hessian's diagonal between two projections on the gauge; `inverse` is one over it, (K, d) or (K, d + 1)."""

    inverse: Array

    def solve(self, residual: Array) -> Array:
        result = self.inverse * (residual - residual.mean(axis=0))
        return np.asarray(result - result.mean(axis=0))


def diagonal_preconditioner(diagonal: Array) -> DiagonalPreconditioner:
    """From the Hessian's diagonal; entries that vanish beside their feature's largest are lifted."""
    floors = np.finfo(np.float64).eps * diagonal.max(axis=0)
    lifted = np.maximum(diagonal, np.where(floors > 0, floors, 1.0))
    return DiagonalPreconditioner(1 / lifted)
