"""Everything that softgrad writes as HTML, with names that mean harm, in a real browser: they stay text."""

import html
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import softgrad
from softgrad.check.report import Diagnosis
from softgrad.optimize.solution import Status
from tests.browser.conftest import URL
from tests.cli.running import invoke
from tests.security.hostile import NAMES

WORDS = list(NAMES.values())


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    codes = np.arange(10 * len(WORDS)) % len(WORDS)
    X = rng.normal(size=(len(codes), len(WORDS))) + 2 * np.eye(len(WORDS))[codes]
    return pd.DataFrame(X, columns=WORDS).assign(**{f"y {WORDS[0]}": np.array(WORDS, dtype=object)[codes]})


def command_report(folder: Path) -> str:
    """`softgrad fit --report`, of a file whose columns and classes have these names."""
    frame = table()
    frame.to_parquet(folder / "<img src=x onerror=window.hit=4>.parquet")
    done = invoke("fit", str(folder / "<img src=x onerror=window.hit=4>.parquet"), "--target", frame.columns[-1],
                  "--report", str(folder / "r.html"))  # fmt: skip
    assert done.exit_code == 0, done.output
    return (folder / "r.html").read_text(encoding="utf-8")


def notebook_report(folder: Path) -> str:
    """`estimator.report`, as a notebook shows it: the page stands in an attribute."""
    frame = table()
    model = softgrad.SoftmaxRegression().fit(frame.iloc[:, :-1], frame.iloc[:, -1])
    return str(model.report(frame.iloc[:, :-1], frame.iloc[:, -1])._repr_html_())


def estimator(folder: Path) -> str:
    weights = dict.fromkeys(WORDS, 1.0)
    return str(softgrad.SoftmaxRegression(classes=WORDS, class_weight=weights)._repr_html_())


def solution(folder: Path) -> str:
    nothing = np.zeros((2, 1))
    status = Status("stopped", " ".join(WORDS))
    return softgrad.Solution(nothing, nothing[:, 0], 0.0, 0.0, 0.0, 0.0, 0, (), status)._repr_html_()


def gradient_report(folder: Path) -> str:
    """What a gradient raises stands in its report."""

    def gradient(W: object, X: object, y: object) -> None:
        raise ValueError(" ".join(WORDS))

    report = softgrad.check_gradient(gradient, X=[[1.0], [2.0]], y=[[1, 0], [0, 1]])
    words = " ".join(WORDS)
    other = Diagnosis(words, "error", words, words, words, words)
    forged = softgrad.GradientReport(False, 1.0, [other], 1, words)
    return report._repr_html_() + forged._repr_html_()


def grades(folder: Path) -> str:
    """`softgrad check --grade`: the names of the files, and what they raise, are the students'."""
    (folder / "in").mkdir()
    for number, word in enumerate(WORDS):
        name = "".join(c for c in word[:60] if c not in "/\0")
        (folder / "in" / f"{number} {name}.py").write_text(f"raise ValueError({word!r})\n", encoding="utf-8")
    invoke("check", "--grade", str(folder / "in"), "-o", str(folder / "g.html"))
    return (folder / "g.html").read_text(encoding="utf-8")


MAKERS = [command_report, notebook_report, estimator, solution, gradient_report, grades]


@pytest.mark.parametrize("make", MAKERS)
def test_names_are_text(shown, tmp_path, make):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    page = shown(make(tmp_path))
    page.page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    for frame in page.page.frames:
        assert frame.evaluate("window.hit") is None
        assert frame.locator("img, [onerror], [onload], [onclick='window.hit=3']").count() == 0
    assert [message for message in page.messages if "hit" in message] == []
    assert [url for url in page.requests if not url.startswith(("data:", "about:"))] == [URL]


@pytest.mark.parametrize("make", [command_report, gradient_report, solution])
def test_names_are_shown(shown, tmp_path, make):
    """Escaping has not eaten them: templates are not computed, and tags can be read."""
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    shown_text = shown(make(tmp_path)).page.evaluate("document.body.textContent")
    for key in ("script", "attribute", "template", "path", "formula", "emoji"):
        assert NAMES[key] in shown_text, key


@pytest.mark.parametrize("word", NAMES)
def test_the_explained_page_takes_no_names(word, tmp_path):
    result = invoke("explain", "--convention", NAMES[word], "-o", str(tmp_path / "page.html"))
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_the_payload_works(shown):
    """The test can fail: as markup, one of these names runs."""
    assert shown(NAMES["script"]).page.evaluate("window.hit") == "script"
    assert shown(html.escape(NAMES["script"])).page.evaluate("window.hit") is None
