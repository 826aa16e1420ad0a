"""What the command prints: no name of a column, a class or a file steers the terminal."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softgrad.cli.printing import all_printable
from tests.cli.running import invoke
from tests.security.hostile import NAMES

WORDS = [word for word in NAMES.values() if "\0" not in word]
TARGET = "y " + NAMES["terminal"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("terminal")
    codes = np.arange(10 * len(WORDS)) % len(WORDS)
    X = np.random.default_rng(0).normal(size=(len(codes), len(WORDS))) + 2 * np.eye(len(WORDS))[codes]
    words = np.array(WORDS, dtype=object)[codes]
    frame = pd.DataFrame(X, columns=WORDS).assign(**{"text " + NAMES["terminal"]: words[::-1], TARGET: words})
    frame.to_parquet(path / "t.parquet")
    return path


def steering(text: str) -> set[str]:
    """The characters of a text that show nothing themselves and change what is shown."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"}


def test_no_command_prints_what_steers(folder: Path) -> None:
    model, data = str(folder / "m.softgrad"), str(folder / "t.parquet")
    commands = [
        ("fit", data, "--target", TARGET, "--model", model),
        ("evaluate", model, data),
        ("info", model),
        ("info", model, "--json"),
        ("fit", data, "--target", NAMES["terminal"]),
        ("fit", data, "--target", TARGET, "--features", NAMES["right to left"] + "x"),
        ("evaluate", model, data, "--target", NAMES["terminal"] + "x"),
        ("predict", str(folder / NAMES["terminal"].replace("/", "")), data),
    ]
    for command in commands:
        result = invoke(*command)
        assert result.output
        assert steering(result.stdout) | steering(result.stderr) <= {"\t"}, command


def test_a_report_of_any_shape_is_escaped() -> None:
    given = {"a\x1b": [("b\x9b", 1), {"c": "\u202e"}], "d": None}
    assert all_printable(given) == {r"a\x1b": [[r"b\x9b", 1], {"c": r"\u202e"}], "d": None}
