"""What the page says, against the model's own predictions, recomputed by hand."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

import softgrad
from softgrad import SoftmaxRegression
from softgrad.report.cautions import cautions
from softgrad.report.charts import convergence
from softgrad.report.columns import describe
from softgrad.report.effects import class_effects
from softgrad.report.formula import objective
from softgrad.report.rows import case_of_rows
from softgrad.report.worst import worst_rows
from tests.report.cases import HOSTILE, hostile, split

pytest.importorskip("jinja2", reason="jinja2 is not installed")


class Text(HTMLParser):
    """The words of a page, its tags and its attributes."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags, self.attributes = [], set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.words += data.split()

    def __contains__(self, words):
        return words in " ".join(self.words)


def fitted(X, y, **parameters):
    return SoftmaxRegression(**parameters).fit(X, y)


@pytest.fixture(scope="module")
def iris():
    data = load_iris(as_frame=True)
    return split(data.data, data.target_names[data.target])


@pytest.fixture(scope="module")
def flags():
    """A number, a flag, and a column of three categories as three features."""
    rng = np.random.default_rng(5)
    codes = rng.integers(3, size=300)
    X = np.column_stack([rng.normal(50, 9, 300), rng.random(300) < 0.3, np.eye(3)[codes]])
    y = ((X[:, 0] - 50) / 9 + X[:, 1] + codes + rng.logistic(size=300) > 1.5).astype(int)
    return X, y + (rng.random(300) < 0.2)


def test_relation_is_found_out_by_the_objective(iris):
    train, test, y_train, y_test = iris
    model = fitted(train, y_train)
    assert case_of_rows(model, train, y_train, None, None).relation == "of the fit"
    assert case_of_rows(model, train[::-1], y_train[::-1], None, None).relation == "of the fit"
    assert case_of_rows(model, test, y_test, None, None).relation == "given"
    assert case_of_rows(model, test, y_test, (train, y_train), None).relation == "held out"
    two = load_breast_cancer(return_X_y=True)
    assert case_of_rows(fitted(*two), *two, None, None).relation == "of the fit"
    assert "which flatters it" in Text(model.report(train, y_train).html)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probability_changes_are_those_of_changed_rows(flags, n_classes):
    X, y = flags[0], np.minimum(flags[1], n_classes - 1)
    model = fitted(X, y, fit_intercept=n_classes == 2)  # without one the levels' coefficients do not sum to 0
    case = case_of_rows(model, X, y, None, None)
    object.__setattr__(case, "levels", ((2, 3, 4),))
    for item in class_effects(case):
        k = int(item.title)
        for effect in item.effects:
            j = int(effect.name.split()[1])
            before, after = X.copy(), X.copy()
            if j == 0:
                after[:, 0] += X[:, 0].std()
            elif j == 1:
                before[:, 1], after[:, 1] = 0, 1
            else:
                after[:, 2:] = np.eye(3)[j - 2]
                rows = np.vstack([np.zeros(5), model.coef_]) if n_classes == 2 else model.coef_
                assert effect.strength == pytest.approx(rows[k, j] - rows[k, 2:].mean(), rel=1e-12)
            change = (model.predict_proba(after) - model.predict_proba(before))[:, k].mean()
            assert effect.change == pytest.approx(change, abs=1e-12)


def test_odds_of_two_classes_are_the_exponential_of_the_coefficient():
    X, y = load_breast_cancer(return_X_y=True)
    model = fitted(X, y)
    effects = class_effects(case_of_rows(model, X, y, None, None))[0].effects
    expected = np.exp(model.coef_[0] * X.std(axis=0))
    for effect in effects:
        assert effect.odds == pytest.approx(expected[int(effect.name.split()[1])], rel=1e-12)
    ranked = np.sort(np.abs(np.log(expected)))[::-1]
    assert [abs(effect.strength) for effect in effects] == pytest.approx(ranked[:8], rel=1e-12)


def test_odds_of_more_classes_are_against_the_average_class(iris):
    train, test, y_train, y_test = iris
    model = fitted(train, y_train)
    case = case_of_rows(model, test, y_test, (train, y_train), None)
    moved = test.copy()
    moved["petal length (cm)"] += train["petal length (cm)"].std(ddof=0)
    logs = model.predict_log_proba(moved) - model.predict_log_proba(test)
    expected = np.exp(logs[0] - logs[0].mean())
    for k, item in enumerate(class_effects(case)):
        found = next(effect for effect in item.effects if effect.name == "petal length (cm)")
        assert found.odds == pytest.approx(expected[k], rel=1e-9)


