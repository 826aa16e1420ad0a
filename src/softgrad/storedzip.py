"""Zip archives whose members stand as they are: no member can be larger than the file that holds it."""

import io
import math
import os
import zipfile
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

__all__ = ["array_bytes", "check_arrays", "check_stored", "write_stored"]


def write_stored(stream: BinaryIO, members: dict[str, bytes]) -> None:
    """Write an archive of these members; the same members give the same bytes."""
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)  # dated 1980
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data)


def array_bytes(array: Any) -> bytes:
    """An array of numbers as NumPy's file format has it, version 1.0."""
    stream = io.BytesIO()
    npy.write_array(stream, np.asarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


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
