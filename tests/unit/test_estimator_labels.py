"""Labels of every kind, soft labels, declared classes and their absence; and the labels that are refused."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from sklearn.exceptions import DataConversionWarning

from softgrad import SoftmaxRegression
from tests.unit.refusals import refused

NAMES = np.array(["bee", "ant", "cat"])
TODAY = dt.date(2020, 1, 1)


@pytest.fixture
def codes():
    return np.arange(60) % 3


@pytest.fixture
def X(rng, codes):
    return rng.standard_normal((60, 3)) + np.eye(3)[codes]


@pytest.fixture
def proba(rng):
    """Soft labels of three classes."""
    return rng.dirichlet([0.5, 1.0, 2.0], 60)


def fit(X, y, sample_weight=None, **params):
    return SoftmaxRegression(**{"tol": 1e-13, **params}).fit(X, y, sample_weight)


# Kinds of labels: `classes_` and predictions are the user's.


KINDS = {
    "int64": (lambda codes: codes - 1, [-1, 0, 1]),
    "int8": (lambda codes: codes.astype(np.int8), [0, 1, 2]),
    "uint64": (lambda codes: codes.astype(np.uint64) + 2**63, [2**63, 2**63 + 1, 2**63 + 2]),
    "whole floats": (lambda codes: codes * -2.0, [-4.0, -2.0, 0.0]),
    "bool": (lambda codes: codes > 0, [False, True]),
    "text": (lambda codes: NAMES[codes], ["ant", "bee", "cat"]),
    "text with an empty word": (lambda codes: np.array(["", "b", "c"])[codes], ["", "b", "c"]),
    "object text": (lambda codes: NAMES.astype(object)[codes], ["ant", "bee", "cat"]),
    "object ints": (lambda codes: codes.astype(object), [0, 1, 2]),
    "object bools": (lambda codes: (codes > 0).astype(object), [False, True]),
    "list of text": (lambda codes: NAMES[codes].tolist(), ["ant", "bee", "cat"]),
    "list of bools": (lambda codes: (codes > 0).tolist(), [False, True]),
    "tuple": (lambda codes: tuple(codes.tolist()), [0, 1, 2]),
    "pandas ints": (lambda codes: pd.Series(codes), [0, 1, 2]),
    "pandas Int64": (lambda codes: pd.Series(codes, dtype="Int64"), [0, 1, 2]),
    "pandas boolean": (lambda codes: pd.Series(codes > 0, dtype="boolean"), [False, True]),
    "pandas object": (lambda codes: pd.Series(NAMES[codes], dtype=object), ["ant", "bee", "cat"]),
    "pandas string": (lambda codes: pd.Series(NAMES[codes], dtype="string"), ["ant", "bee", "cat"]),
    "pandas arrow string": (
        lambda codes: pd.Series(NAMES[codes], dtype="string[pyarrow]"),
        ["ant", "bee", "cat"],
    ),
    "pandas category": (lambda codes: pd.Series(NAMES[codes], dtype="category"), ["ant", "bee", "cat"]),
    "pandas category with one unused": (
        lambda codes: pd.Series(pd.Categorical(NAMES[codes], ["dog", *NAMES])),
        ["ant", "bee", "cat"],
    ),
    "pandas Categorical": (lambda codes: pd.Categorical(NAMES[codes]), ["ant", "bee", "cat"]),
    "pandas Index": (lambda codes: pd.Index(NAMES[codes]), ["ant", "bee", "cat"]),
    "polars ints": (lambda codes: pl.Series(codes), [0, 1, 2]),
    "polars text": (lambda codes: pl.Series(NAMES[codes]), ["ant", "bee", "cat"]),
    "polars bool": (lambda codes: pl.Series(codes > 0), [False, True]),
    "polars category": (lambda codes: pl.Series(NAMES[codes], dtype=pl.Categorical), ["ant", "bee", "cat"]),
    "polars enum": (lambda codes: pl.Series(NAMES[codes], dtype=pl.Enum(NAMES)), ["ant", "bee", "cat"]),
    "arrow ints": (lambda codes: pa.array(codes), [0, 1, 2]),
    "arrow text": (lambda codes: pa.array(NAMES[codes]), ["ant", "bee", "cat"]),
    "arrow chunks": (
        lambda codes: pa.chunked_array([NAMES[codes[:9]], NAMES[codes[9:]]]),
        ["ant", "bee", "cat"],
    ),
    "arrow dictionary": (lambda codes: pa.array(NAMES[codes]).dictionary_encode(), ["ant", "bee", "cat"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_any_kind(X, codes, kind):
    make, classes = KINDS[kind]
    labels = make(codes)
    model = fit(X, labels)
    assert model.classes_.tolist() == classes
    plain = [value.as_py() if isinstance(value, pa.Scalar) else value for value in labels]
    order = np.array([classes.index(label) for label in plain])
    expected = fit(X, order)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    assert model.predict(X).tolist() == [classes[place] for place in expected.predict(X)]
    assert model.score(X, labels) == expected.score(X, order)


@pytest.mark.parametrize("kind", ["int8", "uint64", "bool", "text", "whole floats"])
def test_predictions_have_the_labels_type(X, codes, kind):
    labels = KINDS[kind][0](codes)
    assert fit(X, labels).predict(X).dtype == labels.dtype


def test_long_names_are_not_cut(X, codes):
    names = np.array(["a", "b" * 50, "c"])
    assert set(fit(X, names[codes]).predict(X)) == set(names)
    declared = fit(X, np.where(codes > 0, "a", "c"), classes=names[::-1])
    assert declared.classes_.tolist() == ["c", "b" * 50, "a"]


def test_column_of_labels_is_taken_with_a_warning(X, codes):
    for column in (codes[:, None], pd.DataFrame({"t": codes}), [[code] for code in codes.tolist()]):
        with pytest.warns(DataConversionWarning):
            model = fit(X, column)
        np.testing.assert_array_equal(model.coef_, fit(X, codes).coef_)


def test_soft_float_one_hot_is_hard(X, codes):
    soft, hard = fit(X, np.eye(3)[codes]), fit(X, codes)
    np.testing.assert_allclose(soft.coef_, hard.coef_, atol=1e-9)


# Soft labels.


def repeated(X, proba):
    """Each row once a class, weighted by the class's share."""
    n, n_classes = proba.shape
    return np.repeat(X, n_classes, axis=0), np.tile(np.arange(n_classes), n), proba.ravel()


