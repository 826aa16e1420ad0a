"""A progress bar on a terminal; silence elsewhere."""

import contextlib
import math
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from softgrad.optimize.solution import Record

__all__ = ["Callback", "progress"]

Callback = Callable[[Record], None]


@contextlib.contextmanager
def progress(label: str, tol: float) -> Iterator[Callback | None]:
    """Give the callback for a fit: the bar fills as the gap falls, on a logarithmic scale, from 1 to `tol`."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, state="")

        def show(record: Record) -> None:
            state = f"iteration {record.iteration}  objective {record.objective:.6g}  gap {record.gap:.1e}"
            done = completed(record.gap, tol)
            bar.update(task, state=state, completed=done or 0.0, total=None if done is None else 1.0)

        yield show


def completed(gap: float, tol: float) -> float | None:
    """Return the share of the way from a gap of 1 to `tol`; None where no gap is known.

    >>> completed(1e-4, 1e-8)
    0.5
    """
    if math.isnan(gap):
        return None
    if gap <= tol:
        return 1.0
    return max(0.0, math.log(gap) / math.log(tol)) if tol < 1 and gap > 0 else 0.0
