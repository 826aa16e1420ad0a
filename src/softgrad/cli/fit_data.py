"""What ``softgrad fit`` tells of its data, in memory or streamed."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from softgrad.cli.fit_request import Request
from softgrad.measures.score import plain
from softgrad.table.columns import Category, Columns

__all__ = ["described"]


def described(
    request: Request,
    columns: Columns,
    classes: Any,
    counts: Any,
    *,
    target_type: pa.DataType,
    missing: Sequence[int],
    constant: Sequence[str],
    streamed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The data's part of the report.

    Parameters
    ----------
    request : Request
    columns : Columns
    classes, counts : ndarray of shape (K,)
        The labels, and the rows of each.
    target_type : pyarrow.DataType
        Of the target in the table.
    missing : sequence of int
        How many entries of each column of features are filled in.
    constant : sequence of str
        Names of features of one value.
    streamed : dict, optional
        How the rows are streamed.
    """
    kind = columns.target.kind
    return {
        "path": request.data,
        "rows": int(counts.sum()),
        "target": request.target,
        "target_kind": kind,
        "target_was_float": kind == "integer" and not pa.types.is_integer(target_type),
        "classes": [
            {"class": label, "rows": rows} for label, rows in zip(plain(classes), plain(counts), strict=True)
        ],
        "columns": list(columns.names),
        "features": len(columns.encoded_names),
        "one_hot": [
            {"column": c.name, "levels": list(c.levels)} for c in columns.features if isinstance(c, Category)
        ],
        "imputed": [
            {"column": c.name, "rows": n, "value": c.fill}
            for c, n in zip(columns.features, missing, strict=True)
            if n
        ],
        "constant": list(constant),
        "streamed": streamed,
    }
