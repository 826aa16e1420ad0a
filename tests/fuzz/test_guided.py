"""What guided fuzzing runs, run here without the fuzzer: its doors on valid bytes and on some that are changed."""

from random import Random

import pytest

import softgrad
from tests.fuzz import guided
from tests.fuzz.byte_doors import DOORS
from tests.fuzz.mutations import mutated


@pytest.mark.parametrize("name", DOORS)
def test_doors(name, seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    door = DOORS[name]
    for data in door.valid():
        door.enter(data)
        for case in range(seed, seed + 4):
            door.enter(door.changed(data, lambda data, case=case: mutated(data, case, 2), Random(case)))


def test_a_changed_model_is_mostly_read_to_its_end(tmp_path, monkeypatch):
    """Behind the checksums; otherwise there would be little to be guided by."""


def test_an_error_from_the_depth_is_found_and_found_again(tmp_path, monkeypatch):
    def broken(path):
        raise KeyError("format")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "crash").write_bytes(DOORS["model"].valid()[0])
    guided.main(["model", "--replay", "crash"])
    monkeypatch.setattr(softgrad, "load", broken)
    with pytest.raises(KeyError):
        guided.main(["model", "--replay", "crash"])