def test_soft_labels_are_weighted_hard_ones(X, proba):
    soft, hard = fit(X, proba), fit(*repeated(X, proba))
    np.testing.assert_allclose(soft.coef_, hard.coef_, atol=1e-6)
    np.testing.assert_allclose(soft.intercept_, hard.intercept_, atol=1e-6)
    assert soft.objective_ == pytest.approx(hard.objective_, rel=1e-10)
    assert soft.classes_.tolist() == [0, 1, 2]


def test_soft_labels_take_sample_weights(X, proba, rng):
    weights = rng.uniform(0, 2, 60)
    Z, y, shares = repeated(X, proba)
    soft, hard = fit(X, proba, weights), fit(Z, y, shares * np.repeat(weights, 3))
    np.testing.assert_allclose(soft.coef_, hard.coef_, atol=1e-6)


def test_soft_labels_of_two_classes_have_one_row(X, rng):
    share = rng.uniform(0, 1, 60)
    proba = np.column_stack([1 - share, share])
    model = fit(X, proba)
    assert model.coef_.shape == (1, 3)
    np.testing.assert_allclose(model.coef_, fit(*repeated(X, proba)).coef_, atol=1e-6)


def test_soft_labels_get_the_declared_names(X, proba):
    model = fit(X, proba, classes=["low", "mid", "high"])
    assert model.classes_.tolist() == ["low", "mid", "high"]
    assert set(model.predict(X)) <= {"low", "mid", "high"}
    np.testing.assert_array_equal(model.coef_, fit(X, proba).coef_)


