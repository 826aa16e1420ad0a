"""Standard output: a console for people, JSON for machines."""

import json
import math
import sys
from typing import Any

from rich.console import Console

__all__ = ["all_printable", "new_console", "print_json", "printable"]

_WIDTH_WITHOUT_TERMINAL = 110


def new_console() -> Console:
    """Return a console as wide as the terminal, or of a fixed width where there is none."""
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(width=width, soft_wrap=True, markup=False, highlight=False, emoji=False)


def print_json(report: dict[str, Any]) -> None:
    """Print one JSON object; NaN and infinities, which JSON does not have, become null."""
    sys.stdout.write(json.dumps(_finite(report), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def printable(text: str) -> str:
    r"""Escape what could steer a terminal.

    >>> print(printable("red: " + chr(27) + "[31m"))
    red: \x1b[31m
    """
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )


def all_printable(value: Any) -> Any:
    """A report with all its texts `printable`."""
    if isinstance(value, dict):
        return {printable(str(key)): all_printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [all_printable(item) for item in value]
    return printable(value) if isinstance(value, str) else value
