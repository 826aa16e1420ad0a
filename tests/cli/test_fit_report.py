"""``softgrad fit --report``: the page of what the command did."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.cli.running import invoke

pytest.importorskip("jinja2", reason="jinja2 is not installed")

FIT = ("fit", "flowers.csv", "--target", "species")


@pytest.mark.usefixtures("in_folder")
class TestReport:
    def test_the_page_tells_what_the_command_prints(self, tmp_path: Path) -> None:
        page, model = tmp_path / "r.html", tmp_path / "m.softgrad"
        result = invoke(*FIT, "--C", "2", "--report", str(page), "--model", str(model), "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        told = json.loads(result.stdout)
        assert told["report"] == str(page)
        html = page.read_text("utf-8")
        scores = told["held_out"]["scores"]
        for key in ("accuracy", "log_loss", "brier", "macro_f1", "calibration_error"):
            assert f"{scores[key]:.3f}" in html
        assert "fitted to 120 rows" in html
        assert "of 30 held-out rows" in html
        assert "fitted again, to all 150 rows" in html
        assert (
            f"softgrad fit flowers.csv --target species --C 2.0 --test-size 0.2 --seed 0 --model {model}"
            in html
        )
        assert "narrow (" in html

    def test_the_command_on_the_page_makes_the_same_page(self, tmp_path: Path) -> None:
        first = tmp_path / "r.html"
        options = ("--exclude", "shape", "--class-weight", "balanced", "--no-intercept", "--seed", "3")
        invoke(*FIT, *options, "--report", str(first))
        html = first.read_text("utf-8")
        command = html.split("<pre><code>softgrad ")[1].split("</code>")[0].split()
        invoke(*command)
        drop = '<table class="list history">'
        assert first.read_text("utf-8").split(drop)[0] == html.split(drop)[0]

    def test_without_held_out_rows_it_says_so(self, tmp_path: Path) -> None:
        result = invoke(*FIT, "--test-size", "0", "--report", str(tmp_path / "r.html"))
        assert f"Report: {tmp_path / 'r.html'}; open it in a browser" in result.stdout
        assert "Measured on the rows that the model was fitted on" in (tmp_path / "r.html").read_text("utf-8")

    def test_gaps_and_categories_are_in_the_columns(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=80).astype(object)
        x[::8] = None
        colour = rng.choice(["red", "blue", "green"], 80)
        data = pa.table({"x": pa.array(x.tolist(), pa.float64()), "colour": colour, "y": ["u", "v"] * 40})
        pa.parquet.write_table(data, tmp_path / "gaps.parquet")
        page = tmp_path / "r.html"
        result = invoke(
            "fit", str(tmp_path / "gaps.parquet"), "--target", "y", "--impute", "--report", str(page)
        )
        assert result.exit_code == 0, result.output
        html = page.read_text("utf-8")
        assert "3 categories" in html
        assert '<td class="figure" data-title="missing">10</td>' in html
        assert "colour=" in html
        assert "Columns that others" not in html

    @pytest.mark.parametrize(
        ("path", "sentence"),
        [
            ("flowers.csv", "'flowers.csv' is an input"),
            ("folder.csv", "'folder.csv' is a folder"),
            ("nowhere/r.html", "there is no folder 'nowhere'"),
            ("m.softgrad", "--report and --model both name 'm.softgrad'"),
        ],
    )
    def test_a_path_that_cannot_be_is_refused_before_the_fit(self, path: str, sentence: str) -> None:
        result = invoke(*FIT, "--model", "m.softgrad", "--report", path)
        assert result.exit_code == 1
        assert sentence in result.stderr
        assert not Path("m.softgrad").exists()
