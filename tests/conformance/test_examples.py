"""Every public name has an example that runs, a method at least in its class's: the test run takes them as doctests.

A display's methods are those of scikit-learn's displays, so its class has one example.
"""

import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.test_signatures import members, public


def examples(value: Any) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")


def without_example() -> Iterator[str]:
    """Public functions, classes and methods that no example calls."""
    for name, value in public():
        own = examples(value)
        if not own:
            yield name
        if inspect.isclass(value) and not name.startswith("softgrad.plots."):
            shown = "".join(example.source for example in own)
            for method in (each.partition("(")[0] for each in members(value)):
                if not examples(getattr(value, method)) and f".{method}" not in shown:
                    yield f"{name}.{method}"


def test_every_public_name_has_an_example() -> None:
    assert list(without_example()) == []


def test_no_example_is_skipped() -> None:
    for name, value in public():
        parts = [value, *(getattr(value, each.partition("(")[0]) for each in members(value))]
        for example in (example for part in parts for example in examples(part)):
            assert doctest.SKIP not in example.options, f"{name}: {example.source}"


def test_the_run_takes_them(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getoption("doctestmodules")
    assert "src/softgrad" in pytestconfig.getini("testpaths")
