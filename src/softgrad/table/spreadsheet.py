"""Text that a spreadsheet takes for a formula when it opens a CSV file, and how it is kept text.

Programs that read the file want the text as it is; so what is for them is written as it is, and what is for people is
written inert. Numbers are never changed, nor is text that reads as one: a spreadsheet makes a number of that.
"""

import re
from typing import Any

__all__ = ["inert", "is_formula"]

_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def is_formula(value: Any) -> bool:
    """Whether a spreadsheet may take a value for a formula.

    Source: OWASP, CSV Injection.

    >>> is_formula("=1+1"), is_formula("-1"), is_formula(-1.0), is_formula("-")
    (True, False, False, False)
    """
    if not isinstance(value, str) or len(value) < 2 or not _FORMULA.match(value):
        return False
    return _NUMBER.fullmatch(value) is None


def inert(value: Any) -> Any:
    """A value that a spreadsheet shows and does not compute: before a formula stands an apostrophe.

    >>> inert("=1+1"), inert("plain"), inert(-2)
    ("'=1+1", 'plain', -2)
    """
    return f"'{value}" if is_formula(value) else value
