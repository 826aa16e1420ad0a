"""The doors that take bytes, each with valid bytes to begin from, as guided fuzzing goes through them.

A door works in the working directory, which has to be empty, and `valid` comes first; a failure is an exception.
Nothing here needs the fuzzer, so that a case can be run again without it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import originals
from tests.fuzz.archives import member_names, with_member
from tests.fuzz.commands import INPUTS, OPTIONS, furnish, run, swept
from tests.fuzz.doors import goes_on, loads, reads
from tests.fuzz.mutations import TOKENS
from tests.fuzz.originals import TABLES

__all__ = ["DOORS", "ArchiveDoor", "Change", "CommandDoor", "FileDoor"]

Change = Callable[[bytes], bytes]
ROOM = Path()


class FileDoor:
    """A file with these bytes is read."""

    tokens = TOKENS

    def __init__(self, suffix: str, read: Callable[[Path], None], valid: Callable[[], list[bytes]]) -> None:
        self._name, self._read, self.valid = f"t{suffix}", read, valid

    def enter(self, data: bytes) -> None:
        path = ROOM / (self._name + ".gz" * data.startswith(b"\x1f\x8b"))
        path.write_bytes(data)
        self._read(path)

    def changed(self, data: bytes, change: Change, draw: Random) -> bytes:
        """The bytes, changed where that tells most."""
        return change(data)


class ArchiveDoor(FileDoor):
    """A zip archive is read; changes are mostly within a member, under right checksums."""

    def changed(self, data: bytes, change: Change, draw: Random) -> bytes:
        try:
            names = member_names(data)
            if draw.random() < 0.8:
                return with_member(data, draw.choice(names), change)
        except Exception:  # no whole archive any more
            pass
        return change(data)


COMMANDS = """
    fit good.csv --target y
    fit good.parquet --target=y --features a,c --C 10 --test-size 0 --seed 3 --json
    fit good.csv.gz --target y --impute --class-weight balanced --no-intercept --solver lbfgs --tol 1e-3 --max-iter 9
    fit good.tsv --target y --memory-limit 1MB --checkpoint new --model new.softgrad
    fit *.feather --target y --exclude a --cache .
    predict good.softgrad good.arrow --proba -onew.csv
    predict good.softgrad good.csv --spreadsheet
    evaluate good.softgrad good.csv --target y --json
    info
    info good.softgrad
    explain --convention columns --output new.html
    export good.softgrad new.onnx --dtype float32
    check --value=value --convention per-class --alpha 1 --time-limit 1 --data good.csv --target y new.py:gradient
    check --grade . -o new.html
"""


class CommandDoor:
    """A command line is run; each line of the bytes is a word of it, as the operating system hands it over."""

    tokens = (*TOKENS, *(f"\n{word}\n".encode() for words in OPTIONS.values() for word in words))

    def valid(self) -> list[bytes]:
        furnish(ROOM)
        self._inputs = {name: (ROOM / name).read_bytes() for name in INPUTS}
        return [b"\n".join(line.encode().split()) for line in COMMANDS.strip().splitlines()]

    def enter(self, data: bytes) -> None:
        words = [os.fsdecode(word) for word in data.replace(b"\0", b"").split(b"\n")]
        if any("/" in word or ".." in word for word in words):  # it would leave the room
            return
        run(*words, codes={0, 1, 2, 3})
        swept(ROOM, words)
        for name, content in self._inputs.items():  # an output may have any name
            (ROOM / name).write_bytes(content)

    def changed(self, data: bytes, change: Change, draw: Random) -> bytes:
        """A word changed, or the whole."""
        words = data.split(b"\n")
        place = draw.randrange(len(words))
        if draw.random() < 0.3:
            return change(data)
        return b"\n".join([*words[:place], change(words[place]), *words[place + 1 :]])


DOORS = {
    "model": ArchiveDoor(".softgrad", loads, lambda: originals.models(ROOM)),
    "checkpoint": ArchiveDoor("", goes_on, lambda: originals.checkpoints(ROOM)),
    "csv": FileDoor(".csv", reads, lambda: TABLES["csv"] + TABLES["tsv"] + TABLES["csv.gz"]),
    "parquet": FileDoor(".parquet", reads, lambda: TABLES["parquet"]),
    "arrow": FileDoor(".arrow", reads, lambda: TABLES["arrow"] + TABLES["feather"]),
    "command": CommandDoor(),
}
