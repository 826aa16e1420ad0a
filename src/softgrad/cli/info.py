"""``softgrad info``: the installation, or what a model file holds."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import softgrad
from softgrad import modelfile
from softgrad.measures.score import plain

__all__ = ["describe_installation", "describe_model"]

_PACKAGES = ("numpy", "scipy", "scikit-learn", "narwhals", "pyarrow", "typer", "rich")


def describe_installation() -> dict[str, Any]:
    """Return the versions, the kernels in use and the number of threads."""
    import joblib

    from softgrad.kernels.choice import backend

    return {
        "command": "info",
        "softgrad": softgrad.__version__,
        "kernels": backend(),
        "threads": os.environ.get("SOFTGRAD_NUM_THREADS") or joblib.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def describe_model(path: str) -> dict[str, Any]:
    """Return what a model file holds: classes, columns, parameters and what its fit reached.

    Raises
    ------
    ModelFileError
        One sentence.
    """
    from softgrad.measures.figures import figures

    written = modelfile.describe(path)
    estimator, columns = modelfile.load_with_columns(path)
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "command": "info",
        "model": path,
        "bytes": Path(path).stat().st_size,
        **written,
        "classes": plain(estimator.classes_),
        "features": estimator.n_features_in_,
        "feature_names": list(columns.encoded_names if columns else () if names is None else names),
        "columns": columns.to_dict() if columns else None,
        "parameters": {name: _shown(value) for name, value in estimator.get_params(deep=False).items()},
        "fit": figures(estimator),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
