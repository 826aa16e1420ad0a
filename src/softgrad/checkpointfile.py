"""The checkpoint of a fit on disk: one file, replaced whole before each iteration. No pickle.

The file is NumPy's ``.npz`` (a zip archive, whose CRC-32 guards every byte) with the arrays of the solver's state, and
``meta``, a JSON text: format, fingerprint, solver's state's kind and numbers, history. The fingerprint says which rows,
blocks and parameters the fit is of: with another one it would not go on to the same bits, so it is refused.
"""

import json
import zipfile
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.jsonvalues import decode, encode
from softgrad.modelfile import DAMAGE
from softgrad.optimize.accelerated_gradient import AcceleratedState
from softgrad.optimize.driver import Checkpoint
from softgrad.optimize.gradient_descent import DescentState
from softgrad.optimize.lbfgs import LbfgsState
from softgrad.optimize.newton_pcg import PcgState
from softgrad.optimize.solution import Record
from softgrad.optimize.solver import State
from softgrad.storedzip import array_bytes, check_arrays, check_stored, write_stored
from softgrad.table.atomic import write_atomically
from softgrad.table.errors import quote_path

__all__ = ["CheckpointError", "CheckpointFile"]

_FORMAT = "softgrad-checkpoint 2"
_STATES = {kind.__name__: kind for kind in (State, PcgState, LbfgsState, DescentState, AcceleratedState)}


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or gone on from; told in one sentence."""


@dataclass(frozen=True)
class CheckpointFile:
    """Where a fit's checkpoint is.

    Attributes
    ----------
    path : path
    fingerprint : dict of str to str
        What the fit is of, part by part: the names serve the sentence that says what has changed.
    """

    path: Path
    fingerprint: dict[str, str]

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the file.

        Raises
        ------
        OSError
            Where the folder or the disk refuses; the file before stays.
        """
        arrays, numbers = _parts(checkpoint.state)
        meta = {
            "format": _FORMAT,
            "fingerprint": self.fingerprint,
            "state": type(checkpoint.state).__name__,
            "numbers": encode(numbers),
            "bounds": encode([getattr(checkpoint, name) for name in _BOUNDS]),
            "history": encode([list(record) for record in checkpoint.history]),
        }
        content: dict[str, Any] = {
            "meta": np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
            "best": checkpoint.best,
        }
        content |= {f"state.{name}": array for name, array in arrays.items()}
        members = {f"{name}.npy": array_bytes(array) for name, array in content.items()}
        write_atomically(self.path, lambda stream: write_stored(stream, members))

    def load(self) -> Checkpoint:
        """The checkpoint that the file holds.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged, no checkpoint, or of another fit.
        """
        name = quote_path(self.path)
        if not self.path.is_file():
            raise CheckpointError(f"there is no checkpoint {name}: begin without --resume")
        try:
            with self.path.open("rb") as stream:
                with zipfile.ZipFile(stream) as archive:
                    check_stored(archive, stream)
                    check_arrays(archive)
                stream.seek(0)
                content = np.load(stream, allow_pickle=False)
                meta = json.loads(content["meta"].tobytes())
                if meta["format"] != _FORMAT:
                    raise CheckpointError(
                        f"{name} is a checkpoint of another softgrad: begin without --resume"
                    )
                self._compare(meta["fingerprint"])
                return _checkpoint(meta, content)
        except CheckpointError:
            raise
        except DAMAGE as error:
            raise CheckpointError(f"{name} is damaged or no checkpoint: begin without --resume") from error

    def _compare(self, saved: dict[str, str]) -> None:
        changed = [name for name, value in self.fingerprint.items() if saved.get(name) != value]
        if changed:
            raise CheckpointError(
                f"the checkpoint {quote_path(self.path)} is of a fit with other {' and '.join(changed)}: "
                "give the same again, or begin without --resume"
            )


_BOUNDS = ("lower_bound", "gap", "decrement", "forecast")


def _parts(state: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the numbers of a state."""
    values = {item.name: getattr(state, item.name) for item in fields(state)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    return arrays, {name: value for name, value in values.items() if name not in arrays}


def _checkpoint(meta: dict[str, Any], content: Any) -> Checkpoint:
    arrays = {
        name.removeprefix("state."): content[name] for name in content.files if name.startswith("state.")
    }
    numbers, bounds = decode(meta["numbers"]), decode(meta["bounds"])
    history = tuple(Record(*record) for record in decode(meta["history"]))
    state, best = _STATES[meta["state"]](**arrays, **numbers), content["best"]
    if not history or state.params.shape != best.shape:
        raise ValueError("no fit was ever there")
    if not all(isinstance(value, int | float) for value in (*numbers.values(), *bounds, *chain(*history))):
        raise ValueError("a figure is no number")
    if not all(np.isfinite(array).all() for array in (best, *arrays.values())):
        raise ValueError("an array is not finite")
    return Checkpoint(state=state, best=best, history=history, **dict(zip(_BOUNDS, bounds, strict=True)))
