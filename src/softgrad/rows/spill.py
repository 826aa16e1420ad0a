"""SpillShelf: a block's logits in a memory-mapped file, for as many rows as there are."""

import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from softgrad.rows.shelf import Key

Array = npt.NDArray[Any]

SLOTS = 3
"""Arrays of logits that the file has room for, block by block."""


class SpillFile:
    """A temporary file without a name, which the system removes when the process ends, however it ends.

    Parameters
    ----------
    folder : path, optional
        On which disk; the system's folder for temporary files where not given.
    n_classes : int
    rows : int
        Of the largest block.
    """

    def __init__(self, folder: Path | None, n_classes: int, rows: int) -> None:
        self.file: BinaryIO = tempfile.TemporaryFile(buffering=0, dir=folder, prefix="softgrad-")  # noqa: SIM115
        weakref.finalize(self, self.file.close)
        self.n_classes, self._slot_bytes = n_classes, 8 * n_classes * rows

    def offset(self, block: int, slot: int) -> int:
        """Where a block's array begins."""
        return (block * SLOTS + slot) * self._slot_bytes


class SpillShelf:
    """See :class:`softgrad.rows.shelf.Shelf`. Probabilities are declined: they follow from the logits."""

    def __init__(self, spill: SpillFile, block: int) -> None:
        self._spill, self._block = spill, block
        self._slots: dict[Key, tuple[int, int]] = {}

    def get(self, key: Key) -> Array | None:
        if key not in self._slots:
            return None
        slot, rows = self._slots[key]
        offset = self._spill.offset(self._block, slot)
        shape = (
            self._spill.n_classes,
            rows,
        )  # the compiled passes take writable arrays; "c" keeps writes from the file
        return np.memmap(self._spill.file, np.float64, "c", offset, shape)

    def put(self, key: Key, values: Array) -> None:
        if key.proba:
            return
        taken = {slot for slot, _ in self._slots.values()}
        slot = self._slots[key][0] if key in self._slots else min(set(range(SLOTS)) - taken)
        self._spill.file.seek(self._spill.offset(self._block, slot))
        self._spill.file.write(np.ascontiguousarray(values, dtype=np.float64).data)
        self._slots[key] = slot, values.shape[1]

    def keep(self, keys: Collection[Key]) -> None:
        self._slots = {key: place for key, place in self._slots.items() if key in keys}
