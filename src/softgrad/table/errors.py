"""The error of every data table, and the two ways its sentences show names."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["TableError", "TooLargeError", "counted", "listing", "quote", "quote_path", "suggestion"]

_LONGEST = 60


class TableError(ValueError):
    """A data table that cannot be used; the sentence says what was given, what was expected, what to do."""


class TooLargeError(TableError, MemoryError):
    """A data table that takes more memory than there is, or says so because it is damaged."""


def quote(value: object) -> str:
    """Show a name or a value of the user's on one line, escaped and cut to a readable length.

    >>> quote("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"
    """
    if isinstance(value, str) and len(value) > _LONGEST:
        value = value[:_LONGEST] + "..."
    return repr(value)


def quote_path(path: object) -> str:
    """Show a path as `quote` shows a value, but cut at its beginning: its end tells files apart.

    >>> quote_path("folder/" * 20 + "part-7.parquet")
    "'...der/folder/folder/folder/folder/folder/folder/part-7.parquet'"
    """
    text = str(path)
    return repr(text if len(text) <= _LONGEST else "..." + text[-_LONGEST:])


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Say a number with its noun.

    >>> counted(1, "row"), counted(2, "class", "classes")
    ('1 row', '2 classes')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listing(values: Iterable[object], limit: int = 6) -> str:
    """Join quoted values, and count what the limit leaves out.

    >>> listing(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    shown = [quote(value) for value in values]
    if len(shown) <= limit:
        return ", ".join(shown)
    return f"{', '.join(shown[:limit])} and {len(shown) - limit} more"


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to say after an unknown name: the nearest known ones, or the first of them all."""
    known = list(known)
    near = get_close_matches(name, known, n=3)
    return f"did you mean {listing(near)}?" if near else f"it has {listing(known)}"
