"""Single parameters at the door: one sentence for whatever is not the number, or the function, that was asked for."""

from math import inf, nan
from numbers import Integral, Real
from typing import Any


def check_number(
    name: str, value: Any, expected: str, *, positive: bool = False, infinite: bool = False
) -> None:
    """Refuse what is no real number >= 0 (`positive`: > 0), or not finite unless `infinite`; a boolean is none.

    Raises
    ------
    ValueError
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    try:
        x = float(value) if number else nan
    except OverflowError:  # a whole number, or a fraction, beyond all floats
        x = nan
    if not (x > 0 or (x == 0 and not positive)) or (x == inf and not infinite):
        raise ValueError(f"{name}={value!r} was given; pass {expected}.")


def check_whole(name: str, value: Any, expected: str, *, least: int = 0) -> None:
    """Refuse what is no whole number >= `least`.

    Raises
    ------
    ValueError
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"{name}={value!r} was given; pass {expected}.")


def checked_alpha(alpha: Any) -> float:
    """A penalty in double precision, whatever its type: NumPy would round what a float32 scalar meets.

    Raises
    ------
    ValueError
    """
    if type(alpha) is float and 0 <= alpha < inf:  # as nearly always, and quicker to see
        return alpha
    expected = "one finite number >= 0 (per-feature penalties are not there yet)"
    check_number("alpha", alpha, expected)
    return float(alpha)


def check_classes(n_classes: Any) -> None:
    """Refuse what is no number of classes.

    Raises
    ------
    ValueError
    """
    if n_classes is not None:
        check_whole("n_classes", n_classes, "a whole number >= 2, or None to count them in y", least=2)


def check_threads(n_threads: Any) -> None:
    """Refuse what is no number of threads.

    Raises
    ------
    ValueError
    """
    if n_threads is not None:
        check_whole("n_threads", n_threads, "a whole number >= 1, or None for all cores", least=1)


def check_callback(callback: Any) -> None:
    """Refuse what cannot be called after each iteration.

    Raises
    ------
    TypeError
    """
    if callback is not None and not callable(callback):
        raise TypeError(f"callback={callback!r} was given; pass a function of one Record, or None.")
