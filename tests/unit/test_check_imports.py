"""tools/check_imports.py catches every fault planted into a small package, and passes the real one."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "check_imports.py"

SOUND = {
    "__init__.py": (
        "from softgrad import conventions\n_HOMES = {'fit': 'softgrad.functional', 'table': 'softgrad.table'}\n"
    ),
    "__main__.py": "from softgrad.cli import main\n",
    "conventions.py": "from softgrad.maths.logits import softmax\n",
    "functional.py": "from softgrad.optimize.choose import choose\n",
    "maths/__init__.py": "",
    "maths/logits.py": "import math\nimport numpy as np\n",
    "kernels/__init__.py": "from softgrad.maths import logits\nfrom softgrad.kernels._native import x\n",
    "rows/__init__.py": "",
    "rows/dense.py": "import scipy\nimport softgrad.kernels\n",
    "optimize/__init__.py": "",
    "optimize/solver.py": "from softgrad.rows.dense import DenseRows\n",
    "optimize/newton.py": "from softgrad.optimize.solver import Solver\n",
    "optimize/lbfgs.py": "from softgrad.optimize import solver\n",
    "optimize/choose.py": "from softgrad.optimize.newton import Newton\n",
    "cli/__init__.py": "def main():\n    from softgrad.cli.app import app\n",
    "cli/app.py": "import softgrad\nfrom softgrad import table\n",
    "table.py": "",
}

FAULTS = {
    "up": ("rows/dense.py", "from softgrad.estimator import X", 1, "imports go down only"),
    "up by name": ("rows/dense.py", "from softgrad import estimator", 1, "imports go down only"),
    "up by import": ("rows/dense.py", "import softgrad.optimize.newton", 1, "imports go down only"),
    "up, lazily": ("optimize/newton.py", "def f():\n    import softgrad.table", 2, "imports go down only"),
    "up, dynamically": ("rows/dense.py", "import_module('softgrad.cli')", 1, "imports go down only"),
    "out of maths": (
        "maths/logits.py",
        "from softgrad.kernels import backend",
        1,
        "maths may import maths only",
    ),
    "conventions": ("conventions.py", "import softgrad.kernels", 1, "conventions may import maths only"),
    "maths outside": ("maths/logits.py", "import scipy.special", 1, "maths may not import scipy"),
    "solver": ("optimize/lbfgs.py", "from softgrad.optimize.newton import step", 1, "imports solver newton"),
    "solver by name": (
        "optimize/lbfgs.py",
        "from softgrad.optimize import newton",
        1,
        "imports solver newton",
    ),
    "shared": ("optimize/solver.py", "import softgrad.optimize.newton", 1, "imports solver newton"),
    "face": ("functional.py", "import softgrad", 1, "from the package softgrad itself"),
    "relative": ("maths/logits.py", "from . import regression", 1, "relative import"),
    "unknown room": ("attic.py", "", 1, "attic stands on no floor"),
    "unknown package": ("attic/things.py", "", 1, "attic stands on no floor"),
    "same name": ("maths/__init__.py", "from softgrad.maths.softmax import logits", 1, "re-exports logits"),
    "same name, alias": ("maths/__init__.py", "import numpy as logits", 1, "re-exports logits"),
    "same name, function": ("maths/__init__.py", "\ndef logits(): ...", 2, "re-exports logits"),
    "same name, variable": ("maths/__init__.py", "if True:\n    logits = 1", 2, "re-exports logits"),
    "same name, lazy": ("__init__.py", "{'table': 'softgrad.rows'}", 1, "re-exports table"),
}


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("check_imports", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path):
    """A small package without a fault."""
    for name, text in {**SOUND, "estimator.py": ""}.items():
        path = tmp_path / "softgrad" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "softgrad"


def test_a_sound_package_passes(check, package):
    assert check.violations(package) == []


@pytest.mark.parametrize(("name", "text", "line", "message"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_caught(check, package, name, text, line, message):
    path = package / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    found = check.violations(package)
    assert len(found) == 1, found
    assert found[0].startswith(f"{path}:{line}: ")
    assert message in found[0]


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_exit_code_and_output(package):
    assert run(package).returncode == 0
    (package / "rows" / "dense.py").write_text("import softgrad.cli\n")
    done = run(package)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1


def test_softgrad_itself_passes():
    done = run()
    assert done.returncode == 0, done.stdout
