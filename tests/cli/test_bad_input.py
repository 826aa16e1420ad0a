"""What a user gets for a mistake: the exit code, one sentence on standard error, and never a traceback."""

from pathlib import Path

import pytest

from tests.cli.running import invoke

FORMATS = ".csv, .tsv, .csv.gz, .tsv.gz, .parquet, .arrow or .feather"
FIT, PREDICT, EVALUATE = (
    "see softgrad fit --help",
    "see softgrad predict --help",
    "see softgrad evaluate --help",
)

MISTAKES = [
    # The file.
    ("fit none.csv --target y", 1, "there is no file 'none.csv'"),
    ("fit folder.csv --target y", 1, f"the folder 'folder.csv' has no data file: {FORMATS} are expected"),
    ("fit empty.csv --target y", 1, "'empty.csv' is empty, but a table with a header and rows is expected"),
    ("fit header.csv --target y", 1, "'header.csv' has no rows, only a header: give it at least one row"),
    (
        "fit spaces.docx --target y",
        1,
        f"'spaces.docx' has no suffix that tells its format: rename it to end in {FORMATS}",
    ),
    (
        "fit disguised.csv --target y",
        1,
        "'disguised.csv' is named like csv but holds parquet: rename it to match its content",
    ),
    ("fit latin.csv --target y", 1, "'latin.csv' is not UTF-8 text in 'y': save it again as UTF-8"),
    (
        "fit wide.csv --target y",
        1,
        "'wide.csv' is UTF-16 text, but UTF-8 is expected: save it again as UTF-8",
    ),
    (
        "fit torn.parquet --target y",
        1,
        "'torn.parquet' is not a whole Parquet file (...): make or copy it again",
    ),
    ("fit torn.csv.gz --target y", 1, "'torn.csv.gz' is damaged or cut short (...): make or copy it again"),
    ("fit - --target y", 1, "standard input is empty, but a table with a header and rows is expected"),
    # The table.
    ("fit twice.csv --target y", 1, "'twice.csv' has more than one column named 'a': rename them"),
    (
        "fit nameless.csv --target y",
        1,
        "column 1 of 'nameless.csv' has no name: name it, or write the file without its row index",
    ),
    (
        "fit ragged.csv --target y",
        1,
        "line 4 of 'ragged.csv' has 2 values, but the header has 3 columns: mend that line",
    ),
    (
        "fit gaps.csv --target y",
        1,
        "values are missing in 'a' (2), 'b' (2): fill them in, leave the columns out with --exclude, or give --impute",
    ),
    (
        "fit infinite.csv --target y",
        1,
        "the column 'b' holds 1 infinite value, but finite numbers are expected: mend them or leave the column out "
        "with --exclude",
    ),
    (
        "fit dates.csv --target y",
        1,
        "the column 'day' is of type date32[day], but numbers, booleans or text are expected: convert it or leave it "
        "out with --exclude",
    ),
    (
        "fit lists.parquet --target y",
        1,
        "the column 'a' is of type list<element: int64>, but numbers, booleans or text are expected: convert it or "
        "leave it out with --exclude",
    ),
    (
        "fit notes.csv --target y",
        1,
        "the text column 'note' has 60 distinct values in 60 rows, which is free text or an identifier, not a "
        "category: leave it out with --exclude",
    ),
    (
        "fit ids.csv --target y",
        1,
        "the column 'id' holds integers beyond 2**53, which look like an identifier: leave it out with --exclude",
    ),
    (
        "fit blank.csv --target y --impute",
        1,
        "the column 'b' has no values at all: leave it out with --exclude",
    ),
    ("fit clash.csv --target y", 1, "two columns give features of the same name 'c=x': rename one of them"),
    # The columns asked for.
    ("fit flowers.csv --target specie", 1, "the data have no column 'specie': did you mean 'species'?"),
    (
        "fit flowers.csv --target species --features petal_length,petal_wide",
        1,
        "the data have no column 'petal_wide': did you mean 'petal_width', 'sepal_width', 'petal_length'?",
    ),
    (
        "fit flowers.csv --target species --features species",
        1,
        "the target 'species' is among --features: a model cannot be given its answer",
    ),
    (
        "fit flowers.csv --target species --features shape --exclude shape",
        1,
        "no feature is left beside the target 'species': give at least one column",
    ),
    # The target.
    ("fit one.csv --target y", 1, "the target 'y' has one class only, 'u': two are needed"),
    (
        "fit rare.csv --target y",
        1,
        "1 class of the target 'y' with one row only ('w'): the stratified split needs two of each class, so give "
        "more rows, or --test-size 0 for no held-out metrics",
    ),
    (
        "fit tiny.csv --target y",
        1,
        "--test-size 0.2 holds out 2 of 6 rows, but both parts need a row of each of the 3 classes: give another "
        "--test-size, or 0 for no held-out metrics",
    ),
    (
        "fit real.csv --target y",
        1,
        "the target 'y' has numbers that are not whole (2 distinct), which looks like regression: softgrad predicts "
        "classes",
    ),
    (
        "fit amounts.csv --target y",
        1,
        "the target 'y' has 60 distinct values in 60 rows, which is a quantity or an identifier, not a class: give "
        "another --target",
    ),
    ("fit unlabelled.csv --target y", 1, "the target 'y' is missing in 1 of 3 rows: drop those rows first"),
    # The output.
    (
        "fit flowers.csv --target species --model none/m.softgrad",
        1,
        "there is no folder 'none' to write 'm.softgrad' in: make it first",
    ),
    (
        "fit flowers.csv --target species --model flowers.csv",
        1,
        "'flowers.csv' is an input, which softgrad does not overwrite: give another name",
    ),
    (
        "fit flowers.csv --target species --model flowers.tsv",
        1,
        "'flowers.tsv' exists and is not a softgrad model: give another --model, or remove it",
    ),
    (
        "fit flowers.csv --target species --model folder.csv",
        1,
        "'folder.csv' is a folder, but the name of a file to write is expected",
    ),
    (
        "predict flowers.softgrad flowers.csv -o flowers.csv",
        1,
        "'flowers.csv' is an input, which softgrad does not overwrite: give another name",
    ),
    # The model.
    ("predict none.softgrad flowers.csv", 1, "there is no model file 'none.softgrad'"),
    ("predict folder.csv flowers.csv", 1, "'folder.csv' is not a file, but a model file is expected"),
    (
        "predict flowers.csv flowers.softgrad",
        1,
        "'flowers.csv' is not a softgrad model file: give a file that softgrad fit or estimator.save wrote",
    ),
    (
        "predict pickle.softgrad flowers.csv",
        1,
        "'pickle.softgrad' is not a softgrad model file: give a file that softgrad fit or estimator.save wrote",
    ),
    (
        "info empty.softgrad",
        1,
        "'empty.softgrad' is empty: give a file that softgrad fit or estimator.save wrote",
    ),
    (
        "evaluate torn.softgrad flowers.csv",
        1,
        "'torn.softgrad' is damaged or cut short: copy it again from where it was written, or fit again",
    ),
    ("info zip.softgrad", 1, "'zip.softgrad' is a zip archive, but not a softgrad model file"),
    # Data that do not fit the model.
    ("predict flowers.softgrad no_width.csv", 1, "the data lack 1 column of the model: 'sepal_width'"),
    (
        "predict flowers.softgrad new_shape.csv",
        1,
        "row 2 of the column 'shape' holds 'round', a category that the model was not fitted with: it knows 'narrow', "
        "'wide'",
    ),
    (
        "predict flowers.softgrad worded.csv",
        1,
        "the model takes the column 'sepal_width' as numbers, but row 2 holds 'big'",
    ),
    (
        "predict flowers.softgrad gap.csv",
        1,
        "values are missing in 'sepal_width' (1): the model was fitted without --impute, so fill them in",
    ),
    (
        "evaluate flowers.softgrad new_shape.csv --target shape",
        1,
        "row 2 of the column 'shape' holds 'round', a category that the model was not fitted with: it knows 'narrow', "
        "'wide'",
    ),
    (
        "evaluate flowers.softgrad other.csv",
        1,
        "the model does not know the class of 1 row in 'species' ('tulip'): it knows 'setosa', 'versicolor', "
        "'virginica'",
    ),
    # Wrong usage.
    ("fit flowers.csv", 2, f"Missing option '--target' ({FIT})"),
    ("fit --target species", 2, f"Missing argument 'DATA' ({FIT})"),
    (
        "fit flowers.csv --target species --C 0",
        2,
        f"Invalid value for '--C': expected a number above 0, not 0 ({FIT})",
    ),
    (
        "fit flowers.csv --target species --C nan",
        2,
        f"Invalid value for '--C': expected a number above 0, not nan ({FIT})",
    ),
    ("fit flowers.csv --target species --C abc", 2, f"Invalid value for '--C': ... ({FIT})"),
    (
        "fit flowers.csv --target species --test-size 1.5",
        2,
        "Invalid value for '--test-size': expected a fraction from 0 to below 1 of the rows, not 1.5 "
        f"({FIT})",
    ),
    (
        "fit flowers.csv --target species --tol -1",
        2,
        f"Invalid value for '--tol': expected a finite number above 0, not -1 ({FIT})",
    ),
    (
        "fit flowers.csv --target species --max-iter 0",
        2,
        f"Invalid value for '--max-iter': expected a whole number from 1 to 1000000000, not 0 ({FIT})",
    ),
    (
        "fit flowers.csv --target species --seed -1",
        2,
        f"Invalid value for '--seed': expected a whole number from 0 to 4294967295, not -1 ({FIT})",
    ),
    (
        "fit flowers.csv --target species --solver liblinear",
        2,
        "Invalid value for '--solver': solver='liblinear' fits one class against the rest, which is another model; "
        f"use solver='auto' ({FIT})",
    ),
    (
        "fit flowers.csv --target species --class-weight heavy",
        2,
        f"Invalid value for '--class-weight': expected none or balanced, not 'heavy' ({FIT})",
    ),
    ("fit flowers.csv --target species --depth 3", 2, f"No such option: --depth... ({FIT})"),
    ("predict flowers.softgrad", 2, f"Missing argument 'DATA' ({PREDICT})"),
    (
        "predict flowers.softgrad flowers.csv -o out.xlsx",
        2,
        f"...: expected a file that ends in .csv or .parquet, or -, not 'out.xlsx' ({PREDICT})",
    ),
    ("evaluate flowers.softgrad", 2, f"Missing argument 'DATA' ({EVALUATE})"),
    ("train flowers.csv", 2, "No such command 'train'... (see softgrad --help)"),
]


