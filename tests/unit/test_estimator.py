"""SoftmaxRegression: weights, invariances, predictions, warm starts, reports, and what a failure leaves behind."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from softgrad import SoftmaxRegression
from softgrad.optimize.solution import Record, Status
from tests.unit.refusals import refused

TOL = 1e-13
CLASSES = [2, 3]


@pytest.fixture(params=CLASSES, ids=lambda n_classes: f"K={n_classes}")
def problem(request, rng):
    """Overlapping classes with offsets, so that a fit moves everything."""
    y = rng.integers(0, request.param, 60)
    X = rng.standard_normal((60, 4)) + np.eye(4)[y] + [0, 3, -1, 0]
    return X, y


def fit(X, y, sample_weight=None, **params):
    return SoftmaxRegression(**{"tol": TOL, **params}).fit(X, y, sample_weight)


def same(first, second, X, atol=1e-6):
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=0, atol=atol)
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=0, atol=10 * atol)
    np.testing.assert_allclose(first.intercept_, second.intercept_, rtol=0, atol=20 * atol)
    assert first.objective_ == pytest.approx(second.objective_, rel=1e-10)


def bits(model):
    return model.coef_.tobytes(), model.intercept_.tobytes(), model.objective_, model.gap_, model.n_iter_


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


# Warm start.


def test_warm_start_at_the_optimum_needs_no_step(problem):
    X, y = problem
    cold = fit(X, y, warm_start=True, tol=1e-8)
    steps, coef = cold.n_iter_, cold.coef_
    assert cold.fit(X, y).n_iter_ == 0 < steps
    np.testing.assert_allclose(cold.coef_, coef, atol=1e-7)


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "accelerated-gradient"])
def test_warm_start_saves_steps_nearby(problem, solver):
    X, y = problem
    params = {"solver": solver, "tol": 1e-7, "max_iter": 20000}
    warm = fit(X, y, warm_start=True, C=1.0, **params)
    warm.set_params(C=1.01).fit(X, y)
    cold = fit(X, y, C=1.01, **params)
    assert warm.n_iter_ <= cold.n_iter_
    np.testing.assert_allclose(warm.predict_proba(X), cold.predict_proba(X), atol=1e-3)


def test_warm_start_reaches_the_cold_optimum_from_afar(problem, rng):
    X, y = problem
    warm = fit(X, rng.permutation(y), warm_start=True, C=100.0)
    same(warm.set_params(C=1.0).fit(X, y), fit(X, y), X)


def test_warm_start_with_a_declared_class_without_rows(rng):
    y = np.arange(60) % 3
    X = rng.standard_normal((60, 2)) + y[:, None]
    model = fit(X, y, warm_start=True, classes=[0, 1, 2, 3])
    assert model.fit(X, y).n_iter_ == 0
    assert np.isneginf(model.intercept_).tolist() == [False, False, False, True]
    later = np.append(y, 3)
    same(
        model.fit(np.vstack([X, [9, 9]]), later),
        fit(np.vstack([X, [9, 9]]), later),
        X,
    )
    two = y < 2
    back, expected = model.fit(X[two], y[two]), fit(X[two], y[two], classes=[0, 1, 2, 3])
    np.testing.assert_allclose(back.predict_proba(X), expected.predict_proba(X), atol=1e-6)


def test_warm_start_after_sparsify(problem):
    X, y = problem
    model = fit(X, y, warm_start=True, tol=1e-8).sparsify()
    assert model.fit(X, y).n_iter_ == 0
    assert isinstance(model.coef_, np.ndarray)


@pytest.mark.parametrize(
    "labels", [lambda y: y + 1, lambda y: y.astype(str), lambda y: np.arange(len(y)) % 4]
)
def test_warm_start_refuses_other_classes(problem, labels):
    X, y = problem
    model = fit(X, y, warm_start=True)
    refused(ValueError, r"warm_start=True .* classes", model.fit, X, labels(y))


def test_warm_start_refuses_another_number_of_features(problem):
    X, y = problem
    refused(ValueError, "2 features.* 4 features", fit(X, y, warm_start=True).fit, X[:, :2], y)


def test_warm_start_refuses_other_columns(problem):
    X, y = problem
    model = fit(pd.DataFrame(X, columns=list("abcd")), y, warm_start=True)
    with pytest.raises(ValueError, match="feature names"):
        model.fit(pd.DataFrame(X, columns=list("abdc")), y)


def test_warm_start_of_the_first_fit_is_cold(problem):
    assert bits(fit(*problem, warm_start=True)) == bits(fit(*problem))


def test_without_warm_start_classes_and_features_may_change(problem):
    X, y = problem
    model = fit(pd.DataFrame(X, columns=list("abcd")), y)
    assert bits(model.fit(X[:, :2], y.astype(str))) == bits(fit(X[:, :2], y.astype(str)))
    assert not hasattr(model, "feature_names_in_")


# Callback.


def test_callback_sees_every_record(problem):
    seen = []
    model = SoftmaxRegression().fit(*problem, callback=seen.append)
    assert seen == model.history_


def test_callback_stops_without_a_warning(problem):
    model = SoftmaxRegression(solver="lbfgs").fit(*problem, callback=lambda record: record.iteration >= 2)
    assert model.status_ == "stopped"
    assert model.n_iter_ == 2
    assert "callback" in model.status_.sentence
    assert 1e-8 < model.gap_ < np.inf


def test_callback_may_stop_at_the_start(problem):
    model = SoftmaxRegression().fit(*problem, callback=lambda record: True)
    assert (model.status_, model.n_iter_) == ("stopped", 0)


def test_callback_that_returns_nothing_does_not_stop(problem):
    assert SoftmaxRegression().fit(*problem, callback=lambda record: None).status_ == "converged"


def test_callback_must_be_callable(problem):
    with pytest.raises((TypeError, ValueError), match="callback"):
        SoftmaxRegression().fit(*problem, callback=3)


# Warnings and output.


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient-descent", "accelerated-gradient"])
def test_one_warning_with_gap_and_remedy(problem, solver, verbose):
    model = SoftmaxRegression(solver=solver, max_iter=1, verbose=verbose)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(*problem)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert model.status_ == "max_iter"
    assert f"{model.gap_:.2g}" in text
    assert "max_iter=1" in text
    assert "raise max_iter" in text
    assert caught[0].filename == __file__


def test_separated_classes_without_penalty_say_so():
    with pytest.warns(ConvergenceWarning, match="separated.*finite C"):
        model = SoftmaxRegression(C=np.inf).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    assert model.status_ == "no_optimum"
    assert np.isnan(model.gap_)


def test_tol_zero_ends_at_the_end_of_the_digits(problem):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit(*problem, tol=0)
    assert model.gap_ < 1e-12
    if model.status_ != "converged":
        assert model.status_ == "stalled"
        assert [each.category for each in caught] == [ConvergenceWarning]
        assert "floating point" in str(caught[0].message)


def test_quiet_by_default(problem, capsys):
    fit(*problem)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [1, True])
def test_verbose_one_prints_the_ending(problem, capsys, verbose):
    model = fit(*problem, verbose=verbose)
    out, err = capsys.readouterr()
    assert out == f"softgrad: converged: {model.status_.sentence}\n"
    assert err == ""


def test_verbose_two_prints_every_iteration(problem, capsys):
    seen = []
    model = SoftmaxRegression(verbose=2).fit(*problem, callback=seen.append)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(seen) + 1 == model.n_iter_ + 2
    for record, line in zip(seen, lines, strict=False):
        assert line.startswith(
            f"softgrad: iteration {record.iteration}: objective {record.objective:.12g}, gap"
        )
    assert lines[-1].startswith("softgrad: converged:")


def test_verbose_two_still_lets_the_callback_stop(problem, capsys):
    model = SoftmaxRegression(verbose=2).fit(*problem, callback=lambda record: record.iteration == 1)
    assert model.status_ == "stopped"


# What a failure leaves behind.


def interrupt(record):
    raise KeyboardInterrupt


BREAKS = {
    "labels": lambda X, y: (X[:, :2], np.zeros(len(y))),
    "missing labels": lambda X, y: (pd.DataFrame(X, columns=list("wxyz")), [None] * len(y)),
    "missing values": lambda X, y: (np.full((len(y), 2), np.nan), y),
    "missing values, other columns": lambda X, y: (pd.DataFrame(X * np.nan, columns=list("wxyz")), y),
    "text column": lambda X, y: (pd.DataFrame({"text": ["a"] * len(y)}), y),
    "too few labels": lambda X, y: (X[:, :3], y[:5]),
    "weights": lambda X, y: (X[:, :3], y, -np.ones(len(y))),
}


def snapshot(model):
    return {name: copy.deepcopy(value) for name, value in vars(model).items()}


def fails_with_a_value_error(function, *args):
    """Whatever is warned of before: a frame's names may differ from the fitted ones where those start the fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError):
            function(*args)


