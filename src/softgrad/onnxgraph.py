"""The ONNX graph of a fitted model: columns or a matrix in, label and probabilities out. Needs the package onnx.

All arithmetic is in float64, whatever the type of the inputs, so that the logits keep their digits on columns far from
zero. A category's one-hot columns are not made: its level picks a row of coefficients. What the model refuses the graph
refuses: a category that it does not know, and a value that is missing without a filling value, become an index out of
bounds, which the ONNX specification makes an error; the node's name says which column it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric

__all__ = ["IR_VERSION", "OPSETS", "graph"]

Array = npt.NDArray[Any]

IR_VERSION = 8
"""With these opsets of 2022 every runtime of the last years takes the file."""

OPSETS = {"": 17, "ai.onnx.ml": 3}


def graph(
    coef: Array, intercept: Array, classes: Array, columns: Columns | None, dtype: npt.DTypeLike
) -> onnx.GraphProto:
    """Return the graph ``label, probabilities = softmax(X coef' + intercept)``.

    Parameters
    ----------
    coef : ndarray of shape (n_classes, n_features)
    intercept : ndarray of shape (n_classes,)
        -inf for a class without probability.
    classes : ndarray of shape (n_classes,)
        Numbers, booleans or str.
    columns : Columns or None
        A schema with columns that are not numbers gives one input of shape (n, 1) for each column, else there is one
        input ``X`` of shape (n, n_features).
    dtype : dtype
        Of the numbers that come in, and of the probabilities: float64 or float32.
    """
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    if columns is None or columns.all_numbers:
        build = _Builder(["X"], kind)
        parts = [_matrix_part(build, columns, coef)]
    else:
        build = _Builder(columns.names, kind)
        parts = list(_column_parts(build, columns.features, coef))
    logits = build.node("Sum", *parts, build.constant(intercept))
    proba = _probabilities(build, logits, np.isneginf(intercept))
    build.output("label", _labels(build, logits, proba, classes), classes.dtype)
    build.output("probabilities", build.node("Cast", proba, to=build.kind), dtype, len(classes))
    return build.made("softgrad")


def _matrix_part(build: "_Builder", columns: Columns | None, coef: Array) -> str:
    fills = [column.fill for column in columns.features if isinstance(column, Numeric)] if columns else []
    return build.node("MatMul", build.numbers("X", coef.shape[1], fills), build.constant(coef.T))


def _column_parts(build: "_Builder", columns: Sequence[Column], coef: Array) -> Iterator[str]:
    """Terms of the logits, (n, n_classes): one for all numbers together, one for each category."""
    numbers, used, start = [], [], 0
    for column in columns:
        width = len(column.encoded_names)
        if isinstance(column, Category):
            yield _category(build, column, coef[:, start : start + width])
        else:
            numbers.append(_boolean(build, column) if isinstance(column, Boolean) else _number(build, column))
            used.append(start)
        start += width
    if numbers:
        yield build.node("MatMul", build.node("Concat", *numbers, axis=1), build.constant(coef[:, used].T))


def _number(build: "_Builder", column: Numeric) -> str:
    return build.numbers(column.name, 1, [column.fill])


def _boolean(build: "_Builder", column: Boolean) -> str:
    """True and false; where a value may be missing, which these have no word for, 1, 0 and NaN."""
    if column.fill is not None:
        return build.numbers(column.name, 1, [float(column.fill)])
    return build.node("Cast", build.input(column.name, TensorProto.BOOL, 1), to=TensorProto.DOUBLE)


def _category(build: "_Builder", column: Category, coef: Array) -> str:
    """The coefficients of each row's level; the empty text is a missing value, unless it is a level."""
    keys, codes = list(column.levels), list(range(len(column.levels)))
    if column.fill is not None and "" not in keys:
        keys, codes = [*keys, ""], [*codes, keys.index(column.fill)]
    text = build.input(column.name, TensorProto.STRING, 1)
    code = build.node(
        "LabelEncoder",
        text,
        domain="ai.onnx.ml",
        keys_strings=keys,
        values_int64s=codes,
        default_int64=len(column.levels),
    )
    flat = build.node("Reshape", code, build.constant(np.array([-1])))
    why = f"the column {column.name!r} holds a category that the model was not fitted with"
    return build.node("Gather", build.constant(coef.T), flat, name=why)


def _probabilities(build: "_Builder", logits: str, absent: Array) -> str:
    """The softmax; some runtimes give exp(-inf) the smallest number, where the limit is 0."""
    proba = build.node("Softmax", logits, axis=1)
    if not absent.any():
        return proba
    return build.node("Where", build.constant(absent), build.constant(np.zeros(len(absent))), proba)


def _labels(build: "_Builder", logits: str, proba: str, classes: Array) -> str:
    """The likeliest class of each row, the first of equals; rows without probabilities have none."""
    likeliest = build.node("ArgMax", logits, axis=1, keepdims=0)
    total = build.node("ReduceSum", proba, build.constant(np.array([1])), keepdims=0)
    nothing = build.node("IsNaN", total)
    place = build.node("Where", nothing, build.constant(np.array(len(classes))), likeliest)
    why = "a value is missing or infinite, which the model does not take"
    return build.node("Gather", build.constant(classes), place, name=why)


class _Builder:
    """Nodes, constants, inputs and outputs as they are made, under names that no column has."""

    def __init__(self, inputs: Sequence[str], kind: int) -> None:
        self.kind = kind  # of the numbers that come in and go out
        self._taken = set(inputs)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: int, width: int) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["n", width]))
        return name

    def numbers(self, name: str, width: int, fills: Sequence[float | None]) -> str:
        """An input of numbers as float64, its missing values (NaN) filled in where there is something to fill."""
        value = self.node("Cast", self.input(name, self.kind, width), to=TensorProto.DOUBLE)
        if all(fill is None for fill in fills):
            return value
        filling = self.constant(
            np.array([np.nan if fill is None else fill for fill in fills], dtype=np.float64)
        )
        return self.node("Where", self.node("IsNaN", value), filling, value)

    def constant(self, array: Array) -> str:
        name = self._fresh("constant")
        array = array.astype(object) if array.dtype.kind == "U" else np.ascontiguousarray(array)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        output = self._fresh(kind)
        node = helper.make_node(kind, inputs, [output], name=name or output, domain=domain, **attributes)
        self._nodes.append(node)
        return output

    def output(self, name: str, value: str, dtype: npt.DTypeLike, width: int | None = None) -> None:
        """A value under a name for users, with an underscore behind where a column has that name."""
        kind = np.dtype(dtype)
        text = kind.kind in "UO"
        element = TensorProto.STRING if text else helper.np_dtype_to_tensor_dtype(kind)
        shape: list[str | int | None] = ["n"] if width is None else ["n", width]
        name = self._fresh(name)
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, element, shape))

    def made(self, name: str) -> onnx.GraphProto:
        return helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)

    def _fresh(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
