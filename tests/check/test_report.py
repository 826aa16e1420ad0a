"""What the report says, and in which forms."""

import json

import numpy as np
import pytest

from softgrad import Diagnosis, GradientReport, assert_gradient, check_gradient
from softgrad.conventions import COLUMNS, NUMPY
from tests.check.faults import FAULTS
from tests.check.homework import CONVENTIONS, Homework, sheet


def report_of(name, convention="numpy", **arguments):
    fault = FAULTS[name]
    one = fault.plant(Homework(sheet(CONVENTIONS[convention], alpha=fault.alpha, **arguments)))
    s = one.sheet
    return check_gradient(one.gradient, X=s.X, y=s.y, convention=s.convention, alpha=s.alpha)


def test_factor_is_named():
    found = report_of("missing 1/n", n=150).diagnoses[0]
    assert found.numbers["factor"] == pytest.approx(150)
    assert found.numbers["names"][0] == "n"
    assert found.fix == "dW = X.T @ R / X.shape[0]"
    assert "150 = n" in found.evidence
    assert "document 1" in found.derivation


def test_constants_of_standardised_features_are_recovered():
    evidence = report_of("outer by constants", "columns").diagnoses[0].evidence
    assert "column 3 is (x3 - 4.1) / 2.2" in evidence


def test_permutation_and_shift():
    assert report_of("labels swapped").diagnoses[0].numbers["permutation"] == [1, 0, 2]
    shifted = report_of("labels wrapped").diagnoses
    assert shifted[0].numbers["shift"] == 1
    assert shifted[1].code == "labels-permuted"


@pytest.mark.parametrize(
    ("name", "convention", "codes"),
    [
        ("diagonal", "numpy", ["jacobian-diagonal", "true-class-only"]),
        ("no db", "columns", ["intercept-missing", "intercept-summed"]),
        ("db summed", "columns", ["intercept-summed"]),
        ("rows reversed", "numpy", ["rows-misaligned", "features-differ-everywhere"]),
    ],
)
def test_ties_are_reported_as_ties(name, convention, codes):
    report = report_of(name, convention)
    assert [found.code for found in report.diagnoses] == codes
    for found, other in zip(report.diagnoses, codes[::-1], strict=True):
        assert len(codes) == 1 or f"tied with {other}" in found.evidence


def test_smoothing_threshold_and_temperature_are_measured():
    assert report_of("smoothing").diagnoses[0].numbers["epsilon"] == pytest.approx(0.1)
    assert report_of("clipped by value").diagnoses[0].numbers["threshold"] == pytest.approx(0.08)
    assert report_of("temperature 0.7, derived").diagnoses[0].numbers["temperature"] == pytest.approx(0.7)
    assert report_of("class weights").diagnoses[0].numbers["weights"] == pytest.approx([1, 2, 5])


@pytest.mark.parametrize("name", ["missing 1/n", "outer other", "y shuffled", "row weights", "reshaped"])
def test_to_dict_is_plain(name):
    report = report_of(name)
    again = json.loads(json.dumps(report.to_dict()))
    assert again["diagnoses"][0]["code"] == FAULTS[name].code
    assert again["ok"] is False


def test_text_is_a_page():
    text = str(report_of("sigmoid", "per-class"))
    assert text.startswith("The gradient is wrong")
    for part in ("1. sigmoid (error):", "evidence:", "fix:", "E = np.exp(Z", "document 2"):
        assert part in text
    assert max(len(line) for line in text.splitlines() if "fix:" not in line) <= 100


def test_html_escapes():
    report = GradientReport(
        False, 1.0, [Diagnosis("unknown", "error", "<b>bad</b>", "a < b", "x & y")], 1, "<script>"
    )
    page = report._repr_html_()
    assert "<script>" not in page
    assert "<b>bad" not in page
    assert "x &amp; y" in page


def test_rich_shows_the_same_text():
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    report = report_of("sigmoid")
    with console.file:
        console.print(report)
    assert console.export_text().split() == str(report).split()


def test_assert_gradient():
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.eye(2)[[0, 1] * 10]
    assert_gradient(lambda W, X, y: NUMPY.gradient(W, X, y).weights, X=X, y=y)
    with pytest.raises(AssertionError, match="sign"):
        assert_gradient(lambda W, X, y: -NUMPY.gradient(W, X, y).weights, X=X, y=y)


def test_relative_error():
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.eye(2)[[0, 1] * 10]
    report = check_gradient(lambda W, X, y: 3 * NUMPY.gradient(W, X, y).weights, X=X, y=y)
    assert report.max_relative_error == pytest.approx(2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"X": np.ones(3)}, "matrix"),
        ({"X": np.full((4, 2), np.nan)}, "finite"),
        ({"y": np.arange(4)}, "labels"),
        ({"alpha": np.inf}, "alpha=inf was given; pass one finite number >= 0"),
        ({"alpha": -0.1}, "alpha=-0.1 was given; pass one finite number >= 0"),
        ({"alpha": None}, "alpha=None was given; pass one finite number >= 0"),
        ({"n_classes": 2.5}, "n_classes"),
        ({"params": []}, "empty"),
        ({"params": [np.ones((7, 7))], "n_classes": 2}, "params"),
        ({"convention": "columns"}, "Convention"),
        ({"gradient": 3}, "function"),
        ({"convention": COLUMNS, "params": [np.ones((2, 4))], "y": np.eye(2)}, "pairs"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, words):
    good = {"gradient": lambda W, X, y: W, "X": np.ones((4, 2)), "y": np.eye(2)[[0, 1, 0, 1]]}
    with pytest.raises(ValueError, match=words):
        check_gradient(**{**good, **arguments})
