"""Run the worker of ``softgrad check`` as a process of its own, and read what it hands back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any

import softgrad
from softgrad.check.report import Diagnosis, GradientReport
from softgrad.cli.check_worker import DATA, REQUEST, RESULT
from softgrad.cli.printing import all_printable, printable
from softgrad.table.errors import quote

__all__ = ["Outcome", "Request", "check_in_process"]

_LONGEST_RESULT = 10 * 2**20
_LONGEST_OUTPUT = 2000
_POLL = 0.1


@dataclass(frozen=True)
class Request:
    """What to check. Where `file_may_say`, a constant CONVENTION in the file goes before `convention`."""

    file: str
    gradient: str
    value: str | None
    value_file: str | None
    maybe_values: tuple[str, ...]
    convention: str
    file_may_say: bool
    alpha: float
    penalize_intercept: bool
    time_limit: float


@dataclass(frozen=True)
class Outcome:
    """A report, or the sentence that says why there is none; and the end of what the file printed."""

    report: GradientReport | None
    error: str
    convention: str
    printed: str
    seconds: float


def check_in_process(request: Request, data: bytes, stop: threading.Event | None = None) -> Outcome:
    """Run a check within its time limit; afterwards neither its process nor their children are left.

    Parameters
    ----------
    request : Request
    data : bytes
        The rows to check on, an archive of :mod:`softgrad.cli.check_data`.
    stop : threading.Event, optional
        Once set, the check is given up.
    """
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="softgrad-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / REQUEST).write_text(json.dumps(asdict(request)), encoding="utf-8")
        (folder / DATA).write_bytes(data)
        status = _run(folder, request.time_limit, stop or threading.Event())
        seconds = perf_counter() - began
        printed = _printed(folder / "output.txt")
        result = None if status is None else _result(folder / RESULT)
    report = _report(result)
    own = result.get("convention") if result else None
    error = "" if report else _why(request, status, result)
    return Outcome(
        report, error, own if isinstance(own, str) else request.convention, printed, round(seconds, 3)
    )


def _run(folder: Path, time_limit: float, stop: threading.Event) -> int | None:
    """The exit status of the worker; None where it was stopped."""
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "softgrad.cli.check_worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        try:
            return _wait(process, time_limit, stop)
        finally:
            _kill_all(process)


def _wait(process: "subprocess.Popen[bytes]", time_limit: float, stop: threading.Event) -> int | None:
    deadline = perf_counter() + time_limit
    while (left := deadline - perf_counter()) > 0 and not stop.is_set():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(min(left, _POLL))
    return None


def _kill_all(process: "subprocess.Popen[bytes]") -> None:
    """End the worker and its children, also those that outlive it."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """One thread for each library of linear algebra: the problems are small, and submissions run side by side."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**threads, **os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"}
    home = Path(softgrad.__file__).parent.parent
    if home == Path.cwd():  # the worker does not look into the current folder
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(home), os.environ.get("PYTHONPATH")]))
    return environment


def _printed(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _LONGEST_OUTPUT))
        text = stream.read().decode("utf-8", "replace")
    return printable(("[...] " if size > _LONGEST_OUTPUT else "") + text)


def _result(path: Path) -> dict[str, Any] | None:
    """What the worker wrote, which is the user's word: only its form is certain after this."""
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_RESULT:  # a pipe would never end
            return None
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return all_printable(result) if isinstance(result, dict) else None


def _report(result: dict[str, Any] | None) -> GradientReport | None:
    try:
        given = dict((result or {})["report"])
        given["diagnoses"] = [_diagnosis(dict(item)) for item in given["diagnoses"]]
        given["max_relative_error"] = float(given["max_relative_error"])
        given["ruled_out"] = tuple(map(str, given.get("ruled_out", ())))
        given["notes"] = tuple(map(str, given.get("notes", ())))
        known = {field.name for field in fields(GradientReport)}
        report = GradientReport(**{name: item for name, item in given.items() if name in known})
        str(report)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return report


def _diagnosis(item: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        code=str(item["code"]),
        severity="warning" if item["severity"] == "warning" else "error",
        summary=str(item["summary"]),
        evidence=str(item["evidence"]),
        fix=str(item["fix"]),
        derivation=str(item["derivation"]),
        numbers=dict(item["numbers"]),
    )


def _why(request: Request, status: int | None, result: dict[str, Any] | None) -> str:
    name = quote(Path(request.file).name)
    if result and isinstance(result.get("error"), str):
        return str(result["error"])
    if status is None or status == -getattr(signal, "SIGXCPU", 0):
        return (
            f"{name} did not finish within {request.time_limit:g} s: look for an endless loop, "
            "or give a larger --time-limit"
        )
    how = f"exit status {status}"
    if status < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-status).name
    return f"{name} ended its process ({how}) before the check was done"
