"""The tests in environments of their own; `make test-oldest`, `make test-newest` and `make dist` call this.

Arguments after ``--`` go to pytest: ``nox -s oldest -- tests/unit -x``.
"""

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True

SOME_TESTS = (
    "tests/conformance/test_public_names.py",
    "tests/unit/test_build.py",
    "tests/report",
    "tests/cli",
)
OF_THEIR_TIME = (
    "pyparsing<3.3"  # later ones warn of names that matplotlib 3.9 uses, and warnings fail the tests
)
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Test with the lower bounds of pyproject.toml, on the oldest Python."""
    constraints = Path(session.create_tmp(), "constraints.txt")
    pins = session.run("python", "tools/lower_bounds.py", silent=True)
    constraints.write_text(f"{pins}\n{OF_THEIR_TIME}\n", encoding="utf-8")
    _test(session, "--constraint", str(constraints))


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Test with the newest releases that there are, on every Python."""
    _test(session, "--upgrade")


@nox.session(python=PYTHONS[0])
@nox.parametrize("kind", ["*.whl", "*.tar.gz"], ids=["wheel", "sdist"])
def installed(session: nox.Session, kind: str) -> None:
    """Test what `make dist` has made, installed: the command, a fit, and some of the tests."""
    (distribution,) = Path("dist").glob(kind)
    session.install(f"softgrad[test] @ {distribution.absolute().as_uri()}")
    place = "import softgrad, sys; sys.exit('site-packages' not in softgrad.__file__)"
    session.run("python", "-c", place)
    session.run("softgrad", "info")
    session.run("softgrad", "fit", "examples/digits.parquet", "--target", "digit")
    session.run("python", "-m", "pytest", *(session.posargs or SOME_TESTS))


def _test(session: nox.Session, *how: str) -> None:
    session.install(*how, "--editable", ".[test]")
    session.run("python", "-c", "from softgrad.kernels.choice import backend; print('Kernels:', backend())")
    session.run("python", "-m", "pytest", *session.posargs)