@pytest.mark.parametrize(("line", "code", "sentence"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_gets_its_exit_code_and_one_sentence(
    in_folder: Path, line: str, code: int, sentence: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in in_folder.iterdir()}
    result = invoke(*line.split())
    assert (result.exit_code, result.stdout) == (code, "")
    assert_like(result.stderr, f"softgrad: {sentence}\n")
    assert {path: path.stat().st_mtime_ns for path in in_folder.iterdir()} == before


def assert_like(text: str, pattern: str) -> None:
    """Compare, where ``...`` stands for words of another library's."""
    if "..." not in pattern:
        assert text == pattern
        return
    rest = text
    parts = pattern.split("...")
    assert text.startswith(parts[0]), text
    for part in parts:
        _, found, rest = rest.partition(part)
        assert found == part, text
    assert not rest, text
    assert "Traceback" not in text
    assert text.count("\n") == 1


def test_there_are_at_least_twenty_bad_inputs() -> None:
    assert len({sentence for _, _, sentence in MISTAKES}) >= 20


def test_damaged_data_on_standard_input(in_folder: Path) -> None:
    result = invoke("fit", "-", "--target", "y", input=b"a,y\n1,u\n2\n")
    assert result.exit_code == 1
    assert result.stderr == (
        "softgrad: line 3 of standard input has 1 value, but the header has 2 columns: mend that line\n"
    )


def test_a_fault_of_the_program_keeps_its_traceback(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("softgrad.cli.predict.read_inputs", broken)
    result = invoke("predict", "flowers.softgrad", "flowers.csv")
    assert isinstance(result.exception, ValueError)
    assert str(result.exception) == "a bug"
