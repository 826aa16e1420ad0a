"""Which kernels run: the compiled ones for the best instruction set of this machine, or what SOFTGRAD_KERNELS names."""

import importlib
import os
import warnings
from functools import cache
from typing import Any

NAMES = ("numpy", "portable", "avx2", "avx512")
VARIABLE = "SOFTGRAD_KERNELS"


def backend() -> str:
    """Which kernels are in use.

    Returns
    -------
    str
        "numpy", or the compiled kernels' instruction set: "portable", "avx2" or "avx512".

    Raises
    ------
    ValueError
        If SOFTGRAD_KERNELS names none, or one that is not built or does not run on this machine.

    Examples
    --------
    >>> backend() in NAMES
    True
    """
    return _chosen()[0]


def available() -> dict[str, int]:
    """The compiled instruction sets that run on this machine, best first, with the extension module's numbers."""
    module = extension()
    return {} if module is None else dict(module.instruction_sets())


def instruction_set() -> int | None:
    """The extension module's number of the chosen instruction set; None for NumPy.

    Raises
    ------
    ValueError
        As :func:`backend`.
    """
    return _chosen()[1]


@cache
def extension() -> Any:
    """The extension module, or None where it was not built."""
    try:
        module = importlib.import_module("softgrad.kernels._native")
        module.instruction_sets()
    except ModuleNotFoundError:
        return None
    except (ImportError, AttributeError) as error:
        warnings.warn(
            f"softgrad's compiled kernels are installed but do not load ({error}); the slower NumPy kernels are used. "
            "Reinstall softgrad to build them again.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return module


@cache
def _chosen() -> tuple[str, int | None]:
    wanted, there = os.environ.get(VARIABLE), available()
    if wanted is None:
        best = next(iter(there), "numpy")
        return best, there.get(best)
    if wanted not in NAMES:
        raise ValueError(f"{VARIABLE}={wanted!r} is set; use one of {', '.join(NAMES)}, or leave it unset.")
    if wanted != "numpy" and wanted not in there:
        ready = ", ".join(["numpy", *there])
        raise ValueError(
            f"{VARIABLE}={wanted!r} is set, but this installation on this machine has only {ready}."
        )
    return wanted, there.get(wanted)