@pytest.mark.parametrize(
    "kind",
    [
        lambda proba: proba.tolist(),
        pd.DataFrame,
        lambda proba: pl.DataFrame(proba),
        lambda proba: pa.table({f"c{k}": proba[:, k] for k in range(3)}),
        np.asfortranarray,
    ],
)
def test_soft_labels_of_any_kind(X, proba, kind):
    np.testing.assert_allclose(fit(X, kind(proba)).coef_, fit(X, proba).coef_, atol=1e-9)


def test_single_precision_soft_labels(X, proba):
    np.testing.assert_allclose(fit(X, proba.astype(np.float32)).coef_, fit(X, proba).coef_, atol=1e-4)


def test_soft_class_without_share_is_absent(X, proba):
    proba = np.insert(proba, 1, 0, axis=1)
    model, without = fit(X, proba), fit(X, np.delete(proba, 1, axis=1))
    assert np.isneginf(model.intercept_).tolist() == [False, True, False, False]
    np.testing.assert_allclose(np.delete(model.coef_, 1, axis=0), without.coef_, atol=1e-9)


def test_model_learns_its_own_probabilities(X, proba):
    """With C = inf the maximum likelihood of a model's own probabilities is that model."""
    teacher = fit(X, proba)
    student = fit(X, teacher.predict_proba(X), C=np.inf)
    np.testing.assert_allclose(student.predict_proba(X), teacher.predict_proba(X), atol=1e-6)


WRONG_SOFT = {
    "counts": (lambda proba: np.round(proba * 10), r"row 0 .*counts belong into sample_weight"),
    "sums of 0.9": (lambda proba: 0.9 * proba, r"row 0 .*sums to 0\.9"),
    "slightly off": (lambda proba: proba + 1e-7, "row 0 .*sum"),
    "negative": (lambda proba: proba + np.array([-1, 1, 0]), "row 0 .*>= 0"),
    "NaN": (lambda proba: np.where(np.arange(60)[:, None] == 7, np.nan, proba), "row 7 .*nan"),
    "infinity": (lambda proba: np.where(np.arange(60)[:, None] == 7, np.inf, proba), "row 7 .*inf"),
    "too few rows": (lambda proba: proba[:59], "59.*60|60.*59"),
    "too many rows": (lambda proba: np.vstack([proba, proba]), "60.*120|120.*60"),
    "whole numbers": (
        lambda proba: np.eye(3, dtype=int)[proba.argmax(axis=1)],
        r"\(60, 3\).*int64.*soft labels",
    ),
    "booleans": (lambda proba: proba == proba.max(axis=1, keepdims=True), r"\(60, 3\).*bool.*soft labels"),
    "text": (lambda proba: NAMES[np.tile([0, 1], (60, 1))], r"\(60, 2\).*one label a row"),
    "three dimensions": (lambda proba: proba[None], "dim 3|shape"),
    "sparse": (lambda proba: scipy.sparse.csr_array(proba), "[Ss]parse"),
    "complex": (lambda proba: proba + 0j, "[Cc]omplex"),
}


@pytest.mark.parametrize("title", WRONG_SOFT)
def test_what_is_no_distribution_is_refused(X, proba, title):
    make, match = WRONG_SOFT[title]
    refused(ValueError, match, fit, X, make(proba))


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c", "d"]])
def test_soft_labels_need_as_many_names_as_columns(X, proba, names):
    refused(ValueError, f"3 columns.*{len(names)}", fit, X, proba, classes=names)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0}])
def test_soft_labels_take_no_class_weight(X, proba, class_weight):
    refused(ValueError, "class_weight.*sample_weight", fit, X, proba, class_weight=class_weight)


# Declared classes.


@pytest.mark.parametrize(
    "kind", [list, tuple, np.asarray, pd.Series, pd.Index, pl.Series, lambda c: np.array(c, object)]
)
def test_declared_classes_keep_their_order(X, codes, kind):
    model = fit(X, NAMES[codes], classes=kind(["cat", "ant", "bee"]))
    assert model.classes_.tolist() == ["cat", "ant", "bee"]
    plain = fit(X, NAMES[codes])
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X)[:, [2, 0, 1]], atol=1e-9)
    assert model.predict(X).tolist() == plain.predict(X).tolist()


