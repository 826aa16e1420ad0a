"""The same data streamed and in memory: the same columns, the same objective, the same probabilities."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import softgrad
from softgrad import SoftmaxRegression, open_rows
from softgrad.streaming import csv_file
from softgrad.streaming.opening import table_rows
from softgrad.table.formats import source_of
from softgrad.table.read import read_table
from tests.stream import tables

ONE_MB = 10**6
every_format = pytest.mark.parametrize("write", tables.FORMATS, ids=lambda write: write.__name__)


def opened(path, *, impute=False, limit=ONE_MB, cache=None):
    asked = {"target": "kind", "exclude": ("weight",), "impute": impute}
    return table_rows(str(path), lambda _: asked, limit, cache)


def assert_same_fit(rows, X, y, **parameters):
    """At tol=1e-12: objective to 1e-12, probabilities to 1e-8."""
    parameters = {"tol": 1e-12, **parameters}
    streamed = SoftmaxRegression(**parameters).fit(rows)
    plain = SoftmaxRegression(**parameters).fit(X, y)
    assert streamed.status_ == plain.status_ == "converged"
    assert abs(streamed.objective_ / plain.objective_ - 1) <= 1e-12
    np.testing.assert_allclose(streamed.predict_proba(rows), plain.predict_proba(X), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(streamed.classes_, plain.classes_)
    assert streamed.n_features_in_ == X.shape[1]
    return streamed


@every_format
def test_every_format(tmp_path, write):
    table = tables.mixed()
    columns, X, y = tables.in_memory(table)
    rows = opened(write(table, tmp_path))
    assert rows.columns == columns
    assert (rows.n_rows, rows.n_features, rows.n_classes) == (*X.shape, 3)
    assert_same_fit(rows, X, y)


@pytest.mark.parametrize("write", [tables.parquet, tables.text], ids=lambda write: write.__name__)
def test_missing_values_filled_in(tmp_path, write):
    table = tables.with_gaps(tables.mixed())
    columns, X, y = tables.in_memory(table, impute=True)
    rows = opened(write(table, tmp_path), impute=True)
    assert rows.columns == columns
    assert rows.opened.census.missing == tuple(table.column(name).null_count for name in columns.names)
    assert_same_fit(rows, X, y)


@every_format
def test_from_the_compact_copy(tmp_path, write):
    table = tables.mixed()
    columns, X, y = tables.in_memory(table)
    rows = opened(write(table, tmp_path), cache=tmp_path / "copy")
    assert rows.columns == columns
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks_of_features())), X)
    assert_same_fit(rows, X, y)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.arange(12) % 7, np.uint8),
        (np.arange(12) - 3, np.float32),
        (np.arange(12) / 4, np.float32),
        (np.arange(12) / 10, np.float64),
        (np.arange(12) + 2**24, np.float64),
    ],
)
def test_the_copy_is_as_narrow_as_it_can_be_and_exact(tmp_path, values, dtype):
    table = pa.table({"x": values, "kind": ["a", "b"] * 6})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    rows = open_rows(tmp_path / "t.parquet", target="kind", cache_dir=tmp_path / "copy")
    (block,) = rows.blocks_of_features()
    assert block.dtype == dtype
    np.testing.assert_array_equal(block[:, 0].astype(np.float64), values)


@pytest.mark.parametrize("kind", ["array", "F-ordered", "memmap", "npy"])
def test_arrays(tmp_path, kind):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5000, 6)).astype(np.float32), rng.choice(["u", "v", "w"], 5000)
    X[:, 0] += y == "v"
    weights = rng.random(5000)
    np.save(tmp_path / "X.npy", X)
    sources = {
        "array": X,
        "F-ordered": np.asfortranarray(X),
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "npy": tmp_path / "X.npy",
    }
    rows = open_rows(sources[kind], target=y, sample_weight=weights, memory_limit="1MB")
    assert rows.feature_names is None
    streamed = SoftmaxRegression(tol=1e-12).fit(rows)
    plain = SoftmaxRegression(tol=1e-12).fit(X, y, weights)
    assert abs(streamed.objective_ / plain.objective_ - 1) <= 1e-12
    wide = X.astype(np.float64)
    np.testing.assert_allclose(streamed.predict_proba(wide), plain.predict_proba(wide), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("n_classes", "n_features", "limit", "where"),
    [(3, 4, 10**8, "kept"), (3, 4, ONE_MB, "spilled"), (7, 4, ONE_MB, "recomputed")],
)
@pytest.mark.parametrize("solver", ["newton", "newton-pcg"])
def test_wherever_the_logits_are(n_classes, n_features, limit, where, solver):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12_000, n_features)) * [1, 3, 0.5, 2] + [0, 100, 0, 5]
    y = (X[:, [0]] * rng.normal(size=n_classes) + rng.gumbel(size=(12_000, n_classes))).argmax(axis=1)
    rows = open_rows(X, target=y, memory_limit=limit)
    assert rows.logits_are == where
    assert_same_fit(rows, X, y, solver=solver, tol=1e-14)  # 1e-12 allows 5e-8 of probability here


@pytest.mark.parametrize("kind", ["table", "array"])
def test_columns_that_are_constant_and_far_out(tmp_path, kind):
    table = tables.mixed().append_column("year", pa.array(np.full(tables.N_ROWS, 2e9)))
    columns, X, y = tables.in_memory(table)
    rows = open_rows(X, target=y) if kind == "array" else opened(tables.parquet(table, tmp_path))
    streamed = assert_same_fit(rows, X, y)
    assert (streamed.coef_[:, columns.encoded_names.index("year")] == 0).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"class_weight": "balanced"},
        {"class_weight": {"a": 3.0, "c": 0.5}},
        {"classes": ["c", "z", "a", "b"]},
        {"fit_intercept": False},
        {"C": 0.01},
        {"C": np.inf, "tol": 1e-10},
    ],
    ids=str,
)
def test_parameters_and_weights(tmp_path, parameters):
    table = tables.mixed()
    _, X, y = tables.in_memory(table)
    parameters = {"tol": 1e-12, **parameters}
    weights = table.column("weight").to_numpy()
    path = tables.parquet(table, tmp_path)
    rows = open_rows(path, target="kind", sample_weight="weight", memory_limit=ONE_MB)
    streamed = SoftmaxRegression(**parameters).fit(rows)
    plain = SoftmaxRegression(**parameters).fit(X, y, weights)
    assert abs(streamed.objective_ / plain.objective_ - 1) <= 1e-12
    np.testing.assert_allclose(streamed.predict_proba(rows), plain.predict_proba(X), rtol=0, atol=1e-8)
    assert streamed.classes_.tolist() == plain.classes_.tolist()
    assert list(streamed.feature_names_in_) == list(rows.feature_names)


def test_the_functional_face(tmp_path):
    table = tables.mixed()
    _, X, y = tables.in_memory(table)
    codes = np.unique(y, return_inverse=True)[1]
    rows = opened(tables.parquet(table, tmp_path))
    streamed = softgrad.fit(rows, None, alpha=1e-3, tol=1e-12)
    plain = softgrad.fit(X, codes, alpha=1e-3, tol=1e-12)
    assert abs(streamed.objective / plain.objective - 1) <= 1e-12
    coef, intercept = np.random.default_rng(0).normal(size=(3, X.shape[1])) * 1e-4, np.array([0.1, 0, -0.1])
    ours = softgrad.loss_and_gradient(coef, intercept, rows)
    theirs = softgrad.loss_and_gradient(coef, intercept, X, codes)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(other).max())


def test_files_that_disagree_on_the_width_of_numbers(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    labels = ["a", "b"] * 5
    pa.parquet.write_table(
        pa.table({"x": np.arange(10, dtype=np.int32), "kind": labels}), folder / "1.parquet"
    )
    pa.parquet.write_table(pa.table({"x": np.arange(10) / 8, "kind": labels}), folder / "2.parquet")
    rows = open_rows(folder, target="kind")
    (block,) = rows.blocks_of_features()
    np.testing.assert_array_equal(block[:, 0], [*range(10), *(np.arange(10) / 8)])


def test_a_csv_column_is_what_all_of_its_values_are(tmp_path, monkeypatch):
    """Arrow's reader takes the first block's word for it; each of these columns turns out otherwise further down."""
    monkeypatch.setattr(csv_file, "BLOCK", 200)
    path = tmp_path / "t.csv"
    tail = ["0.5,1,word,true,y,a", ",0,x,false,,b", "7,0,1,true,n,a"]
    path.write_text("\n".join(["number,flag,text,bool,late,kind", *(["1,1,2,true,,a"] * 60), *tail]) + "\n")
    table = read_table(str(path))
    dataset = csv_file.CsvFile(source_of(str(path)))
    assert dataset.schema.types == table.schema.types
    read = pa.concat_tables(list(dataset.batches(table.column_names, 7)))
    assert read.combine_chunks().equals(table.combine_chunks())


def test_medians_are_exact(tmp_path, rng):
    columns = {
        "even": rng.normal(size=1000),
        "negative": -np.exp(rng.normal(size=1000) * 50),
        "equal": np.full(1000, -0.0),
        "whole": rng.integers(-5, 5, 1000),
        "gaps": pa.array(rng.normal(size=1000), mask=rng.random(1000) < 0.301),
    }
    table = pa.table({**columns, "kind": ["a", "b"] * 500, "weight": np.ones(1000)})
    assert (
        opened(tables.parquet(table, tmp_path), impute=True).columns
        == tables.in_memory(table, impute=True)[0]
    )
