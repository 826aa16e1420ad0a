"""Check what a wheel and a source distribution hold.

The wheel: the package with its templates and py.typed, the licence, and nothing else; no C++, no tests, no path of the
machine that built it. The source distribution: what a build without git needs, the tests, and no build outputs.

Usage: python tools/check_dist.py dist. Prints a line for each file, with its size; one line for each fault, and exit
code 1 if there is any.
"""

import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "src"
DATA = (".py", ".pyi", ".typed", ".html", ".css", ".js")
EXTENSION = re.compile(r"softgrad/kernels/_native[\w.-]*\.(so|pyd)")
METADATA = re.compile(
    r"softgrad-[\w.]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt|licenses/LICENSE)"
)
PATHS = [
    str(Path(__file__).parent.parent).encode(),
    str(Path.home()).encode() + b"/",
    b"/tmp/pip-",
    b"/tmp/build-env-",
]
NEEDED = ["CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "src/softgrad/kernels/native/isa.cpp",
          "tests/conftest.py", "tools/lower_bounds.py"]  # fmt: skip
UNWANTED = re.compile(
    r"(^|/)(\.ci|\.git|\.venvs?|\.nox|build|dist|__pycache__|\.\w+_cache)(/|$)|\.(so|pyd|pyc)$"
)


def expected() -> set[str]:
    """The files of the package that a wheel has, whatever it was built on."""
    files = (path for path in (SOURCES / "softgrad").rglob("*") if path.suffix in DATA)
    return {path.relative_to(SOURCES).as_posix() for path in files if "__pycache__" not in path.parts}


def wheel_faults(path: Path) -> Iterator[str]:
    """What is wrong with a wheel."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        yield from (f"{name} is missing" for name in sorted(expected() - names))
        for name in sorted(names - expected()):
            if not (EXTENSION.fullmatch(name) or METADATA.fullmatch(name)):
                yield f"{name} does not belong in a wheel"
        for name in sorted(names):
            content = archive.read(name)
            yield from (f"{name} holds the path {place.decode()}" for place in PATHS if place in content)


def sdist_faults(path: Path) -> Iterator[str]:
    """What is wrong with a source distribution."""
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    yield from (
        f"{name} is missing" for name in sorted({*NEEDED, *(f"src/{name}" for name in expected())} - names)
    )
    yield from (
        f"{name} does not belong in a source distribution" for name in sorted(filter(UNWANTED.search, names))
    )


def main(folder: Path) -> int:
    """Print sizes and faults; the exit code."""
    found = [(path, wheel_faults) for path in folder.glob("*.whl")]
    found += [(path, sdist_faults) for path in folder.glob("*.tar.gz")]
    faults = [f"{path.name}: {fault}" for path, faults_of in found for fault in faults_of(path)]
    faults += (
        []
        if len(found) == 2
        else [f"{folder} holds {len(found)} distributions; a wheel and a source one are expected"]
    )
    for path, _ in found:
        print(f"{path.name}  {path.stat().st_size / 1e3:.0f} kB")
    print(*faults, sep="\n") if faults else print("The distributions hold what they should.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
