"""Every planted fault is diagnosed first, in every preset and in other combinations of fields."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from softgrad import check_gradient
from tests.check.faults import FAULTS
from tests.check.homework import CONVENTIONS, PRESETS, Homework, laid_out, sheet

MIXED = [name for name in CONVENTIONS if name not in PRESETS]


def table():
    """Each fault in the four presets, and in one other convention, a different one from fault to fault."""
    for number, (name, fault) in enumerate(FAULTS.items()):
        turned = MIXED[number % len(MIXED) :] + MIXED[: number % len(MIXED)]
        fits = [c for c in turned if not fault.when or fault.when(CONVENTIONS[c])]
        for convention in [*PRESETS, *fits[:1]]:
            if not fault.when or fault.when(CONVENTIONS[convention]):
                yield name, convention


def checked(convention, homework):
    one = homework.sheet
    return check_gradient(homework.gradient, X=one.X, y=one.y, convention=convention, alpha=one.alpha)


@pytest.mark.parametrize(("name", "convention"), list(table()))
def test_fault_is_diagnosed_first(name, convention):
    fault, convention = FAULTS[name], CONVENTIONS[convention]
    homework = fault.plant(Homework(sheet(convention, alpha=fault.alpha, **(fault.sheet or {}))))
    report = checked(convention, homework)
    assert not report.ok
    assert report.diagnoses[0].code == fault.code, str(report)
    assert report.n_calls <= 300


DOUBLES = [
    ("missing 1/n", "no penalty"),
    ("missing 1/n", "sigmoid"),
    ("no db", "outer by constants"),
    ("penalty on b", "outer by constants"),
    ("sign", "no penalty"),
    ("sign", "softmax axis"),
    ("sign", "labels swapped"),
    ("sign", "temperature 2"),
    ("factor 2", "penalty sign"),
    ("factor 2", "diagonal"),
    ("factor 2", "reference class, penalised"),
    ("no penalty", "smoothing"),
    ("no penalty", "class weights"),
    ("no penalty", "row weights"),
    ("no penalty", "stale at zero"),
    ("no penalty", "outer column lost"),
    ("no penalty", "rows reversed"),
    ("penalty twice", "no db"),
    ("penalty twice", "exp only"),
    ("penalty twice", "labels wrapped"),
    ("penalty sign", "argmax"),
    ("penalty on b", "y shuffled"),
    ("penalty on b", "outer standardised"),
    ("no db", "softmax global"),
    ("no db", "weights on labels"),
    ("no db", "no x_j"),
    ("db without 1/n", "smoothing"),
    ("db summed", "labels swapped"),
    ("transposed", "missing 1/n"),
    ("transposed", "sigmoid"),
    ("reshaped", "softmax axis"),
    ("reshaped", "labels swapped"),
    ("softmax axis", "labels wrapped"),
    ("softmax axis", "weights on labels"),
    ("sigmoid", "outer standardised"),
    ("sigmoid", "last row only"),
    ("sigmoid", "class weights"),
    ("log softmax", "rows reversed"),
    ("extra p(1-p)", "labels shifted out"),
    ("diagonal", "outer centred"),
    ("labels swapped", "no x_j"),
    ("labels reversed", "reference class"),
    ("last row only", "no x_j"),
    ("no b in logits", "labels swapped"),
    ("row weights", "labels reversed"),
    ("class weights / sum", "labels reversed"),
    ("one batch", "labels reversed"),
]


def suited(first, second):
    for convention in itertools.chain(PRESETS.values(), CONVENTIONS.values()):
        if all(not fault.when or fault.when(convention) for fault in (first, second)):
            return convention
    raise AssertionError("no convention suits both")


@pytest.mark.parametrize(("first", "second"), DOUBLES)
def test_both_of_two_faults_are_named(first, second):
    faults = FAULTS[first], FAULTS[second]
    convention, alpha = suited(*faults), max(fault.alpha for fault in faults)
    homework = faults[1].plant(faults[0].plant(Homework(sheet(convention, alpha=alpha))))
    report = checked(convention, homework)
    named = {found.code.removeprefix("data-") for found in report.diagnoses}
    assert {fault.code.removeprefix("data-") for fault in faults} <= named, str(report)


def test_an_unknown_mistake_says_where_and_what_was_ruled_out():
    convention = PRESETS["per-class"]
    homework = Homework(sheet(convention)).planted(residual=lambda PY, h: PY[0] ** 1.7 - PY[1] * PY[0] ** 0.3)
    report = checked(convention, homework)
    assert [found.code for found in report.diagnoses] == ["unknown"]
    assert {"scale", "sigmoid", "row-weights", "features-differ"} <= set(report.ruled_out)
    assert "no function at all" in report.diagnoses[0].evidence
    assert "  |" in str(report)


def test_other_features_are_recovered_where_samples_repeat():
    """Few pixels, 0 or 1: equal pictures with equal labels have equal residuals, which cannot be told apart."""
    rng = np.random.default_rng(3)
    X = (rng.random((90, 12)) < 0.4) * 1.0
    assert len(np.unique(X, axis=0)) < 90
    homework = Homework(laid_out(PRESETS["log-likelihood"], X, rng.integers(0, 3, 90), 3))
    wrong = homework.planted(outer=lambda X, h: np.abs(np.fft.fft(X, axis=1)))
    report = checked(PRESETS["log-likelihood"], wrong)
    assert report.diagnoses[0].code == "features-differ", str(report)
    features = report.diagnoses[0].numbers["features"]
    np.testing.assert_allclose(features, np.abs(np.fft.fft(X, axis=1)), atol=1e-9)


def test_hypotheses_that_overflow_warn_of_nothing():
    """Some of them are infinite or NaN on the digits; the search goes on without a word."""
    digits = load_digits()
    X, y, convention = digits.data[:200] / 16, digits.target[:200], PRESETS["per-class"]

    def gradient(W, b, X, y):
        right = convention.gradient(W, X, y, b)
        return np.sin(3 * right.weights + W**2), right.intercept

    report = check_gradient(gradient, X=X, y=y, convention=convention)
    assert [found.code for found in report.diagnoses] == ["unknown"]


def test_every_code_stands_in_the_documents():
    page = (Path(__file__).parents[2] / "docs" / "checker.md").read_text()
    assert {fault.code for fault in FAULTS.values()} <= set(re.findall(r"`([a-z-]+)`", page))
