"""SoftmaxRegression's methods on whatever is handed to them: the right answer or one sentence, and never half a fit."""

import html
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning

import softgrad
from tests.fuzz import oracle
from tests.fuzz.budget import cases
from tests.fuzz.refusals import Refused, answer, quietly
from tests.fuzz.tables import tables
from tests.fuzz.targets import labels, weights
from tests.fuzz.test_fits import SOLVERS

KINDS = ("dense", "dense", "sparse", "frame")


@st.composite
def problems(draw):
    table = draw(tables(sound=True, kinds=KINDS).filter(lambda table: len(table.values) > 4))
    n = len(table.values)
    return table, draw(labels(n, sound=True)), draw(weights(n, sound=True))


def coefficients(model):
    """One row a class, as softmax has them, and the objective's factor of the penalty."""
    if len(model.classes_) == 2:
        return (
            np.vstack([-model.coef_, model.coef_]) / 2,
            np.append(-model.intercept_, model.intercept_) / 2,
            2,
        )
    return model.coef_, model.intercept_, 1


@cases(50)
@given(
    problems(), st.sampled_from([1e-3, 1.0, 100.0, np.float32(2)]), st.booleans(), st.sampled_from(SOLVERS)
)
def test_fit_and_predict(problem, C, fit_intercept, solver):
    table, target, given = problem
    model = softgrad.SoftmaxRegression(C=C, fit_intercept=fit_intercept, solver=solver, max_iter=300)
    w = np.ones(len(target.Y)) if given.values is None else np.asarray(given.values, dtype=float)
    found = quietly(model.fit, table.X, target.y, given.given)
    strength = float(C) * w.sum()
    if not 1 / np.finfo(float).max < strength or ((target.Y * w[:, None]).max(axis=0) > 0).sum() < 2:
        assert isinstance(found, Refused), found
        assert not hasattr(model, "coef_")
        return
    assert not isinstance(found, Refused), found
    np.testing.assert_array_equal(model.classes_, target.names)
    coef, intercept, factor = coefficients(model)
    seen = np.isfinite(intercept)
    truth = oracle.Problem(table.values, target.Y[:, seen], w, factor / strength)
    value = truth.value(coef[seen], intercept[seen])
    size = 1 + np.abs(table.values).max() * np.abs(coef).max() * coef.shape[1]
    assert abs(float(value) - model.objective_) <= 1e-13 * size * (1 + model.objective_)
    promised = model.gap_ * max(model.objective_, 1e-12 * np.log(seen.sum()))
    assert float(value - truth.best(fit_intercept)) <= promised + 2e-13 * size
    z = np.where(
        seen, table.values @ np.where(seen[:, None], coef, 0).T + np.where(seen, intercept, 0), -np.inf
    )
    proba = model.predict_proba(table.X)
    tolerance = 1e-6 if proba.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(proba, oracle.softmax(z).astype(float), rtol=0, atol=tolerance * size)
    predicted = model.predict(table.X)
    clear = np.ptp(np.sort(z, axis=1)[:, -2:], axis=1) > 1e-12 * size
    right = target.names[z.argmax(axis=1)]
    assert (predicted == right)[clear].all()
    logs = model.predict_log_proba(table.X)
    assert (logs <= 0).all()
    if target.y is not None and np.ndim(target.y) == 1:
        score = model.score(table.X, target.y)
        hits = np.mean(predicted == target.names[target.Y.argmax(axis=1)])
        assert score == pytest.approx(hits)


