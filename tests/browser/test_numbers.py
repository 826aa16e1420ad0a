"""The page's numbers are softgrad's, in every convention, before and after a reader has dragged values."""

import numpy as np
import pytest

import softgrad
from softgrad.explain.notation import NOTATIONS
from softgrad.explain.page import CONVENTIONS
from tests.check.explained import wrong_gradients

TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def unchanged(opened):
    pass


def dragged(opened):
    """Sliders of every kind, a label, another sample."""
    opened.slide("petal width of sample 2", 3.7)
    opened.slide("weight of petal length for virginica", -1.25)
    opened.slide("Logit: setosa", 2.5)
    opened.slide("Probability: versicolor", 0.85)
    opened.pick(opened.page.get_by_role("radio", name="sample 4 is virginica"))
    opened.pick(opened.page.locator("input[name=sample][value='1']"))
    opened.slide("Logit: virginica", -6)
    opened.page.locator("#alpha").fill("0.37")
    opened.page.locator("#step").fill("-1.5")


def arrays(results):
    """W, X, y and b as the convention has them."""
    b = results["b"]
    return (
        np.array(results["W"]),
        np.array(results["X"]),
        np.array(results["y"]),
        None if b is None else np.array(b),
    )


@pytest.mark.parametrize("change", [unchanged, dragged])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_numbers_are_those_of_the_library(opened, name, change):
    shown = opened(name)
    change(shown)
    check_results(shown, name)
    check_descent(shown, name)
    check_both_sides_of_every_equation(shown, name)


def check_results(shown, name):
    results, state = shown.get("results"), shown.get("state")
    convention = NOTATIONS[name].convention
    W, X, y, b = arrays(results)
    alpha = results["alpha"]
    gradient = convention.gradient(W, X, y, b, alpha=alpha)
    data = convention.gradient(W, X, y, b)
    np.testing.assert_allclose(results["logits"], convention.logits(W, X, b), **TIGHT)
    np.testing.assert_allclose(results["proba"], convention.proba(W, X, b), **TIGHT)
    np.testing.assert_allclose(results["value"], convention.value(W, X, y, b, alpha=alpha), **TIGHT)
    np.testing.assert_allclose(results["dataValue"], convention.value(W, X, y, b), **TIGHT)
    np.testing.assert_allclose(results["gradient"]["weights"], gradient.weights, **TIGHT)
    np.testing.assert_allclose(results["gradient"]["data"], data.weights, **TIGHT)
    np.testing.assert_allclose(results["gradient"]["logits"], gradient.logits, **TIGHT)
    assert np.shape(results["gradient"]["weights"]) == gradient.weights.shape
    if b is None:
        assert results["gradient"]["intercept"] is None
    else:
        assert np.shape(results["gradient"]["intercept"]) == gradient.intercept.shape
        np.testing.assert_allclose(results["gradient"]["intercept"], gradient.intercept, **TIGHT)
    by_sample = np.array(results["logits"]).T if convention.samples == "columns" else results["logits"]
    jacobian = softgrad.softmax_jacobian(np.array(by_sample)[state["sample"]])
    np.testing.assert_allclose(results["jacobian"], jacobian, **TIGHT)


def check_descent(shown, name):
    results = shown.get("results")
    convention = NOTATIONS[name].convention
    W, X, y, b = arrays(results)
    way = results["step"] if convention.objective == "log_likelihood" else -results["step"]
    for t, value in enumerate(results["curve"]):
        np.testing.assert_allclose(
            value, convention.value(W, X, y, b, alpha=results["alpha"]), rtol=1e-11, err_msg=f"step {t}"
        )
        gradient = convention.gradient(W, X, y, b, alpha=results["alpha"])
        W = W + way * gradient.weights
        b = None if b is None else b + way * gradient.intercept
        if t == 0:
            np.testing.assert_allclose(results["next"]["W"], W, **TIGHT)
    assert t == 40


def check_both_sides_of_every_equation(shown, name):
    equations = shown.get("equations")
    assert len(equations) == (14 if NOTATIONS[name].separate else 13)
    for key, sides in equations.items():
        left, right = np.array(sides["left"]), np.array(sides["right"])
        scale = max(1.0, float(np.abs(right).max()))
        assert np.abs(left - right).max() <= 1e-12 * scale, key
        assert sides["difference"] <= 1e-12, key
    verdicts = shown.page.locator(".equation:visible .verdict").all_inner_texts()
    assert len(verdicts) == len(equations)
    assert all("The sides agree" in verdict for verdict in verdicts)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_wrong_gradients_are_the_wrong_ones_they_are_said_to_be(opened, name):
    shown = opened(name)
    state, mistakes = shown.get("state"), shown.get("mistakes")
    notation = NOTATIONS[name]
    W, X, Y = np.array(state["W"]), np.array(state["X"]), np.eye(3)[state["y"]]
    b = np.array(state["b"]) if notation.separate else np.zeros(3)
    summed = notation.convention.reduction == "sum"
    expected = wrong_gradients(W, b, X, Y, state["alpha"], summed=summed)
    if not notation.separate:
        del expected["intercept-missing"]
    assert set(mistakes) == set(expected)
    for code, (dW, db) in expected.items():
        np.testing.assert_allclose(mistakes[code]["gradient"]["W"], dW, **TIGHT, err_msg=code)
        if notation.separate:
            np.testing.assert_allclose(mistakes[code]["gradient"]["b"], db, **TIGHT, err_msg=code)
        assert mistakes[code]["error"] > 0.01
        assert mistakes[code]["order"] == pytest.approx(1, abs=0.1)
    assert shown.get("rightOrder") == pytest.approx(2, abs=0.05)
