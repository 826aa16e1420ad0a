"""Models of data tables as ONNX: one input for each column, encoded in the graph as the model's own door does it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import softgrad
from softgrad import SoftmaxRegression, modelfile
from softgrad.onnxfile import save_onnx
from softgrad.table import Boolean, Category, Columns, Numeric, Target
from tests.cli.running import invoke
from tests.export.running import Refused, session, tensors

HOSTILE = [
    "label",
    "probabilities",
    "X",
    "Cast",
    "constant",
    "MatMul_",
    "a b\n\"c'",
    "<b>é€😀</b>",
    "=1+1",
    "{x}/../y",
]


def table(rng, n=120):
    """Numbers, whole numbers, booleans and text, with labels that depend on them."""
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n) * 5 + 20,
            "count": rng.integers(0, 9, n),
            "old": rng.random(n) < 0.4,
            "colour": rng.choice(["red", "green", "blue", 'b,"l\nk'], n),
            "place": rng.choice(["north", "south"], n),
        }
    )
    logits = np.column_stack(
        [frame["size"] / 5, frame["count"] - 4, 3 * frame["old"] + 4 * (frame["colour"] == "red")]
    )
    return frame.assign(
        kind=np.array(["u", "v", "w"])[(logits + rng.gumbel(size=logits.shape)).argmax(axis=1)]
    )


def exported(folder, frame, *options):
    """A model fitted on the frame and exported, from the command line; the folder has model.softgrad and .onnx."""
    frame.to_parquet(folder / "data.parquet")
    fit = ["fit", str(folder / "data.parquet"), "--target", "kind", "--test-size", "0", *options]
    for command in (
        [*fit, "--model", str(folder / "model.softgrad")],
        ["export", str(folder / "model.softgrad"), str(folder / "model.onnx")],
    ):
        result = invoke(*command)
        assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return session(folder / "model.onnx")


def predicted(folder, frame):
    """Label and probabilities of the frame's rows by softgrad predict."""
    frame.to_parquet(folder / "new.parquet")
    files = [str(folder / name) for name in ("model.softgrad", "new.parquet", "out.parquet")]
    result = invoke("predict", *files[:2], "--proba", "-o", files[2])
    assert result.exit_code == 0, result.stderr
    found = pd.read_parquet(files[2])
    return found["prediction"].to_numpy(), found.iloc[:, 1:].to_numpy()


def test_every_kind_of_column(rng, tmp_path):
    frame = table(rng)
    running = exported(tmp_path, frame)
    assert {item.name: (item.type, item.shape) for item in running.get_inputs()} == {
        "size": ("tensor(double)", ["n", 1]),
        "count": ("tensor(double)", ["n", 1]),
        "old": ("tensor(bool)", ["n", 1]),
        "colour": ("tensor(string)", ["n", 1]),
        "place": ("tensor(string)", ["n", 1]),
    }
    new = table(rng).drop(columns="kind")
    label, proba = running.run(["label", "probabilities"], tensors(running, new))
    expected_label, expected = predicted(tmp_path, new)
    assert_allclose(proba, expected, rtol=0, atol=1e-14)
    assert_array_equal(label, expected_label)
    schema = json.loads(running.get_modelmeta().custom_metadata_map["columns"])
    assert schema == modelfile.load_with_columns(tmp_path / "model.softgrad")[1].to_dict()


def test_missing_values_are_filled_in_as_the_model_does(rng, tmp_path):
    running = exported(tmp_path, table(rng), "--impute")
    new = table(rng).drop(columns="kind").astype({"size": "Float64", "count": "Int64", "old": "boolean"})
    for column in new.columns:
        new.loc[rng.random(len(new)) < 0.3, column] = None
    expected_label, expected = predicted(tmp_path, new)
    feed = new.assign(
        **{
            name: new[name].astype("Float64").to_numpy(float, na_value=np.nan)
            for name in ("size", "count", "old")
        },
        **{name: new[name].fillna("") for name in ("colour", "place")},
    )
    label, proba = running.run(None, tensors(running, feed))
    assert_allclose(proba, expected, rtol=0, atol=1e-14)
    assert_array_equal(label, expected_label)