@cases(25)
@given(st.data())
def test_flawed_data_are_refused_and_leave_the_last_fit(data):
    """For fit, partial_fit, predict and score; the fitted attributes stay as they were, bit for bit."""
    wrong = data.draw(st.sampled_from(["X", "y", "weights"]))
    table = data.draw(tables(sound=wrong != "X", kinds=KINDS))
    n = (
        len(table.values)
        if table.values is not None
        else len(table.X)
        if isinstance(table.X, np.ndarray)
        else 5
    )
    n = max(n, 2)
    target = data.draw(labels(n, sound=wrong != "y"))
    given = data.draw(weights(n, sound=wrong != "weights"))
    model = softgrad.SoftmaxRegression().fit(np.eye(3), [0, 1, 2])
    before = {name: repr(value) for name, value in vars(model).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        found = quietly(model.fit, table.X, target.y, given.given)
    assert isinstance(found, Refused), found
    assert {name: repr(value) for name, value in vars(model).items()} == before
    if wrong == "X":
        method = data.draw(
            st.sampled_from(["predict", "predict_proba", "predict_log_proba", "decision_function"])
        )
        kinds = (ValueError, TypeError)
        assert isinstance(answer(getattr(model, method), table.X, kinds=kinds), Refused)
    if wrong == "y" and target.flaw not in ("one class", "continuous", "two columns"):
        scored = answer(model.score, np.eye(3)[np.zeros(n, int)], target.y)
        assert isinstance(scored, Refused), scored


PARAMETERS = {
    "C": [0, -1, np.nan, "1", None, [1.0], 1j, True],
    "l1_ratio": [0.5, -1, "0", None],
    "fit_intercept": ["yes", None, 2],
    "class_weight": ["auto", 3, {0: -1}, {0: "a"}, {7: 1.0}, {0: 0, 1: 0, 2: 0}, [1, 2], {0: np.nan}],
    "tol": [-1, np.nan, "a", None],
    "max_iter": [0, -1, 1.5, "3", None],
    "solver": ["", "sgd", None, 3, ["newton"]],
    "warm_start": ["yes", None, 1],
    "classes": [
        [0],
        [],
        [0, 0],
        [0, 1],
        [[0, 1]],
        "ab",
        3,
        [0, "a"],
        [None, 1],
        [np.nan, 1.0],
        np.zeros((2, 2)),
    ],
    "n_jobs": [0, 1.5, "2"],
    "verbose": [-1, "a", None, 0.5],
}


@cases(25)
@given(st.data())
def test_flawed_parameters_are_refused(data):
    name = data.draw(st.sampled_from(sorted(PARAMETERS)))
    value = data.draw(st.sampled_from(PARAMETERS[name]))
    model = softgrad.SoftmaxRegression(**{name: value})
    found = quietly(model.fit, np.eye(3), [0, 1, 2])
    assert isinstance(found, Refused), (name, value)
    assert set(vars(model)) == set(softgrad.SoftmaxRegression().get_params())


@cases(25)
@given(problems(), st.integers(1, 4), st.sampled_from([None, "balanced"]))
def test_partial_fit(problem, n_batches, class_weight):
    """Each batch is scored by the probabilities before it; a first batch leaves no gradient beyond what fades."""
    table, target, given = problem
    model = softgrad.SoftmaxRegression(classes=target.names, class_weight=class_weight)
    n = len(table.values)
    X = table.X.tocsr() if hasattr(table.X, "tocsr") else np.asarray(table.X)
    y = np.asarray(target.y)
    w = np.ones(n) if given.values is None else np.asarray(given.values, dtype=float)
    losses, seen = [], []
    soft = y.ndim == 2
    for rows in np.array_split(np.arange(n), n_batches):
        weighed = None if given.given is None else np.asarray(given.given)[rows]
        before = None if not seen else model.predict_log_proba(X[rows]).astype(np.longdouble)
        found = quietly(model.partial_fit, X[rows], y[rows], sample_weight=weighed)
        if isinstance(found, Refused):
            hopeless = (soft and class_weight) or w[rows].sum() == 0 or not 1e-150 < w[rows].sum() < 1e150
            assert hopeless, found
            return
        if before is None:
            losses.append(np.full(len(rows), np.log(len(target.names))))
        else:
            losses.append(-(target.Y[rows] * np.where(target.Y[rows] > 0, before, 0)).sum(axis=1))
        seen.append(rows)
        assert np.isfinite(model.coef_).all()
        assert np.isfinite(model.intercept_).all()
        proba = model.predict_proba(X[rows])
        np.testing.assert_allclose(proba.sum(axis=1, dtype=float), 1, atol=1e-5)
    if class_weight is None:
        rows = np.concatenate(seen)
        mean = float(np.average(np.concatenate(losses), weights=w[rows].astype(np.longdouble)))
        rtol = 1e-4 if proba.dtype == np.float32 else 1e-9
        assert model.progressive_log_loss_ == pytest.approx(mean, rel=rtol)


@cases(10)
@given(problems())
def test_save_and_load(tmp_path_factory, problem):
    table, target, given = problem
    model = softgrad.SoftmaxRegression(max_iter=5)
    if isinstance(quietly(model.fit, table.X, target.y, given.given), Refused):
        return
    path = tmp_path_factory.mktemp("saved") / "m"
    saved = answer(model.save, path)
    dates_or_swapped = model.classes_.dtype.kind == "M" or model.classes_.dtype.str.startswith(">")
    if dates_or_swapped and isinstance(saved, Refused):
        assert not path.exists()
        return
    assert not isinstance(saved, Refused), saved
    loaded = softgrad.load(path)
    assert loaded.classes_.tolist() == model.classes_.tolist()
    np.testing.assert_array_equal(loaded.predict_proba(table.X), model.predict_proba(table.X))
    np.testing.assert_array_equal(loaded.predict(table.X), model.predict(table.X))


@cases(1.5)
@given(problems())
def test_report(problem):
    """The page holds every class and the accuracy; hostile names stay text."""
    pytest.importorskip("jinja2")
    table, target, given = problem
    model = softgrad.SoftmaxRegression(max_iter=50)
    if np.ndim(target.y) != 1 or isinstance(quietly(model.fit, table.X, target.y, given.given), Refused):
        return
    page = answer(model.report, table.X, target.y)
    assert not isinstance(page, Refused), page
    page_in_frame = html.unescape(page._repr_html_())
    assert "<b>" not in [str(name) for name in target.names] or "&lt;b&gt;" in page_in_frame
    assert "<b>" not in page_in_frame


@cases(2)
@given(problems())
def test_plots(problem):
    """Every display draws the fit, or says why not."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from softgrad import plots

    table, target, given = problem
    model = softgrad.SoftmaxRegression(max_iter=50)
    if np.ndim(target.y) != 1 or isinstance(quietly(model.fit, table.X, target.y, given.given), Refused):
        return
    calls = {
        "CalibrationDisplay": (model, table.X, target.y),
        "CoefficientsDisplay": (model,),
        "ConfusionDisplay": (model, table.X, target.y),
        "ConvergenceDisplay": (model,),
        "RegionsDisplay": (model, table.X, target.y),
        "SimplexDisplay": (model, table.X, target.y),
    }
    for name, args in calls.items():
        display = answer(getattr(plots, name).from_estimator, *args)
        if not isinstance(display, Refused):
            display.figure_.canvas.draw()
        else:
            assert name in ("RegionsDisplay", "SimplexDisplay", "ConvergenceDisplay"), (name, display)
        plt.close("all")
