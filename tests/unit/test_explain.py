"""The page of ``softgrad explain`` as a text: complete, alone, and with the library's own code; and its command."""

import json
import re
from html import unescape
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from softgrad.explain.equations import equations
from softgrad.explain.notation import NOTATIONS
from softgrad.explain.page import CONVENTIONS, EXAMPLE, page
from tests.cli.running import invoke

ORDER = [
    "logits",
    "softmax",
    "log",
    "loss",
    "jacobian",
    "by-proba",
    "chain",
    "residual",
    "by-weight",
    "outer",
    "gradient",
    "intercept",
    "penalty",
    "slope",
]


def data_of(text):
    embedded = re.search(
        r'<script type="application/json" id="softgrad-data">(.*?)</script>', text, re.DOTALL
    )
    return json.loads(embedded[1])


@pytest.mark.parametrize("name", CONVENTIONS)
class TestPage:
    def test_is_one_small_file_that_names_no_other(self, name):
        text = page(name)
        assert len(text.encode()) < 500_000
        addresses = set(re.findall(r"https?://[^\"' )]+", text))
        assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not a place
        assert not re.search(r"\b(src|srcset|@import|url)\s*[=(]", text)
        assert set(re.findall(r'href="([^"]*)"', text)) == {"data:,", "#example"}
        assert "default-src 'none'" in text

    def test_opens_in_the_convention(self, name):
        text = page(name)
        assert data_of(text)["start"] == name
        assert f'value="{name}" checked' in text
        shown = re.findall(r'<div class="formula" data-for="([^"]+)">', text)
        assert set(shown) == {name}
        assert len(shown) == (14 if NOTATIONS[name].separate else 13)

    def test_no_placeholder_is_left(self, name):
        assert not re.search(r"\$\{?[a-z_]+\}(?![^<]*`)", page(name).split("<script")[0])

    def test_the_code_is_the_convention_s(self, name):
        entry = data_of(page(name))["conventions"][name]
        convention = NOTATIONS[name].convention
        assert entry["code"]["plain"] == convention.numpy_code()
        penalised = entry["code"]["penalised"]
        rewritten, places = re.subn(r"(?m)^alpha = \S+", "alpha = 0.25", penalised)
        assert places == 1
        assert rewritten == convention.numpy_code(alpha=0.25)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_derivation_is_whole_in_every_notation(name):
    notation = NOTATIONS[name]
    found = equations(notation)
    assert [equation.key for equation in found] == [
        key for key in ORDER if notation.separate or key != "intercept"
    ]
    for equation in found:
        for side in (equation.left, equation.right):
            root = ET.fromstring(f"<math>{unescape(side).replace('&', '&amp;')}</math>")
            leaves = [leaf for leaf in root.iter() if not len(leaf)]
            assert all(leaf.text or leaf.tag in ("mspace", "mrow") for leaf in leaves)
            for fraction in (*root.iter("mfrac"), *root.iter("msub"), *root.iter("msup")):
                assert len(fraction) == 2
            for both in (*root.iter("msubsup"), *root.iter("munderover")):
                assert len(both) == 3
        assert equation.left_by
        assert equation.right_by


def test_the_script_builds_no_markup_from_text():
    script = page().rsplit("<script>", 1)[1]
    for word in (
        "eval(",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "new Function",
        "fetch(",
        "document.write",
    ):
        assert word not in script


def test_the_example_is_four_rows_of_iris():
    from sklearn.datasets import load_iris

    iris = load_iris()
    rows = [0, 50, 100, 77]
    assert np.array_equal(iris.data[rows, 2:], EXAMPLE["X"])
    assert iris.target[rows].tolist() == EXAMPLE["y"]


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="'rows' is unknown; choose one of 'numpy', 'per-class'"):
        page("rows")


class TestCommand:
    def test_writes_the_page(self, tmp_path):
        path = tmp_path / "page.html"
        result = invoke("explain", "--convention", "columns", "-o", str(path))
        assert (result.exit_code, result.stderr) == (0, "")
        assert re.search(r"page\.html: \d+ kB", result.stdout)
        assert path.read_text(encoding="utf-8") == page("columns")

    def test_has_a_name_for_the_page(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert invoke("explain").exit_code == 0
        assert (tmp_path / "softgrad-explain.html").read_text(encoding="utf-8") == page("numpy")

    def test_refuses_an_unknown_convention(self, tmp_path):
        result = invoke("explain", "--convention", "rows", "-o", str(tmp_path / "page.html"))
        assert result.exit_code == 2
        assert "expected one of numpy, per-class, log-likelihood, columns, not 'rows'" in result.stderr
        assert list(tmp_path.iterdir()) == []

    def test_refuses_a_folder_that_is_not_there(self, tmp_path):
        result = invoke("explain", "-o", str(tmp_path / "none" / "page.html"))
        assert result.exit_code == 1
        assert "there is no folder" in result.stderr
