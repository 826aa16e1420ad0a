"""``softgrad check``: a hand-written gradient in a user's file, run in a process of its own and judged."""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer

from softgrad.cli.check_data import built_in, from_table
from softgrad.cli.check_process import Outcome, Request, check_in_process
from softgrad.cli.exits import UserError
from softgrad.cli.grade import check_folder, show_grades, submissions, write_grades
from softgrad.cli.printing import new_console, print_json, printable
from softgrad.table.errors import TableError, quote

__all__ = ["run"]

_RIGHT, _WRONG, _UNCHECKED = 0, 1, 2
_FUNCTION = "gradient"


def run(
    *,
    function: str,
    value: str,
    convention: str,
    alpha: float,
    penalize_intercept: bool,
    data: str,
    target: str,
    time_limit: float,
    grade: str,
    output: str,
    as_json: bool,
) -> int:
    """Carry out ``softgrad check``, print what it found and return the exit code: 0, 1 or 2.

    Raises
    ------
    typer.BadParameter
        For options that do not go together.
    """
    _check_usage(function, value, data, target, grade, output)
    settings = {
        "convention": convention or "numpy",
        "alpha": alpha,
        "penalize_intercept": penalize_intercept,
        "time_limit": time_limit,
    }

    def rows() -> bytes:
        return from_table(data, target) if data else built_in()

    if grade:
        files = partial(submissions, grade, output, data)
        return _guarded(lambda: _grade(grade, files, settings, rows, output, as_json=as_json))
    settings["file_may_say"] = not convention
    return _guarded(lambda: _single(function, value, settings, rows, as_json=as_json))


def _check_usage(function: str, value: str, data: str, target: str, grade: str, output: str) -> None:
    if bool(function) == bool(grade):
        raise typer.BadParameter("give either FILE:FUNCTION or --grade FOLDER", param_hint="[FILE:FUNCTION]")
    if bool(data) != bool(target):
        raise typer.BadParameter("--data and --target go together: give both or none", param_hint="--data")
    if output and not grade:
        raise typer.BadParameter("it is for the table of --grade", param_hint="--output")
    if value and grade:
        raise typer.BadParameter(
            "with --grade the function value, or else loss, of every file is taken", param_hint="--value"
        )


def _guarded(command: Callable[[], int]) -> int:
    """Other commands end with 1 where a file is at fault; here 1 says that the gradient is."""
    try:
        return command()
    except BrokenPipeError:
        raise
    except (UserError, TableError) as error:
        return _say(str(error))
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        return _say(
            "--data needs the package pyarrow, which is not installed: run pip install 'softgrad[data]'"
        )
    except OSError as error:
        place = f" {error.filename!r}" if error.filename else ""
        return _say(f"cannot use the file{place}: {error.strerror or error}")


def _say(sentence: str) -> int:
    sys.stderr.write(f"softgrad: {printable(sentence)}\n")
    sys.stderr.flush()
    return _UNCHECKED


def _single(
    function: str, value: str, settings: dict[str, Any], rows: Callable[[], bytes], *, as_json: bool
) -> int:
    file, name = _split(function, _FUNCTION)
    value_file, value_name = _split_value(value)
    request = Request(
        file=_existing(file),
        gradient=name,
        value=value_name,
        value_file=_existing(value_file) if value_file else None,
        maybe_values=(),
        **settings,
    )
    outcome = check_in_process(request, rows())
    if outcome.printed.strip():
        sys.stderr.write(f"--- printed by {quote(Path(file).name)}:\n{outcome.printed.rstrip()}\n---\n")
        sys.stderr.flush()
    if outcome.report is None:
        return _say(outcome.error)
    _show(outcome, file, name, as_json=as_json)
    return _RIGHT if outcome.report.ok else _WRONG


def _split(text: str, default: str) -> tuple[str, str]:
    """A file and the name of a function; what follows the last colon is a name only if it can be one."""
    file, _, name = text.rpartition(":")
    if file and name.isidentifier():
        return file, name
    if re.fullmatch(r".+\.py:.*", text):
        raise UserError(f"{quote(name)} cannot be the name of a function: give FILE:FUNCTION")
    return text, default


def _split_value(text: str) -> tuple[str | None, str | None]:
    if not text or text.isidentifier():
        return None, text or None
    return _split(text, "value")


def _existing(file: str) -> str:
    path = Path(file)
    if not path.is_file():
        what = "is no file" if path.exists() else "does not exist"
        raise UserError(
            f"{quote(file)} {what}: give a Python file and a function, as in my_homework.py:gradient"
        )
    if path.suffix == ".ipynb":
        raise UserError(f"{quote(file)} is a notebook: copy the function into a .py file")
    return str(path.resolve())


def _show(outcome: Outcome, file: str, name: str, *, as_json: bool) -> None:
    assert outcome.report is not None
    if not as_json:
        new_console().print(outcome.report)
        return
    head = {"command": "check", "file": file, "function": name, "convention": outcome.convention}
    print_json({**head, "seconds": outcome.seconds, **outcome.report.to_dict()})


def _grade(
    folder: str,
    files: Callable[[], list[Path]],
    settings: dict[str, Any],
    rows: Callable[[], bytes],
    output: str,
    *,
    as_json: bool,
) -> int:
    grades = check_folder(files(), settings, rows())
    if output:
        write_grades(grades, output)
    if as_json:
        print_json({"command": "check", "folder": folder, "files": [grade.row() for grade in grades]})
    else:
        show_grades(new_console(), grades, output)
    verdicts = {grade.verdict for grade in grades}
    return _UNCHECKED if "not checked" in verdicts else _WRONG if "wrong" in verdicts else _RIGHT