def test_worst_rows_have_the_lowest_probability_of_their_class(iris):
    train, test, y_train, y_test = iris
    model = fitted(train, y_train, C=0.01)
    case = case_of_rows(model, test, y_test, (train, y_train), None)
    proba = model.predict_proba(test)
    own = proba[np.arange(len(y_test)), np.searchsorted(model.classes_, y_test)]
    rows = worst_rows(case, proba)
    assert [row.p_true for row in rows] == pytest.approx(np.sort(own)[:6], rel=1e-12)
    assert [row.number for row in rows] == np.argsort(own, kind="stable")[:6].tolist()
    coef = dict(zip(model.classes_, model.coef_, strict=True))
    wrong = [row for row in worst_rows(case, proba, most=len(y_test)) if row.true != row.predicted]
    assert len(wrong) >= 3
    for row in wrong:
        x = test.to_numpy()[row.number] - train.to_numpy().mean(axis=0)
        spoke = (coef[row.predicted] - coef[row.true]) * x
        expected = [test.columns[j] for j in np.argsort(-spoke)[:2] if spoke[j] > 0]
        assert [name for name, _ in row.reasons] == expected


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weights", [None, "some"])
def test_the_objective_adds_up(flags, n_classes, weights):
    X, y = flags[0], np.minimum(flags[1], n_classes - 1)
    sample_weight = None if weights is None else np.linspace(0.5, 2, len(y))
    model = SoftmaxRegression(C=0.3).fit(X, y, sample_weight)
    total = len(y) if weights is None else sample_weight.sum()
    written = objective(model, float(total))
    numbers = [float(text.replace(",", "")) for text in re.findall(r"<mn>([\d.,]+)</mn>", written.numbers)]
    loss, alpha, two, squares, again, penalty, value = numbers
    assert (loss, two) == (again, 2)
    assert alpha == pytest.approx(1 / (0.3 * total), rel=1e-3)
    assert squares == pytest.approx((model.coef_**2).sum(), rel=1e-3)
    assert alpha / 2 * squares == pytest.approx(penalty, rel=2e-3)
    assert loss + penalty == pytest.approx(value, rel=1e-4)
    assert value == pytest.approx(model.objective_, rel=1e-4)
    proba = model.predict_proba(X)[np.arange(len(y)), y]
    assert loss == pytest.approx(-np.average(np.log(proba), weights=sample_weight), rel=1e-4)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_columns_of_a_frame(kind):
    frame = pd.DataFrame(
        {
            "size": [1.5, np.nan, 3.25, 2.0],
            "rooms": [1, 2, 3, 4],
            "sold": [True, False, True, True],
            "town": ["b", "a", "b", None],
            "same": [7, 7, 7, 7],
        }
    )
    given = {"pandas": frame, "polars": pl.from_pandas(frame), "arrow": pl.from_pandas(frame).to_arrow()}[
        kind
    ]
    found = {
        column.name: (column.kind, column.values, column.missing) for column in describe(given, tuple(frame))
    }
    assert found == {
        "size": ("numbers", "1.5 to 3.25", 1),
        "rooms": ("whole numbers", "1 to 4", 0),
        "sold": ("true or false", "true in 75.0\xa0%", 0),
        "town": ("2 categories", "b (2), a (1)", 1),
        "same": ("constant", "7", 0),
    }


def titles(X, y, **parameters):
    return [caution.title for caution in cautions(case_of_rows(fitted(X, y, **parameters), X, y, None, None))]


