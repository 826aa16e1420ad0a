"""The rows that ``softgrad check`` checks on: small sets that scikit-learn carries, or a data table."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.cli.exits import UserError
from softgrad.table.errors import quote

__all__ = ["built_in", "from_table"]

_PIXEL_ROWS = 200
_MOST_ROWS = 500


def built_in() -> bytes:
    """The iris flowers, and for the log-likelihood, whose document is about digits, pixels of 0 and 1.

    Returns
    -------
    bytes
        An .npz archive with X (n, d), y (n,) codes and K, and the same for the pixels.
    """
    from sklearn.datasets import load_digits, load_iris

    iris, digits = load_iris(), load_digits()
    pixels = (digits.data[:_PIXEL_ROWS] >= 8).astype(np.float64)
    return _archive(
        X=iris.data,
        y=iris.target,
        K=np.array(3),
        X_pixels=pixels,
        y_pixels=digits.target[:_PIXEL_ROWS],
        K_pixels=np.array(10),
    )


def from_table(path: str, target: str) -> bytes:
    """At most 500 rows of a data table, evenly spaced; the features are what ``softgrad fit`` makes of its columns.

    Raises
    ------
    UserError, TableError
        One sentence.
    """
    from softgrad.table.encode import encode
    from softgrad.table.learn import choose_features, learn
    from softgrad.table.read import read_table
    from softgrad.table.target import encode_target

    table = read_table(path)
    columns = learn(table, target, choose_features(table.column_names, target, (), ()))
    classes, codes = np.unique(encode_target(table.column(target), columns.target), return_inverse=True)
    if not 2 <= len(classes) <= max(20, len(codes) // 2):
        raise UserError(
            f"the target {quote(target)} has {len(classes)} distinct values in {len(codes)} rows, "
            "but two or more classes are expected: give another --target"
        )
    X = encode(table, columns).astype(np.float64)
    rows = np.unique(np.linspace(0, len(codes) - 1, _MOST_ROWS).round().astype(np.intp))
    return _archive(X=X[rows], y=codes[rows], K=np.array(len(classes)))


def _archive(**arrays: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
