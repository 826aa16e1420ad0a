"""What cannot be exported is refused in one sentence, and nothing is half written."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from softgrad import SoftmaxRegression, onnxfile
from softgrad.modelfile import ModelFileError, save
from softgrad.onnxfile import save_onnx
from softgrad.table import Category, Columns, Numeric, Target
from tests.cli.running import invoke
from tests.export.running import checked
from tests.unit.refusals import is_one_sentence, refused


@pytest.fixture(scope="module")
def estimator():
    X, y = load_iris(return_X_y=True)
    return SoftmaxRegression().fit(X[:, :2], y)


@pytest.fixture
def model(estimator, tmp_path, monkeypatch):
    """The folder is the working one and holds m.softgrad."""
    save(tmp_path / "m.softgrad", estimator)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*args):
    """The one sentence on standard error with which the command ends."""
    result = invoke("export", *args)
    assert result.exit_code == (2 if "--dtype" in args or len(args) < 2 else 1)
    assert result.stdout == ""
    sentence = result.stderr.removeprefix("softgrad: ").strip()
    assert is_one_sentence(sentence)
    return sentence


def columns(*features):
    return Columns(Target("kind", "integer"), features)


@pytest.mark.parametrize(
    ("schema", "match"),
    [
        (columns(Numeric(""), Category("a", ("x",))), "a column has no name"),
        (columns(Numeric("\ud800"), Category("a", ("x",))), "is no valid Unicode"),
        (columns(Numeric("b"), Category("a", ("\udfff",))), "the category .* is no valid Unicode"),
    ],
)
def test_names_that_onnx_cannot_hold(estimator, schema, match, tmp_path):
    refused(ModelFileError, match, save_onnx, tmp_path / "m.onnx", estimator, schema)
    assert list(tmp_path.iterdir()) == []


def test_labels_that_onnx_cannot_hold(tmp_path):
    X, y = load_iris(return_X_y=True)
    days = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[D]")[y]
    refused(
        ModelFileError, "the labels in classes_", SoftmaxRegression().fit(X, days).to_onnx, tmp_path / "m"
    )
    broken = SoftmaxRegression().fit(X, np.array(["a", "b", "\ud800"])[y])
    refused(ModelFileError, "the label .* is no valid Unicode", broken.to_onnx, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_that_is_not_fitted(tmp_path):
    refused(ModelFileError, "is not fitted", SoftmaxRegression().to_onnx, tmp_path / "m.onnx")


def test_another_dtype(estimator, tmp_path, model):
    refused(ValueError, "dtype='float16' was given", estimator.to_onnx, tmp_path / "m.onnx", dtype="float16")
    assert "expected float64 or float32" in said("m.softgrad", "m.onnx", "--dtype", "int8")


def test_coefficients_that_are_too_large(estimator, tmp_path, monkeypatch):
    monkeypatch.setattr(onnxfile, "_LARGEST", 40)
    refused(ModelFileError, "but an ONNX file holds 2 GB", estimator.to_onnx, tmp_path / "m.onnx")


def test_without_the_package(estimator, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    refused(ModuleNotFoundError, r"pip install 'softgrad\[onnx\]'", estimator.to_onnx, "m.onnx")
    assert r"pip install 'softgrad[onnx]'" in said("m.softgrad", "m.onnx")
    assert [path.name for path in model.iterdir()] == ["m.softgrad"]


def test_paths(model):
    (model / "notes.txt").write_text("mine")
    (model / "folder").mkdir()
    assert "exists and is not an ONNX file that softgrad wrote" in said("m.softgrad", "notes.txt")
    assert "is a folder" in said("m.softgrad", "folder")
    assert "there is no folder" in said("m.softgrad", "nowhere/m.onnx")
    assert "is an input" in said("m.softgrad", "m.softgrad")
    assert "there is no model file 'other'" in said("other", "m.onnx")
    assert "is not a softgrad model file" in said("notes.txt", "m.onnx")
    assert (model / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in model.iterdir()) == ["folder", "m.softgrad", "notes.txt"]


def test_an_earlier_export_is_replaced(model):
    for _ in range(2):
        assert invoke("export", "m.softgrad", "m.onnx").exit_code == 0
    checked("m.onnx")


def test_nothing_is_left_of_a_write_that_fails(model, estimator, monkeypatch):
    estimator.to_onnx("m.onnx")
    before = Path("m.onnx").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in said("m.softgrad", "m.onnx")
    assert Path("m.onnx").read_bytes() == before
    assert sorted(path.name for path in model.iterdir()) == ["m.onnx", "m.softgrad"]
