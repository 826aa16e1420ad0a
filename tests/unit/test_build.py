"""The package as it is built: its version, its kernels, and the NumPy twins where the compiled ones are missing."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import softgrad
from softgrad.kernels import choice

ROOT = Path(__file__).parents[2]


def test_version_is_that_of_the_project():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert softgrad.__version__ == importlib.metadata.version("softgrad") == declared


def test_backend_tells_whether_the_extension_module_is_there(monkeypatch):
    found = importlib.util.find_spec("softgrad.kernels._native") is not None
    assert (len(choice.available()) > 0) == found
    assert choice.backend() in choice.NAMES


def start_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


def run_python(code: str) -> str:
    done = start_python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_the_extension_module_numpy_is_used():
    code = (
        "import sys; sys.modules['softgrad.kernels._native'] = None\n"
        "from softgrad.kernels.choice import available, backend\n"
        "print(backend(), available())"
    )
    assert run_python(code) == "numpy {}"


def test_an_extension_module_that_does_not_load_is_reported():
    code = (
        "import sys, types, warnings; sys.modules['softgrad.kernels._native'] = types.ModuleType('_native')\n"
        "from softgrad.kernels.choice import backend\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    name = backend()\n"
        "print(name, len(caught), 'do not load' in str(caught[0].message))"
    )
    assert run_python(code) == "numpy 1 True"


@pytest.mark.parametrize("name", choice.NAMES)
def test_the_environment_chooses_the_kernels(name):
    code = "from softgrad.kernels.choice import backend; print(backend())"
    done = start_python(code, SOFTGRAD_KERNELS=name)
    if name in ("numpy", *choice.available()):
        assert done.stdout.strip() == name
    else:
        assert "this installation on this machine has only" in done.stderr


def test_unknown_kernels_are_refused():
    done = start_python(
        "import softgrad; softgrad.softmax([1.0]); from softgrad.kernels.choice import backend; backend()",
        SOFTGRAD_KERNELS="fast",
    )
    assert "SOFTGRAD_KERNELS='fast' is set; use one of numpy, portable, avx2, avx512" in done.stderr


def test_version_of_the_citation_is_that_of_the_project():
    assert f"version: {softgrad.__version__}" in (ROOT / "CITATION.cff").read_text().splitlines()
