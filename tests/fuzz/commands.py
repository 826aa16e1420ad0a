"""Command lines in a room of small valid files: each ends with an exit code, one sentence at most, and whole files."""

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cli.running import invoke
from tests.fuzz.originals import SUFFIXES, TABLES

__all__ = ["INPUTS", "OPTIONS", "furnish", "run", "swept"]

INPUTS = {f"good.{suffix}" for suffix in SUFFIXES} | {"good.softgrad"}
OPTIONS = {
    "fit": [
        "--target",
        "--features",
        "--exclude",
        "--C",
        "--model",
        "--test-size",
        "--seed",
        "--impute",
        "--class-weight",
        "--no-intercept",
        "--solver",
        "--tol",
        "--max-iter",
        "--memory-limit",
        "--checkpoint",
        "--resume",
        "--json",
    ],
    "predict": ["--output", "--proba", "--memory-limit"],
    "evaluate": ["--target", "--memory-limit", "--json"],
    "info": ["--json"],
    "explain": ["--convention", "--output"],
    "check": [
        "--value",
        "--convention",
        "--alpha",
        "--penalize-intercept",
        "--data",
        "--target",
        "--time-limit",
        "--grade",
    ],
    "nothing": [],
}


def furnish(room: Path) -> None:
    """Write the data files and the model; the room is the working directory."""
    for suffix in SUFFIXES:
        (room / f"good.{suffix}").write_bytes(TABLES[suffix][0])
    run("fit", "good.csv", "--target", "y", "--model", "good.softgrad", codes={0})


def run(*args: str, codes: Any = frozenset({0, 1, 2}), given: bytes | None = None) -> Any:
    """One command, which ends well or with one sentence; it leaves whole files or none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = invoke(*args, input=given)
    shown = f"{args} ended with {result.exit_code}: {result.exception!r}\n{result.output[-500:]}"
    assert isinstance(result.exception, SystemExit | None), shown
    assert result.exit_code in codes, shown
    if result.exit_code:
        assert result.stderr.count("\n") == 1, shown
        assert result.stderr.startswith("softgrad: "), shown
        assert "Traceback" not in result.stderr
        assert len(result.stderr) < 1500, shown
    return result


def swept(room: Path, words: Sequence[str] = ()) -> None:
    """No temporary file stays; what a command of these words wrote is removed, so that cases are alone."""
    left = {path.name for path in room.iterdir()} - INPUTS
    asked = " ".join(words)
    assert not {name for name in left if name.startswith(".") and name not in asked}, left
    for name in left:
        if (room / name).is_dir():
            shutil.rmtree(room / name)
        else:
            (room / name).unlink()