def assert_unchanged(model, before):
    assert set(vars(model)) == set(before)
    for name, value in before.items():
        np.testing.assert_equal(getattr(model, name), value, err_msg=name)


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("broken", BREAKS)
def test_a_failed_fit_leaves_the_last_one(problem, broken, warm_start):
    X, y = problem
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = fit(frame, y, warm_start=warm_start)
    before, proba = snapshot(model), model.predict_proba(frame)
    fails_with_a_value_error(model.fit, *BREAKS[broken](X, y))
    assert_unchanged(model, before)
    assert np.array_equal(model.predict_proba(frame), proba)


@pytest.mark.parametrize("broken", BREAKS)
def test_a_failed_first_fit_leaves_nothing(problem, broken):
    model = SoftmaxRegression()
    with pytest.raises(ValueError):
        model.fit(*BREAKS[broken](*problem))
    assert [name for name in vars(model) if name.endswith("_")] == []
    with pytest.raises(NotFittedError):
        model.predict(problem[0])


@pytest.mark.parametrize("other", [False, True], ids=["same columns", "other columns"])
def test_an_interrupted_fit_leaves_the_last_one(problem, other):
    X, y = problem
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = fit(frame, y)
    before = snapshot(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :2] if other else frame, y, callback=interrupt)
    assert_unchanged(model, before)
    model.predict(frame)


