"""How the command ends: exit codes, and one sentence on standard error instead of a traceback."""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from softgrad.cli import interrupts
from softgrad.extras import EXTRAS, missing
from softgrad.table.errors import TableError

__all__ = ["EXIT_CODES", "Program", "UserError"]

EXIT_CODES = (
    "Exit codes: 0 all is well; 1 something is wrong with the data, a file or the installation (one sentence on "
    "standard error); 2 wrong usage; 130 interrupted; 141 the reader of the output went away."
)
_MISTAKE, _USAGE, _READER_GONE = 1, 2, 141
# The parents of this public class are the errors of a command line that does not parse.
_UsageError: type[Any] = typer.BadParameter.__bases__[0]


class UserError(Exception):
    """A mistake of the user's in data or files, told in one sentence."""


class _ReaderGoneError(Exception):
    """The reader of standard output has closed it."""


class Program(TyperGroup):
    """The group of all commands: every way to end goes through here."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command and leave the process with its exit code, unless ``standalone_mode=False``."""
        run: Callable[..., Any] = super().main
        if not kwargs.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **kwargs)
        sys.exit(_exit_code(lambda: run(*args, standalone_mode=False, **kwargs)))

    def invoke(self, ctx: Any) -> Any:
        """Run a command, keeping a broken pipe from typer, which would exit with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error


def _exit_code(command: Callable[[], Any]) -> int:
    _never_fail_to_print()
    try:
        code = command()
        sys.stdout.flush()
    except (_ReaderGoneError, BrokenPipeError):
        _silence_stdout()
        return _READER_GONE
    except (KeyboardInterrupt, typer.Abort):
        return interrupts.told()
    except Exception as error:
        if interrupts.seen():
            return interrupts.told()
        return _told(error)
    if code == interrupts.INTERRUPTED:  # typer returns this code for an interrupt, and says nothing
        return interrupts.told()
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int:
    """Tell a user's mistake in one sentence; a fault of the program is raised again."""
    if isinstance(error, _UsageError):
        return _say(_usage(error), _USAGE)
    sentence = _sentence(error)
    if sentence is None:
        raise error
    return _say(sentence, _MISTAKE)


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"softgrad: {sentence}\n")
    sys.stderr.flush()
    return code


def _usage(error: Any) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "softgrad"
    return f"{message} (see {command} --help)"


def _sentence(error: Exception) -> str | None:
    """What to tell about a user's mistake; None for a fault of the program, which deserves its traceback."""
    match error:
        case UserError() | TableError():
            return str(error)
        case ModuleNotFoundError():
            return _missing_extra((error.name or "").partition(".")[0])
        case MemoryError():
            return "the data do not fit into memory: take fewer rows or columns (--features)"
        case _ if type(error).__name__ == "ArrowException" and "thread" in str(error):
            return "there is too little memory for pyarrow's threads: raise the process's limit on virtual memory"
        case OSError():
            place = f" {error.filename!r}" if error.filename else ""
            return f"cannot use the file{place}: {error.strerror or error}"
        case ValueError():
            from softgrad.checkpointfile import CheckpointError  # bring NumPy, which --help does not need
            from softgrad.modelfile import ModelFileError

            return str(error) if isinstance(error, ModelFileError | CheckpointError) else None
    return None


def _missing_extra(package: str) -> str | None:
    return missing(package, "this command") if package in EXTRAS else None


def _never_fail_to_print() -> None:
    """Escape what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _silence_stdout() -> None:
    """Keep the interpreter from flushing into the closed pipe when it exits."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
