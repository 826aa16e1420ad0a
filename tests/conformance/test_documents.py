"""Every Python block of the README and the documents runs, and prints what the block after "prints" says.

Each block is a program of its own; those of the tutorial are one program. A console block shows a command and what it
prints.
"""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.cli.running import invoke

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
CONTINUED = [ROOT / "docs" / "tutorial.md"]
BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?:\n+prints\n+```\n(?P<printed>.*?)```)?", re.DOTALL)


CONSOLE = re.compile(r"```console\n\$ softgrad (?P<command>.*)\n(?P<printed>(?s:.*?))```")


def blocks():
    """The Python blocks that are programs of their own, with what is printed."""
    found = []
    for page in PAGES:
        if page in CONTINUED:
            continue
        for number, match in enumerate(BLOCK.finditer(page.read_text())):
            name = f"{page.relative_to(ROOT)}-{number}"
            found.append(pytest.param(match["code"], match["printed"], id=name))
    return found


def check(code, printed, names):
    """Run a block among these names; what it prints is what the page says, but for where lines end."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "page", "exec"), names)
    if printed is not None:
        assert output.getvalue().split() == printed.split()


@pytest.mark.parametrize(("code", "printed"), blocks())
def test_block_runs_and_prints_what_the_page_says(code, printed):
    check(code, printed, {})


@pytest.mark.parametrize("page", CONTINUED, ids=lambda page: page.name)
def test_blocks_of_a_tutorial_run_one_after_the_other(page):
    names = {}
    found = list(BLOCK.finditer(page.read_text()))
    for match in found:
        check(match["code"], match["printed"], names)
    assert len(found) >= 10


@pytest.mark.parametrize(
    ("command", "printed"),
    [match.groups() for page in PAGES for match in CONSOLE.finditer(page.read_text())],
)
def test_command_prints_what_the_page_says(command, printed, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = invoke(*command.split())
    assert [line.rstrip() for line in result.stdout.rstrip().splitlines()] == printed.splitlines()


def test_the_readme_shows_a_verdict():
    assert "$ softgrad check " in (ROOT / "README.md").read_text()


def test_the_readme_has_blocks_with_output():
    assert sum(printed.values[1] is not None for printed in blocks()) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    targets = re.findall(r"(?:\]\(|href=\"|src=\")(?!https?:|#)([^)#\"]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
