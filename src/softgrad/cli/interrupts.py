"""Ctrl-C ends the command at once, wherever it finds it: with one sentence and exit code 130.

Python raises KeyboardInterrupt in the midst of whatever runs. A library that is being imported may take that for a
failure of its own, and a destructor can only drop it; so it is raised again until it arrives here.
"""

import signal
import sys
from types import FrameType
from typing import Any

__all__ = ["INTERRUPTED", "begin", "end", "seen", "told"]

INTERRUPTED = 130

_AGAIN = 0.2
"""Seconds, after which an interrupt that has not arrived is raised once more."""

_arrivals: list[int] = []


def begin() -> None:
    """From now on interrupts arrive, unless they are ignored, as in a shell's background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        sys.unraisablehook = _drop
        signal.signal(signal.SIGINT, _raise)


def end() -> None:
    """From now on an interrupt ends the process, which has nothing left to do, and without a word."""
    if signal.getsignal(signal.SIGINT) is _raise:
        _raise_again_after(0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def seen() -> bool:
    """Whether there was an interrupt: whatever fails after it does so because of it."""
    return bool(_arrivals)


def told() -> int:
    """Say that the command was interrupted; its exit code."""
    end()
    sys.stderr.write("softgrad: interrupted; no file is left half written\n")
    sys.stderr.flush()
    return INTERRUPTED


def _raise(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        _arrivals.append(number)
        _raise_again_after(_AGAIN)
    elif _on_its_way(sys.exception()):
        return  # what is being tidied up is not disturbed
    raise KeyboardInterrupt


def _raise_again_after(seconds: float) -> None:
    """And again, until it is 0; Windows has no such timer."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _raise)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def _on_its_way(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _drop(unraisable: Any) -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
