"""Print the lower bounds of pyproject.toml's dependencies as pins, for pip's --constraint."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lower_bounds(project: dict[str, Any]) -> list[str]:
    """``name==version`` for every requirement ``name>=version`` of the project and its extras.

    Raises
    ------
    ValueError
        If two requirements give one package different bounds, which no environment can be pinned to.
    """
    requirements = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    matches = (
        re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", requirement) for requirement in requirements
    )
    pins = {(match[1], match[2]) for match in matches if match}
    twice = [name for name, count in Counter(name for name, _ in pins).items() if count > 1]
    if twice:
        raise ValueError(f"pyproject.toml has several lower bounds of {', '.join(twice)}: leave one of each")
    return sorted(f"{name}=={version}" for name, version in pins)


if __name__ == "__main__":
    print(*lower_bounds(tomllib.loads(PYPROJECT.read_text())["project"]), sep="\n")
