"""Write a fitted model as an ONNX file, which predicts without softgrad or Python.

The graph is that of :mod:`softgrad.onnxgraph`. The file's ``metadata_props`` hold what a model file's ``model.json``
holds, each entry as JSON: the versions, the parameters, the labels, the names of the features, the column schema, the
fit's figures and its status. The same model gives the same bytes.
"""

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

import softgrad
from softgrad.coefficients import all_rows
from softgrad.extras import required
from softgrad.modelfile import ModelFileError, metadata
from softgrad.table.atomic import write_atomically
from softgrad.table.columns import Category, Columns
from softgrad.table.errors import quote

if TYPE_CHECKING:
    from softgrad.estimator import SoftmaxRegression

__all__ = ["save_onnx"]

_LARGEST = 2**31 - 2**20  # protobuf ends at 2 GiB; the rest is for names


def save_onnx(
    path: str | os.PathLike[str],
    estimator: "SoftmaxRegression",
    columns: Columns | None = None,
    dtype: str = "float64",
) -> None:
    """Write a fitted estimator as an ONNX file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Where to write; a file there is replaced.
    estimator : SoftmaxRegression
        Fitted.
    columns : Columns, optional
        The schema of the data table that the estimator was fitted on. Where it has columns of text or booleans, the
        graph has one input for each column, of shape (n, 1), else one input ``X`` of shape (n, n_features).
    dtype : {"float64", "float32"}, default "float64"
        Of the numbers that the graph takes, and of its probabilities; inside, the arithmetic is in float64.

    Raises
    ------
    ModelFileError
        If the estimator is not fitted, or its labels, names or size have no place in an ONNX file.
    ValueError
        If `dtype` is another.
    ModuleNotFoundError
        If onnx is not installed: ``pip install 'softgrad[onnx]'``.
    OSError
        If the folder or the disk refuses.
    """
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype={dtype!r} was given; pass 'float64' or 'float32'.")
    if not hasattr(estimator, "coef_"):
        raise ModelFileError("the estimator is not fitted, so there is no model to export: call fit first")
    required("onnx", "an ONNX file")
    data = _serialized(estimator, columns, dtype)
    write_atomically(path, lambda stream: stream.write(data))


def _serialized(estimator: "SoftmaxRegression", columns: Columns | None, dtype: str) -> bytes:
    from onnx import helper

    from softgrad.onnxgraph import IR_VERSION, OPSETS, graph

    coef, intercept = all_rows(estimator)
    if coef.nbytes > _LARGEST:
        raise ModelFileError(
            f"the coefficients take {coef.nbytes / 1e9:.1f} GB, but an ONNX file holds 2 GB: fit fewer columns"
        )
    described = metadata(estimator, columns)
    classes = _labels(estimator.classes_)
    _refuse_unwritable(columns)
    model = helper.make_model(
        graph(coef, intercept, classes, columns, dtype),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSETS.items()],
        producer_name="softgrad",
        producer_version=softgrad.__version__,
    )
    helper.set_model_props(
        model, {key: json.dumps(value, allow_nan=False) for key, value in described.items()}
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _labels(classes: Any) -> Any:
    """The labels as ONNX has them: numbers, booleans or text; `metadata` has refused what is none of these."""
    classes = np.asarray(classes)
    if classes.dtype.kind in "UO":
        classes = classes.astype(str)
        _refuse_unencodable("label", classes.tolist())
    return classes


def _refuse_unwritable(columns: Columns | None) -> None:
    if columns is None:
        return
    if "" in columns.names:
        raise ModelFileError(
            "a column has no name, but every input of an ONNX graph needs one: name it and fit again"
        )
    _refuse_unencodable("column", columns.names)
    for column in columns.features:
        if isinstance(column, Category):
            _refuse_unencodable("category", column.levels)


def _refuse_unencodable(what: str, texts: Iterable[str]) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ModelFileError(
                f"the {what} {quote(text)} is no valid Unicode, which an ONNX file needs: rename it and fit again"
            ) from error
