"""The page in the hands of a reader: mouse, keyboard, telephone, dark room, screen reader."""

import itertools
import re

import numpy as np
import pytest

from softgrad.explain.notation import NOTATIONS
from softgrad.explain.page import CONVENTIONS
from tests.browser.conftest import URL
from tests.browser.contrast import CONTRASTS

# Everything a reader can act on or should be told of, with the name that a screen reader would say.
NAMES = """() => [...document.querySelectorAll("input, button, svg, table, fieldset, pre, math")]
  .filter((element) => element.checkVisibility())
  .map((element) => [element.outerHTML.slice(0, 80),
    element.ariaLabel || element.getAttribute("aria-label") || element.labels?.[0]?.textContent ||
    element.caption?.textContent || element.querySelector(":scope > legend")?.textContent ||
    element.textContent || ""])"""


@pytest.mark.parametrize("name", CONVENTIONS)
def test_says_nothing_and_loads_nothing(opened, name):
    shown = opened(name)
    for other in CONVENTIONS:
        shown.choose(other)
    shown.page.get_by_role("button", name="Take the step").click()
    assert shown.messages == []
    assert [url for url in shown.requests if not url.startswith("data:")] == [URL]
    assert shown.page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_dragging_a_bar_with_the_mouse_moves_everything_that_depends_on_it(opened):
    shown = opened("columns")
    thumb = shown.page.get_by_role("slider", name="Logit: setosa")
    thumb.scroll_into_view_if_needed()
    before = shown.get("results")
    texts = shown.page.locator("main").inner_text()
    box = thumb.bounding_box()
    value, least, most = (float(thumb.evaluate(f"e => e.{name}")) for name in ("value", "min", "max"))
    inside = box["width"] - 16
    x = box["x"] + 8 + inside * (value - least) / (most - least)
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 60, y, steps=5)
    shown.page.mouse.up()
    after = shown.get("results")
    sample = shown.get("state")["sample"]
    assert after["logits"][0][sample] - before["logits"][0][sample] == pytest.approx(
        12 * 60 / inside, abs=0.1
    )
    assert after["logits"][1] == before["logits"][1]
    for key in ("proba", "jacobian", "residual", "losses", "value", "gradient", "next", "curve"):
        assert after[key] != before[key], key
    assert shown.page.locator("main").inner_text() != texts
    for sides in shown.get("equations").values():
        assert sides["difference"] <= 1e-12
    shown.page.get_by_role("button", name="Start again").first.click()
    assert shown.get("results") == before


def test_dragging_a_probability_gives_it(opened):
    shown = opened("numpy")
    shown.slide("Probability: setosa", 0.7)
    assert shown.get("results")["proba"][2][0] == pytest.approx(0.7, abs=1e-12)


def test_numbers_on_the_page_are_the_results(opened):
    shown = opened("per-class")
    shown.slide("intercept of versicolor", -0.8)
    cells = shown.page.locator("#residual-heat td:not(:empty)").all_inner_texts()
    written = [float(cell.replace("\u2212", "-")) for cell in cells]
    np.testing.assert_allclose(written, np.ravel(shown.get("results")["residual"]), atol=5.1e-4)


def test_the_switch_rewrites_formulas_shapes_and_code(opened):
    shown = opened("numpy")
    seen = set()
    for name in CONVENTIONS:
        shown.choose(name)
        formulas = shown.page.locator("main .formula:visible")
        assert formulas.count() == (14 if NOTATIONS[name].separate else 13)
        assert {each.get_attribute("data-for") for each in formulas.all()} == {name}
        numbers = shown.page.locator("main .formula:visible .number").all_inner_texts()
        assert numbers == [f"({k})" for k in range(1, len(numbers) + 1)]
        shapes = shown.page.locator("#shapes").inner_text()
        code = shown.page.locator("#code").inner_text()
        seen.add((shapes, code))
        rows = shown.page.locator("#data-X tbody tr").count()
        assert rows == (2 if name == "columns" else 4)
    assert len(seen) == 4
    shown.choose("columns")
    assert "X is 2 \u00d7 4 (d \u00d7 n)" in shown.page.locator("#shapes").inner_text()


def test_the_reader_keeps_the_values_at_a_switch(opened):
    shown = opened("numpy")
    shown.slide("weight of petal width for setosa", 1.5)
    shown.choose("log-likelihood")
    assert shown.get("state")["W"][0][1] == 1.5
    assert shown.get("results")["alpha"] == pytest.approx(0.4)
    assert shown.get("results")["step"] == pytest.approx(0.025)


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("alpha", [0, 0.25])
def test_the_copied_code_is_this_gradient(opened, name, alpha):
    shown = opened(name)
    shown.page.locator("#alpha").fill(str(alpha))
    shown.page.get_by_role("button", name="Copy").click()
    shown.page.get_by_text("Copied.").wait_for()
    code = shown.page.evaluate("navigator.clipboard.readText()")
    functions = {}
    exec(code, functions)
    results = shown.get("results")
    W, X, y = (np.array(results[key]) for key in ("W", "X", "y"))
    if results["b"] is None:
        np.testing.assert_allclose(functions["gradient"](W, X, y), results["gradient"]["weights"], rtol=1e-12)
    else:
        weights, intercept = functions["gradient"](W, np.array(results["b"]), X, y)
        np.testing.assert_allclose(weights, results["gradient"]["weights"], rtol=1e-12)
        np.testing.assert_allclose(intercept, results["gradient"]["intercept"], rtol=1e-12)
    assert ("alpha" in code) == (alpha > 0)


