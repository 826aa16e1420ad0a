"""The command line: ``softgrad fit | predict | evaluate | check | explain | info``."""

import sys

from softgrad.cli import interrupts

__all__ = ["main"]


def main() -> None:
    """Run the command ``softgrad``; exits with 0, 1, 2, 130 or 141, as ``softgrad --help`` tells.

    Only the standard library is imported before this line is sure that the ``cli`` extra is installed.
    """
    interrupts.begin()
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(interrupts.told())
    except Exception:
        if interrupts.seen():
            sys.exit(interrupts.told())
        raise
    finally:
        interrupts.end()


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
