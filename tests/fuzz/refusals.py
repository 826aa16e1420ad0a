"""What a refusal must be: an error of a documented type, raised on purpose, that says one thing on one line."""

import traceback
import warnings
from collections.abc import Callable
from typing import Any

from sklearn.exceptions import ConvergenceWarning

__all__ = ["Refused", "answer", "assert_deliberate", "quietly"]


class Refused:
    """In the place of an answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"Refused({self.error!r})"


def answer(
    function: Callable[..., Any], *args: Any, kinds: Any = (ValueError, TypeError), **options: Any
) -> Any:
    """What the function returns, or that it refused; any other error, and any warning, is a failure."""
    try:
        return function(*args, **options)
    except kinds as error:
        assert_deliberate(error)
        return Refused(error)


def quietly(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """As `answer` of a fit, which may say that it ended early, and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return answer(function, *args, **options)


def assert_deliberate(error: BaseException) -> None:
    """An error that some library raised in the depth, because nobody looked, is no refusal."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{frame.filename}:{frame.lineno}: {frame.line}"
    ours = "/softgrad/" in frame.filename
    assert ours or "/sklearn/" in frame.filename, f"{error!r} came from {where}"
    assert (frame.line or "").startswith("raise"), f"{error!r} was not raised on purpose in {where}"
    text = str(error)
    assert len(text) > 10, f"{error!r} says nothing"
    assert len(text) < 2000, f"{error!r} says too much"
    if ours:
        assert "\n" not in text, f"{text!r} has several lines"
