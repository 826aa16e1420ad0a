"""``softgrad explain``: the derivation as a page one can touch."""

from pathlib import Path

import typer

from softgrad.cli.files import check_output_path
from softgrad.explain.page import CONVENTIONS, page
from softgrad.table.atomic import write_atomically

__all__ = ["run"]


def run(convention: str, output: str) -> str:
    """Write the page, whole or not at all; return the line that says so.

    Raises
    ------
    typer.BadParameter
        If the convention is unknown.
    UserError
        If the file cannot be written there; one sentence.
    """
    if convention not in CONVENTIONS:
        raise typer.BadParameter(
            f"expected one of {', '.join(CONVENTIONS)}, not {convention!r}", param_hint="--convention"
        )
    check_output_path(output, ())
    text = page(convention).encode()
    write_atomically(Path(output), lambda stream: stream.write(text))
    return f"{output}: {len(text) / 1000:.0f} kB, one file; open it in a browser"
