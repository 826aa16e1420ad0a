"""Write a file whole or not at all."""

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["umask", "write_atomically"]


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Call `write` on a temporary file in the same folder, and move that over `path` once it is on disk.

    An interrupt, a full disk or any other error leaves what was at `path` as it was, and no temporary file.
    A symbolic link is followed. A device or a pipe is written to directly: it cannot be replaced.

    Raises
    ------
    OSError
        Where the folder or the disk refuses.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        buffer = io.BytesIO()  # a writer may want to seek
        write(buffer)
        target.write_bytes(buffer.getbuffer())
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else those that a plain ``open`` would give."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    return 0o666 & ~umask()


def umask() -> int:
    """The permissions that new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where the system can (Windows cannot open a folder)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
