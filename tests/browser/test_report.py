"""The report in a real browser: on a telephone, in the dark, on paper, and with names that mean harm."""

import re

import pytest

from tests.browser.conftest import URL
from tests.browser.contrast import CONTRASTS
from tests.report.cases import HOSTILE, PAGES


@pytest.fixture(scope="module")
def pages():
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    return {name: make().html for name, make in PAGES.items()}


@pytest.mark.parametrize("name", PAGES)
def test_says_nothing_loads_nothing_and_is_small(shown, pages, name):
    page = shown(pages[name])
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith("data:")] == [URL]
    assert len(pages[name].encode()) < 400_000
    assert page.page.locator("script, [onerror], [onload], link[rel=stylesheet]").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["cancer", "digits", "hostile", "crowded"])
def test_no_sideways_scroll(shown, pages, name, width):
    page = shown(pages[name], width=width, height=844).page
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        """(width) => [...document.querySelectorAll("main *, header *")]
        .filter((e) => e.checkVisibility() && !e.closest(".hidden, .formulas"))
        .filter((e) => e.getBoundingClientRect().right > width + 0.5)
        .map((e) => e.outerHTML.slice(0, 90))""",
        width,
    )
    assert beyond == []


def test_the_formula_fits_on_a_telephone(shown, pages):
    for name in ("iris", "cancer", "digits"):
        page = shown(pages[name], width=390, height=844).page
        assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.formulas'))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["digits", "crowded"])
def test_every_text_has_enough_contrast(shown, pages, name, scheme):
    page = shown(pages[name], color_scheme=scheme).page
    found = page.evaluate(CONTRASTS)
    assert len(found) > 200
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_light_and_dark_differ(shown, pages):
    backgrounds = {
        shown(pages["iris"], color_scheme=scheme).page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert len(backgrounds) == 2


@pytest.mark.parametrize("name", PAGES)
def test_prints_on_four_pages(shown, pages, name):
    paper = shown(pages[name], color_scheme="dark").page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 4


def test_hostile_names_are_text(shown, pages):
    page = shown(pages["hostile"]).page
    names = page.evaluate("[...document.querySelectorAll('bdi')].map((e) => e.title || e.textContent)")
    for key, name in HOSTILE.items():
        assert " ".join(name.split()) in {" ".join(each.split()) for each in names}, key
    assert page.title().startswith("<script>alert(")
    assert page.locator("h1").inner_text() == "Predicting <script>alert('a')</script>"
    assert page.locator("img").count() == 0


def test_everything_has_a_name(shown, pages):
    page = shown(pages["digits"]).page
    pictures = page.locator("svg[role=img]")
    assert pictures.count() == 10 + 6 + 2
    assert all(each.get_attribute("aria-label") for each in pictures.all())
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert max(levels) == 3
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    heads = page.locator("thead th:not([scope])")
    assert heads.count() == 0
