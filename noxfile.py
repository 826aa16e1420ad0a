"""The tests with the oldest and with the newest dependencies; `make test-oldest` and `make test-newest` call this.

Arguments after ``--`` go to pytest: ``nox -s oldest -- tests/unit -x``.
"""

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Test with the lower bounds of pyproject.toml, on the oldest Python."""
    constraints = Path(session.create_tmp(), "constraints.txt")
    pins = session.run("python", "tools/lower_bounds.py", silent=True)
    constraints.write_text(str(pins), encoding="utf-8")
    _test(session, "--constraint", str(constraints))


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Test with the newest releases that there are, on every Python."""
    _test(session, "--upgrade")


def _test(session: nox.Session, *how: str) -> None:
    session.install(*how, "--editable", ".[test]")
    session.run("python", "-c", "from softgrad.kernels.choice import backend; print('Kernels:', backend())")
    session.run("python", "-m", "pytest", *session.posargs)
