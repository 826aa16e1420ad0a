"""The command line: ``softgrad fit | predict | evaluate | info | explain | export | check``."""

import sys

from softgrad.cli import interrupts

__all__ = ["main"]


def main() -> None:
    """Run the command ``softgrad``; exits with 0, 1, 2, 130 or 141, as ``softgrad --help`` tells.

    Only the standard library is imported before this line is sure that the ``cli`` extra is installed.
    """
    interrupts.begin()
    try:
        try:
            _run()
        finally:
            interrupts.end()  # where the last of them may still arrive
    except (KeyboardInterrupt, Exception) as error:
        if isinstance(error, KeyboardInterrupt) or interrupts.seen():
            sys.exit(interrupts.told())
        raise


def _run() -> None:
    try:
        from softgrad.cli.app import app
    except ModuleNotFoundError as error:
        if interrupts.seen() or (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        sys.stderr.write(
            f"softgrad: the command line needs the package {error.name}, which is not installed: "
            "run pip install 'softgrad[cli,data]'\n"
        )
        sys.exit(1)
    app(prog_name="softgrad")
