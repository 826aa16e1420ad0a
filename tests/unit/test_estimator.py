"""SoftmaxRegression: weights, invariances, attributes and predictions."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from softgrad import SoftmaxRegression
from softgrad.optimize.solution import Record, Status
from tests.unit.estimators import TOL, bits, fit, same

# Weights: k times a row is weight k, and weight 0 is no row.


@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}, {"class_weight": {0: 3.0, 1: 0.5}}])
def test_integer_weights_are_repeated_rows(problem, rng, params):
    X, y = problem
    counts = rng.integers(0, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), counts)
    same(fit(X, y, counts, **params), fit(X[repeated], y[repeated], **params), X)


@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}, {"class_weight": {0: 3.0, 1: 0.5}}])
def test_rows_of_weight_zero_are_as_good_as_dropped(problem, rng, params):
    X, y = problem
    kept = rng.random(len(y)) < 0.7
    weights = np.where(kept, rng.uniform(0.5, 2, len(y)), 0)
    spoiled = np.where(kept[:, None], X, 1e6)
    same(fit(spoiled, y, weights, **params), fit(X[kept], y[kept], weights[kept], **params), X)


def test_weights_times_a_constant_are_C_times_it(problem, rng):
    X, y = problem
    weights = rng.uniform(0.5, 2, len(y))
    same(fit(X, y, 8 * weights, C=0.25), fit(X, y, weights, C=2.0), X)


def test_balanced_is_the_weighted_counts_rule(problem, rng):
    X, y = problem
    weights = rng.uniform(0, 3, len(y))
    counts = np.bincount(y, weights)
    by_class = weights.sum() / (len(counts) * counts)
    balanced = fit(X, y, weights, class_weight="balanced")
    same(balanced, fit(X, y, weights * by_class[y]), X)
    same(balanced, fit(X, y, weights, class_weight=dict(enumerate(by_class))), X)


def test_class_weight_of_one_class_leaves_the_others_at_one(problem):
    X, y = problem
    same(fit(X, y, class_weight={1: 5.0}), fit(X, y, np.where(y == 1, 5.0, 1.0)), X)


def test_class_weight_is_by_label_not_by_place(problem):
    X, y = problem
    names = np.array(["z", "y", "x"])[y]
    weighted = fit(X, names, class_weight={"z": 4.0, "y": 0.5})
    expected = fit(X, names, np.select([y == 0, y == 1], [4.0, 0.5], 1.0))
    same(weighted, expected, X)


def test_class_weight_may_name_a_declared_class_without_rows(problem):
    X, y = problem
    n_classes = int(y.max()) + 1
    model = fit(X, y, classes=range(n_classes + 1), class_weight={0: 3.0, n_classes: 2.0})
    expected = fit(X, y, classes=range(n_classes + 1), sample_weight=np.where(y == 0, 3.0, 1.0))
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-6)


def test_class_weight_zero_is_an_absent_class(rng):
    y = np.arange(60) % 3
    X = rng.standard_normal((60, 2)) + y[:, None]
    model = fit(X, y, class_weight={2: 0.0})
    assert model.classes_.tolist() == [0, 1, 2]
    assert np.isneginf(model.intercept_[2])
    assert (model.predict_proba(X)[:, 2] == 0).all()


@pytest.mark.parametrize("kind", [np.asarray, list, pd.Series, np.float32, np.int64])
def test_weights_of_any_kind(problem, kind):
    X, y = problem
    weights = np.arange(len(y)) % 5
    same(fit(X, y, kind(weights)), fit(X, y, weights.astype(np.float64)), X, atol=1e-9)


# Invariances.


def test_order_of_rows_does_not_matter(problem, rng):
    X, y = problem
    order = rng.permutation(len(y))
    same(fit(X[order], y[order]), fit(X, y), X)


def test_order_of_features_permutes_coef(problem, rng):
    X, y = problem
    order = rng.permutation(X.shape[1])
    model, permuted = fit(X, y), fit(X[:, order], y)
    np.testing.assert_allclose(permuted.coef_, model.coef_[:, order], atol=1e-6)
    np.testing.assert_allclose(permuted.predict_proba(X[:, order]), model.predict_proba(X), atol=1e-6)


def test_order_of_classes_permutes_everything(problem, rng):
    X, y = problem
    n_classes = int(y.max()) + 1
    order = rng.permutation(n_classes)
    model, permuted = fit(X, y), fit(X, y, classes=order)
    assert permuted.classes_.tolist() == order.tolist()
    np.testing.assert_allclose(permuted.predict_proba(X), model.predict_proba(X)[:, order], atol=1e-6)
    assert np.array_equal(permuted.predict(X), model.predict(X))
    if n_classes > 2:
        np.testing.assert_allclose(permuted.coef_, model.coef_[order], atol=1e-6)


def test_a_shift_of_a_feature_moves_the_intercept_only(problem):
    X, y = problem
    shift = np.array([0, 10, 0, -5])
    model, shifted = fit(X, y), fit(X + shift, y)
    np.testing.assert_allclose(shifted.coef_, model.coef_, atol=1e-5)
    np.testing.assert_allclose(shifted.intercept_, model.intercept_ - model.coef_ @ shift, atol=1e-4)


def test_duplicated_column_shares_its_coefficient(problem):
    X, y = problem
    model = fit(np.column_stack([X, X[:, 0]]), y)
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, -1], atol=1e-9)


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_constant_columns_give_the_class_shares(problem, C):
    _, y = problem
    model = fit(np.full((len(y), 2), 3.0), y, C=C)
    np.testing.assert_allclose(model.predict_proba([[3.0, 3.0]])[0], np.bincount(y) / len(y), atol=1e-9)
    if np.isfinite(C):
        np.testing.assert_allclose(model.coef_, 0, atol=1e-7)


def test_coef_of_many_classes_sums_to_zero(rng):
    y = np.arange(80) % 4
    model = fit(rng.standard_normal((80, 3)), y)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(model.intercept_.sum(), 0, atol=1e-13)


def test_without_intercept_it_is_zero(problem):
    model = fit(*problem, fit_intercept=False)
    assert (model.intercept_ == 0).all()


def test_random_state_changes_nothing(problem):
    assert bits(fit(*problem, random_state=0)) == bits(fit(*problem, random_state=1)) == bits(fit(*problem))


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient-descent", "accelerated-gradient"])
def test_fits_are_equal_bit_for_bit(problem, solver):
    params = {"solver": solver, "tol": 1e-4, "C": 0.1, "max_iter": 20000}
    assert bits(fit(*problem, **params)) == bits(fit(*problem, **params))


@pytest.mark.parametrize("n_jobs", [1, 2, -1, -2, None])
def test_threads_change_nothing_visible(problem, n_jobs):
    X, y = problem
    same(fit(X, y, n_jobs=n_jobs), fit(X, y), X, atol=1e-9)


# Attributes.


def test_attributes(problem):
    X, y = problem
    model = fit(X, y)
    n_rows = 1 if y.max() == 1 else int(y.max()) + 1
    assert model.coef_.shape == (n_rows, 4)
    assert model.intercept_.shape == (n_rows,)
    assert model.coef_.dtype == model.intercept_.dtype == np.float64
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")
    assert isinstance(model.n_iter_, int)
    assert isinstance(model.objective_, float)
    assert 0 <= model.gap_ <= TOL
    assert model.status_ == "converged"
    assert model.n_passes_ > 0


def test_history_is_one_record_an_iteration(problem):
    model = fit(*problem)
    assert isinstance(model.history_, list)
    assert all(isinstance(record, Record) for record in model.history_)
    assert [record.iteration for record in model.history_] == list(range(model.n_iter_ + 1))
    passes = [record.n_passes for record in model.history_]
    assert passes == sorted(passes)
    assert model.n_passes_ >= passes[-1]
    assert model.history_[-1].objective == pytest.approx(model.objective_, rel=1e-9)


def test_fit_returns_the_estimator_and_takes_copies_of_nothing(problem):
    X, y = problem
    before = X.copy(), y.copy()
    model = SoftmaxRegression()
    assert model.fit(X, y) is model
    assert np.array_equal(X, before[0])
    assert np.array_equal(y, before[1])


def test_params_are_kept_as_given():
    given = {"C": np.float32(2), "classes": (1, 0), "class_weight": {0: 1}, "verbose": 0, "n_jobs": None}
    params = SoftmaxRegression(**given).get_params()
    assert all(params[name] is value for name, value in given.items())


def test_clone_is_unfitted_with_equal_params(problem):
    model = fit(*problem, C=3.0, classes=[0, 1, 2])
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert not hasattr(copied, "coef_")


@pytest.mark.parametrize("through", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_pickle_keeps_everything(problem, through):
    X, y = problem
    model = fit(pd.DataFrame(X, columns=list("abcd")), y)
    again = through(model)
    assert bits(again) == bits(model)
    assert again.history_ == model.history_
    assert isinstance(again.history_[0], Record)
    assert isinstance(again.status_, Status)
    assert again.status_ == model.status_
    assert again.status_.sentence == model.status_.sentence
    assert again.feature_names_in_.tolist() == list("abcd")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol(problem, protocol):
    model = fit(*problem)
    assert pickle.loads(pickle.dumps(model, protocol)).status_.sentence == model.status_.sentence


# Predictions.


def test_probabilities_are_the_softmax_of_the_decision(problem):
    X, y = problem
    model = fit(X, y)
    scores = model.decision_function(X)
    if y.max() == 1:
        assert scores.shape == (len(X),)
        scores = np.column_stack([np.zeros(len(X)), scores])
    proba = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), proba, rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    assert np.array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    assert model.score(X, y) == (model.predict(X) == y).mean()


def test_log_probabilities_do_not_underflow(problem):
    X, y = problem
    far = fit(X, y).predict_log_proba(1e4 * X)
    assert np.isfinite(far).all()
    assert far.min() < -1e4
    assert (far <= 0).all()


def test_huge_rows_have_probabilities(problem):
    X, y = problem
    proba = fit(X, y).predict_proba(1e200 * X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


@pytest.mark.parametrize(("dtype", "expected"), [(np.float32, np.float32), (np.float64, np.float64)])
def test_probabilities_have_the_type_of_x(problem, dtype, expected):
    X, y = problem
    for kind in (np.asarray, scipy.sparse.csr_array, pd.DataFrame):
        model = fit(kind(X.astype(dtype)), y)
        assert model.coef_.dtype == np.float64
        assert model.predict_proba(kind(X.astype(dtype))).dtype == expected
        assert model.predict_log_proba(kind(X.astype(dtype))).dtype == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, bool])
def test_probabilities_of_integers_are_double(problem, dtype):
    X, y = problem
    whole = (np.abs(X) > 1).astype(dtype)
    assert fit(whole, y).predict_proba(whole).dtype == np.float64


def test_sparsify_and_densify_predict_the_same(problem):
    X, y = problem
    model = fit(X, y)
    methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    before = [getattr(model, method)(X) for method in methods]
    assert model.sparsify() is model
    assert scipy.sparse.issparse(model.coef_)
    sparse = [getattr(model, method)(X) for method in methods]
    assert model.densify() is model
    assert isinstance(model.coef_, np.ndarray)
    assert model.densify().coef_.dtype == np.float64
    dense = [getattr(model, method)(X) for method in methods]
    for first, second, third in zip(before, sparse, dense, strict=True):
        assert np.array_equal(first, second)
        assert np.array_equal(first, third)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_prediction_needs_a_fit(problem, method):
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(SoftmaxRegression(), method)(problem[0])


@pytest.mark.parametrize("method", ["sparsify", "densify"])
def test_change_of_coef_needs_a_fit(method):
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(SoftmaxRegression(), method)()
