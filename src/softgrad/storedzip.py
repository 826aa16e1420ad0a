"""Zip archives whose members stand as they are: no member can be larger than the file that holds it."""

import os
import zipfile
from typing import BinaryIO

__all__ = ["check_stored"]


def check_stored(archive: zipfile.ZipFile, stream: BinaryIO) -> None:
    """Refuse an archive whose members would take more memory than its own length; reads none of them.

    Parameters
    ----------
    archive : zipfile.ZipFile
    stream : binary file
        What the archive is read from.

    Raises
    ------
    zipfile.BadZipFile
        If a member is compressed, or if they are said to be longer than the file.
    """
    members = archive.infolist()
    if any(member.compress_type or member.file_size != member.compress_size for member in members):
        raise zipfile.BadZipFile("a member is compressed")
    if sum(member.file_size for member in members) > os.fstat(stream.fileno()).st_size:
        raise zipfile.BadZipFile("the members are longer than the file")