def test_every_caution_has_its_planted_cause(rng):
    X = rng.normal(size=(400, 4))
    y = (X[:, 0] + 1.5 * rng.logistic(size=400) > 0).astype(int)
    assert titles(X, y) == []
    assert titles(X, (X[:, 0] > 0).astype(int), C=100)[0] in {
        "The classes are separated",
        "The classes are nearly separated",
    }
    assert "A single column gives a class away" in titles(X, (X[:, 0] > 0).astype(int))
    assert titles(X, np.where(np.arange(400) < 4, 2, y)) == ["A rare class"]
    near = np.column_stack([X, X[:, 0] + X[:, 1] + 1e-3 * X[:, 2] * rng.normal(size=400)])
    assert titles(near, y) == ["Columns that others nearly determine"]
    assert titles(np.column_stack([X, np.ones(400)]), y) == ["Constant columns"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_that_ended_early_is_said_first(iris):
    train, _, y_train, _ = iris
    model = fitted(train, y_train, max_iter=1)
    assert titles(train, y_train, max_iter=1)[0] == "The fit did not end at its optimum"
    text = Text(model.report(train, y_train).html)
    assert "best possible" not in text
    assert "Stopped at gap" in text


def test_variance_inflation_is_that_of_a_regression(rng):
    X = rng.normal(size=(300, 3))
    X = np.column_stack([X, X @ [1.0, 1.0, 0.0] + 0.1 * rng.normal(size=300)])
    y = (X[:, 2] + rng.logistic(size=300) > 0).astype(int)
    case = case_of_rows(fitted(X, y), X, y, None, None)
    others = np.column_stack([np.ones(300), X[:, :3]])
    residual = X[:, 3] - others @ np.linalg.lstsq(others, X[:, 3])[0]
    inflation = X[:, 3].var() / residual.var()
    text = next(c.text for c in cautions(case) if "determine" in c.title)
    assert f"feature 3 ({inflation:.0f})" in text


def test_convergence_chart_is_the_history(iris):
    model = fitted(iris[0], iris[2])
    chart = convergence(model.history_)
    xs, ys = np.transpose(chart.line)
    passes = np.array([record.n_passes for record in model.history_])
    gaps = np.array([record.gap for record in model.history_])
    left, _, right, _ = chart.frame
    np.testing.assert_allclose((xs - left) / (right - left), passes / passes.max(), atol=1e-3)
    slope, offset = np.polyfit(np.log10(gaps), ys, 1)
    np.testing.assert_allclose(ys, slope * np.log10(gaps) + offset, atol=0.2)
    for tick in chart.y_ticks:
        raised = tick.text.removeprefix("10").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        assert tick.at == pytest.approx(slope * int(raised) + offset, abs=0.3)


@pytest.mark.parametrize("kind", ["sparse", "loaded", "sparsified", "unpenalised", "many", "pictures"])
def test_every_kind_of_fit_has_a_page(kind, tmp_path, rng):
    X, y = load_digits(return_X_y=True)
    X, y = X[:500], y[:500]
    if kind == "many":
        X, y = rng.normal(size=(500, 5)), np.arange(500) % 30
    if kind == "unpenalised":
        X, y = rng.normal(size=(500, 3)), rng.integers(3, size=500)
    X = scipy.sparse.csr_array(X) if kind == "sparse" else X
    model = SoftmaxRegression(C=np.inf if kind == "unpenalised" else 0.01).fit(X, y)
    if kind == "loaded":
        model.save(tmp_path / "m.softgrad")
        model = softgrad.load(tmp_path / "m.softgrad")
    if kind == "sparsified":
        model.sparsify()
    report = model.report(X, y, shape=(8, 8) if kind == "pictures" else None)
    text = Text(report.html)
    assert {"script", "img", "iframe"}.isdisjoint(text.tags)
    assert "style" not in text.attributes
    assert len(report.html) < 400_000
    report.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == report.html
    assert report._repr_html_().startswith("<iframe srcdoc=")
    assert len(repr(report)) < 100


def test_hostile_names_do_not_become_markup():
    html = hostile().html
    text = Text(html)
    assert {"script", "img", "b"}.isdisjoint(text.tags)
    assert not any(name.startswith("on") for name in text.attributes)
    assert HOSTILE["script"] in text
    assert HOSTILE["template"] in text
    assert "49" not in re.findall(r"<bdi>([^<]*)</bdi>", html)


def test_half_a_character_is_written_out(rng, tmp_path):
    y = np.array(["half \udc80", "whole"])[rng.integers(2, size=40)]
    X = rng.normal(size=(40, 2))
    report = fitted(X, y).report(X, y)
    report.save(tmp_path / "page.html")
    assert "half \\udc80" in (tmp_path / "page.html").read_text("utf-8")


def test_wrong_rows_are_refused_in_one_sentence(iris):
    train, test, y_train, y_test = iris
    model = fitted(train, y_train)
    with pytest.raises(ValueError, match="which classes does not name"):
        model.report(test, np.where(y_test == "setosa", "tulip", y_test))
    with pytest.raises(ValueError, match="shape=\\(8, 8\\) was given for 4 features"):
        model.report(test, y_test, shape=(8, 8))
    with pytest.raises(ValueError, match="feature names"):
        model.report(test[["sepal length (cm)"]], y_test)


def test_without_jinja2_one_sentence_names_the_extra():
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from softgrad import SoftmaxRegression\n"
        "X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]\n"
        "try: SoftmaxRegression().fit(X, y).report(X, y)\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == (
        "a report needs the package jinja2, which is not installed: run pip install 'softgrad[report]'\n"
    )


def test_notebooks_show_the_certificate(iris):
    model = fitted(iris[0], iris[2])
    assert model.status_.sentence in Text(model._repr_html_())
    assert "sk-estimator" in SoftmaxRegression()._repr_html_()
    solution = softgrad.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], alpha=0.1)
    text = Text(solution._repr_html_())
    assert solution.status.sentence in text
    assert f"{solution.objective:.10g} nats" in text
