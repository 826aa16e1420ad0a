"""Which versions and kernels are at work."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import softgrad

__all__ = ["describe_installation"]

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "narwhals",
    "pyarrow",
    "typer",
    "rich",
    "matplotlib",
    "jinja2",
)


def describe_installation() -> dict[str, Any]:
    """Return the versions, the kernels in use and the number of threads."""
    import joblib

    from softgrad.kernels.choice import backend

    return {
        "softgrad": softgrad.__version__,
        "kernels": backend(),
        "threads": os.environ.get("SOFTGRAD_NUM_THREADS") or joblib.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
