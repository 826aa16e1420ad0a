"""The signatures of all public functions and methods, as they were promised.

A change that is meant is recorded by ``python -m tests.conformance.test_signatures``, and stands in the changelog.
"""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("signatures.txt")
MODULES = ["softgrad", "softgrad.migration", "softgrad.plots"]


def public() -> Iterator[tuple[str, Any]]:
    """Every public name that can be called."""
    for module in map(importlib.import_module, MODULES):
        for name in sorted(module.__all__):
            value = getattr(module, name)
            if callable(value):
                yield f"{module.__name__}.{name}", value


def lines() -> Iterator[str]:
    """One for each function, class and method: parameters with their kinds and defaults, properties without."""
    for name, value in public():
        yield name + written(value)
        if inspect.isclass(value):
            yield from sorted(f"{name}.{each}" for each in members(value))


def members(kind: type) -> Iterator[str]:
    """The public methods and properties that softgrad defines, be it in a parent class."""
    for name in dir(kind):
        value = inspect.getattr_static(kind, name)
        function = getattr(value, "__func__", getattr(value, "fget", value))
        ours = str(getattr(function, "__module__", "")).startswith("softgrad")
        if name.startswith("_") or not ours:
            continue
        yield name if isinstance(value, property) else name + written(getattr(kind, name))


def written(value: Any) -> str:
    """Without annotations, which may become more exact."""
    signature = inspect.signature(value)
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def test_signatures_are_the_promised_ones() -> None:
    promised, found = RECORD.read_text(encoding="utf-8").splitlines(), list(lines())
    changed = sorted(set(promised) ^ set(found))
    assert found == promised, (
        f"{len(changed)} public signatures differ, such as {changed[0] if changed else 'their order'}: mend them, or, "
        f"where this is meant, run python -m {__spec__.name} and say so in CHANGELOG.md"
    )


def test_every_public_function_is_recorded() -> None:
    promised = RECORD.read_text(encoding="utf-8")
    assert all(f"{name}(" in promised for name, _ in public())


if __name__ == "__main__":
    RECORD.write_text("\n".join(lines()) + "\n", encoding="utf-8")
