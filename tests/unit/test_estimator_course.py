"""The course of a fit: where it starts, whom it tells, and what it prints and warns of."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from softgrad import SoftmaxRegression
from tests.unit.estimators import bits, fit, same
from tests.unit.refusals import refused

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