def test_two_declared_classes_turn_the_sign(X, codes):
    y = codes > 0
    np.testing.assert_allclose(
        fit(X, y, classes=[True, False]).coef_, -fit(X, y, classes=[False, True]).coef_, atol=1e-9
    )


@pytest.mark.parametrize("classes", [[0, 1, 2, 3], [3, 2, 1, 0], [9, 0, 8, 1, 2]])
@pytest.mark.parametrize(
    "params", [{}, {"fit_intercept": False}, {"class_weight": "balanced"}, {"solver": "lbfgs"}]
)
def test_absent_classes_have_probability_zero_and_change_nothing(X, codes, classes, params):
    params = {"tol": 1e-10, **params}
    model, without = fit(X, codes, classes=classes, **params), fit(X, codes, **params)
    assert model.classes_.tolist() == classes
    there = np.flatnonzero(np.isin(classes, [0, 1, 2]))
    away = np.flatnonzero(~np.isin(classes, [0, 1, 2]))
    order = np.array(classes)[there]
    assert (model.coef_[away] == 0).all()
    assert np.isneginf(model.intercept_[away]).all()
    assert (model.predict_proba(X)[:, away] == 0).all()
    assert np.isneginf(model.predict_log_proba(X)[:, away]).all()
    np.testing.assert_allclose(model.coef_[there], without.coef_[order], atol=1e-6)
    np.testing.assert_allclose(
        model.predict_proba(X)[:, there], without.predict_proba(X)[:, order], atol=1e-6
    )
    assert model.objective_ == pytest.approx(without.objective_, rel=1e-9)
    assert np.array_equal(model.predict(X), without.predict(X))


def test_absent_class_leaves_two_present_ones_symmetric(X, codes):
    """Two of three declared classes are two symmetric rows: half the penalty of one row that is their difference."""
    two = codes < 2
    model, binary = fit(X[two], codes[two], classes=[0, 1, 2]), fit(X[two], codes[two], C=2.0)
    np.testing.assert_allclose(model.coef_[0], -model.coef_[1], atol=1e-12)
    np.testing.assert_allclose(model.coef_[1] - model.coef_[0], binary.coef_[0], atol=1e-6)


