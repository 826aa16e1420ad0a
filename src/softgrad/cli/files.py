"""The checks of output paths that can be made before any work is done."""

import os
from pathlib import Path

from softgrad.cli.exits import UserError
from softgrad.extras import required
from softgrad.streaming.files import find_files
from softgrad.table.errors import quote

__all__ = ["check_checkpoint_path", "check_model_path", "check_output_path", "check_report_path"]

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
    if path.is_file() and path.stat().st_size and not _starts_like(path, b"model.json"):
        raise UserError(
            f"{quote(model)} exists and is not a softgrad model: give another --model, or remove it"
        )


def check_checkpoint_path(checkpoint: str, data: str, model: str | None) -> None:
    """Refuse a checkpoint that cannot be written, or in whose place something else would be lost.

    Raises
    ------
    UserError, TableError
        One sentence.
    """
    for name in (checkpoint, f"{checkpoint}.held-out"):
        check_output_path(name, (data,))
        path = Path(name)
        if path.is_file() and path.stat().st_size and not _starts_like(path, b"meta.npy"):
            raise UserError(
                f"{quote(name)} exists and is not a checkpoint: give another --checkpoint, or remove it"
            )
        if model is not None and os.path.realpath(name) == os.path.realpath(model):
            raise UserError(
                f"--checkpoint and --model both name {quote(name)}: give one of them another name"
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
    if model is not None and os.path.realpath(report) == os.path.realpath(model):
        raise UserError(f"--report and --model both name {quote(report)}: give the report another name")


def check_output_path(output: str, inputs: tuple[str, ...]) -> None:
    """Refuse an output path that is an input, a folder, or in a folder that is missing or closed.

    An input may be a folder or a pattern: each of its files is one.

    Raises
    ------
    UserError, TableError
        One sentence.
    """
    path = Path(output)
    if path.is_dir():
        raise UserError(f"{quote(output)} is a folder, but the name of a file to write is expected")
    if not path.absolute().parent.is_dir():
        raise UserError(
            f"there is no folder {quote(str(path.parent))} to write {quote(path.name)} in: make it first"
        )
    files = [file for name in inputs for file in find_files(name)] if path.exists() else []
    if any(file.exists() and path.samefile(file) for file in files):
        raise UserError(f"{quote(output)} is an input, which softgrad does not overwrite: give another name")
    if not path.exists() and not os.access(path.absolute().parent, os.W_OK):
        raise UserError(f"cannot write {quote(output)}: its folder is not writable")


def _starts_like(path: Path, member: bytes) -> bool:
    """Whether a file is a zip archive with this member first."""
    with path.open("rb") as stream:
        return stream.read(4) == _ZIP and member in stream.read(64)
