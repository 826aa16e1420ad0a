"""What guided fuzzing runs, without the fuzzer: every door takes its valid bytes, and changed ones or a refusal."""

from random import Random

import pytest

import softgrad
from tests.fuzz import guided
from tests.fuzz.byte_doors import DOORS
from tests.fuzz.mutations import mutated
from tests.fuzz.refusals import answer


@pytest.mark.parametrize("name", DOORS)
def test_doors(name, seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    door = DOORS[name]
    for number, data in enumerate(door.valid()):
        door.enter(data)
        for case in range(3):
            draw = Random(f"{seed} {number} {case}")
            door.enter(
                door.changed(data, lambda part, draw=draw: mutated(part, draw.getrandbits(64), 2), draw)
            )


def test_most_changes_of_an_archive_are_under_right_checksums(seed, tmp_path, monkeypatch):
    """What is changed to itself can be loaded: a broken checksum would be all that the fuzzer ever sees."""
    monkeypatch.chdir(tmp_path)
    door = DOORS["model"]
    whole, draw, loaded = door.valid()[0], Random(seed), 0
    for _ in range(50):
        (tmp_path / "m").write_bytes(door.changed(whole, lambda part: part.replace(b"5", b"6"), draw))
        loaded += isinstance(answer(softgrad.load, tmp_path / "m"), softgrad.SoftmaxRegression)
    assert loaded > 25


def test_a_failure_is_replayed(tmp_path, monkeypatch):
    def broken(path):
        raise KeyError("format")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "crash").write_bytes(DOORS["model"].valid()[0])
    guided.main(["model", "--replay", "crash"])
    monkeypatch.setattr(softgrad, "load", broken)
    with pytest.raises(KeyError):
        guided.main(["model", "--replay", "crash"])


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["--replay", "crash"], ["csv", "model", "--replay", "crash"]]
)
def test_a_door_that_is_not_there(arguments, capsys):
    with pytest.raises(SystemExit):
        guided.main(arguments)
    assert "model, checkpoint, csv" in capsys.readouterr().err
