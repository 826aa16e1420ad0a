"""The checks of output paths that can be made before any work is done."""

import os
from pathlib import Path

from softgrad.cli.exits import UserError
from softgrad.extras import required
from softgrad.table.errors import quote

__all__ = ["check_model_path", "check_output_path", "check_report_path"]

_ZIP = b"PK\x03\x04"


def check_model_path(model: str, data: str) -> None:
    """Refuse a model path that cannot be written, or where something other than a model would be lost.

    Raises
    ------
    UserError
        One sentence.
    """
    check_output_path(model, (data,))
    path = Path(model)
    if path.is_file() and path.stat().st_size and not _starts_like_a_model(path):
        raise UserError(
            f"{quote(model)} exists and is not a softgrad model: give another --model, or remove it"
        )


def check_report_path(report: str, data: str, model: str | None) -> None:
    """Refuse a report that cannot be written or made, or that would take the model's place.

    Raises
    ------
    UserError
        One sentence.
    ModuleNotFoundError
        If jinja2 is not installed.
    """
    required("jinja2", "a report")
    check_output_path(report, (data,))
    if model is not None and Path(report).absolute() == Path(model).absolute():
        raise UserError(f"--report and --model both name {quote(report)}: give the report another name")


def check_output_path(output: str, inputs: tuple[str, ...]) -> None:
    """Refuse an output path that is an input, a folder, or in a folder that is missing or closed.

    Raises
    ------
    UserError
        One sentence.
    """
    path = Path(output)
    if path.is_dir():
        raise UserError(f"{quote(output)} is a folder, but the name of a file to write is expected")
    if not path.absolute().parent.is_dir():
        raise UserError(
            f"there is no folder {quote(str(path.parent))} to write {quote(path.name)} in: make it first"
        )
    if any(path.exists() and Path(name).exists() and path.samefile(name) for name in inputs):
        raise UserError(f"{quote(output)} is an input, which softgrad does not overwrite: give another name")
    if not path.exists() and not os.access(path.absolute().parent, os.W_OK):
        raise UserError(f"cannot write {quote(output)}: its folder is not writable")


def _starts_like_a_model(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == _ZIP and b"model.json" in stream.read(64)