def test_class_of_weight_zero_is_absent(X, codes):
    two = codes < 2
    weights = two.astype(float)
    model, without = fit(X, codes, weights), fit(X[two], codes[two], classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(model.predict_proba(X), without.predict_proba(X), atol=1e-6)
    assert np.isneginf(model.intercept_[2])


def test_sparsified_absent_classes_still_have_probability_zero(X, codes):
    model = fit(X, codes, classes=[0, 1, 2, 3])
    before = model.predict_proba(X)
    assert np.array_equal(model.sparsify().predict_proba(X), before)


@pytest.mark.parametrize(("classes", "there"), [([0, 1], 0), ([0, 1, 2], 1)])
def test_one_class_with_rows_is_refused(X, classes, there):
    refused(
        ValueError, f"1 of the {len(classes)} classes|one class", fit, X, np.full(60, there), classes=classes
    )


def test_labels_equal_to_declared_ones_may_have_another_type(X, codes):
    assert fit(X, codes.astype(float), classes=[0, 1, 2]).classes_.dtype.kind == "i"
    assert fit(X, codes > 0, classes=[0, 1]).classes_.tolist() == [0, 1]


WRONG_CLASSES = {
    "one": [0],
    "none": [],
    "too few": [0, 1],
    "twice": [0, 1, 1, 2],
    "two dimensions": [[0, 1, 2]],
    "a number": 3,
    "a word": "abc",
    "a set": {0, 1, 2},
    "text for numbers": ["0", "1", "2"],
    "text among numbers": [0, 1, 2, "3"],
    "None among numbers": [0, 1, 2, None],
    "NaN": [0, 1, 2, float("nan")],
    "ragged": [0, 1, 2, [3]],
}


@pytest.mark.parametrize("title", WRONG_CLASSES)
def test_unusable_classes_are_refused(X, codes, title):
    refused(ValueError, "classes", fit, X, codes, classes=WRONG_CLASSES[title])


def test_unknown_labels_are_named(X, codes):
    sentence = refused(ValueError, "classes", fit, X, NAMES[codes], classes=["ant", "bee", "dog"])
    assert "'cat'" in sentence


# Labels that are none.


def put(codes, value, dtype=object):
    labels = codes.astype(dtype)
    labels[4] = value
    return labels


MISSING = {
    "NaN": lambda codes: put(codes, np.nan, float),
    "infinity": lambda codes: put(codes, np.inf, float),
    "None": lambda codes: put(codes, None),
    "None among text": lambda codes: put(NAMES.astype(object)[codes], None),
    "NaN among text": lambda codes: put(NAMES.astype(object)[codes], np.nan),
    "pandas NA": lambda codes: put(NAMES.astype(object)[codes], pd.NA),
    "pandas NaT": lambda codes: pd.Series(put(codes, 0, "M8[ns]")).where(np.arange(60) != 4),
    "numpy NaT": lambda codes: put(codes, "NaT", "M8[D]"),
    "pandas Int64": lambda codes: pd.Series(codes, dtype="Int64").where(np.arange(60) != 4),
    "pandas boolean": lambda codes: pd.Series(codes > 0, dtype="boolean").where(np.arange(60) != 4),
    "pandas string": lambda codes: pd.Series(NAMES[codes], dtype="string").where(np.arange(60) != 4),
    "pandas category": lambda codes: pd.Series(NAMES[codes], dtype="category").where(np.arange(60) != 4),
    "polars text": lambda codes: pl.Series(put(NAMES.astype(object)[codes], None).tolist()),
    "polars ints": lambda codes: pl.Series(put(codes, None).tolist()),
    "arrow text": lambda codes: pa.array(put(NAMES.astype(object)[codes], None).tolist()),
    "arrow ints": lambda codes: pa.array(put(codes, None).tolist()),
}


@pytest.mark.parametrize("title", MISSING)
def test_missing_labels_are_counted_and_refused(X, codes, title):
    sentence = refused(ValueError, "missing|NaN", fit, X, MISSING[title](codes))
    assert "1 of 60" in sentence


WRONG = {
    "nothing": (lambda codes: None, "y"),
    "one class": (lambda codes: codes * 0, "one class only, 0; a fit needs rows of at least two classes"),
    "one class of text": (lambda codes: NAMES[codes * 0], "one class only, 'bee'; a fit"),
    "continuous": (lambda codes: codes + 0.5, "continuous"),
    "mixed types": (lambda codes: put(codes, "x"), "types|mix"),
    "too few": (lambda codes: codes[:20], "20.*60|60.*20"),
    "too many": (lambda codes: np.append(codes, 0), "61"),
    "none at all": (lambda codes: [], "0.*60|60.*0"),
    "a number": (lambda codes: 3, "y"),
    "a word": (lambda codes: "abc", "y"),
    "a dict": (lambda codes: {0: 1}, "y"),
    "a generator": (lambda codes: (code for code in codes), "y"),
    "a set": (lambda codes: set(codes.tolist()), "y"),
    "complex": (lambda codes: codes + 1j, "[Cc]omplex"),
    "ragged": (lambda codes: [[1], [2, 3]] * 30, r"\by\b"),
    "a row": (lambda codes: codes[None], "y of shape"),
    "sparse column": (lambda codes: scipy.sparse.csr_array(codes[:, None]), "[Ss]parse"),
    "objects without order": (lambda codes: np.array([object() for _ in codes]), "label|y"),
    "lists as objects": (lambda codes: pd.Series([[1], [2]] * 30), "label|y"),
}


@pytest.mark.parametrize("title", WRONG)
def test_what_is_no_label_is_refused(X, codes, title):
    make, match = WRONG[title]
    refused(ValueError, match, fit, X, make(codes))


def test_bytes_are_refused(X, codes):
    with pytest.raises((TypeError, ValueError), match="bytes"):
        fit(X, NAMES.astype(bytes)[codes])


@pytest.mark.parametrize("labels", [[Decimal(1), Decimal(2)], [TODAY, TODAY.replace(year=2021)]])
def test_sortable_objects_are_labels(X, labels):
    y = np.array(labels * 30, object)
    assert fit(X, y).classes_.tolist() == labels
