"""No data become code: what the package may not call, read from its source, and what loading a model really does."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import softgrad

SOURCES = Path(softgrad.__file__).parent

MODULES = {
    "builtins",
    "cloudpickle",
    "code",
    "codeop",
    "dill",
    "imp",
    "marshal",
    "pickle",
    "runpy",
    "shelve",
    "subprocess",
    "yaml",
}
BUILTINS = {"__builtins__", "__import__", "compile", "eval", "exec"}
"""Not even named: what is named can be called by another name."""
METHODS = {"exec_module", "import_module", "popen", "system", "unsafe_load"}
CLASSES = {"SourceFileLoader"}

ALLOWED = {
    ("__init__.py", "import_module"): "the names of the package's own table of lazy imports",
    ("extras.py", "import_module"): "names written in the source, of optional packages",
    ("cli/check_process.py", "import subprocess"): "starts the checker's worker, by a list of arguments",
    ("cli/check_worker.py", "SourceFileLoader"): "runs the file that the user asks to be checked",
    ("cli/check_worker.py", "exec_module"): "runs the file that the user asks to be checked",
}
"""Where the package may do so all the same, and why."""


def dangerous(tree: ast.Module) -> Iterator[str]:
    """What in a source could run code that is not its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield f"import {node.module}"
        elif isinstance(node, ast.Name) and node.id in BUILTINS:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in BUILTINS and ast.unparse(node) != "re.compile":
            yield node.attr
        elif isinstance(node, ast.Call):
            yield from _dangerous_call(node)


def _dangerous_call(node: ast.Call) -> Iterator[str]:
    first = node.args[0] if node.args else None
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    written = "import_module" in (name, method) and isinstance(first, ast.Constant)
    if {name, method} & (METHODS | CLASSES) and not written:
        yield name or method
    for keyword in {"allow_pickle", "shell"} & set(keywords):
        value = keywords[keyword]
        if not (isinstance(value, ast.Constant) and value.value is False):
            yield f"{keyword}={ast.unparse(value)}"
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if method == "load" and owner in {"np", "numpy"} and "allow_pickle" not in keywords:
        yield "load without allow_pickle=False"
    if method == "load" and owner in {"joblib", "torch"}:
        yield f"{owner}.load"


@cache
def found() -> set[tuple[str, str]]:
    """Every file and what it holds of this."""
    return {
        (path.relative_to(SOURCES).as_posix(), what)
        for path in SOURCES.rglob("*.py")
        for what in dangerous(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_the_package_runs_no_data() -> None:
    assert found() - set(ALLOWED) == set()


def test_what_is_allowed_is_there() -> None:
    """An exception that is no longer needed is taken back."""
    assert set(ALLOWED) - found() == set()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import pickle", "import pickle"),
        ("from yaml import load", "import yaml"),
        ("eval('1')", "eval"),
        ("frame.eval('a')", "eval"),
        ("exec(text)", "exec"),
        ("compile(text, 'name', 'exec')", "compile"),
        ("numexpr.compile(text)", "compile"),
        ("__import__(name)", "__import__"),
        ("importlib.__import__(name)", "__import__"),
        ("list(map(eval, texts))", "eval"),
        ("run = exec", "exec"),
        ("from builtins import eval as parsed", "import builtins"),
        ("__builtins__['eval'](text)", "__builtins__"),
        ("import_module(name)", "import_module"),
        ("importlib.import_module(name)", "import_module"),
        ("np.load(path)", "load without allow_pickle=False"),
        ("np.load(path, allow_pickle=True)", "allow_pickle=True"),
        ("np.load(path, allow_pickle=trusted)", "allow_pickle=trusted"),
        ("run(command, shell=True)", "shell=True"),
        ("os.system('ls')", "system"),
        ("joblib.load(path)", "joblib.load"),
    ],
)
def test_the_scan_sees(source: str, what: str) -> None:
    assert what in set(dangerous(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["re.compile('a')", "import_module('numpy')", "np.load(path, allow_pickle=False)"]
)
def test_the_scan_lets_pass(source: str) -> None:
    assert not set(dangerous(ast.parse(source)))


WATCHED = """
import json, pickle, sys
import softgrad

action, warm, path = sys.argv[1:]
softgrad.load(warm).predict([[0.0, 0.0]])  # what is imported and opened the first time only
events, watching = [], False

def watch(event, arguments):
    if watching:
        events.append([event, str(arguments[0]) if arguments else ""])

sys.addaudithook(watch)
watching = True
try:
    pickle.load(open(path, "rb")) if action == "pickle" else softgrad.load(path)
finally:
    watching = False
    print(json.dumps(events))
"""


def events_of(action: str, warm: Path, path: Path) -> list[list[str]]:
    """What Python's audit hooks tell of reading a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, action, str(warm), str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    events: list[list[str]] = json.loads(done.stdout)
    return events


@pytest.fixture
def model(tmp_path: Path) -> Path:
    X = np.random.default_rng(0).normal(size=(40, 2))
    labels = np.array(["__import__('os').system('touch /tmp/x')", "cos\nsystem\n(S'ls'\ntR."])
    softgrad.SoftmaxRegression().fit(X, labels[(X[:, 0] > 0).astype(int)]).save(tmp_path / "m")
    return tmp_path / "m"


def test_loading_a_model_opens_that_file_and_runs_nothing(model: Path) -> None:
    """Not even an array's header is parsed as Python, as NumPy's own reader does: `compile` would be told."""
    assert events_of("load", model, model) == [["open", str(model)]]


def test_the_watch_sees_a_pickle(model: Path, tmp_path: Path) -> None:
    """Protocol 0, by hand: it calls a function as it is read."""
    path = tmp_path / "p"
    path.write_bytes(b"cbuiltins\nexec\n(S'import this_is_no_module'\ntR.")
    names = {name for name, _ in events_of("pickle", model, path)}
    assert {"pickle.find_class", "exec"} <= names
