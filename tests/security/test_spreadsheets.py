"""Formulas in what softgrad writes as CSV: told or made inert; all else comes back exactly as it was."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from softgrad.table.spreadsheet import inert, is_formula
from tests.cli.running import invoke
from tests.security.hostile import FORMULAS, NO_FORMULAS

WORDS = [*FORMULAS, *NO_FORMULAS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in which every word is a class, far from the others, and a model of it."""
    path = tmp_path_factory.mktemp("formulas")
    codes = np.repeat(np.arange(len(WORDS)), 4)
    angles = 2 * np.pi * codes / len(WORDS)
    columns = {"x": np.cos(angles), "y": np.sin(angles), "word": np.array(WORDS, dtype=object)[codes]}
    pa.parquet.write_table(pa.table(columns), path / "t.parquet")
    fitted = invoke("fit", str(path / "t.parquet"), "--target", "word", "--C", "1e6", "--test-size", "0", "--model",
                    str(path / "m.softgrad"))  # fmt: skip
    assert fitted.exit_code == 0, fitted.output
    return path


def predicted(folder: Path, *options: str) -> tuple[list[list[str]], str]:
    """The rows of the CSV, as a program reads them, and what is told beside it."""
    result = invoke("predict", str(folder / "m.softgrad"), str(folder / "t.parquet"), *options)
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline=""))), result.stderr


@pytest.mark.parametrize("word", FORMULAS)
def test_formulas(word: str) -> None:
    assert is_formula(word)
    assert inert(word) == "'" + word


@pytest.mark.parametrize("word", [*NO_FORMULAS, -1, -1.5, True, None, ""])
def test_numbers_and_plain_text_are_left(word: object) -> None:
    assert not is_formula(word)
    assert inert(word) is word


def test_classes_are_written_as_they_are_and_told(folder: Path) -> None:
    rows, told = predicted(folder)
    assert [row[0] for row in rows[1:]] == [word for word in WORDS for _ in range(4)]
    assert told.startswith(
        "softgrad: a spreadsheet would take the class '=1+1' for a formula: give --spreadsheet"
    )
    assert told.count("\n") == 1


def test_for_a_spreadsheet_no_cell_is_a_formula(folder: Path) -> None:
    rows, told = predicted(folder, "--spreadsheet", "--proba")
    assert told == ""
    assert not any(is_formula(cell) for row in rows for cell in row)
    assert [row[0].removeprefix("'") for row in rows[1:] if row[0] != "'quoted'"] == [
        word for word in WORDS for _ in range(4) if word != "'quoted'"
    ]
    assert all(0 <= float(cell) <= 1 for row in rows[1:] for cell in row[1:])


def test_pandas_and_arrow_read_the_classes_back(folder: Path) -> None:
    path = folder / "p.csv"
    predicted(folder, "-o", str(path))
    expected = [word for word in WORDS for _ in range(4)]
    assert pd.read_csv(path, dtype=str, lineterminator="\n")["prediction"].tolist() == expected
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    convert = pa.csv.ConvertOptions(column_types={"prediction": pa.string()})
    read = pa.csv.read_csv(path, parse_options=parse, convert_options=convert)
    assert read["prediction"].to_pylist() == expected


def test_parquet_keeps_them_and_needs_no_word(folder: Path) -> None:
    path = folder / "p.parquet"
    assert predicted(folder, "-o", str(path))[1] == ""
    assert pa.parquet.read_table(path)["prediction"].to_pylist() == [w for w in WORDS for _ in range(4)]
    refused = invoke(
        "predict", str(folder / "m.softgrad"), str(folder / "t.parquet"), "-o", str(path), "--spreadsheet"
    )
    assert refused.exit_code == 2
    assert "a Parquet file holds no formulas" in refused.stderr


@pytest.mark.parametrize("labels", [[-1, 1], [False, True]])
def test_numbers_and_booleans_stay_what_they_are(tmp_path: Path, labels: list[object]) -> None:
    pd.DataFrame({"x": [0.0, 1.0] * 5, "y": labels * 5}).to_csv(tmp_path / "t.csv", index=False)
    paths = str(tmp_path / "m.softgrad"), str(tmp_path / "t.csv")
    assert invoke("fit", paths[1], "--target", "y", "--test-size", "0", "--model", paths[0]).exit_code == 0
    plain, safe = (invoke("predict", *paths, *options) for options in ((), ("--spreadsheet",)))
    assert plain.stdout == safe.stdout
    assert plain.stderr == ""
    assert plain.stdout.split()[1:3] == [str(label).lower() for label in labels]
