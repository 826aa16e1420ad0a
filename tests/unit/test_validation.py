"""The estimator's door, function by function: codes, weights, and one sentence for what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight

from softgrad.labels import Labels, check_labels, check_row_weights
from softgrad.validation import check_features
from tests.unit.refusals import is_one_sentence, refused


class Model(ClassifierMixin, BaseEstimator):
    """A bare estimator for `check_features` to write on."""


@pytest.fixture
def X(rng):
    return rng.standard_normal((6, 2))


@pytest.fixture
def labels():
    return Labels(np.array(["a", "b", "c"]), np.array([0, 1, 1, 2, 2, 2]))


# Features.


def test_features_are_remembered(X):
    model = Model()
    assert check_features(model, X, reset=True) is X
    assert model.n_features_in_ == 2


@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_compressed_rows_pass(X, kind):
    given = kind(X)
    assert check_features(Model(), given, reset=True).data is given.data


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_frames_become_arrays(X, kind):
    model = Model()
    values = check_features(model, kind({"a": X[:, 0], "b": X[:, 1]}), reset=True)
    assert isinstance(values, np.ndarray)
    np.testing.assert_array_equal(values, X)
    assert model.feature_names_in_.tolist() == ["a", "b"]


def test_names_of_features_are_compared(X):
    model = Model()
    check_features(model, pd.DataFrame(X, columns=["a", "b"]), reset=True)
    check_features(model, pd.DataFrame(X, columns=["a", "b"]), reset=False)
    with pytest.raises(ValueError, match="same order"):
        check_features(model, pd.DataFrame(X, columns=["b", "a"]), reset=False)


def test_number_of_features_is_compared(X):
    model = Model()
    check_features(model, X, reset=True)
    refused(ValueError, "3 features.*2 features", check_features, model, np.ones((4, 3)), reset=False)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((np.int8, np.int8), np.int8),
        ((np.float32, np.float32), np.float32),
        ((np.float32, np.int8), np.float32),
        ((np.float32, np.float64), np.float64),
        ((bool, np.float32), np.float32),
        ((bool, np.uint8), np.uint8),
        ((np.int64, np.float32), np.float64),
    ],
)
def test_columns_of_a_frame_meet_in_their_common_type(columns, expected):
    table = pd.DataFrame({f"c{j}": np.ones(4, dtype) for j, dtype in enumerate(columns)})
    assert check_features(Model(), table, reset=True).dtype == expected


# Labels.


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        ([3, 1, 3], [1, 3], [1, 0, 1]),
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([True, False, True], [False, True], [1, 0, 1]),
        ([1.0, -1.0, 1.0], [-1.0, 1.0], [1, 0, 1]),
    ],
)
def test_labels_become_codes_into_sorted_classes(y, classes, codes):
    labels = check_labels(y, None, 3)
    assert labels.classes.tolist() == classes
    assert labels.targets.tolist() == codes
    assert labels.targets.dtype.kind == "i"


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        ([3, 1, 3], [3, 2, 1], [0, 2, 0]),
        (["b", "a", "b"], ["c", "b", "a"], [1, 2, 1]),
        ([0.0, 1.0, 1.0], [1, 0], [1, 0, 0]),
    ],
)
def test_labels_become_codes_into_declared_classes(y, classes, codes):
    labels = check_labels(y, classes, 3)
    assert labels.classes.tolist() == classes
    assert labels.targets.tolist() == codes


def test_soft_labels_pass(rng):
    proba = rng.dirichlet(np.ones(3), 4)
    labels = check_labels(proba, None, 4)
    assert labels.targets is proba
    assert labels.classes.tolist() == [0, 1, 2]


@pytest.mark.parametrize("y", [[1], [[0.5, 0.5]], []])
def test_labels_must_be_one_a_row(y):
    with pytest.raises(ValueError) as caught:
        check_labels(y, None, 3)
    assert is_one_sentence(str(caught.value))


# Weights.


def test_no_weights_are_none(X, labels):
    assert check_row_weights(labels, None, None) is None


def test_sample_weights_become_double(X, labels):
    weights = check_row_weights(labels, np.arange(6, dtype=np.float32), None)
    assert weights.dtype == np.float64
    assert weights.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 2.0, "c": 0.5}, {"a": 2, "b": 3, "c": 4}, {}])
def test_class_weight_alone_is_scikit_learns(X, labels, class_weight):
    expected = compute_sample_weight(class_weight or None, labels.classes[labels.targets])
    np.testing.assert_allclose(check_row_weights(labels, None, class_weight), expected)


def test_class_weight_multiplies_sample_weight(X, labels):
    weights = check_row_weights(labels, np.arange(6.0), {"a": 2.0, "c": 0.5})
    assert weights.tolist() == [0, 1, 2, 1.5, 2, 2.5]


def test_balanced_makes_the_classes_equal_by_weight(X, labels):
    weights = check_row_weights(labels, [1.0, 2, 3, 4, 5, 0], "balanced")
    np.testing.assert_allclose(np.bincount(labels.targets, weights), 5.0)


def test_balanced_ignores_classes_without_weight(X, labels):
    weights = check_row_weights(labels, [0.0, 1, 1, 1, 1, 4], "balanced")
    np.testing.assert_allclose(np.bincount(labels.targets, weights), [0, 4, 4])


def test_balanced_weighs_rows_of_integer_weight_as_repeated_ones(X, labels):
    counts = np.array([2, 0, 3, 1, 1, 0])
    rows = np.repeat(np.arange(6), counts)
    once = check_row_weights(labels, counts, "balanced")
    again = check_row_weights(Labels(labels.classes, labels.targets[rows]), None, "balanced")
    np.testing.assert_allclose(np.bincount(labels.targets, once), np.bincount(labels.targets[rows], again))


WRONG_WEIGHTS = {
    "negative": [1, 1, 1, 1, 1, -1],
    "NaN": [1, 1, 1, 1, 1, np.nan],
    "infinite": [1, 1, 1, 1, 1, np.inf],
    "all zero": [0] * 6,
    "all minus zero": [-0.0] * 6,
    "too few": [1] * 5,
    "too many": [1] * 7,
    "none at all": [],
    "two dimensions": [[1]] * 6,
    "text": ["a"] * 6,
    "a word": "balanced",
    "complex": [1j] * 6,
    "None": [None] * 6,
    "ragged": [[1], [1, 2]] * 3,
    "negative number": -1.0,
    "sum overflows": [1e308] * 6,
}


@pytest.mark.parametrize("title", WRONG_WEIGHTS)
def test_unusable_sample_weights_are_refused_by_name(X, labels, title):
    refused(ValueError, "[Ss]ample[ _]weight", check_row_weights, labels, WRONG_WEIGHTS[title], None)


@pytest.mark.parametrize("class_weight", [{"a": 0, "b": 0, "c": 0}, {"c": 0}])
def test_class_weights_that_leave_nothing_are_refused(X, labels, class_weight):
    weights = [0, 0, 0, 1, 1, 1]
    refused(ValueError, "class_weight|weight", check_row_weights, labels, weights, class_weight)


def test_class_weight_names_a_label_that_is_no_class(X, labels):
    sentence = refused(ValueError, "class_weight", check_row_weights, labels, None, {"a": 2.0, "z": 1.0})
    assert "'z'" in sentence


def test_class_weight_may_name_a_class_of_weight_zero(X, labels):
    weights = check_row_weights(labels, [0.0, 1, 1, 1, 1, 1], {"a": 2.0, "b": 3.0})
    assert weights.tolist() == [0, 3, 3, 1, 1, 1]
