"""Whatever was handed over as an array, or one sentence why it is none."""

from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

REAL, COMPLEX = "biuf", "biufc"
"""Kinds of NumPy's types that are numbers."""

LARGEST = 1e100
"""Entries of X up to which sums of their squares and products do not overflow float64."""


def as_array(values: Any, name: str, expected: str) -> Array:
    """The values as an array of any type.

    Raises
    ------
    ValueError
        If they are of unequal lengths.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array ({error}); pass {expected}.") from error


def as_numbers(values: Any, name: str, expected: str, kinds: str = REAL) -> Array:
    """The values as an array of the type they have; Python's own numbers among objects become float64.

    Parameters
    ----------
    values : array_like
    name : str
        What the sentence calls them.
    expected : str
        What to pass instead.
    kinds : str, default REAL
        Which types are welcome.

    Raises
    ------
    ValueError
        If they are text, objects, dates or of unequal lengths.

    Examples
    --------
    >>> as_numbers([[1, 2]], "X", "numbers").dtype.kind
    'i'
    """
    array = as_array(values, name, expected)
    if array.dtype.kind == "O" and all(isinstance(value, Number) for value in array.flat):
        try:
            array = array.astype(np.float64)
        except (TypeError, OverflowError) as error:
            raise ValueError(f"{name} holds what is no real number ({error}); pass {expected}.") from error
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} of type {array.dtype} was given; pass {expected}.")
    return array
