"""X at the estimator's door: arrays reach the rows as they are, frames keep their names, and the rest is refused."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

from softgrad import SoftmaxRegression
from softgrad.rows import wrap
from tests.unit.refusals import refused

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}


@pytest.fixture
def y():
    return np.arange(60) % 3


@pytest.fixture
def X(rng, y):
    return rng.standard_normal((60, 3)) + np.eye(3)[y]


def fit(X, y, **params):
    return SoftmaxRegression(**{"tol": 1e-12, **params}).fit(X, y)


def frame(kind, columns):
    """A frame of that library from a dict of columns."""
    return FRAMES[kind](dict(columns))


def columns(X, names="abc"):
    return {name: X[:, j] for j, name in enumerate(names)}


@pytest.fixture
def received(monkeypatch):
    """What the rows were given: the arrays of every DenseRows and SparseRows that a fit made."""
    arrays = []
    for name in ("DenseRows", "SparseRows"):
        original = getattr(wrap, name)

        def seen(array, *args, original=original):
            arrays.append(array)
            return original(array, *args)

        monkeypatch.setattr(wrap, name, seen)
    return arrays


# Arrays reach the rows as they are.


def stored(X, dtype, layout):
    if dtype is bool:
        X = X > 0
    elif np.issubdtype(dtype, np.integer):
        X = np.abs(8 * X)
    X = X.astype(dtype)
    if layout == "strided":
        wide = np.zeros((2 * X.shape[0], 2 * X.shape[1]), dtype)
        wide[::2, ::2] = X
        return wide[::2, ::2]
    if layout == "read-only":
        X.flags.writeable = False
        return X
    if layout == "reversed":
        return X[::-1].copy()[::-1]
    return np.asarray(X, order=layout)


DTYPES = [np.float64, np.float32, np.uint8, np.int8, np.int64, bool]


@pytest.mark.parametrize("layout", ["C", "F", "strided", "read-only", "reversed"])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_array_is_neither_copied_nor_converted(X, y, received, dtype, layout):
    given = stored(X, dtype, layout)
    model = fit(given, y)
    (taken,) = received
    assert taken.dtype == dtype
    assert np.shares_memory(taken, given)
    assert taken.strides == given.strides
    plain = fit(given.astype(np.float64, order="C"), y)
    np.testing.assert_allclose(model.coef_, plain.coef_, atol=1e-10)
    np.testing.assert_allclose(model.predict_proba(given), plain.predict_proba(given), atol=1e-6)


@pytest.mark.parametrize("mode", ["r", "c"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_memory_map_stays_one(X, y, received, tmp_path, dtype, mode):
    np.save(tmp_path / "X.npy", stored(X, dtype, "C"))
    mapped = np.load(tmp_path / "X.npy", mmap_mode=mode)
    model = fit(mapped, y)
    assert np.shares_memory(received[0], mapped)
    assert received[0].dtype == dtype
    np.testing.assert_allclose(model.coef_, fit(np.array(mapped), y).coef_, atol=1e-12)
    assert model.predict(mapped).shape == (60,)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_compressed_rows_are_neither_copied_nor_converted(X, y, received, dtype, kind):
    given = kind(stored(np.where(X > 0.5, X, 0), dtype, "C"))
    fit(given, y)
    (taken,) = received
    assert taken.dtype == dtype
    for part in ("data", "indices", "indptr"):
        assert np.shares_memory(getattr(taken, part), getattr(given, part))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_typed_pandas_frame_is_not_copied(X, y, received, dtype):
    given = pd.DataFrame(X.astype(dtype), columns=list("abc"))
    fit(given, y)
    assert received[0].dtype == dtype
    assert np.shares_memory(received[0], given.to_numpy())


def test_prediction_takes_the_array_as_it_is(X, y, monkeypatch):
    model = fit(X, y)
    seen = []
    original = wrap.logits
    monkeypatch.setattr(
        "softgrad.prediction.logits", lambda array, *rest: seen.append(array) or original(array, *rest)
    )
    given = stored(X, np.float32, "F")
    model.predict_proba(given)
    assert np.shares_memory(seen[0], given)
    assert seen[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f8", object])
def test_other_numbers_are_taken_too(X, y, dtype):
    model = fit(X.astype(dtype), y)
    np.testing.assert_allclose(model.coef_, fit(X.astype(dtype).astype(np.float64), y).coef_, atol=1e-6)
    assert model.coef_.dtype == np.float64


@pytest.mark.parametrize("kind", [list, lambda X: tuple(map(tuple, X)), lambda X: X.tolist()])
def test_lists_are_arrays(X, y, kind):
    np.testing.assert_array_equal(fit(kind(X), y).coef_, fit(X, y).coef_)


# Sparse.


SPARSE = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("suffix", ["array", "matrix"])
def test_sparse_is_dense(X, y, kind, suffix):
    X = np.where(X > 0.3, X, 0)
    given = getattr(scipy.sparse, f"{kind}_{suffix}")(X)
    model, dense = fit(given, y), fit(X, y)
    np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-7)
    np.testing.assert_allclose(model.predict_proba(given), dense.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient-descent", "accelerated-gradient"])
def test_duplicate_entries_add_up(X, y, solver):
    """A CSR array may hold an entry in parts, out of order, and zeros."""
    X = np.where(X > 0.3, X, 0)
    clean = scipy.sparse.coo_array(X)
    rows, cols = np.tile(clean.row, 3), np.tile(clean.col, 3)
    data = np.concatenate([clean.data / 4, clean.data * 0, clean.data * 0.75])
    order = np.lexsort((-cols, rows))
    counts = np.bincount(rows, minlength=len(X))
    messy = scipy.sparse.csr_array(
        (data[order], cols[order], np.concatenate([[0], np.cumsum(counts)])), shape=X.shape
    )
    assert not messy.has_canonical_format
    np.testing.assert_allclose(messy.toarray(), X)
    params = {"solver": solver, "tol": 1e-10, "C": 0.1, "max_iter": 20000}
    np.testing.assert_allclose(fit(messy, y, **params).coef_, fit(X, y, **params).coef_, atol=1e-5)


def test_empty_columns_and_rows_have_no_coefficient(y):
    X = scipy.sparse.csr_array((np.ones(20), (np.arange(20), np.zeros(20, int))), shape=(60, 5))
    model = fit(X, y)
    np.testing.assert_allclose(model.coef_[:, 1:], 0, atol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sparse_with_missing_values_is_refused(X, y, value):
    X[3, 1] = value
    refused(ValueError, "NaN|infinity", fit, scipy.sparse.csr_array(X), y)


# Frames.


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_give_their_names(X, y, kind):
    model = fit(frame(kind, columns(X)), y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert model.feature_names_in_.dtype == object
    np.testing.assert_allclose(model.coef_, fit(X, y).coef_, atol=1e-10)
    for other in FRAMES:
        assert np.array_equal(model.predict(frame(other, columns(X))), fit(X, y).predict(X))


def test_record_batches_give_their_names(X, y):
    model = fit(pa.RecordBatch.from_pydict(columns(X)), y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize(
    ("names", "match"),
    [
        ("bac", "same order"),
        ("abz", "(?s)unseen.*\\bz\\b"),
        ("ab", "(?s)missing.*\\bc\\b"),
        ("abcd", "(?s)unseen.*\\bd\\b"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_other_columns_are_refused(X, y, kind, names, match, method):
    model = fit(frame(kind, columns(X)), y)
    other = frame(kind, {name: X[:, j % 3] for j, name in enumerate(names)})
    with pytest.raises(ValueError, match=match):
        getattr(model, method)(other)


def test_array_for_a_model_of_names_is_warned_of(X, y):
    model = fit(frame("pandas", columns(X)), y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        fit(X, y).predict(frame("pandas", columns(X)))


@pytest.mark.parametrize("kind", FRAMES)
def test_columns_of_several_types_become_numbers(X, y, kind):
    mixed = {"a": X[:, 0], "b": X[:, 1] > 0, "c": np.arange(60, dtype=np.int16), "d": X[:, 2] > 1}
    model = fit(frame(kind, mixed), y)
    plain = np.column_stack(list(mixed.values())).astype(np.float64)
    np.testing.assert_allclose(model.coef_, fit(plain, y).coef_, atol=1e-7)


@pytest.mark.parametrize("kind", FRAMES)
def test_single_precision_frames_stay_single(X, y, kind):
    model = fit(frame(kind, columns(X.astype(np.float32))), y)
    assert model.predict_proba(frame(kind, columns(X.astype(np.float32)))).dtype == np.float32


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("dtype", [np.uint8, bool], ids=["uint8", "bool"])
def test_narrow_frames_stay_narrow(X, y, received, kind, dtype):
    fit(frame(kind, columns(stored(X, dtype, "C"))), y)
    assert received[0].dtype == dtype


NULLABLE = [
    "Float64",
    "Float32",
    "Int64",
    "UInt8",
    "boolean",
    "double[pyarrow]",
    "int8[pyarrow]",
    "bool[pyarrow]",
]


@pytest.mark.parametrize("dtype", NULLABLE)
@pytest.mark.parametrize("mixed", [False, True])
def test_nullable_columns_are_numbers(X, y, dtype, mixed):
    values = pd.DataFrame(columns(X > 0 if "ool" in dtype else np.abs(8 * X).round()))
    table = values.astype({"b": dtype} if mixed else dtype)
    model = fit(table, y)
    np.testing.assert_allclose(model.coef_, fit(values.to_numpy().astype(np.float64), y).coef_, atol=1e-6)


@pytest.mark.parametrize("dtype", NULLABLE)
def test_missing_values_in_nullable_columns_are_named(X, y, dtype):
    table = pd.DataFrame(columns(X > 0 if "ool" in dtype else np.abs(8 * X).round())).astype(dtype)
    table.loc[[3, 4], "b"] = pd.NA
    sentence = refused(ValueError, "column 'b'", fit, table, y)
    assert "2 missing values of 60" in sentence


def missing_column(kind, value):
    column = [value] * 2 + [1.0] * 58
    if kind == "arrow":
        return pa.array(column)
    return pl.Series(column, dtype=pl.Float64) if kind == "polars" else column


@pytest.mark.parametrize("value", [None, float("nan")])
@pytest.mark.parametrize("kind", FRAMES)
def test_missing_values_are_named_by_column_and_count(X, y, kind, value):
    table = frame(kind, {**columns(X), "b": missing_column(kind, value)})
    sentence = refused(ValueError, "column 'b'", fit, table, y)
    assert "2 missing values of 60" in sentence
    model = fit(frame(kind, columns(X)), y)
    refused(ValueError, "column 'b'", model.predict, table)


@pytest.mark.parametrize("kind", FRAMES)
def test_infinite_values_are_named_by_column(X, y, kind):
    table = frame(kind, {**columns(X), "b": missing_column(kind, float("inf"))})
    refused(ValueError, "(?s)infinity.*'b'|'b'.*infinit", fit, table, y)


WRONG_COLUMNS = {
    "pandas text": lambda: pd.Series(["x", "y", "z"] * 20),
    "pandas object text": lambda: pd.Series(["x", "y", "z"] * 20, dtype=object),
    "pandas text among numbers": lambda: pd.Series(["x", 1, 2.0] * 20, dtype=object),
    "pandas categories": lambda: pd.Series(["x", "y", "z"] * 20, dtype="category"),
    "pandas whole categories": lambda: pd.Series([1, 2, 3] * 20, dtype="category"),
    "pandas dates": lambda: pd.Series(pd.date_range("2020-01-01", periods=60)),
    "pandas durations": lambda: pd.Series(pd.to_timedelta(np.arange(60), unit="s")),
    "pandas complex": lambda: pd.Series(np.ones(60) + 1j),
    "polars text": lambda: pl.Series(["x", "y", "z"] * 20),
    "polars categories": lambda: pl.Series(["x", "y", "z"] * 20, dtype=pl.Categorical),
    "polars enum": lambda: pl.Series(["x", "y", "z"] * 20, dtype=pl.Enum(["x", "y", "z"])),
    "polars dates": lambda: pl.Series([0] * 60).cast(pl.Date),
    "polars lists": lambda: pl.Series([[1, 2]] * 60),
    "polars nothing": lambda: pl.Series([None] * 60),
    "arrow text": lambda: pa.array(["x", "y", "z"] * 20),
    "arrow categories": lambda: pa.array(["x", "y", "z"] * 20).dictionary_encode(),
    "arrow dates": lambda: pa.array([0] * 60, pa.timestamp("s")),
    "arrow lists": lambda: pa.array([[1, 2]] * 60),
}


@pytest.mark.parametrize("title", WRONG_COLUMNS)
def test_columns_that_are_no_numbers_are_named(X, y, title):
    table = frame(title.split()[0], {**columns(X), "b": WRONG_COLUMNS[title]()})
    sentence = refused(ValueError, "'b'", fit, table, y)
    assert "Unknown" not in sentence


def test_repeated_column_names_are_refused(X, y):
    refused(ValueError, "'a'", fit, pd.DataFrame(X, columns=list("aab")), y)


def test_whole_column_names_are_no_feature_names(X, y):
    model = fit(pd.DataFrame(X), y)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_allclose(model.coef_, fit(X, y).coef_, atol=1e-10)


def test_mixed_column_names_are_refused(X, y):
    with pytest.raises(TypeError, match="column"):
        fit(pd.DataFrame(X, columns=["a", 1, 2]), y)


def test_index_of_a_frame_does_not_matter(X, y, rng):
    table = pd.DataFrame(X, columns=list("abc"), index=rng.permutation(60))
    labels = pd.Series(y, index=rng.permutation(60))
    np.testing.assert_allclose(fit(table, labels).coef_, fit(X, y).coef_, atol=1e-10)


def test_lazy_frames_are_refused(X, y):
    refused(ValueError, "collect|LazyFrame", fit, pl.LazyFrame(columns(X)), y)


# What is no table of finite numbers.


def spoiled(X, value):
    X = X.copy()
    X[3, 1] = value
    return X


WRONG = {
    "NaN": (lambda X: spoiled(X, np.nan), "NaN"),
    "infinity": (lambda X: spoiled(X, np.inf), "infinity"),
    "minus infinity": (lambda X: spoiled(X, -np.inf), "infinity"),
    "float32 infinity": (lambda X: spoiled(X.astype(np.float32), np.inf), "infinity"),
    "no rows": (lambda X: X[:0], r"0 sample|\(0, 3\)"),
    "no features": (lambda X: X[:, :0], r"0 feature|\(60, 0\)"),
    "sparse without rows": (lambda X: scipy.sparse.csr_array(X[:0]), r"0 sample|\(0, 3\)"),
    "empty list": (lambda X: [], "2D|shape"),
    "one dimension": (lambda X: X[:, 0], "2D|1D|shape"),
    "three dimensions": (lambda X: X[None], "dim 3|shape"),
    "complex": (lambda X: X + 1j, "[Cc]omplex"),
    "sparse complex": (lambda X: scipy.sparse.csr_array(X + 1j), "[Cc]omplex"),
    "text": (lambda X: X.astype(str), "X|numeric"),
    "text as objects": (lambda X: np.full(X.shape, "a", object), "X"),
    "number and text": (lambda X: [["a", 1.0, 2.0]] * len(X), "X|numeric"),
    "ragged": (lambda X: [[1.0, 2.0], [3.0]] * (len(X) // 2), "X"),
    "dates": (lambda X: np.zeros(X.shape, "M8[D]"), "datetime64|date"),
    "durations": (lambda X: np.zeros(X.shape, "m8[s]"), "timedelta64|duration"),
    "None": (lambda X: None, "X|None"),
    "a number": (lambda X: 3.0, "X|2D"),
    "a word": (lambda X: "abc", "X|2D"),
    "a dict": (lambda X: columns(X), "X|2D"),
    "a generator": (lambda X: (row for row in X), "X|2D"),
    "pandas series": (lambda X: pd.Series(X[:, 0]), "2-dimensional|2D"),
    "polars series": (lambda X: pl.Series(X[:, 0]), "2-dimensional|2D"),
    "records": (lambda X: np.zeros(60, [("a", float), ("b", float)]), "X|2D"),
    "masked": (lambda X: np.ma.masked_greater(X, 1), "mask"),
    "too few rows": (lambda X: X[:59], "59.*60|60.*59"),
    "frame without columns": (lambda X: pd.DataFrame(index=range(60)), r"column|feature|\(60, 0\)"),
    "frame without rows": (lambda X: pd.DataFrame(columns(X))[:0], r"0 sample|\(0, 3\)"),
}


@pytest.mark.parametrize("title", WRONG)
def test_no_table_of_numbers_is_refused(X, y, title):
    make, match = WRONG[title]
    refused(ValueError, match, fit, make(X), y)


@pytest.mark.parametrize("title", ["NaN", "infinity", "no features", "complex", "text", "one dimension"])
def test_prediction_refuses_the_same(X, y, title):
    make, match = WRONG[title]
    refused(ValueError, f"{match}|1 feature", fit(X, y).predict, make(X))


def test_prediction_of_no_rows_is_refused(X, y):
    refused(ValueError, r"0 sample|\(0, 3\)", fit(X, y).predict, X[:0])


@pytest.mark.parametrize("width", [1, 2, 4])
def test_prediction_refuses_another_width(X, y, width):
    refused(ValueError, f"{width} features.*3 features", fit(X, y).predict, np.ones((5, width)))


# Extremes.


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient-descent", "accelerated-gradient"])
@pytest.mark.parametrize("scale", [1e100, 1e160, 1e300])
@pytest.mark.parametrize("everywhere", [False, True])
def test_huge_values_end_in_a_sentence(X, y, solver, scale, everywhere):
    """Squares overflow from about 1e154 on: a refusal, or a status and a warning; never a numerical error."""
    Z = X * scale if everywhere else spoiled(X, scale)
    model, refusal = SoftmaxRegression(solver=solver, max_iter=20), None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(Z, y)
        except ValueError as error:
            refusal = str(error)
    assert [str(each.message) for each in caught if each.category is RuntimeWarning] == []
    if refusal is not None:
        assert re.search(r"\bX\b", refusal)
        return
    assert model.status_ == "converged" or len(caught) == 1
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.objective_)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-20])
def test_tiny_values_give_the_class_shares(X, y, scale):
    model = fit(X * scale, y)
    assert model.status_ == "converged"
    np.testing.assert_allclose(model.predict_proba(X * scale), 1 / 3, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_of_x_is_scale_of_C(X, y, scale):
    model, scaled = fit(X, y), fit(X * scale, y, C=1 / scale**2)
    np.testing.assert_allclose(scaled.coef_ * scale, model.coef_, rtol=1e-4)


@pytest.mark.parametrize("C", [1.0, 1e-3])
def test_two_rows(C):
    model = fit([[0.0, 1.0], [1.0, 3.0]], [0, 1], C=C)
    assert model.predict([[0.0, 1.0], [1.0, 3.0]]).tolist() == [0, 1]
    np.testing.assert_allclose(model.predict_proba([[0.5, 2.0]]), 0.5, atol=1e-9)


def test_single_feature(X, y):
    model = fit(X[:, :1], y)
    assert model.coef_.shape == (3, 1)
    assert model.predict_proba(X[:, :1]).shape == (60, 3)


def test_more_features_than_rows(rng):
    X = rng.standard_normal((10, 50))
    model = fit(X, np.arange(10) % 2)
    assert model.coef_.shape == (1, 50)
    assert model.score(X, np.arange(10) % 2) == 1


def test_all_zeros(y):
    assert (fit(np.zeros((60, 3)), y).coef_ == 0).all()
    assert (fit(np.zeros((60, 3)), y, fit_intercept=False).coef_ == 0).all()


def test_whole_numbers_that_do_not_fit_a_double(y):
    model = fit(np.full((60, 2), 2**63, dtype=np.uint64), y)
    np.testing.assert_allclose(model.predict_proba(np.full((1, 2), 2**63, dtype=np.uint64)), 1 / 3, atol=1e-9)
