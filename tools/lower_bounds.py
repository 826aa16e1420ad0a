"""Print the lower bounds of pyproject.toml's dependencies as pins, for pip's --constraint."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lower_bounds(project: dict) -> list[str]:
    """``name==version`` for every requirement ``name>=version`` of the project and its extras."""
    requirements = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    matches = (
        re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", requirement) for requirement in requirements
    )
    return sorted({f"{match[1]}=={match[2]}" for match in matches if match})


if __name__ == "__main__":
    print(*lower_bounds(tomllib.loads(PYPROJECT.read_text())["project"]), sep="\n")
