"""Zip archives whose members stand as they are: no member can be larger than the file that holds it."""

import io
import math
import os
import re
import zipfile
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["array_bytes", "array_header", "check_arrays", "check_stored", "read_array", "write_stored"]

_MAX_HEADER = 1024
# What NumPy writes; it is compared, never evaluated.
_HEADER = re.compile(
    rb"\{'descr': '([<>|](?:b1|[iu][1248]|f[248]))', 'fortran_order': (True|False), "
    rb"'shape': \((|\d+,|\d+(?:, \d+)+)\), \} *\n"
)


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
    ValueError
        If a member is no array of numbers.
    zipfile.BadZipFile
        If a member is shorter or longer than its header says.
    """
    for member in archive.infolist():
        with archive.open(member) as stream:
            dtype, _, shape = array_header(stream)
            if stream.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
                raise zipfile.BadZipFile("an array is not as long as its header says")


def read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Read a float64 array of this shape after its size in the archive has been found to be what the shape implies.

    Raises
    ------
    ValueError
        If it is of another size, version, shape or type.
    """
    n_bytes = 8 * math.prod(shape)
    if not n_bytes < archive.getinfo(name).file_size <= n_bytes + _MAX_HEADER:
        raise ValueError(f"{name} is of another size")
    data = archive.read(name)
    stream = io.BytesIO(data)
    dtype, by_columns, found = array_header(stream)
    if dtype != "<f8" or found != shape or len(data) - stream.tell() != n_bytes:
        raise ValueError(f"{name} is of another shape or type")
    flat = np.frombuffer(data, "<f8", offset=stream.tell())
    return flat.reshape(shape, order="F" if by_columns else "C").copy(order="K")


def array_header(stream: IO[bytes]) -> tuple["np.dtype[Any]", bool, tuple[int, ...]]:
    """Read the type, whether the order is Fortran's, and the shape of an array of numbers in NumPy's own format.

    Raises
    ------
    ValueError
        For a header that NumPy does not write for numbers; NumPy itself reads some of these, and warns.
    """
    if npy.read_magic(stream) != (1, 0):
        raise ValueError("an array is of another version")
    said = _HEADER.fullmatch(stream.read(int.from_bytes(stream.read(2), "little")))
    if said is None:
        raise ValueError("an array has another header than NumPy writes")
    return np.dtype(said[1].decode()), said[2] == b"True", tuple(map(int, re.findall(rb"\d+", said[3])))
