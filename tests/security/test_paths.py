"""Where the command writes: never over what it reads, by whatever name, and never over what is something else."""

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.running import invoke

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX links")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0] * 5, "y": ["a", "b"] * 10})
    (tmp_path / "parts").mkdir()
    for path in ("t.csv", "parts/1.csv", "parts/2.csv"):
        frame.to_csv(tmp_path / path, index=False)
    monkeypatch.chdir(tmp_path)
    fitted = invoke("fit", "t.csv", "--target", "y", "--test-size", "0", "--model", "m.softgrad")
    assert fitted.exit_code == 0, fitted.output
    Path("link.csv").symlink_to("t.csv")
    Path("hard.csv").hardlink_to("t.csv")
    Path("page.html").symlink_to("m.softgrad")
    Path("thesis.txt").write_text("my only copy")
    Path("tasks").mkdir()
    Path("tasks/a.py").write_text("def gradient(W, X, y): return W")
    Path("thesis.txt.held-out").write_text("my only copy")
    return tmp_path


INPUT = "is an input, which softgrad does not overwrite: give another name"

REFUSED = [
    ("predict m.softgrad t.csv -o ./parts/../t.csv", INPUT),
    ("predict m.softgrad t.csv -o link.csv", INPUT),
    ("predict m.softgrad t.csv -o hard.csv", INPUT),
    ("predict m.softgrad link.csv -o t.csv", INPUT),
    ("predict m.softgrad parts -o parts/2.csv", INPUT),
    ("predict m.softgrad parts/*.csv -o parts/1.csv", INPUT),
    ("predict m.softgrad t.csv -o parts", "is a folder, but the name of a file to write is expected"),
    ("predict m.softgrad t.csv -o thesis.txt", "expected a file that ends in .csv or .parquet, or -"),
    ("predict m.softgrad t.csv -o none/p.csv", "there is no folder 'none' to write 'p.csv' in"),
    ("check --grade tasks --data t.csv --target y -o link.csv", INPUT),
    ("fit t.csv --target y --model link.csv", INPUT),
    ("fit t.csv --target y --model thesis.txt", "exists and is not a softgrad model"),
    ("fit parts --target y --model parts/1.csv", INPUT),
    ("fit t.csv --target y --report link.csv", INPUT),
    ("fit t.csv --target y --model m.softgrad --report page.html", "--report and --model both name"),
    ("fit t.csv --target y --checkpoint thesis.txt", "exists and is not a checkpoint"),
    ("fit t.csv --target y --checkpoint thesis", "exists and is not a checkpoint"),
    ("fit parts --target y --checkpoint parts/1.csv", INPUT),
    ("fit t.csv --target y --checkpoint new --model new", "--checkpoint and --model both name 'new'"),
]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("command", "words"), REFUSED, ids=[command for command, _ in REFUSED])
def test_refused_and_nothing_changed(place: Path, command: str, words: str) -> None:
    if command.endswith("thesis"):
        Path("thesis.held-out").write_text("my only copy")
    before = content(place)
    result = invoke(*command.split())
    assert result.exit_code in (1, 2)
    assert words in " ".join(result.stderr.split())
    assert content(place) == before


def test_a_link_to_somewhere_else_is_followed(place: Path) -> None:
    """As other tools do: the link stays, and the file that it names is replaced."""
    Path("out.csv").write_text("old")
    Path("other.csv").symlink_to("out.csv")
    assert invoke("predict", "m.softgrad", "t.csv", "-o", "other.csv").exit_code == 0
    assert Path("other.csv").is_symlink()
    assert Path("out.csv").read_text().startswith("prediction\n")


def test_a_checkpoint_may_be_begun_anew(place: Path) -> None:
    """A checkpoint that was left behind is replaced without a question."""
    import numpy as np

    with Path("c").open("wb") as stream:
        np.savez(stream, meta=np.zeros(1, np.uint8))
    assert invoke("fit", "t.csv", "--target", "y", "--test-size", "0", "--checkpoint", "c").exit_code == 0
