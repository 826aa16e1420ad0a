"""Python in processes of their own, that are interrupted, starved or locked out."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["begun", "ended", "run"]

ROOT = Path(__file__).parents[2]


def begun(
    text: str, *arguments: object, before: tuple[str, ...] = (), **options: object
) -> "subprocess.Popen[str]":
    """A process that runs `text`, by the command `before`; Ctrl-C works in it wherever the tests were started."""
    head = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    paths = [str(ROOT), *(part for part in sys.path if part)]
    return subprocess.Popen(
        [*before, sys.executable, "-c", head + text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        **options,  # type: ignore[arg-type]
    )


def ended(process: "subprocess.Popen[str]", limit: float) -> tuple[float, str, str]:
    """Seconds from Ctrl-C to the end of the process, and what it had printed."""
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    try:
        out, errors = process.communicate(timeout=limit)
    finally:
        process.kill()
    return time.monotonic() - start, out, errors


def run(text: str, *arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
    process = begun(text, *arguments, **options)
    try:
        out, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)