@pytest.mark.parametrize("options", [(), ("--impute",)])
def test_an_unknown_category_is_refused_by_name(rng, options, tmp_path):
    running = exported(tmp_path, table(rng), *options)
    new = tensors(running, table(rng))
    new["colour"][7] = "purple"
    with pytest.raises(
        Refused, match="the column 'colour' holds a category that the model was not fitted with"
    ):
        running.run(None, new)


@pytest.mark.parametrize(
    ("column", "gap", "match"),
    [
        ("size", np.nan, "a value is missing or infinite"),
        ("colour", "", "the column 'colour' holds a category"),
    ],
)
def test_a_missing_value_without_filling_value_is_refused(rng, column, gap, match, tmp_path):
    running = exported(tmp_path, table(rng))
    new = tensors(running, table(rng))
    new[column][3] = gap
    with pytest.raises(Refused, match=match):
        running.run(None, new)


def test_numbers_with_filling_values_are_one_matrix(rng, tmp_path):
    frame = table(rng)[["size", "count", "kind"]]
    running = exported(tmp_path, frame, "--impute")
    new = frame[["size", "count"]].astype(float)
    new.loc[::3, "size"] = np.nan
    new.loc[::4, "count"] = np.nan
    label, proba = running.run(None, {"X": new.to_numpy()})
    expected_label, expected = predicted(tmp_path, new)
    assert_allclose(proba, expected, rtol=0, atol=1e-14)
    assert_array_equal(label, expected_label)


def test_hostile_names(rng, tmp_path):
    """Columns, categories and labels are data, whatever they look like; the outputs give way to columns."""
    frame = pd.DataFrame({name: rng.normal(size=60) for name in HOSTILE})
    frame[HOSTILE[0]] = rng.choice(HOSTILE, 60)
    frame["kind"] = rng.choice(HOSTILE[:3], 60)
    running = exported(tmp_path, frame)
    assert [item.name for item in running.get_inputs()] == HOSTILE
    assert [item.name for item in running.get_outputs()] == ["label_", "probabilities_"]
    label, proba = running.run(None, tensors(running, frame))
    expected_label, expected = predicted(tmp_path, frame)
    assert_allclose(proba, expected, rtol=0, atol=1e-14)
    assert_array_equal(label, expected_label)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@st.composite
def schemas(draw):
    columns = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True)):
        levels = st.lists(NAMES, min_size=1, max_size=4, unique=True).map(tuple)
        kinds = (
            st.just(Numeric(name)),
            st.just(Boolean(name)),
            levels.map(lambda found, name=name: Category(name, found)),
        )
        columns.append(draw(st.one_of(*kinds)))
    return Columns(Target("kind", "integer"), tuple(columns))


@settings(max_examples=40)
@given(schema=schemas(), n_classes=st.integers(2, 5), number=st.integers(0, 2**32 - 1))
def test_any_schema_gives_the_logits_of_its_encoded_columns(schema, n_classes, number, tmp_path_factory):
    rng = np.random.default_rng(number)
    width, n = len(schema.encoded_names), 7
    estimator = SoftmaxRegression().fit(rng.normal(size=(50, width)), np.arange(50) % n_classes)
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    save_onnx(path, estimator, schema)
    feed, encoded = {}, []
    for column in schema.features:
        values = rng.integers(0, len(column.encoded_names) if isinstance(column, Category) else 2, (n, 1))
        if isinstance(column, Category):
            feed[column.name] = np.array(column.levels, dtype=object)[values]
            encoded.append(np.eye(len(column.levels))[values[:, 0]])
        else:
            feed[column.name] = values.astype(bool if isinstance(column, Boolean) else float)
            encoded.append(values.astype(float))
    X = np.hstack(encoded)
    label, proba = session(path).run(None, {"X": X} if schema.all_numbers else feed)
    assert_allclose(proba, estimator.predict_proba(X), rtol=0, atol=1e-14)
    assert_array_equal(label, estimator.predict(X))


def test_the_python_method_takes_encoded_columns(rng, tmp_path):
    """A loaded estimator knows the matrix only; the command line has the table's columns."""
    exported(tmp_path, table(rng))
    estimator = softgrad.load(tmp_path / "model.softgrad")
    estimator.to_onnx(tmp_path / "matrix.onnx")
    assert session(tmp_path / "matrix.onnx").get_inputs()[0].shape == ["n", estimator.n_features_in_]
