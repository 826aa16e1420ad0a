"""One idea a file, one step a function: at most 300 lines a file, 30 a body, and 7 parameters below the faces.

Docstrings do not count: they are the documents' reference pages. Tests do not count either: a file of theirs is as long
as what it tests makes promises.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tools.check_imports import ROOMS

import softgrad

PACKAGE = Path(softgrad.__file__).parent
ROOT = Path(__file__).parents[2]

FILE, BODY, PARAMETERS = 300, 30, 7

ALLOWED = {
    "softgrad/check/checker.py assert_gradient: parameters": "public; as check_gradient",
    "softgrad/check/checker.py check_gradient: parameters": "public; each says one thing of what is checked",
    "softgrad/check/faults_model.py of_residual: body": "a table of hypotheses",
    "softgrad/fitting.py fit: parameters": "public; the options of a fit",
    "softgrad/fitting.py fit_path: parameters": "public; as fit",
    "softgrad/functional.py hessian_product: parameters": "public; the arrays of the formula, and four options",
    "softgrad/optimize/driver.py minimize: parameters": "what one fit is made of; Limits groups the numbers",
    "softgrad/report/page.py _content: body": "a table of what the template shows",
}
"""What is larger all the same, and why."""


def files() -> Iterator[tuple[str, Path]]:
    for folder, place in (
        (PACKAGE, "softgrad"),
        (ROOT / "tools", "tools"),
        (ROOT / "benchmarks", "benchmarks"),
    ):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".cpp", ".hpp"):
                yield f"{place}/{path.relative_to(folder).as_posix()}", path


def too_large(name: str, text: str) -> Iterator[str]:
    """What of a source is over a bound."""
    if not name.endswith(".py"):
        if len(text.splitlines()) > FILE:
            yield f"{name}: file"
        return
    tree = ast.parse(text)
    if len(text.splitlines()) - sum(map(documented, ast.walk(tree))) > FILE:
        yield f"{name}: file"
    faces = ROOMS.get(Path(name).parts[1].removesuffix(".py"), 4) == 4
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if body(node) > BODY:
                yield f"{name} {node.name}: body"
            if parameters(node) > PARAMETERS and not faces:
                yield f"{name} {node.name}: parameters"


def documented(node: ast.AST) -> int:
    """The lines of a module's, class's or function's docstring."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without signature and docstring."""
    return (function.end_lineno or 0) - function.body[0].lineno + 1 - documented(function)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@cache
def found() -> set[str]:
    return {what for name, path in files() for what in too_large(name, path.read_text(encoding="utf-8"))}


def test_nothing_has_outgrown_its_size() -> None:
    assert found() - set(ALLOWED) == set()


def test_what_is_allowed_is_there() -> None:
    """An exception that is no longer needed is taken back."""
    assert set(ALLOWED) - found() == set()


LINES = "    x = 1\n"
MANY = ", ".join(f"a{i}" for i in range(8))


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("softgrad/rows/new.py", "x = 1\n" * 301, "softgrad/rows/new.py: file"),
        ("softgrad/kernels/native/new.hpp", "//\n" * 301, "softgrad/kernels/native/new.hpp: file"),
        ("tools/new.py", "def f():\n" + LINES * 31, "tools/new.py f: body"),
        ("softgrad/rows/new.py", f"def f({MANY}): ...", "softgrad/rows/new.py f: parameters"),
        (
            "softgrad/rows/new.py",
            f"class A:\n    def f(self, {MANY}): ...",
            "softgrad/rows/new.py f: parameters",
        ),
    ],
)
def test_the_scan_sees(name: str, text: str, what: str) -> None:
    assert list(too_large(name, text)) == [what]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("softgrad/rows/new.py", "x = 1\n" * 300),
        ("softgrad/rows/new.py", '"""' + "long\n" * 300 + '"""\nx = 1\n'),
        ("softgrad/rows/new.py", 'def f(a):\n    """' + "long\n" * 300 + '"""\n' + LINES * 30),
        ("softgrad/cli/new.py", f"def f({MANY}): ..."),
        ("softgrad/rows/new.py", f"class A:\n    def f(self, {MANY.removesuffix(', a7')}): ..."),
    ],
)
def test_the_scan_lets_pass(name: str, text: str) -> None:
    assert list(too_large(name, text)) == []
