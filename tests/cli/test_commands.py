"""The commands on good data: what they print, what they write, and what a machine reads."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from sklearn.model_selection import train_test_split

import softgrad
from tests.cli.conftest import flowers
from tests.cli.running import invoke

FIT = ("fit", "flowers.csv", "--target", "species")


def as_json(*args: str, **options: Any) -> dict[str, Any]:
    result = invoke(*args, "--json", **options)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    report: dict[str, Any] = json.loads(result.stdout, parse_constant=refuse)
    return report


@pytest.mark.usefixtures("in_folder")
class TestFit:
    def test_prints_the_certificate_the_metrics_and_the_model(self, tmp_path: Path) -> None:
        result = invoke(*FIT, "--model", str(tmp_path / "m.softgrad"))
        assert (result.exit_code, result.stderr) == (0, "")
        text = result.stdout
        assert "150 rows, 5 columns, 6 features" in text
        assert "shape is text, one feature for each of 2 categories: narrow, wide" in text
        assert len(re.findall(r"within \d\.\de-\d+ \(relative\) of the best possible", text)) == 2
        assert "Held out: 30 rows (stratified, --seed 0)" in text
        for words in ("accuracy", "log-loss (nats)", "Brier", "Confusion matrix", "precision"):
            assert words in text
        assert f"Model, fitted again on all rows: {tmp_path / 'm.softgrad'}" in text

    def test_held_out_metrics_are_those_of_a_fit_on_the_other_rows(self) -> None:
        scores = as_json(*FIT, "--seed", "7", "--test-size", "0.3")["held_out"]["scores"]
        table = flowers()
        wide = np.array(table["shape"].to_pylist()) == "wide"
        X = np.column_stack([*(table.column(j).to_numpy() for j in range(4)), ~wide, wide])
        y = np.array(table["species"].to_pylist())
        train, test = train_test_split(np.arange(150), test_size=0.3, stratify=y, random_state=7)
        model = softgrad.SoftmaxRegression().fit(X[train], y[train])
        proba = model.predict_proba(X[test])
        assert scores["accuracy"] == accuracy_score(y[test], model.predict(X[test]))
        assert scores["log_loss"] == pytest.approx(log_loss(y[test], proba), rel=1e-12)
        assert scores["brier"] == pytest.approx(
            brier_score_loss(y[test], proba, scale_by_half=False), rel=1e-12
        )
        assert scores["baseline"]["log_loss"] == pytest.approx(math.log(3), rel=1e-12)
        assert np.sum(scores["confusion"]) == scores["rows"] == 45
        assert [item["support"] for item in scores["per_class"]] == np.sum(
            scores["confusion"], axis=1
        ).tolist()

    def test_the_saved_model_is_fitted_on_all_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "m.softgrad"
        report = as_json(*FIT, "--C", "3", "--model", str(path))
        model = softgrad.load(path)
        assert report["fit"]["rows"] == 150
        assert report["fit"]["objective"] == model.objective_ != report["held_out"]["fit"]["objective"]
        assert model.C == 3

    def test_without_a_held_out_part_it_says_so(self) -> None:
        result = invoke(*FIT, "--test-size", "0")
        assert "Held-out metrics: none" in result.stdout
        assert "The model was not saved" in result.stdout
        assert as_json(*FIT, "--test-size", "0")["held_out"] is None

    def test_an_unfinished_fit_is_told_honestly(self, recwarn: pytest.WarningsRecorder) -> None:
        result = invoke(*FIT, "--max-iter", "1")
        assert result.exit_code == 0
        assert re.search(r"stopped at gap \d\.\de[+-]\d+: ", result.stdout)
        assert "best possible" not in result.stdout
        assert result.stderr == ""
        assert not recwarn.list
        assert as_json(*FIT, "--max-iter", "1")["held_out"]["fit"]["status"] == "max_iter"

    def test_no_penalty_has_no_gap_and_still_gives_json(self) -> None:
        report = as_json(*FIT, "--C", "inf", "--test-size", "0")
        assert report["fit"]["gap"] is None
        assert report["parameters"]["C"] is None
        assert "best possible" not in report["fit"]["certificate"]

    @pytest.mark.parametrize("streamed", [False, True])
    def test_separated_classes_are_named(self, streamed: bool, tmp_path: Path) -> None:
        cache = ("--cache", str(tmp_path)) if streamed else ()
        report = as_json(*FIT, "--C", "inf", "--test-size", "0", "--exclude", "shape", *cache)
        assert report["fit"]["status"] == "no_optimum"
        assert report["fit"]["certificate"].startswith(
            "without a penalty there is no optimum: class 'setosa' is separated from 'versicolor' and 'virginica' by "
            "a combination of the features led by 'petal_length' (-), 'petal_width' (-) and 'sepal_width' (+); after "
        )

    @pytest.mark.parametrize("name", ["flowers.tsv", "flowers.parquet", "flowers.feather", "flowers.csv.gz"])
    def test_every_format_gives_the_same_fit(self, name: str) -> None:
        expected = as_json(*FIT)["held_out"]["scores"]
        assert as_json("fit", name, "--target", "species")["held_out"]["scores"] == expected

    @pytest.mark.parametrize("name", ["flowers.csv", "flowers.parquet", "flowers.feather", "flowers.csv.gz"])
    def test_standard_input_of_any_format(self, in_folder: Path, name: str) -> None:
        report = as_json("fit", "-", "--target", "species", input=(in_folder / name).read_bytes())
        assert report["held_out"]["scores"] == as_json(*FIT)["held_out"]["scores"]

    def test_standard_input_has_a_name(self, in_folder: Path) -> None:
        data = (in_folder / "flowers.csv").read_bytes()
        assert (
            "Data: standard input, 150 rows" in invoke("fit", "-", "--target", "species", input=data).stdout
        )
        shown = invoke("evaluate", "flowers.softgrad", "-", input=data).stdout
        assert "Evaluated: 150 rows of standard input, target species" in shown

    def test_features_may_be_repeated_and_excluded(self) -> None:
        some = ("--features", "petal_width, shape", "--features", "sepal_width", "--exclude", "shape")
        assert as_json(*FIT, *some)["data"]["columns"] == ["petal_width", "sepal_width"]

    def test_options_reach_the_estimator(self, tmp_path: Path) -> None:
        path = str(tmp_path / "m.softgrad")
        options = ("--no-intercept", "--class-weight", "balanced", "--solver", "lbfgs", "--tol", "1e-5")
        as_json(*FIT, "--model", path, "--max-iter", "77", *options)
        model = softgrad.load(path)
        assert not model.intercept_.any()
        assert (model.class_weight, model.solver, model.tol, model.max_iter) == (
            "balanced",
            "lbfgs",
            1e-5,
            77,
        )

    def test_more_than_twenty_classes_show_the_most_confused(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(25), 10)
        data = pa.table({"x": codes + rng.normal(size=250), "z": rng.normal(size=250), "y": codes})
        pa.parquet.write_table(data, tmp_path / "many.parquet")
        result = invoke("fit", str(tmp_path / "many.parquet"), "--target", "y")
        assert "Most confused of 25 classes" in result.stdout
        assert "Confusion matrix" not in result.stdout

    def test_imputed_values_come_from_the_training_rows_and_are_told(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=60).astype(object)
        x[::7] = None
        data = pa.table({"x": pa.array(x.tolist(), pa.float64()), "y": ["u", "v"] * 30})
        pa.parquet.write_table(data, tmp_path / "gaps.parquet")
        path = tmp_path / "m.softgrad"
        args = ("fit", str(tmp_path / "gaps.parquet"), "--target", "y", "--impute", "--model", str(path))
        told = as_json(*args)["data"]["imputed"]
        assert told == [{"column": "x", "rows": 9, "value": np.median([v for v in x if v is not None])}]
        result = invoke("predict", str(path), "-", input="x\n\n1.5\n")
        assert result.exit_code == 0

    def test_an_existing_model_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "m.softgrad"
        as_json(*FIT, "--model", str(path))
        first = path.read_bytes()
        as_json(*FIT, "--model", str(path), "--C", "2")
        assert path.read_bytes() != first
        assert list(tmp_path.iterdir()) == [path]

    def test_an_interrupt_gives_130_and_writes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("softgrad.table.atomic.os.fsync", interrupted)
        result = invoke(*FIT, "--model", str(tmp_path / "m.softgrad"))
        assert (result.exit_code, result.stderr) == (
            130,
            "softgrad: interrupted; no file is left half written\n",
        )
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_is_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("softgrad.table.atomic.os.fsync", full)
        result = invoke(*FIT, "--model", str(tmp_path / "m.softgrad"))
        assert (result.exit_code, result.stderr) == (
            1,
            "softgrad: cannot use the file: No space left on device\n",
        )
        assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("in_folder")
class TestPredict:
    def test_csv_on_standard_output_has_every_digit(self) -> None:
        result = invoke("predict", "flowers.softgrad", "flowers.csv", "--proba")
        lines = result.stdout.splitlines()
        assert lines[0] == "prediction,proba_setosa,proba_versicolor,proba_virginica"
        assert len(lines) == 151
        invoke("predict", "flowers.softgrad", "flowers.csv", "--proba", "-o", "out.parquet")
        table = pa.parquet.read_table("out.parquet")
        Path("out.parquet").unlink()
        assert table["prediction"].to_pylist() == [line.split(",")[0] for line in lines[1:]]
        assert table["proba_setosa"].to_pylist() == [float(line.split(",")[1]) for line in lines[1:]]

    def test_columns_are_found_by_name_and_others_ignored(self, tmp_path: Path) -> None:
        table = flowers().append_column("extra", [["?"] * 150])
        pa.parquet.write_table(table.select(table.column_names[::-1]), tmp_path / "turned.parquet")
        out = tmp_path / "out.csv"
        result = invoke("predict", "flowers.softgrad", str(tmp_path / "turned.parquet"), "-o", str(out))
        assert (result.exit_code, result.output) == (0, "")
        assert out.read_text() == invoke("predict", "flowers.softgrad", "flowers.csv").stdout

    def test_boolean_classes_are_written_as_csv_has_them(self, tmp_path: Path) -> None:
        (tmp_path / "d.csv").write_text("x,y\n" + "1,true\n-1,false\n" * 10)
        fitted = invoke("fit", str(tmp_path / "d.csv"), "--target", "y", "--model", str(tmp_path / "m"))
        assert fitted.exit_code == 0, fitted.output
        result = invoke("predict", str(tmp_path / "m"), "-", "--proba", input="x\n2\n-2\n")
        assert result.stdout.splitlines()[0] == "prediction,proba_false,proba_true"
        assert [line.split(",")[0] for line in result.stdout.splitlines()[1:]] == ["true", "false"]

    def test_a_model_of_arrays_takes_the_columns_in_order(self, tmp_path: Path) -> None:
        X = np.array(flowers().select([0, 1]).to_pandas())
        y = np.array(flowers()["species"].to_pylist())
        model = softgrad.SoftmaxRegression().fit(X, y)
        model.save(tmp_path / "m.softgrad")
        pa.parquet.write_table(flowers().select([0, 1]), tmp_path / "two.parquet")
        result = invoke("predict", str(tmp_path / "m.softgrad"), str(tmp_path / "two.parquet"))
        assert result.stdout.split()[1:] == model.predict(X).tolist()
        result = invoke("predict", str(tmp_path / "m.softgrad"), "flowers.csv")
        assert result.exit_code == 1
        assert "the data have 6 columns of features, but the model takes 2" in result.stderr


@pytest.mark.usefixtures("in_folder")
class TestEvaluateAndInfo:
    def test_evaluate_agrees_with_scikit_learn(self) -> None:
        scores = as_json("evaluate", "flowers.softgrad", "flowers.tsv")["scores"]
        predicted = invoke("predict", "flowers.softgrad", "flowers.csv").stdout.split()[1:]
        assert scores["accuracy"] == accuracy_score(flowers()["species"].to_pylist(), predicted)
        text = invoke("evaluate", "flowers.softgrad", "flowers.csv").stdout
        assert "Evaluated: 150 rows of flowers.csv, target species" in text

    def test_evaluate_takes_another_target(self, tmp_path: Path) -> None:
        renamed = flowers().rename_columns([*flowers().column_names[:-1], "kind"])
        pa.parquet.write_table(renamed, tmp_path / "renamed.parquet")
        path = str(tmp_path / "renamed.parquet")
        assert invoke("evaluate", "flowers.softgrad", path).stderr.startswith(
            "softgrad: the data have no target column 'species'"
        )
        scores = as_json("evaluate", "flowers.softgrad", path, "--target", "kind")["scores"]
        assert scores == as_json("evaluate", "flowers.softgrad", "flowers.csv")["scores"]

    def test_info_of_the_installation(self) -> None:
        report = as_json("info")
        assert report["softgrad"] == softgrad.__version__
        assert report["kernels"] in ("numpy", "portable", "avx2", "avx512")
        assert report["packages"]["numpy"] == np.__version__
        assert "scikit-learn" in invoke("info").stdout

    def test_info_of_a_model(self) -> None:
        report = as_json("info", "flowers.softgrad")
        assert report["classes"] == ["setosa", "versicolor", "virginica"]
        assert report["feature_names"][-2:] == ["shape=narrow", "shape=wide"]
        assert report["columns"]["target"] == {"name": "species", "kind": "text"}
        assert "within" in invoke("info", "flowers.softgrad").stdout
