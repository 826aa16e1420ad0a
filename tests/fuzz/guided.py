"""Coverage-guided fuzzing of the doors that take bytes, with atheris: ``make fuzz-guided`` installs it and runs this.

    python -m tests.fuzz.guided [DOOR ...] [--runs N] [--seed S]
    python -m tests.fuzz.guided DOOR --replay FILE

The fuzzer begins with valid bytes and keeps in ``build/fuzz/DOOR`` those that reached something new in softgrad, where
the next run goes on from. It ends at the first failure, whose bytes stay in ``build/fuzz``; `--replay`, which needs no
atheris, runs them again.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from random import Random
from types import FunctionType

__all__ = ["main"]

KEPT = Path(__file__).parents[2] / "build" / "fuzz"
LIMITS = (
    "-timeout=300",
    "-report_slow_units=300",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
)


def main(arguments: Sequence[str] | None = None) -> None:
    from tests.fuzz.byte_doors import DOORS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided")
    parser.add_argument(
        "doors", nargs="*", metavar="DOOR", help=f"{', '.join(DOORS)}; all where none is given"
    )
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, metavar="FILE", help="what to run again, through one door")
    given = parser.parse_args(arguments)
    unknown = set(given.doors) - set(DOORS)
    if unknown or (given.replay and len(given.doors) != 1):
        parser.error(f"expected {'one' if given.replay else 'some'} of {', '.join(DOORS)}")
    if given.replay:
        _replay(given.doors[0], given.replay.read_bytes())
        return
    if find_spec("atheris") is None:
        sys.exit("atheris is not installed: make fuzz-guided makes an environment that has it")
    failed = [name for name in given.doors or DOORS if not _ends_well(name, given.runs, given.seed)]
    if failed:
        sys.exit(f"Failures at {', '.join(failed)}.")


def _replay(name: str, data: bytes) -> None:
    from tests.fuzz.byte_doors import DOORS

    here = Path.cwd()
    with tempfile.TemporaryDirectory() as room, warnings.catch_warnings():
        os.chdir(room)
        try:
            DOORS[name].valid()
            warnings.simplefilter("error")
            DOORS[name].enter(data)
        finally:
            os.chdir(here)


def _ends_well(name: str, runs: int, seed: int) -> bool:
    """Run the fuzzer in a process of its own, as it never returns, and say how to run again what failed."""
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    began = time.time()
    print(f"== {name}: {runs} runs with seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as room:
        process = get_context("spawn").Process(target=_fuzz, args=(name, runs, seed, room))
        process.start()
        process.join()
    for path in KEPT.glob(f"{name}-*"):
        if path.stat().st_mtime >= began:
            print(f"Run it again: python -m tests.fuzz.guided {name} --replay {path}", flush=True)
    return process.exitcode == 0


def _fuzz(name: str, runs: int, seed: int, room: str) -> None:
    import atheris

    from tests.fuzz.byte_doors import DOORS

    os.chdir(room)
    door = DOORS[name]
    valid = door.valid()
    for data in valid:  # which imports what is imported on the way
        door.enter(data)
    # Not by `atheris.instrument_imports`: an editable install has a loader that it misses without a word.
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and str(function.__module__).startswith("softgrad"):
            atheris.instrument_func(function)
    for number, data in enumerate(valid):
        (KEPT / name / f"valid-{number}").write_bytes(data)
    words = KEPT / f"{name}.words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in door.tokens if len(token) <= 64))

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        def change(part: bytes) -> bytes:
            return atheris.Mutate(part, max(len(part), len(part) + most - len(data), 1))

        return door.changed(data, change, Random(seed))[:most]

    warnings.simplefilter("error")
    longest = 2 * max(map(len, valid))
    options = (f"-runs={runs}", f"-seed={seed}", f"-max_len={longest}", f"-dict={words}")
    kept = (f"-artifact_prefix={KEPT / name}-", str(KEPT / name))
    atheris.Setup([name, *LIMITS, *options, *kept], door.enter, custom_mutator=mutator)
    atheris.Fuzz()


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main()
