"""The progress of a fit that is streamed from disk, on a terminal; silence elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from softgrad.cli.progress import Callback, completed
from softgrad.optimize.solution import Record
from softgrad.rows.stream import Reading

__all__ = ["Speed", "streaming_progress", "time_left"]

_SECONDS = 0.1
"""Between two looks at the bar."""


class Speed:
    """Rows read, and how fast, since the fit began."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock, self._began = clock, clock()
        self._last: Reading | None = None
        self._rows = 0

    def read(self, reading: Reading) -> None:
        """Another block has been read."""
        same = self._last is not None and self._last.number == reading.number
        self._rows += reading.rows - (self._last.rows if same and self._last is not None else 0)
        self._last = reading

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    def __str__(self) -> str:
        if self._last is None:
            return ""
        rate = self._rows / max(self.seconds, 1e-9)
        share, speed = self._last.rows / self._last.n_rows, rate * self._last.row_bytes / 1e6
        return f"pass {self._last.number} ({share:.0%})  {rate:,.0f} rows/s  {speed:.0f} MB/s"


def time_left(seconds: float, done: float | None) -> str:
    """How long a fit will take yet, where the gap has begun to fall: a share `done` took so many seconds.

    >>> time_left(30.0, 0.25)
    'about 1:30 left'
    """
    if not done:
        return ""
    left = round(seconds * (1 - done) / done)
    return f"about {left // 60}:{left % 60:02d} left"


@contextlib.contextmanager
def streaming_progress(
    label: str, tol: float
) -> Iterator[tuple[Callback | None, Callable[[Reading], Any] | None]]:
    """Give the callback for a fit, and the one for its rows: pass, rows/s, MB/s, gap and the time left."""
    if not sys.stderr.isatty():
        yield None, None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, state="")
        speed, gap, shown = Speed(), float("nan"), -_SECONDS

        def show() -> None:
            done = completed(gap, tol)
            state = f"{speed}  gap {gap:.1e}  {time_left(speed.seconds, done)}"
            bar.update(task, state=state, completed=done or 0.0, total=None if done is None else 1.0)

        def iterated(record: Record) -> None:
            nonlocal gap
            gap = record.gap
            show()

        def read(reading: Reading) -> None:
            nonlocal shown
            speed.read(reading)
            if speed.seconds - shown >= _SECONDS:
                shown = speed.seconds
                show()

        yield iterated, read
