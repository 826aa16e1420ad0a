"""The compact copy: found again, made anew where it must be, whole or not there."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet
import pytest

from softgrad import open_rows
from softgrad.streaming import cache
from tests.stream import tables


@pytest.fixture
def source(tmp_path):
    return tables.parquet(tables.mixed(), tmp_path)


def opened(source, **more):
    return open_rows(source, target="kind", cache_dir=source.parent / "copy", memory_limit="1MB", **more)


def copies(source):
    return sorted((source.parent / "copy").iterdir())


def test_it_is_found_again(source, monkeypatch):
    first = opened(source)
    monkeypatch.setattr(cache, "take_census", None)
    again = opened(source)
    assert again.fingerprint == first.fingerprint
    assert len(copies(source)) == 1
    assert {file.name for file in copies(source)[0].iterdir()} == {"X", "codes", "census.json"}


def test_other_columns_or_another_file_make_another(source):
    opened(source)
    opened(source, features=["place", "count"])
    opened(source, sample_weight="weight")
    assert len(copies(source)) == 3
    pyarrow.parquet.write_table(tables.mixed(seed=5), source)
    rows = opened(source)
    assert len(copies(source)) == 4
    expected = tables.in_memory(tables.mixed(seed=5), without=())[1]
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks_of_features())), expected)


@pytest.mark.parametrize("damage", ["cut X", "no codes", "cut census"])
def test_a_damaged_copy_is_made_anew(source, damage):
    before = np.concatenate(list(opened(source).blocks_of_features()))
    place = copies(source)[0]
    if damage == "no codes":
        (place / "codes").unlink()
    else:
        file = place / ("X" if damage == "cut X" else "census.json")
        os.truncate(file, file.stat().st_size // 2)
    np.testing.assert_array_equal(np.concatenate(list(opened(source).blocks_of_features())), before)


def test_an_error_leaves_nothing(source):
    table = tables.with_gaps(tables.mixed())
    pyarrow.parquet.write_table(table, source)
    with pytest.raises(ValueError, match="values are missing"):
        opened(source)
    assert not copies(source)


def test_a_full_disk_is_told_before_anything_is_written(source, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("", (), {"free": 1000}))
    with pytest.raises(ValueError, match=r"the compact copy takes .* GB, but the disk of .* has 0.0 GB left"):
        opened(source)
    assert not copies(source)


SLOW = """
import sys, time
from softgrad import open_rows
from softgrad.streaming import cache
write = cache._write
def slow(*args):
    print("writing", flush=True)
    {wait}
    write(*args)
cache._write = slow
rows = open_rows({source!r}, target="kind", cache_dir={folder!r}, memory_limit="1MB")
print(sum(float(block.sum()) for block in rows.blocks_of_features()), flush=True)
"""


def started(source, wait):
    code = SLOW.format(source=str(source), folder=str(source.parent / "copy"), wait=wait)
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "writing\n"
    return child


def test_two_at_once_end_with_one_whole_copy(source):
    children = [started(source, "sys.stdin.readline()") for _ in range(2)]
    assert len(copies(source)) == 2
    sums = [float(child.communicate("go\n", timeout=300)[0]) for child in children]
    assert sums[0] == sums[1] == pytest.approx(tables.in_memory(tables.mixed(), without=())[1].sum())
    (place,) = copies(source)
    assert place.name.startswith("softgrad-")
    assert all(child.returncode == 0 for child in children)


def test_what_a_killed_process_left_is_removed_later(source, monkeypatch):
    child = started(source, "time.sleep(600)")
    (left,) = copies(source)
    assert left.name.startswith(".softgrad-unfinished-")
    old = time.time() - 1000
    os.utime(left, (old, old))
    opened(source)
    assert left.exists(), "it is at work still"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    os.utime(left, (old, old))
    opened(source)
    assert not left.exists()
    assert len(copies(source)) == 1
