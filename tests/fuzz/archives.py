"""Zip archives with a changed member, under right checksums: what a reader has to judge by itself."""

import io
import zipfile
from collections.abc import Callable

__all__ = ["member_names", "with_member"]


def member_names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def with_member(data: bytes, changed: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with this member's content put through `change`, and all checksums right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == changed else content)
    return stream.getvalue()
