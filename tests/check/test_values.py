"""The four outcomes of a check with the user's own value."""

import numpy as np
import pytest

from softgrad import check_gradient
from tests.check.faults import FAULTS
from tests.check.homework import CONVENTIONS, Homework, sheet


def own_value(convention, alpha):
    if convention.intercept == "separate":
        return lambda W, b, X, y: convention.value(W, X, y, b, alpha=alpha)
    return lambda W, X, y: convention.value(W, X, y, alpha=alpha)


def checked(homework, value):
    one = homework.sheet
    return check_gradient(
        homework.gradient, value, X=one.X, y=one.y, convention=one.convention, alpha=one.alpha
    )


@pytest.fixture(params=list(CONVENTIONS))
def one(request):
    return Homework(sheet(CONVENTIONS[request.param], alpha=0.1))


def test_both_right(one):
    report = checked(one, own_value(one.sheet.convention, 0.1))
    assert report.ok
    assert not report.diagnoses


def test_gradient_wrong(one):
    wrong = one.planted(**FAULTS["sigmoid"].steps)
    report = checked(wrong, own_value(one.sheet.convention, 0.1))
    assert [found.code for found in report.diagnoses if found.severity == "error"] == ["sigmoid"]
    assert "your value agrees" not in str(report)


def test_value_wrong(one):
    value = own_value(one.sheet.convention, 0.1)
    report = checked(one, lambda *arguments: 3 * value(*arguments))
    assert [found.code for found in report.diagnoses] == ["value-mismatch"]
    assert not report.ok
    assert report.diagnoses[0].numbers["factor"] == pytest.approx(3)


def test_value_without_its_penalty(one):
    report = checked(one, own_value(one.sheet.convention, 0.0))
    assert [found.code for found in report.diagnoses] == ["value-mismatch"]
    assert report.diagnoses[0].numbers["penalty"] == pytest.approx(0, abs=1e-6)


def test_value_off_by_a_constant_is_a_warning(one):
    value = own_value(one.sheet.convention, 0.1)
    report = checked(one, lambda *arguments: value(*arguments) + 1.5)
    assert report.ok
    assert [(found.code, found.severity) for found in report.diagnoses] == [("value-mismatch", "warning")]
    assert report.diagnoses[0].numbers["offset"] == pytest.approx(1.5)


def test_both_right_for_another_objective(one):
    wrong = one.planted(**FAULTS["factor 2"].steps, penalty=(2.0, 0.0))
    value = own_value(one.sheet.convention, 0.1)
    report = checked(wrong, lambda *arguments: 2 * value(*arguments))
    assert not report.ok
    assert [found.code for found in report.diagnoses] == ["scale"]
    assert "your value agrees with your gradient" in report.diagnoses[0].evidence


def test_both_wrong_and_at_odds(one):
    wrong = one.planted(**FAULTS["sigmoid"].steps)
    value = own_value(one.sheet.convention, 0.1)
    codes = [found.code for found in checked(wrong, lambda *arguments: 2 * value(*arguments)).diagnoses]
    assert codes[:2] == ["sigmoid", "value-mismatch"]


def test_an_epsilon_in_the_logarithm_is_no_mistake():
    one = Homework(sheet(CONVENTIONS["numpy"]))

    def value(W, X, y):
        E = np.exp(X @ W - (X @ W).max(axis=1, keepdims=True))
        return -np.mean((y * np.log(E / E.sum(axis=1, keepdims=True) + 1e-12)).sum(axis=1))

    assert not checked(one, value).diagnoses


def test_a_value_that_overflows_is_a_warning():
    one = Homework(sheet(CONVENTIONS["numpy"]))

    def value(W, X, y):
        E = np.exp(X @ W)
        return -np.mean((y * np.log(E / E.sum(axis=1, keepdims=True))).sum(axis=1))

    report = checked(one, value)
    assert report.ok
    assert [found.code for found in report.diagnoses] == ["overflow"]


def test_a_value_that_is_no_number():
    one = Homework(sheet(CONVENTIONS["numpy"]))
    report = checked(one, lambda W, X, y: W)
    assert [found.code for found in report.diagnoses] == ["value-mismatch"]
