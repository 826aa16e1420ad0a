"""The built documents: no link leads nowhere, no page asks another host for anything, every public name is there."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import softgrad
from softgrad import SoftmaxRegression, plots

LOADS = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "srcset"), ("link", "href")}
NAMED, LOADED = (
    {"canonical", "next", "prev", "index", "search"},
    re.compile(r"url\(([^)]*)\)|@import\s+([^;]*)"),
)


@dataclass
class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        for name, value in attrs:
            if (tag, name) in LOADS and value and not NAMED & set((found.get("rel") or "").split()):
                self.loads.append(value)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_there_are_pages(pages):
    names = {path.stem for path in pages}
    assert {
        "index",
        "tutorial",
        "solvers",
        "derivations",
        "replace-logistic-regression",
        "estimator",
    } <= names


def test_links_lead_somewhere(pages):
    broken = []
    for page in pages.values():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            anchors = pages[target].anchors if target in pages else set()
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                broken.append((page.path.name, link))
    assert not broken


def test_pages_load_their_own_files_only(pages):
    for page in pages.values():
        assert page.loads
        for load in page.loads:
            parts = urlsplit(load)
            assert (parts.scheme, parts.netloc) == ("", ""), load
            assert (page.path.parent / unquote(parts.path)).exists(), load


def test_style_sheets_load_nothing_from_elsewhere(site):
    sheets = list(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        for found in LOADED.findall(sheet.read_text(encoding="utf-8")):
            assert not re.match(r"""\s*["']?(https?:)?//""", "".join(found)), (sheet.name, found)


def test_every_public_name_has_its_place(pages):
    anchors = {anchor for page in pages.values() for anchor in page.anchors}
    names = {f"softgrad.{name}" for name in softgrad.__all__} - {"softgrad.__version__"}
    names.remove("softgrad.conventions")
    names |= {f"softgrad.conventions.{name}" for name in softgrad.conventions.__all__}
    names |= {f"softgrad.plots.{name}" for name in plots.__all__}
    names |= {f"softgrad-{command}" for command in ("fit", "predict", "evaluate", "check", "explain", "info")}
    names |= {f"softgrad.SoftmaxRegression.{name}" for name in methods(SoftmaxRegression)}
    assert names <= anchors


def methods(estimator):
    """Its public methods that this project wrote."""
    found = ((name, getattr(estimator, name)) for name in dir(estimator) if not name.startswith("_"))
    return [name for name, method in found if getattr(method, "__module__", "").startswith("softgrad")]


def test_nothing_is_left_as_it_was_written(pages):
    """Roles of docstrings, and formulas that no renderer has seen."""
    for page in pages.values():
        assert not re.search(r":(func|class|meth|mod|data):|\\frac|\\sum|\$\\", page.text), page.path.name


def test_the_site_is_small(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 10e6
