"""Run a command in this process, as the terminal would."""

import inspect
from typing import Any

from typer.testing import CliRunner, Result

from softgrad.cli.app import app

__all__ = ["invoke"]

# Older runners mix standard error into standard output unless told not to.
_SEPARATE = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


def invoke(*args: str, **options: Any) -> Result:
    return CliRunner(**_SEPARATE).invoke(app, list(args), prog_name="softgrad", **options)
