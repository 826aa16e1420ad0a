"""The documents in a real browser: on a telephone and a desk, light and dark, without a network."""

import re

import pytest

from tests.browser.contrast import CONTRASTS

PAGES = [
    "index",
    "tutorial",
    "derivations",
    "benchmarks",
    "solvers",
    "howto/replace-logistic-regression",
    "reference/estimator",
    "reference/commands",
]


BEYOND = """(width) => [...document.querySelectorAll("article *")]
  .filter((e) => e.checkVisibility() && !e.closest("pre, .table-wrapper, .formula, math"))
  .filter((e) => e.getBoundingClientRect().right > width + 0.5).map((e) => e.outerHTML.slice(0, 90))"""
"""What the right edge cuts, but for what scrolls by itself."""


@pytest.fixture
def visit(browser, site):
    """Open a page of the site from its folder: ``visit(name, **context options)``."""
    contexts = []

    def open_page(name, **options):
        context = browser.new_context(viewport={"width": 1280, "height": 844}, **options)
        contexts.append(context)
        page = context.new_page()
        page.requests, page.messages = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_fits_the_screen_and_asks_nobody(visit, name):
    page = visit(name)
    for width in (1280, 1340, 1050, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(BEYOND, width) == []
    assert [url for url in page.requests if not re.match("file:|data:", url)] == []
    assert page.messages == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["tutorial", "reference/estimator"])
def test_every_text_has_enough_contrast(visit, name, scheme):
    found = visit(name, color_scheme=scheme).evaluate(CONTRASTS)
    assert len(found) > 100
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_subscripts_are_smaller_and_lower(visit):
    """Formulas are laid out as such, by the browser itself."""
    (base, size), (lower, smaller) = visit("derivations").evaluate(
        """[...document.querySelector("msub").children]
        .map((e) => [e.getBoundingClientRect().bottom, parseFloat(getComputedStyle(e).fontSize)])"""
    )
    assert lower > base + 1
    assert smaller < 0.9 * size
