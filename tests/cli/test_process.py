"""The command as a process of its own: exit codes, pipes, interrupts, missing extras, and how fast it starts."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.scripts import begun, ended

MODULE = (sys.executable, "-m", "softgrad")
COMMAND = "from softgrad.cli import main; sys.argv[0] = 'softgrad'; main()"


def run(*args: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*MODULE, *args], capture_output=True, text=True, timeout=60, check=False, **options
    )  # type: ignore[call-overload,no-any-return]


def test_fit_and_predict_in_clean_processes_agree(in_folder: Path) -> None:
    first = run("predict", "flowers.softgrad", "flowers.csv", "--proba")
    second = run("predict", "flowers.softgrad", "-", "--proba", input=(in_folder / "flowers.csv").read_text())
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert first.stdout.count("\n") == 151


def test_a_mistake_in_a_process(in_folder: Path) -> None:
    result = run("fit", "none.csv", "--target", "y")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "softgrad: there is no file 'none.csv'\n"


def test_wrong_usage_in_a_process() -> None:
    assert run("fit").returncode == 2


@pytest.fixture
def long_file(in_folder: Path, tmp_path: Path) -> str:
    """A file whose predictions do not fit into a pipe."""
    header, *rows = (in_folder / "flowers.csv").read_text().splitlines()
    path = tmp_path / "long.csv"
    path.write_text("\n".join([header, *rows * 100]) + "\n")
    return str(path)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_all_of_a_long_output_arrives(long_file: str, unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    result = run("predict", "flowers.softgrad", long_file, "--proba", env=environment)
    assert result.stdout.count("\n") == 15001


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_silent(long_file: str, unbuffered: str) -> None:
    process = subprocess.Popen(
        [*MODULE, "predict", "flowers.softgrad", long_file, "--proba"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), errors) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupt_gives_130_and_no_file(tmp_path: Path) -> None:
    lines = "".join(f"{i % 97},{i % 89},{i % 83},{i % 5}\n" for i in range(20000))
    (tmp_path / "d.csv").write_text("a,b,c,y\n" + lines)
    model = tmp_path / "m.softgrad"
    options = [
        "--solver",
        "gradient-descent",
        "--max-iter",
        "1000000",
        "--tol",
        "1e-15",
        "--model",
        str(model),
    ]
    process = begun(COMMAND, "fit", tmp_path / "d.csv", "--target", "y", *options)
    time.sleep(4)
    assert ended(process, limit=60)[1:] == ("", "softgrad: interrupted; no file is left half written\n")
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize(
    ("package", "args", "sentence"),
    [
        ("typer", ["--help"], "softgrad: the command line needs the package typer, which is not installed: "),
        ("rich", ["info"], "softgrad: this command needs the package rich, which is not installed: "),
        (
            "pyarrow",
            ["fit", "flowers.csv", "--target", "species"],
            "softgrad: this command needs the package pyarrow, which is not installed: ",
        ),
    ],
)
def test_a_missing_extra_is_one_polite_line(
    in_folder: Path, package: str, args: list[str], sentence: str
) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['softgrad', *{args!r}]\n"
        "from softgrad.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith(sentence)
    assert "pip install 'softgrad[" in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['softgrad', '--help']\n"
        "from softgrad.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Exit codes: 0 all is well" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX accounting")
def test_help_takes_less_than_half_a_second_of_work() -> None:
    import resource

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


def test_version() -> None:
    assert run("--version").stdout.startswith("softgrad ")


@pytest.mark.skipif(os.name == "nt", reason="POSIX terminals")
def test_progress_is_shown_on_a_terminal_only(in_folder: Path) -> None:
    import pty

    parent, child = pty.openpty()
    result = subprocess.run(
        [*MODULE, "fit", "flowers.csv", "--target", "species"],
        stdout=subprocess.PIPE,
        stderr=child,
        timeout=60,
        check=False,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(child)
    shown = os.read(parent, 1 << 16)
    os.close(parent)
    assert result.returncode == 0
    assert b"objective" in shown
    assert b"gap" in shown
    assert b"\x1b" not in result.stdout
