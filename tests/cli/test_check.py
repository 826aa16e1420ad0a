"""``softgrad check``: the homework, exit codes, files that misbehave, grading, data tables."""

import csv
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from softgrad.cli import check, check_process
from tests.cli.running import invoke

HOMEWORK = Path(__file__).parents[2] / "examples" / "homework"
CODES = {
    "missing_mean": "scale",
    "softmax_wrong_axis": "softmax-axis",
    "sign": "sign",
    "forgot_penalty": "penalty-missing",
    "sigmoid": "sigmoid",
    "jacobian_diagonal": "jacobian-diagonal",
    "labels_off_by_one": "labels-shifted",
    "intercept_not_scaled": "intercept-scale",
    "last_row_only": "rows-dropped",
    "other_features": "features-differ",
}
RIGHT = """
import numpy as np

def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)

def gradient(W, X, y):
    return X.T @ (softmax(X @ W) - y) / len(X)
"""
WRONG = RIGHT.replace(" / len(X)", "")


def written(folder: Path, text: str, name: str = "my_homework.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def sentence(result: Result) -> str:
    """The one sentence of a check that could not be made."""
    assert (result.exit_code, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("softgrad: ")
    assert "Traceback" not in result.stderr
    return last.removeprefix("softgrad: ")


def readme_rows() -> list[tuple[str, str]]:
    text = (HOMEWORK / "README.md").read_text()
    return re.findall(r"^\| `softgrad check (.*?)` \| (.*) \|$", text, re.MULTILINE)


def test_the_readme_has_all_of_the_homework() -> None:
    files = [command.split()[0] for command, _ in readme_rows()]
    assert sorted(files) == sorted(path.name for path in HOMEWORK.glob("*.py"))
    assert set(files) == {f"{name}.py" for name in [*CODES, "right"]}


@pytest.mark.parametrize(("command", "line"), readme_rows())
def test_homework(command: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HOMEWORK)
    result = invoke("check", *command.split(), "--json")
    report = json.loads(result.stdout)
    code = CODES.get(command.split()[0].removesuffix(".py"))
    assert result.exit_code == (1 if code else 0)
    assert report["ok"] is (code is None)
    assert [found["code"] for found in report["diagnoses"]][:1] == ([code] if code else [])
    if code:
        more = f", and {len(report['diagnoses']) - 1} more" if len(report["diagnoses"]) > 1 else ""
        assert line.endswith(f": {code}{more}.")


@pytest.mark.parametrize("name", ["right", "missing_mean"])
def test_the_first_line_is_the_readmes(name: str) -> None:
    line = dict(readme_rows())[f"{name}.py"]
    result = invoke("check", f"{HOMEWORK / name}.py:gradient")
    assert result.exit_code == (name != "right")
    first = result.stdout.splitlines()[0]
    rounding = r"error .*\)"
    assert re.sub(rounding, "", first) == re.sub(rounding, "", line)
    assert "Traceback" not in result.stderr


LOSS = """
import numpy as np
import my_homework

def loss(W, X, y):
    return -np.sum(y * np.log(my_homework.softmax(X @ W))) / len(X)
"""


def test_a_pair_in_two_files(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT)
    right = written(tmp_path, LOSS, "right_loss.py")
    wrong = written(tmp_path, LOSS.replace(" / len(X)", ""), "wrong_loss.py")
    assert invoke("check", file, "--value", f"{right}:loss").exit_code == 0
    result = invoke("check", f"{file}:gradient", "--value", f"{wrong}:loss")
    assert (result.exit_code, "value-mismatch" in result.stdout.splitlines()[0]) == (1, True)


def test_the_option_goes_before_the_files_convention(tmp_path: Path) -> None:
    file = written(tmp_path, f"CONVENTION = 'columns'\n{RIGHT}")
    assert invoke("check", file, "--convention", "numpy").exit_code == 0
    assert invoke("check", file).exit_code == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import no_such_package", "raises ModuleNotFoundError (No module named 'no_such_package') in line 1"),
        ("x = 1 / 0", "raises ZeroDivisionError (division by zero) in line 1 when it is imported"),
        ("import sys\nsys.exit(0)", "ends the program (sys.exit) in line 2 when it is imported"),
        ("def gradient(W, X, y:\n    pass", "is no valid Python in line 1: '(' was never closed"),
        ("def gradeint(W, X, y):\n    return W", "has no function 'gradient': did you mean 'gradeint'?"),
        ("gradient = 3", "'gradient' in 'my_homework.py' is no function, but int"),
        ("answer = input('W? ')", "raises EOFError (EOF when reading a line) in line 1"),
        ("raise SystemExit", "ends the program (sys.exit)"),
        ("import os\nos._exit(0)", "ended its process (exit status 0) before the check was done"),
        ("CONVENTION = 'rows'\ndef gradient(W, X, y):\n    return W", "CONVENTION = 'rows' in"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_checked(text: str, expected: str, tmp_path: Path) -> None:
    said = sentence(invoke("check", written(tmp_path, text)))
    assert expected in said
    assert "my_homework.py" in said


def test_a_gradient_that_ends_the_program_is_wrong(tmp_path: Path) -> None:
    result = invoke("check", written(tmp_path, "def gradient(W, X, y):\n    raise SystemExit"))
    assert result.exit_code == 1
    assert "raises SystemExit" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_crash(tmp_path: Path) -> None:
    file = written(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert "ended its process (SIGSEGV)" in sentence(invoke("check", file))


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.py:gradient"],
        ["folder"],
        ["right.py:not-a-name"],
        ["right.py", "--value", "none.py:loss"],
        ["right.py", "--data", "none.csv", "--target", "y"],
        ["--grade", "none"],
        ["--grade", "folder"],
        ["--grade", ".", "-o", "nowhere/grades.csv"],
        [],
        ["right.py", "--grade", "folder"],
        ["right.py", "--convention", "rows"],
        ["right.py", "--alpha", "-1"],
        ["right.py", "--time-limit", "0"],
        ["right.py", "--data", "none.csv"],
        ["right.py", "-o", "grades.csv"],
        ["--grade", ".", "-o", "grades.pdf"],
        ["--grade", ".", "--value", "loss"],
    ],
)
def test_wrong_usage(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, RIGHT, "right.py")
    (tmp_path / "folder").mkdir()
    assert sentence(invoke("check", *arguments)).count("\n") == 0


def test_the_time_limit_ends_the_file_and_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(4); open({str(mark)!r}, 'w')"
    text = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nwhile True:\n    pass\n"
    began = time.monotonic()
    said = sentence(invoke("check", written(tmp_path, text), "--time-limit", "3"))
    assert said.startswith("'my_homework.py' did not finish within 3 s: ")
    assert time.monotonic() - began < 5
    time.sleep(2.5)
    assert not mark.exists()


def test_what_the_file_prints_stays_off_the_report(tmp_path: Path) -> None:
    shout = "import os\nprint('printed \\x1b[31m')\nos.write(1, b'written')\n"
    file = written(tmp_path, shout + RIGHT)
    result = subprocess.run(
        [sys.executable, "-m", "softgrad", "check", file, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert json.loads(result.stdout)["ok"] is True
    assert "printed \\x1b[31m" in result.stderr
    assert "written" in result.stderr


def test_the_folder_of_the_file_stays_as_it_was(tmp_path: Path) -> None:
    file = written(tmp_path, "import formulas\n" + RIGHT)
    written(tmp_path, "", "formulas.py")
    assert invoke("check", file).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["formulas.py", "my_homework.py"]


def test_a_file_named_like_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, RIGHT, "json.py")
    assert invoke("check", "json.py").exit_code == 0


def test_a_gradient_that_raises_is_a_mistake(tmp_path: Path) -> None:
    result = invoke("check", written(tmp_path, "def gradient(W, X, y):\n    return X @ y\n"))
    assert result.exit_code == 1
    assert "raises" in result.stdout.splitlines()[0]


def test_json(tmp_path: Path) -> None:
    result = invoke("check", written(tmp_path, WRONG), "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["command"], report["function"], report["convention"]) == ("check", "gradient", "numpy")
    found = report["diagnoses"][0]
    assert (found["code"], found["severity"], round(found["numbers"]["factor"])) == ("scale", "error", 150)


@pytest.mark.parametrize("convention", ["numpy", "per-class", "log-likelihood", "columns"])
def test_data(convention: str, in_folder: Path, tmp_path: Path) -> None:
    presets = {
        "numpy": "NUMPY",
        "per-class": "PER_CLASS",
        "log-likelihood": "LOG_LIKELIHOOD",
        "columns": "COLUMNS",
    }
    code = (
        f"from softgrad.conventions import {presets[convention]} as c\n"
        "exec(c.numpy_code(alpha=0.5))\n"
    )  # fmt: skip
    common = ["--data", "flowers.csv", "--target", "species", "--convention", convention, "--alpha", "0.5"]
    result = invoke("check", written(tmp_path, code), "--value", "value", *common)
    assert result.exit_code == 0, result.output
    assert "150 samples, 6 features, 3 classes" in result.stdout


def test_data_with_too_many_classes(in_folder: Path, tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT)
    assert "has 60 distinct values in 60 rows" in sentence(
        invoke("check", file, "--data", "amounts.csv", "--target", "y")
    )
    assert "no column 'z'" in sentence(invoke("check", file, "--data", "flowers.csv", "--target", "z"))


@pytest.fixture
def class_of_students(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    written(folder, RIGHT, "ada.py")
    written(folder, (HOMEWORK / "intercept_not_scaled.py").read_text(), "=cmd|calc.py")
    written(folder, "raise ValueError('<script>alert(1)</script>')", "<b>bob.py")
    return folder


def graded(folder: Path, *more: str) -> Result:
    return invoke("check", "--grade", str(folder), "--time-limit", "6", *more)


def test_grades_as_csv(class_of_students: Path, tmp_path: Path) -> None:
    written(class_of_students, "while True: pass", "zoe.py")
    output = tmp_path / "grades.csv"
    result = graded(class_of_students, "-o", str(output))
    assert result.exit_code == 2
    assert "4 files: 1 right, 1 wrong, 2 not checked" in result.stdout
    with output.open(newline="") as stream:
        rows: dict[str, Any] = {row["file"]: row for row in csv.DictReader(stream)}
    assert list(rows["ada.py"]) == ["file", "verdict", "code", "summary", "fix", "seconds"]
    assert {name: (row["verdict"], row["code"]) for name, row in rows.items()} == {
        "<b>bob.py": ("not checked", ""),
        "'=cmd|calc.py": ("wrong", "intercept-scale"),
        "ada.py": ("right", ""),
        "zoe.py": ("not checked", ""),
    }
    assert rows["'=cmd|calc.py"]["fix"].startswith("db = ")
    assert "did not finish within 6 s" in rows["zoe.py"]["summary"]
    assert 0 < float(rows["ada.py"]["seconds"]) < 8


def test_grades_as_html(class_of_students: Path, tmp_path: Path) -> None:
    output = tmp_path / "grades.html"
    result = graded(class_of_students, "-o", str(output), "--json")
    assert [row["verdict"] for row in json.loads(result.stdout)["files"]].count("not checked") == 1
    text = output.read_text()
    assert "&lt;script&gt;alert(1)" in text
    assert "<td>&lt;b&gt;bob.py</td>" in text
    assert not re.search(r"<script|<b>|https?:|src=", text)
    assert text.count("<details>") == 2


@pytest.mark.parametrize(("text", "code"), [(RIGHT, 0), (WRONG, 1)])
def test_exit_codes_of_a_folder(text: str, code: int, tmp_path: Path) -> None:
    written(tmp_path, text)
    assert invoke("check", "--grade", str(tmp_path)).exit_code == code


@pytest.mark.parametrize("cell", ["=1+1", "+1+A1", "-1+A1", "@x", "\t=1"])
def test_no_cell_is_a_formula(cell: str, tmp_path: Path) -> None:
    from softgrad.cli.grade import Grade, write_grades

    write_grades([Grade("a.py", "wrong", "scale", cell, cell, 1.0, "")], str(tmp_path / "t.csv"))
    assert f"'{cell}" in (tmp_path / "t.csv").read_text()


@pytest.mark.parametrize(
    "result", ["[]", "{", '{"report": 3}', '{"report": {"ok": true, "diagnoses": [{}]}}', "[" * 10**5]
)
def test_a_forged_result_is_none(result: str, tmp_path: Path) -> None:
    text = f"import os, sys\nopen(sys.argv[1] + '/result.json', 'w').write({result!r})\nos._exit(0)\n"
    assert "before the check was done" in sentence(invoke("check", written(tmp_path, text)))


def test_an_interrupt_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], *_: object) -> int:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(check_process, "_wait", interrupted)
    assert invoke("check", written(tmp_path, RIGHT)).exit_code == 130
    assert started[0].returncode is not None


def test_a_missing_extra_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> bytes:
        raise ModuleNotFoundError(name="pyarrow")

    monkeypatch.setattr(check, "from_table", missing)
    result = invoke("check", written(tmp_path, RIGHT), "--data", "d.csv", "--target", "y")
    assert "pip install 'softgrad[data]'" in sentence(result)
