"""The gradient checker names the page's wrong gradients as the page says it does."""

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest
from sklearn.datasets import load_iris

from softgrad import check_gradient
from softgrad.explain.page import EXAMPLE
from tests.check.explained import wrong_gradients
from tests.check.homework import PRESETS, laid_out

PETALS = load_iris().data[:, 2:]
DATA = {
    "the page's four rows": (np.array(EXAMPLE["X"]), np.array(EXAMPLE["y"])),
    "all rows": (PETALS, load_iris().target),
}


def offered():
    """The page's mistakes: their codes, and the other code that it names beside one."""
    script = files("softgrad.explain").joinpath("parts", "mistakes.js").read_text(encoding="utf-8")
    return dict(re.findall(r'\n    code: "(.+?)",\n(?:    tied: "(.+?)",)?', script))


def handed_in(code, sheet):
    """A wrong gradient as a function in the sheet's convention."""
    convention = sheet.convention
    summed, by_sample = convention.reduction == "sum", convention.samples == "rows"

    def turned(W):
        return W if convention.weights == "classes_by_features" else W.T

    def gradient(W, b, X, y):
        X = X if by_sample else X.T
        Y = np.eye(sheet.K)[y] if convention.labels == "index" else (y if by_sample else y.T)
        units = len(X) if summed else 1
        wrong = wrong_gradients(turned(W), np.ravel(b), X, Y, sheet.alpha / units, summed=summed)[code]
        dW, db = (units * part * (1 if convention.objective == "loss" else -1) for part in wrong)
        return turned(dW), db if by_sample else db[:, None]

    if convention.intercept == "separate":
        return gradient
    return lambda W, X, y: gradient(W, np.zeros(sheet.K), X, y)[0]


def report_on(code, sheet):
    gradient = handed_in(code, sheet)
    return check_gradient(gradient, X=sheet.X, y=sheet.y, convention=sheet.convention, alpha=sheet.alpha)


def cases():
    """Each mistake in each preset; that of an intercept where there is one."""
    for code, (preset, convention) in itertools.product(offered(), PRESETS.items()):
        if code != "intercept-missing" or convention.intercept == "separate":
            yield code, preset


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(("code", "preset"), list(cases()))
def test_the_page_names_the_code_that_the_checker_reports(code, preset, data):
    report = report_on(code, laid_out(PRESETS[preset], *DATA[data], 3, EXAMPLE["alpha"]))
    assert report.diagnoses[0].code == code, str(report)
    tied = offered()[code]
    assert not tied or tied in [found.code for found in report.diagnoses]


def test_every_mistake_of_the_page_is_among_them():
    definitions = wrong_gradients(
        np.zeros((3, 2)), 0.0, PETALS, np.eye(3)[DATA["all rows"][1]], 0.1, summed=False
    )
    assert set(offered()) == set(definitions)
    assert len(definitions) == 11