def test_the_copy_button_works_where_the_clipboard_is_closed(opened):
    shown = opened("columns")
    shown.page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject(new Error()) } });
        document.addEventListener("copy", () => {
            window.copied = getSelection().toString() || document.activeElement.value;
        });
    }""")
    shown.page.get_by_role("button", name="Copy").click()
    shown.page.get_by_text("Copied.").wait_for()
    assert shown.page.evaluate("window.copied") == shown.page.locator("#code").inner_text()


def test_everything_can_be_reached_and_moved_with_the_keyboard(opened):
    shown = opened("columns")
    keyboard = shown.page.keyboard
    keyboard.press("Tab")
    assert shown.page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(80):
        keyboard.press("Tab")
        reached.add(
            shown.page.evaluate(
                "document.activeElement.ariaLabel || document.activeElement.id || "
                "document.activeElement.name || document.activeElement.textContent"
            )
        )
    wanted = {"convention", "sample", "petal length of sample 1", "weight of petal width for virginica"}
    wanted |= {"intercept of setosa", "Logit: versicolor", "Probability: virginica", "alpha", "step"}
    wanted |= {"take-step", "copy", "Start again", "NumPy code", "sample 1 is setosa"}
    assert wanted <= reached
    before = shown.get("state")
    shown.page.get_by_role("slider", name="weight of petal length for setosa").focus()
    keyboard.press("ArrowRight")
    assert shown.get("state")["W"][0][0] == pytest.approx(before["W"][0][0] + 0.01)
    shown.page.locator("input[name=sample]:checked").focus()
    keyboard.press("ArrowRight")
    assert shown.get("state")["sample"] == before["sample"] + 1
    shown.page.locator("input[name=convention]:checked").focus()
    keyboard.press("ArrowLeft")
    assert shown.get("state")["convention"] == "log-likelihood"
    expected = shown.get("results")["next"]["W"]
    shown.page.locator("#take-step").focus()
    keyboard.press("Enter")
    assert shown.get("results")["W"] == expected


def test_focus_is_visible(opened):
    shown = opened()
    shown.page.locator("#alpha").focus()
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["per-class", "log-likelihood"])
def test_every_text_has_enough_contrast(opened, scheme, name):
    shown = opened(name, color_scheme=scheme)
    found = shown.page.evaluate(CONTRASTS)
    assert len(found) > 400
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_light_and_dark_differ(opened):
    backgrounds = {
        opened(color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(backgrounds) == 2


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_sideways_scroll(opened, width):
    shown = opened("numpy", width=width, height=844)
    for name in CONVENTIONS:
        shown.choose(name)
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = shown.page.evaluate(
            """(width) => [...document.querySelectorAll("main *, header *, .bar-top *")]
            .filter((e) => e.checkVisibility() && !e.closest(".hidden, pre, math"))
            .filter((e) => e.getBoundingClientRect().right > width + 0.5)
            .map((e) => e.outerHTML.slice(0, 90))""",
            width,
        )
        assert beyond == []


@pytest.mark.parametrize("name", CONVENTIONS)
def test_formulas_fit_on_a_telephone(opened, name):
    shown = opened(name, width=390, height=844)
    wide = shown.page.evaluate("""() => [...document.querySelectorAll(".formula")]
        .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.parentElement.id)""")
    assert wide == []


@pytest.mark.parametrize("name", CONVENTIONS)
def test_everything_has_a_name(opened, name):
    shown = opened(name)
    named = shown.page.evaluate(NAMES)
    assert len(named) > 80
    assert [markup for markup, words in named if not words.strip()] == []
    charts = shown.page.locator("svg:visible")
    assert all(re.search(r"\d", each.get_attribute("aria-label")) for each in charts.all())
    assert charts.count() == 1 + len(shown.get("mistakes"))
    assert shown.page.evaluate("document.documentElement.lang") == "en"
    levels = shown.page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map((e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    ids = shown.page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_reduced_motion_is_respected(opened):
    for wish, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        shown = opened(reduced_motion=wish)
        assert shown.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        assert shown.page.evaluate("document.getAnimations().length") == 0


def test_mistakes_are_told_with_their_codes(opened):
    shown = opened("columns")
    codes = shown.page.locator("#mistake-list code").all_inner_texts()
    assert len(shown.page.locator("#mistake-list article").all()) == 11
    assert {"scale", "sign", "penalty-missing", "intercept-missing", "softmax-axis", "sigmoid"} <= set(codes)
    assert {"jacobian-diagonal", "true-class-only", "labels-shifted", "features-differ"} <= set(codes)
    shown.page.locator("#alpha").fill("0")
    card = shown.page.locator("article", has_text="penalty-missing")
    assert "nothing differs" in card.inner_text()
