"""Ctrl-C where it could get lost: the command ends with 130 and one sentence all the same."""

import os
import time

import pytest

from tests.faults.scripts import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

SENTENCE = "softgrad: interrupted; no file is left half written\n"

COMMAND = """
import signal, sys, time, types
from pathlib import Path

def interrupt():
    signal.raise_signal(signal.SIGINT)

{given}

sys.modules["softgrad.cli.export"] = types.SimpleNamespace(run=globals().get("work"))
sys.argv = ["softgrad", "export", sys.executable, "m.onnx"]
from softgrad.cli import main
main()
"""

SWALLOWED = """
def work(*_):
    try:
        interrupt()
    except BaseException:
        pass
    time.sleep(60)
"""

TAKEN_FOR_A_MISSING_PACKAGE = """
def work(*_):
    try:
        interrupt()
    except BaseException:
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
"""

TAKEN_FOR_A_FAULT = """
def work(*_):
    try:
        interrupt()
    except BaseException as error:
        raise SystemError("initialization of _libs failed") from error
"""

IN_A_DESTRUCTOR = """
class Closed:
    def __del__(self):
        interrupt()

def work(*_):
    Closed()
    time.sleep(60)
"""

AT_AN_IMPORT_OF_THE_COMMAND = """
class Finder:
    def find_spec(name, path=None, target=None):
        if name == {name!r}:
            interrupt()

sys.meta_path.insert(0, Finder)
"""

TAKEN_FOR_A_MISSING_COMMAND_LINE = """
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "typer":
            try:
                interrupt()
            except BaseException:
                raise ModuleNotFoundError("No module named 'typer'", name="typer")

sys.meta_path.insert(0, Finder)
"""


@pytest.mark.parametrize(
    "given",
    [
        SWALLOWED,
        TAKEN_FOR_A_MISSING_PACKAGE,
        TAKEN_FOR_A_FAULT,
        IN_A_DESTRUCTOR,
        AT_AN_IMPORT_OF_THE_COMMAND.format(name="typer"),
        AT_AN_IMPORT_OF_THE_COMMAND.format(name="softgrad.cli.exits"),
        TAKEN_FOR_A_MISSING_COMMAND_LINE,
    ],
)
def test_an_interrupt_arrives(given: str) -> None:
    start = time.monotonic()
    done = run(COMMAND.replace("{given}", given))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SENTENCE)
    assert time.monotonic() - start < 30  # what is done after the interrupt would take 60


TIDY = """
def work(*_):
    try:
        interrupt()
    finally:
        try:
            Path("there is no such file").unlink()
        except OSError:
            time.sleep(1)  # several times as long as until an interrupt is raised again
        sys.stdout.write("tidy")
"""


def test_what_is_tidied_up_is_not_disturbed() -> None:
    done = run(COMMAND.replace("{given}", TIDY))
    assert (done.returncode, done.stdout, done.stderr) == (130, "tidy", SENTENCE)


IGNORED = """
signal.signal(signal.SIGINT, signal.SIG_IGN)

def work(*_):
    interrupt()
    return "done"
"""


def test_an_interrupt_that_is_ignored_stays_so() -> None:
    """As of a command that a shell has put into the background."""
    done = run(COMMAND.replace("{given}", IGNORED))
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


AFTER_ALL = """
import atexit

def work(*_):
    atexit.register(time.sleep, 60)
    atexit.register(interrupt)
    return "done"
"""


def test_an_interrupt_when_all_is_done_is_silent() -> None:
    done = run(COMMAND.replace("{given}", AFTER_ALL))
    assert (done.returncode, done.stdout, done.stderr) == (-2, "done\n", "")
