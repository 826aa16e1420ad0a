"""The command line on changed files and senseless options: an exit code, one sentence, and no file half written."""

import json
import os
import warnings
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.running import invoke
from tests.fuzz.budget import cases
from tests.fuzz.mutations import mutations
from tests.fuzz.test_data_files import ORIGINALS, SUFFIXES

INPUTS = {f"good.{suffix}" for suffix in SUFFIXES} | {"good.softgrad"}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    path = tmp_path_factory.mktemp("commands")
    for suffix in SUFFIXES:
        (path / f"good.{suffix}").write_bytes(ORIGINALS[suffix][0])
    here = os.getcwd()
    os.chdir(path)
    run("fit", "good.csv", "--target", "y", "--model", "good.softgrad", codes={0})
    yield path
    os.chdir(here)


def run(*args, codes=frozenset({0, 1, 2}), given=None):
    """One command, which ends well or with one sentence; it leaves whole files or none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = invoke(*args, input=given)
    shown = f"{args} ended with {result.exit_code}: {result.exception!r}\n{result.output[-500:]}"
    assert isinstance(result.exception, SystemExit | None), shown
    assert result.exit_code in codes, shown
    if result.exit_code:
        assert result.stderr.count("\n") == 1, shown
        assert result.stderr.startswith("softgrad: "), shown
        assert "Traceback" not in result.stderr
        assert len(result.stderr) < 1500, shown
    return result


def swept(room):
    """No temporary file stays; what a command wrote is removed, so that cases are alone."""
    left = {path.name for path in room.iterdir()} - INPUTS
    assert not {name for name in left if name.startswith(".")}, left
    for name in left:
        (room / name).unlink()


@pytest.mark.parametrize("suffix", SUFFIXES)
@cases(4)
@given(data=st.data())
def test_fit_of_changed_bytes(room, suffix, data):
    path = room / f"changed.{suffix}"
    path.write_bytes(data.draw(mutations(ORIGINALS[suffix])))
    more = data.draw(
        st.sampled_from([[], ["--impute"], ["--memory-limit", "1MB"], ["--test-size", "0"], ["--json"]])
    )
    result = run("fit", path.name, "--target", "y", "--max-iter", "20", "--model", "out.softgrad", *more)
    assert (room / "out.softgrad").exists() == (result.exit_code == 0)
    if result.exit_code == 0 and more == ["--json"]:
        json.loads(result.stdout)
    swept(room)


@cases(16)
@given(st.data())
def test_predict_and_evaluate_changed_bytes(room, data):
    suffix = data.draw(st.sampled_from(SUFFIXES))
    path = room / f"changed.{suffix}"
    path.write_bytes(data.draw(mutations(ORIGINALS[suffix])))
    command = data.draw(st.sampled_from(["predict", "evaluate", "stdin"]))
    if command == "stdin":
        run("predict", "good.softgrad", "-", "--proba", given=path.read_bytes())
    elif command == "evaluate":
        run("evaluate", "good.softgrad", path.name)
    else:
        out = data.draw(st.sampled_from(["out.csv", "out.parquet"]))
        result = run("predict", "good.softgrad", path.name, "--proba", "-o", out)
        assert (room / out).exists() == (result.exit_code == 0)
    swept(room)


@cases(10)
@given(st.data())
def test_changed_model(room, data):
    (room / "changed.softgrad").write_bytes(data.draw(mutations([(room / "good.softgrad").read_bytes()])))
    run("predict", "changed.softgrad", "good.csv")
    run("info", "changed.softgrad")
    swept(room)


WORDS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.sampled_from(
        [
            "",
            "-",
            "--",
            "y",
            "a",
            "nan",
            "inf",
            "1e-320",
            "1MB",
            "0",
            "auto",
            "newton",
            "balanced",
            "good.csv",
            "/dev/null",
            ".",
            "..",
            "nowhere/x",
            "good.softgrad",
            "*.csv",
            "[",
            "~",
            "a" * 300,
            "new.softgrad",
            "new.csv",
            "new.html",
        ]
    ),
)
OPTIONS = {
    "fit": [
        "--target",
        "--features",
        "--exclude",
        "--C",
        "--model",
        "--test-size",
        "--seed",
        "--impute",
        "--class-weight",
        "--no-intercept",
        "--solver",
        "--tol",
        "--max-iter",
        "--memory-limit",
        "--checkpoint",
        "--resume",
        "--json",
    ],
    "predict": ["--output", "--proba", "--memory-limit"],
    "evaluate": ["--target", "--memory-limit", "--json"],
    "info": ["--json"],
    "explain": ["--convention", "--output"],
    "check": [
        "--value",
        "--convention",
        "--alpha",
        "--penalize-intercept",
        "--data",
        "--target",
        "--time-limit",
        "--grade",
    ],
    "nothing": [],
}
FLAGS = {"--impute", "--no-intercept", "--resume", "--json", "--proba", "--penalize-intercept"}
FIRST = {
    "fit": ["good.csv"],
    "predict": ["good.softgrad", "good.parquet"],
    "evaluate": ["good.softgrad", "good.csv"],
}


@st.composite
def command_lines(draw):
    command = draw(st.sampled_from(sorted(OPTIONS)))
    words = [word if draw(st.integers(0, 5)) else draw(WORDS) for word in FIRST.get(command, [draw(WORDS)])]
    if command == "fit" and draw(st.integers(0, 9)):
        words += ["--target", "y", "--max-iter", "9"]
    for option in draw(st.lists(st.sampled_from([*OPTIONS[command], "--help", "--nope"]), max_size=3)):
        words.append(option)
        if option not in FLAGS:
            words.append(draw(WORDS))
    return [command, *words]


def harmless(words):
    """No output outside the room, nothing that takes a minute."""
    writes = {"--model", "--output", "--checkpoint", "--report", "-o"}
    for option, value in pairwise(words):
        if option in writes and ("/" in value or value in ("..", ".", "~")) and value != "/dev/null":
            return False
        if option in writes and value in INPUTS:
            return False
    return True


@cases(40)
@given(command_lines().filter(harmless))
def test_any_options(room, words):
    before = {name: (room / name).read_bytes() for name in INPUTS}
    result = run(*words, codes={0, 1, 2, 3})
    assert {name: (room / name).read_bytes() for name in INPUTS} == before
    if "--help" in words and result.exit_code == 0:
        assert "Usage" in result.output or "usage" in result.output or result.output
    for path in room.iterdir():
        if path.name not in INPUTS and path.is_dir():
            path.rmdir()
    swept(room)
