"""Float64 arrays of an archive in NumPy's own format: the header is compared with what it must be, never evaluated."""

import io
import math
import re
import zipfile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["read_npy"]

_MAX_HEADER = 1024
# The header that `array_bytes` writes for float64.
_HEADER = re.compile(rb"\{'descr': '<f8', 'fortran_order': (True|False), 'shape': \(([\d, ]+)\), \} *\n")


def read_npy(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Read an array of this shape after its size in the archive has been found to be what the shape implies.

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
    if npy.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is of another version")
    header = stream.read(int.from_bytes(stream.read(2), "little"))
    said = _HEADER.fullmatch(header)
    wanted = str(shape).strip("()").encode()
    if said is None or said[2] != wanted or len(data) - stream.tell() != n_bytes:
        raise ValueError(f"{name} is of another shape or type")
    flat = np.frombuffer(data, "<f8", offset=stream.tell())
    return flat.reshape(shape, order="F" if said[1] == b"True" else "C").copy(order="K")
