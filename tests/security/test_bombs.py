"""Files that would unpack to more than they are: refused in one sentence before memory is taken for them."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import softgrad
from softgrad.checkpointfile import CheckpointError, CheckpointFile
from softgrad.modelfile import ModelFileError
from tests.unit.refusals import refused

LITTLE = 2 * 2**20
"""Bytes; each of the bombs would take eight times that, and more."""


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    X = np.random.default_rng(0).normal(size=(60, 3))
    softgrad.SoftmaxRegression().fit(X, X.argmax(axis=1)).save(tmp_path / "whole")
    with zipfile.ZipFile(tmp_path / "whole") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def peak_of(function: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def with_sizes(archive: bytes, name: str, n_bytes: int) -> bytes:
    """The same archive, whose table of contents says that a member is longer than it is."""
    entry = archive.rindex(b"PK\1\2", 0, archive.rindex(name.encode()))
    return archive[: entry + 20] + struct.pack("<II", n_bytes, n_bytes) + archive[entry + 28 :]


def wide(members: dict[str, bytes], n_features: int) -> dict[str, bytes]:
    """The description of a model of that many columns, with the arrays of three."""
    description = json.loads(members["model.json"]) | {"coef_shape": [3, n_features]}
    return {**members, "model.json": json.dumps(description).encode()}


def npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def deflated(members: dict[str, bytes]) -> bytes:
    return zipped({**members, "model.json": b" " * 16_000_000}, zipfile.ZIP_DEFLATED)


def longer_description(members: dict[str, bytes]) -> bytes:
    return with_sizes(zipped(members), "model.json", 60_000_000)


def longer_array(members: dict[str, bytes]) -> bytes:
    n_bytes = 8 * 3 * 10**8
    return with_sizes(zipped(wide(members, 10**8)), "coef.npy", n_bytes + 128)


def larger_header(members: dict[str, bytes]) -> bytes:
    return zipped({**wide(members, 10**8), "coef.npy": npy_header((3, 10**8))})


@pytest.mark.parametrize("bomb", [deflated, longer_description, longer_array, larger_header])
def test_a_model_file_takes_no_more_memory_than_its_length(
    tmp_path: Path, members: dict[str, bytes], bomb: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb(members))
    assert path.stat().st_size < LITTLE
    peak = peak_of(lambda: refused(ModelFileError, "damaged", softgrad.load, path))
    assert peak < LITTLE


@pytest.mark.parametrize(
    "name", ["../coef.npy", "/tmp/coef.npy", "a/../coef.npy", "coef.npy\0.txt", "C:coef.npy"]
)
def test_members_with_other_names_are_refused(tmp_path: Path, members: dict[str, bytes], name: str) -> None:
    """Nothing is ever unpacked to disk; and what is not one of the three members is not read either."""
    folder = tmp_path / "in"
    folder.mkdir()
    renamed = {name if key == "coef.npy" else key: data for key, data in members.items()}
    (folder / "m").write_bytes(zipped(renamed) if "\0" not in name else zipped(members))
    if "\0" in name:
        (folder / "m").write_bytes(zipped(members).replace(b"coef.npy", b"coef\0npy"))
    refused(ModelFileError, "not a softgrad model file", softgrad.load, folder / "m")
    assert [path.name for path in folder.iterdir()] == ["m"]


def test_a_member_twice_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    archive = zipped({**members, "model.jsom": b"{}"})
    (tmp_path / "m").write_bytes(archive.replace(b"model.jsom", b"model.json"))
    refused(ModelFileError, "not a softgrad model file", softgrad.load, tmp_path / "m")


@pytest.mark.parametrize("compressed", [True, False])
def test_a_checkpoint_takes_no_more_memory_than_its_length(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "bomb"
    description = npy_header((10**9,)) + (b" " * 16_000_000 if compressed else b"")
    archive = zipped({"meta.npy": description}, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    path.write_bytes(archive if compressed else with_sizes(archive, "meta.npy", 4_000_000_000))
    load = CheckpointFile(path, {}).load
    peak = peak_of(lambda: refused(CheckpointError, "damaged or no checkpoint", load))
    assert peak < LITTLE


@pytest.mark.parametrize("zip_archive", [True, False])
def test_a_checkpoint_s_arrays_are_as_long_as_they_say(tmp_path: Path, zip_archive: bool) -> None:
    path = tmp_path / "bomb"
    header = npy_header((10**9,))
    path.write_bytes(zipped({"meta.npy": header}) if zip_archive else header)
    load = CheckpointFile(path, {}).load
    peak = peak_of(lambda: refused(CheckpointError, "damaged or no checkpoint", load))
    assert peak < LITTLE
