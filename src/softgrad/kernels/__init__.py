"""The compiled kernels, and their NumPy twins where the extension module was not built.

The choice is made once, when this module is imported; `backend` tells which it was. Whichever it is, a kernel
keeps the contract of the function of :mod:`softgrad.maths` that it twins.
"""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from softgrad.maths.logits import log_sum_exp

Vector = npt.NDArray[np.float64]

_native_row_log_sum_exp: Callable[[Vector], Vector] | None = None
try:
    from softgrad.kernels._native import row_log_sum_exp as _native_row_log_sum_exp
except ModuleNotFoundError:
    pass  # installed without a compiler
except ImportError as error:
    warnings.warn(
        f"softgrad's compiled kernels are installed but do not load ({error}); the slower NumPy kernels are used. "
        "Reinstall softgrad to build them again.",
        RuntimeWarning,
        stacklevel=2,
    )

__all__ = ["backend", "row_log_sum_exp"]


def backend() -> str:
    """Which kernels are in use.

    Returns
    -------
    str
        ``"compiled"`` for the C++ extension module, ``"numpy"`` for the fallback.

    Examples
    --------
    >>> backend() in ("compiled", "numpy")
    True
    """
    return "numpy" if _native_row_log_sum_exp is None else "compiled"


def row_log_sum_exp(logits: npt.ArrayLike) -> Vector:
    """Log-sum-exp of every row, as :func:`softgrad.maths.logits.log_sum_exp` defines it.

    Parameters
    ----------
    logits : array_like of shape (n, K), K >= 1
        Real; computed in float64. A C-contiguous float64 array is read in place.

    Returns
    -------
    ndarray of shape (n,), float64
        In nats. ``+inf`` where exactly one entry is ``+inf``; NaN for all ``-inf``, several ``+inf`` or any NaN.

    Raises
    ------
    ValueError
        If `logits` does not have two axes, or has no column.

    Examples
    --------
    >>> row_log_sum_exp([[0.0, 0.0], [1000.0, -1000.0]])
    array([6.93147181e-01, 1.00000000e+03])
    """
    z = np.ascontiguousarray(logits, dtype=np.float64)
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(
            f"row_log_sum_exp needs logits of shape (n, K) with K >= 1, but an array of shape {np.shape(logits)} "
            "was given; put the samples in rows and the classes in columns."
        )
    if _native_row_log_sum_exp is None:
        return log_sum_exp(z)
    return _native_row_log_sum_exp(z)
