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
    try:
        reader.start()
        yield _taken(waiting)
    finally:
        left.set()
        if reader.ident is not None:
            reader.join()


def _read(items: Iterable[T], waiting: "queue.Queue[tuple[bool, Any]]", left: threading.Event) -> None:
    """Put (True, item) for each, and at the end (False, what ended it)."""
    ending: BaseException | None = None
    try:
        for item in items:
            if not _put((True, item), waiting, left):
                return
    except BaseException as error:  # raised again by the caller's thread
        ending = error
    _put((False, ending), waiting, left)


def _put(entry: tuple[bool, Any], waiting: "queue.Queue[tuple[bool, Any]]", left: threading.Event) -> bool:
    """Whether there was room before the body was left: nobody may be there any more to make it."""
    while not left.is_set():
        try:
            waiting.put(entry, timeout=0.05)
        except queue.Full:
            continue
        return True
    return False


def _taken(waiting: "queue.Queue[tuple[bool, Any]]") -> Iterator[Any]:
    while True:
        more, item = waiting.get()
        if not more:
            if item is not None:
                raise item
            return
        yield item
        del item  # the block is let go before the next one is waited for
