"""Packages that only some installations have: imported when first needed, or told in one sentence how to get."""

from importlib import import_module
from typing import Any

__all__ = ["EXTRAS", "missing", "required"]

EXTRAS = {"jinja2": "report", "matplotlib": "report", "onnx": "onnx", "pyarrow": "data", "rich": "cli"}
"""Which extra of softgrad brings a package."""


def required(module: str, purpose: str) -> Any:
    """Import a module of a package that an extra brings.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed; the sentence names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != package:
            raise
        raise ModuleNotFoundError(missing(package, purpose), name=package) from error


def missing(package: str, purpose: str) -> str:
    """Say that a package is not installed, and how to install it.

    >>> missing("jinja2", "a report")
    "a report needs the package jinja2, which is not installed: run pip install 'softgrad[report]'"
    """
    return (
        f"{purpose} needs the package {package}, which is not installed: "
        f"run pip install 'softgrad[{EXTRAS[package]}]'"
    )
