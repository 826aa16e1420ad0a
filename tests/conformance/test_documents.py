"""Every Python block of the README and the documents runs, and prints what the block after "prints" says.

A console block shows a command and what it prints.
"""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.cli.running import invoke

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *ROOT.glob("docs/*.md")])
BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?:\n+prints\n+```\n(?P<printed>.*?)```)?", re.DOTALL)


CONSOLE = re.compile(r"```console\n\$ softgrad (?P<command>.*)\n(?P<printed>(?s:.*?))```")


def blocks():
    """The pages' Python blocks, with what is printed."""
    found = []
    for page in PAGES:
        for number, match in enumerate(BLOCK.finditer(page.read_text())):
            found.append(pytest.param(match["code"], match["printed"], id=f"{page.name}-{number}"))
    return found


@pytest.mark.parametrize(("code", "printed"), blocks())
def test_block_runs_and_prints_what_the_page_says(code, printed):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "page", "exec"), {})
    if printed is not None:
        assert output.getvalue().split() == printed.split()


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
