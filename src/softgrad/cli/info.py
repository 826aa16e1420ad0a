"""``softgrad info MODEL``: what a model file holds."""

from pathlib import Path
from typing import Any

from softgrad import modelfile
from softgrad.measures.score import plain

__all__ = ["describe_model"]


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


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
