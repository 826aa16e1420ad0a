"""What a fit that fails leaves behind, and the options that are refused."""

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from softgrad import SoftmaxRegression
from tests.unit.estimators import bits, fit
from tests.unit.refusals import refused

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
