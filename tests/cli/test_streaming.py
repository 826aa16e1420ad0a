"""The command line on tables that are streamed: the report, the model and the predictions of a fit in memory."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

import softgrad
from softgrad import modelfile
from softgrad.cli import streams
from softgrad.cli.streaming_progress import Speed, time_left
from softgrad.rows.stream import Reading
from tests.cli.running import invoke
from tests.stream import tables


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables.parquet(tables.mixed(), tmp_path)
    tables.parts(tables.mixed(), tmp_path)
    return tmp_path


def report(command):
    result = invoke(*command.split(), "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


FIT = "fit {} --target kind --exclude weight --tol 1e-12 --test-size 0"


@pytest.mark.parametrize(
    "source", ["table.parquet --checkpoint c --memory-limit 1MB", "table.parquet --cache copy", "parts"]
)
def test_the_report_and_the_model_are_those_in_memory(folder, source):
    plain = report(FIT.format("table.parquet") + " --model plain.softgrad")
    streamed = report(FIT.format(source) + " --model streamed.softgrad")
    assert plain["data"].pop("streamed") is None
    assert streamed["data"].pop("streamed")["block_rows"] > 0
    plain["data"].pop("path"), streamed["data"].pop("path")
    assert streamed["data"] == plain["data"]
    assert streamed["fit"]["objective"] == pytest.approx(plain["fit"]["objective"], rel=1e-12, abs=0)
    (one, schema), (other, theirs) = (
        modelfile.load_with_columns(f"{n}.softgrad") for n in ("streamed", "plain")
    )
    assert schema == theirs
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=0, atol=1e-8 * np.abs(other.coef_).max())
    assert one.get_params() == other.get_params()
    assert hasattr(one, "feature_names_in_") == hasattr(other, "feature_names_in_")


def test_held_out_rows(folder):
    plain = report("fit table.parquet --target kind")
    streamed = report("fit table.parquet --target kind --cache copy")
    scores = streamed["held_out"]["scores"]
    assert 500 <= scores["rows"] <= 700
    assert scores["rows"] + streamed["held_out"]["split"]["train_rows"] == 3000
    assert scores["accuracy"] == pytest.approx(plain["held_out"]["scores"]["accuracy"], abs=0.08)
    assert scores["log_loss"] < scores["baseline"]["log_loss"]
    assert "drawn row by row" in invoke("fit", "parts", "--target", "kind").stdout


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_predict_and_evaluate(folder, suffix):
    assert invoke(*FIT.format("parts").split(), "--model", "m.softgrad").exit_code == 0
    for source, more in (("table.parquet", []), ("parts", ["--memory-limit", "1MB"])):
        output = f"{'streamed' if more else 'plain'}.{suffix}"
        done = invoke("predict", "m.softgrad", source, "--proba", "-o", output, *more)
        assert done.exit_code == 0, done.output
    read = pq.read_table if suffix == "parquet" else __import__("pyarrow.csv").csv.read_csv
    plain, streamed = read(f"plain.{suffix}"), read(f"streamed.{suffix}")
    assert streamed.schema.equals(plain.schema)
    assert streamed.column("prediction").to_pylist() == plain.column("prediction").to_pylist()
    for name in plain.column_names[1:]:
        np.testing.assert_allclose(streamed.column(name), plain.column(name), rtol=1e-12)
    plain, streamed = report("evaluate m.softgrad table.parquet"), report("evaluate m.softgrad parts")
    assert streamed["scores"]["confusion"] == plain["scores"]["confusion"]
    assert streamed["scores"]["log_loss"] == pytest.approx(plain["scores"]["log_loss"], rel=1e-12)


def test_to_standard_output_with_one_header(folder):
    assert invoke(*FIT.format("parts").split(), "--model", "m.softgrad").exit_code == 0
    lines = invoke("predict", "m.softgrad", "parts").stdout.splitlines()
    assert lines[0] == "prediction"
    assert len(lines) == 3001
    assert lines.count("prediction") == 1


def test_an_unknown_category_far_down(folder):
    assert invoke(*FIT.format("parts").split(), "--model", "m.softgrad").exit_code == 0
    table = tables.mixed()
    colours = table.column("colour").to_pylist()
    colours[2500] = "mauve"
    pq.write_table(table.set_column(3, "colour", [colours]), folder / "parts" / "part-9.parquet")
    result = invoke("predict", "m.softgrad", "parts", "-o", "p.parquet")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "softgrad: row 2501 of the column 'colour' holds 'mauve', a category that"
    )
    assert not (folder / "p.parquet").exists()
    assert not list(folder.glob(".p.parquet*"))


def test_what_would_not_fit_is_streamed(folder, monkeypatch):
    assert not streams.would_stream("table.parquet", None)
    assert streams.would_stream("parts", None)
    assert not streams.would_stream("-", 10**6)
    need = int(streams._AT_WORK * 3000 * 7 * 8)
    assert streams.would_stream("table.parquet", need - 1)
    assert not streams.would_stream("table.parquet", need)
    monkeypatch.setattr(streams, "available_memory", lambda: 2 * need - 10)
    assert streams.would_stream("table.parquet", None)


def test_killed_and_resumed(folder):
    """kill -9 while the checkpoint is there; then --resume ends with the model of an undisturbed fit."""
    command = [*FIT.format("table.parquet").split(), "--memory-limit", "1MB", "--model"]
    assert invoke(*command, "whole.softgrad", "--checkpoint", "d").exit_code == 0
    slow = (
        "import time\nfrom softgrad.checkpointfile import CheckpointFile\nsave, saved = CheckpointFile.save, []\n"
        "def patient(self, checkpoint):\n    save(self, checkpoint)\n    saved.append(1)\n"
        "    len(saved) > 1 and time.sleep(600)\n"
        "CheckpointFile.save = patient\nfrom softgrad.cli import main\nmain()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", slow, *command, "m.softgrad", "--checkpoint", "c"])
    second = folder / "c"
    deadline, first = time.monotonic() + 300, None
    while time.monotonic() < deadline:
        if second.exists():
            first = first or second.stat().st_mtime_ns
            if second.stat().st_mtime_ns != first:
                break
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (folder / "m.softgrad").exists()
    refused = invoke(*command, "m.softgrad", "--checkpoint", "c", "--resume", "--C", "2")
    assert refused.stderr.startswith("softgrad: the checkpoint 'c' is of a fit with other parameters: ")
    resumed = invoke(*command, "m.softgrad", "--checkpoint", "c", "--resume")
    assert resumed.exit_code == 0, resumed.output
    one, other = softgrad.load("m.softgrad"), softgrad.load("whole.softgrad")
    np.testing.assert_array_equal(one.coef_, other.coef_)
    np.testing.assert_array_equal(one.intercept_, other.intercept_)
    assert one.objective_ == other.objective_
    assert not second.exists(), "a fit that has ended needs no checkpoint"
    assert os.listdir(folder).count("c.held-out") == 0


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ("--resume", 1, "--resume goes on from a checkpoint: give its file as --checkpoint"),
        ("--checkpoint c --resume", 1, "there is no checkpoint 'c': begin without --resume"),
        ("--checkpoint table.parquet", 1, "'table.parquet' is an input, which softgrad does not overwrite"),
        (
            "--memory-limit 5",
            2,
            "Invalid value for '--memory-limit': expected at least a megabyte, such as 256MB",
        ),
    ],
)
def test_options(folder, options, code, sentence):
    result = invoke("fit", "table.parquet", "--target", "kind", *options.split())
    assert result.exit_code == code or code == 2
    if code == 1:
        assert result.stderr.startswith(f"softgrad: {sentence}")


def test_the_progress_in_words():
    now = [0.0]
    speed = Speed(lambda: now[0])
    assert str(speed) == ""
    for number, rows in ((1, 500), (1, 1000), (2, 500)):
        now[0] += 1.0
        speed.read(Reading(number, rows, 1000, 2000.0))
    assert str(speed) == "pass 2 (50%)  500 rows/s  1 MB/s"
    assert time_left(30.0, 0.25) == "about 1:30 left"
    assert time_left(30.0, None) == time_left(30.0, 0.0) == ""
