"""The documents as a site, built as `make docs` does."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ["sphinx", "furo", "myst_parser", "numpydoc", "latex2mathml"]


def built(folder: Path) -> Path:
    """The site, made in `folder`; the test is skipped where a tool is missing."""
    missing = [tool for tool in TOOLS if find_spec(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; pip install 'softgrad[docs]'")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    result = subprocess.run(
        [*command, "-d", folder / "doctrees", ROOT / "docs", folder / "site"],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder / "site"