def test_an_interrupted_first_fit_leaves_nothing(problem):
    model = SoftmaxRegression()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*problem, callback=interrupt)
    assert [name for name in vars(model) if name.endswith("_")] == []


def test_a_warning_made_an_error_leaves_a_whole_fit(problem):
    X, y = problem
    model = fit(pd.DataFrame(X, columns=list("abcd")), y)
    with pytest.raises(ConvergenceWarning):
        model.set_params(max_iter=1).fit(X[:, :2], y)
    assert model.predict_proba(X[:, :2]).shape == (len(X), y.max() + 1)
    assert model.status_ == "max_iter"


# Options that are no options.


def test_offset_is_refused_by_name(problem):
    refused(TypeError, "offset=.*not there yet", SoftmaxRegression().fit, *problem, offset=np.ones(60))


def test_unknown_option_is_refused_by_name(problem):
    refused(TypeError, "weights=.*sample_weight", SoftmaxRegression().fit, *problem, weights=np.ones(60))


PARAMS = {
    "C": [0, -1, 0.0, float("nan"), -np.inf, "1", None, [1.0], np.ones(4), True, 1j],
    "tol": [-1e-9, float("nan"), np.inf, "1e-4", None, [1e-4], True],
    "max_iter": [0, -1, 1.5, 10.0, "10", None, np.inf, True],
    "solver": ["liblinear", "Newton", "sgd", "", None, 1, ["lbfgs"]],
    "l1_ratio": [0.5, 1, -1, "0", None, float("nan")],
    "fit_intercept": [None, "yes", 1, 0],
    "warm_start": [None, "yes", 1],
    "verbose": [-1, 1.5, "1", None],
    "n_jobs": [0, 1.5, "2", True],
    "class_weight": [
        "balance",
        1,
        [1, 2, 3],
        np.ones(3),
        pd.Series({0: 1.0}),
        {0: -1},
        {0: float("nan")},
        {0: np.inf},
        {0: "1"},
        {0: None},
        {9: 1.0},
        {0: 2.0, 9: 1.0},
        {0: 0, 1: 0, 2: 0},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, value, id=f"{name}={value!r}") for name in PARAMS for value in PARAMS[name]],
)
def test_unusable_parameter_is_refused_by_name(rng, name, value):
    X, y = rng.standard_normal((30, 3)), np.arange(30) % 3
    refused(ValueError, name, SoftmaxRegression(**{name: value}).fit, X, y)


def test_liblinear_says_why(problem):
    refused(ValueError, "one class against the rest", SoftmaxRegression(solver="liblinear").fit, *problem)


def test_l1_says_that_only_l2_is_there(problem):
    refused(ValueError, "L2", SoftmaxRegression(l1_ratio=0.5).fit, *problem)


@pytest.mark.parametrize("C", [1e-320, 5e-324])
def test_a_C_too_small_is_refused_as_C(problem, C):
    refused(ValueError, "C=", SoftmaxRegression(C=C).fit, *problem)


@pytest.mark.parametrize("C", [1e-300, 1e-100, 1e20])
def test_extreme_C_converges(problem, C):
    X, y = problem
    model = SoftmaxRegression(C=C).fit(X, y)
    assert model.status_ == "converged"
    if C < 1:
        np.testing.assert_allclose(model.coef_, 0, atol=1e-90)
        np.testing.assert_allclose(model.predict_proba(X[:1])[0], np.bincount(y) / len(y), atol=1e-6)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64, int])
def test_the_type_of_C_does_not_round_alpha(problem, kind):
    assert bits(fit(*problem, C=kind(2))) == bits(fit(*problem, C=2.0))
