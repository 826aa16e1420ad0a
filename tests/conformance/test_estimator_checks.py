"""SoftmaxRegression against scikit-learn's own estimator checks: none is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from softgrad import SoftmaxRegression

VARIANTS = {
    "default": SoftmaxRegression(),
    "lbfgs": SoftmaxRegression(solver="lbfgs"),
    "accelerated-gradient": SoftmaxRegression(solver="accelerated-gradient"),
    "balanced": SoftmaxRegression(class_weight="balanced"),
}

WITHOUT_INTERCEPT = SoftmaxRegression(fit_intercept=False)

NEEDS_AN_INTERCEPT = "check_class_weight_classifiers"
"""Asks a class weight of 1000 to win nearly all rows; no model without an intercept can shift its boundary so."""


def name(check):
    return check.func.__name__ if hasattr(check, "func") else check.__name__


def pairs():
    for title, estimator in VARIANTS.items():
        for each, check in estimator_checks_generator(estimator, legacy=True):
            yield pytest.param(each, check, id=f"{title}-{name(check)}")
    for each, check in estimator_checks_generator(WITHOUT_INTERCEPT, legacy=True):
        if name(check) != NEEDS_AN_INTERCEPT:
            yield pytest.param(each, check, id=f"no intercept-{name(check)}")


@pytest.mark.filterwarnings("ignore:softgrad. max_iter:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("estimator", "check"), list(pairs()))
def test_passes_scikit_learns_check(estimator, check):
    """A first-order solver may say that it needs more iterations on the checks' badly scaled data."""
    check(estimator)


def test_no_check_fails_or_is_expected_to():
    outcomes = check_estimator(SoftmaxRegression(), on_fail=None, on_skip=None)
    assert len(outcomes) > 50
    assert [each["check_name"] for each in outcomes if each["expected_to_fail"]] == []
    not_passed = {each["check_name"]: each["status"] for each in outcomes if each["status"] != "passed"}
    assert not_passed.items() <= {"check_array_api_input": "skipped"}.items()
