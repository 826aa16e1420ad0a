"""What float64 may take from a certificate: the rounding of the logits, and of the gradient's sums over the rows.

With u = 2.2e-16, the root mean squares m (d,) of the columns as they are read, and the certificate's own names:

*The logits* z_i = W x_i + b are computed as z_i + e_i with ``|e_ik| <= u (sum_j |x_ij W_kj| + |b_k|)``, and q_i is the
softmax of that. Then q_i is not where the first inequality of the certificate is an equality, but nearly:
``lse(z) - <q, z> - H(q) <= |e|^2 / 4``, as lse curves by 1/2 at most. So the logits' rounding counts by its square, and
by Minkowski's inequality ``sum_i om_i |e_i|^2 / 4 <= u^2 / 4 sum_k (sum_j m_j |W_kj| + |b_k|)^2``. What it moves
``f(W, b)`` by, to first order, moves the lower bound alike.

*The gradient* G is a sum of n terms (q_ik - y_ik) x_ij, each off by about u |x_ij|: its norm is taken to be off by
``u (sum_j m_j^2)^(1/2)``. Against extended precision, on real and drawn columns with offsets to 1e6 spreads and units
from 1e-8 to 1e8, it was off by 0.01 to 0.43 of that. Without a penalty to absorb it, that is
``(||G + alpha W|| + error)^2 / (2 alpha)`` instead of the bare square.

Both are estimates in one respect: m is that of at most 4096 rows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

UNIT = float(np.finfo(np.float64).eps)
ROUNDING = 16 * UNIT
"""What the sums over the rows may take from a value, relative to it."""


def of_gradient(sizes: Array) -> float:
    """What the gradient may be off by, in its norm. `sizes` are m, (d,)."""
    return UNIT * float(np.linalg.norm(sizes))


def of_logits(sizes: Array, coef: Array, intercept: Array) -> float:
    """What the logits' rounding adds to a gap, in nats.

    Of centred columns the offsets' share of the intercept counts as much as the columns themselves: hence twice.
    """
    largest = 2 * np.abs(coef) @ sizes + np.abs(intercept)
    return float(UNIT**2 / 4 * (largest @ largest))


def of_value(sizes: Array, coef: Array, intercept: Array) -> float:
    """What the logits' rounding moves the objective by, to first order, in nats: ``u`` times the norm of their sizes.

    Of one iterate's value and its own lower bound it cancels, of two iterates' it does not.
    """
    return 2 * float(np.sqrt(of_logits(sizes, coef, intercept)))
