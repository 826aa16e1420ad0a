"""Zip archives whose members stand as they are: no member can be larger than the file that holds it."""

import math
import os
import zipfile
from typing import BinaryIO

from numpy.lib import format as npy

__all__ = ["check_arrays", "check_stored"]


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


def check_arrays(archive: zipfile.ZipFile) -> None:
    """Refuse an archive with a member whose header promises another number of bytes than follow.

    Raises
    ------
    zipfile.BadZipFile
        If a member is no array of numbers, or is shorter or longer than its header says.
    """
    for member in archive.infolist():
        with archive.open(member) as stream:
            if npy.read_magic(stream) != (1, 0):
                raise zipfile.BadZipFile("an array is of another version")
            shape, _, dtype = npy.read_array_header_1_0(stream)
            if dtype.hasobject or stream.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
                raise zipfile.BadZipFile("an array is not as long as its header says")
