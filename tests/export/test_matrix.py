"""Models of numbers as ONNX: the same labels and probabilities in onnxruntime, from one matrix."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris, load_wine

import softgrad
from softgrad import SoftmaxRegression
from softgrad.table.encode import encode
from softgrad.table.read import read_table
from tests.cli.running import invoke
from tests.export.running import Refused, checked, session

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.*[vt]"))
PROBABILITIES = {"float64": 1e-12, "float32": 1e-6}


def run(estimator, folder, X, dtype="float64"):
    """Label and probabilities of the rows, by onnxruntime."""
    estimator.to_onnx(folder / "model.onnx", dtype=dtype)
    return session(folder / "model.onnx").run(None, {"X": np.asarray(X, dtype=dtype)})


def test_there_are_example_data_sets():
    assert [path.name for path in EXAMPLES] == [
        "digits.csv",
        "digits.parquet",
        "digits_binary.csv",
        "digits_binary.parquet",
    ]


@pytest.mark.parametrize("dtype", PROBABILITIES)
@pytest.mark.parametrize("data", EXAMPLES, ids=lambda path: path.name)
def test_example_data_sets(data, dtype, tmp_path):
    """From the command line alone, against the model file's own predictions."""
    model, onnx = tmp_path / "m.softgrad", tmp_path / "m.onnx"
    assert (
        invoke("fit", str(data), "--target", "digit", "--test-size", "0", "--model", str(model)).exit_code
        == 0
    )
    result = invoke("export", str(model), str(onnx), "--dtype", dtype)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "one input X of 64 columns, 10 classes" in result.stdout
    estimator, columns = softgrad.modelfile.load_with_columns(model)
    X = encode(read_table(str(data)), columns)
    running = session(onnx)
    label, proba = running.run(["label", "probabilities"], {"X": X.astype(dtype)})
    print(f"{data.name}, {dtype}: largest difference {np.abs(proba - estimator.predict_proba(X)).max():.1e}")
    assert proba.dtype == dtype
    assert_allclose(proba, estimator.predict_proba(X), rtol=0, atol=PROBABILITIES[dtype])
    assert_array_equal(label, estimator.predict(X))
    stored = json.loads(running.get_modelmeta().custom_metadata_map["columns"])
    assert softgrad.table.Columns.from_dict(stored) == columns


def test_metadata_is_what_a_model_file_holds(tmp_path):
    estimator = SoftmaxRegression(C=np.inf, max_iter=3).set_params(classes=["setosa", "b", "c"])
    iris = load_iris(as_frame=True)
    with pytest.warns(UserWarning, match="softgrad"):
        estimator.fit(iris.data, np.array(["setosa", "b", "c"])[iris.target])
    estimator.to_onnx(tmp_path / "model.onnx")
    model = checked(tmp_path / "model.onnx")
    meta = {item.key: json.loads(item.value) for item in model.metadata_props}
    assert meta["softgrad_version"] == model.producer_version == softgrad.__version__
    assert meta["feature_names"] == list(iris.feature_names)
    assert meta["classes"]["array"] == ["setosa", "b", "c"]
    assert meta["parameters"]["C"] == {"float": "inf"}
    assert meta["fitted"]["objective_"] == estimator.objective_
    assert meta["status"]["name"] == estimator.status_
    assert meta["columns"] is None
    assert model.ir_version == 8
    assert {item.domain: item.version for item in model.opset_import} == {"": 17, "ai.onnx.ml": 3}


def test_same_model_gives_same_bytes(tmp_path):
    estimator = SoftmaxRegression().fit(*load_iris(return_X_y=True))
    for name in ("a", "b"):
        estimator.to_onnx(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert list(tmp_path.iterdir()) != []


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -7, 12]),
        np.array([3, 5, 200], dtype=np.uint8),
        np.array([-1, 0, 1], dtype=np.int32),
        np.array([1.0, 2.0, 4.0]),
        np.array([False, True]),
        np.array(["no", "yes"]),
        np.array(["b\n'\"", "ü", ""]),
        np.array(["x", "y", "z"], dtype=object),
    ],
    ids=lambda labels: f"{labels.dtype}-{len(labels)}",
)
@pytest.mark.parametrize("sparse", [False, True])
def test_labels_keep_their_type(labels, sparse, tmp_path):
    X, y = load_wine(return_X_y=True)
    X, y = X[y < len(labels)], labels[y[y < len(labels)]]
    estimator = SoftmaxRegression().fit(X, y)
    if sparse:
        estimator.sparsify()
    label, proba = run(estimator, tmp_path, X)
    expected = estimator.predict(X)
    assert_array_equal(label, expected)
    assert label.dtype == (object if expected.dtype.kind == "U" else expected.dtype)
    assert_allclose(proba, estimator.predict_proba(X), rtol=0, atol=1e-12)


def test_many_classes(rng, tmp_path):
    X = rng.normal(size=(2000, 5))
    estimator = SoftmaxRegression(C=1e-3, tol=1e-2).fit(X, np.arange(2000) % 1000)
    label, proba = run(estimator, tmp_path, X)
    assert proba.shape == (2000, 1000)
    assert_allclose(proba, estimator.predict_proba(X), rtol=0, atol=1e-13)
    assert_array_equal(label, estimator.predict(X))


def test_a_class_without_rows_has_probability_zero(rng, tmp_path):
    X, y = rng.normal(size=(40, 2)), np.array(["a", "c"])[np.arange(40) % 2]
    estimator = SoftmaxRegression(classes=["a", "b", "c"]).fit(X, y)
    assert estimator.intercept_[1] == -np.inf
    label, proba = run(estimator, tmp_path, X)
    assert (proba[:, 1] == 0).all()
    assert_allclose(proba, estimator.predict_proba(X), rtol=0, atol=1e-14)
    assert_array_equal(label, estimator.predict(X))


def test_without_intercept(rng, tmp_path):
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 3
    estimator = SoftmaxRegression(fit_intercept=False).fit(X, y)
    assert_allclose(run(estimator, tmp_path, X)[1], estimator.predict_proba(X), rtol=0, atol=1e-14)


def test_columns_far_from_zero_keep_their_digits(rng, tmp_path):
    """Seconds since 1970 that differ by minutes: float32 logits would be off by tens."""
    X = np.column_stack([1.76e9 + rng.normal(size=500) * 100, rng.normal(size=500) * 1e-3])
    y = ((X[:, 0] - 1.76e9) / 100 + 1e3 * X[:, 1] + rng.normal(size=500) > 0).astype(int) + (X[:, 1] > 0)
    estimator = SoftmaxRegression(C=np.inf).fit(X, y)
    expected = estimator.predict_proba(X)
    _, proba = run(estimator, tmp_path, X)
    print(f"largest difference {np.abs(proba - expected).max():.1e}")
    assert_allclose(proba, expected, rtol=0, atol=1e-7)
    single = (
        X.astype(np.float32) @ estimator.coef_.T.astype(np.float32) + estimator.intercept_.astype(np.float32)
    ) * 1.0
    scaled = np.exp(single - single.max(axis=1, keepdims=True))
    assert np.abs(scaled / scaled.sum(axis=1, keepdims=True) - expected).max() > 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("outputs", [None, ["probabilities"]])
def test_missing_and_infinite_values_are_refused(bad, outputs, tmp_path):
    X, y = load_iris(return_X_y=True)
    SoftmaxRegression().fit(X, y).to_onnx(tmp_path / "model.onnx")
    X[70, 2] = bad
    with pytest.raises(Refused, match="a value is missing or infinite, which the model does not take"):
        session(tmp_path / "model.onnx").run(outputs, {"X": X})
