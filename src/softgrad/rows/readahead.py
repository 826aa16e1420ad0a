"""Reading ahead: a thread that takes the next items while the caller works on the last."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

AHEAD = 2
"""Items that wait, beside the one worked on and the one being read."""


@contextmanager
def read_ahead(items: Iterable[T], ahead: int = AHEAD) -> Iterator[Iterator[T]]:
    """An iterator over `items`, which a thread of its own walks through, at most `ahead` of them early.

    An exception of the items is raised where its item would have been. When the body is left the thread has ended.
    """
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(maxsize=max(ahead, 1))
    left = threading.Event()
    reader = threading.Thread(
        target=_read, args=(items, waiting, left), daemon=True, name="softgrad read-ahead"
    )
    reader.start()
    try:
        yield _taken(waiting)
    finally:
        left.set()
        while reader.is_alive():
            _empty(waiting)
            reader.join(timeout=0.05)


def _read(items: Iterable[T], waiting: "queue.Queue[tuple[bool, Any]]", left: threading.Event) -> None:
    """Put (True, item) for each, and at the end (False, what ended it)."""
    ending: BaseException | None = None
    try:
        for item in items:
            waiting.put((True, item))
            if left.is_set():
                break
    except BaseException as error:  # raised again by the caller's thread
        ending = error
    waiting.put((False, ending))


def _taken(waiting: "queue.Queue[tuple[bool, Any]]") -> Iterator[Any]:
    while True:
        more, item = waiting.get()
        if not more:
            if item is not None:
                raise item
            return
        yield item
        del item  # the block is let go before the next one is waited for


def _empty(waiting: "queue.Queue[tuple[bool, Any]]") -> None:
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return
