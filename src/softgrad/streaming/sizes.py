"""Amounts of memory as people write them, and how much there is."""

import os
import re
from pathlib import Path
from typing import Any

__all__ = ["available_memory", "parse_size"]

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", re.IGNORECASE)
_CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")
LEAST = 10**6


def parse_size(given: Any, name: str) -> int:
    """The bytes of an amount such as ``"256MB"``, ``"1.5 GiB"`` or a number of bytes.

    Raises
    ------
    ValueError
        For what is none, or less than a megabyte.

    Examples
    --------
    >>> parse_size("256MB", "memory_limit"), parse_size("1.5 GiB", "memory_limit")
    (256000000, 1610612736)
    """
    found = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is not None and found[2].lower() in _UNITS:
        size = int(float(found[1]) * _UNITS[found[2].lower()])
    elif isinstance(given, int) and not isinstance(given, bool):
        size = given
    else:
        size = 0
    if size < LEAST:
        raise ValueError(f"{name}={given!r} was given; pass at least a megabyte, such as '256MB' or '2GiB'.")
    return size


def available_memory() -> int:
    """Bytes that this process may still use, as far as the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        names = getattr(os, "sysconf_names", {})
        if "SC_PHYS_PAGES" not in names:
            return 4 * 2**30
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    try:
        return min(free, int(_CONTROL_GROUP.read_text()))
    except (OSError, ValueError):
        return free
