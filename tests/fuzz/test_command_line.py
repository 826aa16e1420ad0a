"""The command line on changed files and senseless options: an exit code, one sentence, and no file half written."""

import json
import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.budget import cases
from tests.fuzz.commands import INPUTS, OPTIONS, furnish, run, swept
from tests.fuzz.mutations import mutations
from tests.fuzz.originals import SUFFIXES, TABLES


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    path = tmp_path_factory.mktemp("commands")
    here = os.getcwd()
    os.chdir(path)
    furnish(path)
    yield path
    os.chdir(here)


@pytest.mark.parametrize("suffix", SUFFIXES)
@cases(4)
@given(data=st.data())
def test_fit_of_changed_bytes(room, suffix, data):
    path = room / f"changed.{suffix}"
    path.write_bytes(data.draw(mutations(TABLES[suffix])))
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
    path.write_bytes(data.draw(mutations(TABLES[suffix])))
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
    swept(room)
