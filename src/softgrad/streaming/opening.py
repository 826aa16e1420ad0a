"""open_rows: rows on disk, opened for a fit."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softgrad.jsonvalues import digest
from softgrad.rows.flat import FlatFile, temporary
from softgrad.rows.stream import rows_per_block
from softgrad.streaming.arrays import as_array, open_array
from softgrad.streaming.labelled import LabelledBlocks
from softgrad.streaming.matrices import FlatMatrix, Matrices
from softgrad.streaming.sizes import parse_size
from softgrad.streaming.streamed import Opened, StreamedRows

if TYPE_CHECKING:
    from softgrad.streaming.census import Census, Wanted
    from softgrad.streaming.dataset import Dataset

__all__ = ["open_rows", "table_rows"]


def open_rows(
    source: Any,
    *,
    target: Any,
    features: Sequence[str] | None = None,
    sample_weight: Any = None,
    memory_limit: int | str = "256MB",
    cache_dir: str | os.PathLike[str] | None = None,
) -> StreamedRows:
    """Open rows on disk for a fit that reads them block by block at every pass.

    The first pass finds the classes, and what each column is: numbers and booleans are one feature, text is one
    feature a category, as ``softgrad fit`` has it. In memory are at a time a few blocks, the logits where they fit
    into half of `memory_limit`, and what pyarrow needs to decode a Parquet or Arrow file (some 3 MB a column, or one
    Arrow record batch). Logits that do not fit are spilled to a temporary file, or computed anew
    (``rows.logits_are``).

    Parameters
    ----------
    source : str, path, or ndarray of shape (n_samples, n_features)
        A Parquet, Arrow (Feather), CSV or TSV file; a folder of them; a pattern such as ``"data/*.parquet"``; a
        ``.npy`` file; or an array, best a ``np.memmap``.
    target : str, or array_like of shape (n_samples,)
        The column with the labels: text, whole numbers or booleans. For an array the labels, or a ``.npy`` file.
    features : sequence of str, optional
        The columns to use; all but the target and the weights where not given. Not for arrays.
    sample_weight : str, or array_like of shape (n_samples,), optional
        The column with the rows' weights, >= 0. For an array the weights, or a ``.npy`` file.
    memory_limit : int or str, default "256MB"
        For blocks, read-ahead and kept logits, in bytes or as ``"2GB"``.
    cache_dir : path, optional
        Where to keep a compact copy, which is made once (in bytes or float32 where that is exact) and read at every
        pass instead of the source: the folder of the source for one next to it. It is found again as long as the
        files and the columns asked for are the same. Without, every pass decodes the source.

    Returns
    -------
    StreamedRows
        For ``SoftmaxRegression().fit(rows)`` and ``softgrad.fit(rows, None, alpha=...)``.

    Raises
    ------
    softgrad.table.TableError
        A ValueError whose one sentence says which file, column, row group or row is at fault.
    ValueError
        If an argument is not usable.
    ModuleNotFoundError
        Where pyarrow is not installed and a table is opened: ``pip install 'softgrad[data]'``.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> X = np.arange(12.0).reshape(6, 2) % 5
    >>> rows = softgrad.open_rows(X, target=["a", "b", "a", "b", "b", "a"])
    >>> rows.n_rows, rows.n_features, rows.classes.tolist(), rows.logits_are
    (6, 2, ['a', 'b'], 'kept')
    >>> model = softgrad.SoftmaxRegression().fit(rows)
    >>> str(model.status_), model.gap_ <= 1e-8, model.predict(rows).tolist()
    ('converged', True, ['a', 'b', 'a', 'b', 'b', 'a'])
    """
    limit = parse_size(memory_limit, "memory_limit")
    folder = None if cache_dir is None else Path(cache_dir)
    array = as_array(source)
    if array is not None:
        return open_array(array, target, features, sample_weight, limit)
    if not isinstance(source, str | os.PathLike):
        raise ValueError(
            f"source of type {type(source).__name__} was given; pass a path, a folder, a pattern or an array."
        )
    for name, value in (("target", target), ("sample_weight", sample_weight)):
        if not (isinstance(value, str) or (name == "sample_weight" and value is None)):
            raise ValueError(f"{name} of type {type(value).__name__} was given; pass the name of a column.")
    if isinstance(features, str):
        raise ValueError(f"features={features!r} was given; pass a list of columns.")
    asked = {"target": target, "features": features or (), "sample_weight": sample_weight}
    return table_rows(os.fspath(source), lambda _: asked, limit, folder)


def table_rows(
    source: str, asked: Callable[[Sequence[str]], dict[str, Any]], memory_limit: int, cache_dir: Path | None
) -> StreamedRows:
    """As :func:`open_rows`, for a data table.

    Parameters
    ----------
    source : str
    asked : callable
        Given the names of the columns, returns the arguments of :func:`softgrad.streaming.census.choose`.
    memory_limit : int
        In bytes.
    cache_dir : Path or None

    Raises
    ------
    TableError
    """
    _need_pyarrow()
    from softgrad.streaming.census import choose
    from softgrad.streaming.dataset import Dataset
    from softgrad.streaming.files import find_files

    dataset = Dataset(source, find_files(source))
    wanted = choose(dataset.names, **asked(dataset.names))
    stored = _encoded(dataset, wanted) if cache_dir is None else _copied(dataset, wanted, cache_dir)
    return _streamed(dataset.types[wanted.target], stored, memory_limit, cache_dir)


@dataclass(frozen=True)
class _Stored:
    """Where the parts of the rows are read from."""

    census: "Census"
    matrices: Matrices
    codes: FlatFile
    weights: FlatFile | None


def _encoded(dataset: "Dataset", wanted: "Wanted") -> _Stored:
    """Columns from the table itself, at every pass; labels and weights from temporary files."""
    from softgrad.streaming.census import take_census
    from softgrad.streaming.code import code_type, write_labels
    from softgrad.streaming.encoded_table import EncodedTable

    rows = rows_per_block(len(wanted.names), np.inf)
    census = take_census(dataset, wanted, rows)
    codes = temporary(code_type(len(census.classes)))
    weights = None if wanted.sample_weight is None else temporary("f8")
    write_labels(dataset, census, wanted, rows, codes, weights)
    table = EncodedTable(dataset, census.columns, census.dtype, census.n_rows)
    return _Stored(census, table, codes, weights)


def _copied(dataset: "Dataset", wanted: "Wanted", cache_dir: Path) -> _Stored:
    """All from a compact copy, which is made where it is not there yet."""
    from softgrad.streaming.cache import copy_of

    copy = copy_of(dataset, wanted, rows_per_block(len(wanted.names), np.inf), cache_dir)
    matrix = FlatMatrix(copy.X, copy.census.n_rows, len(copy.census.columns.encoded_names))
    return _Stored(copy.census, matrix, copy.codes, copy.weights)


def _streamed(target_type: Any, stored: _Stored, memory_limit: int, folder: Path | None) -> StreamedRows:
    census, matrices = stored.census, stored.matrices
    block_rows = rows_per_block(matrices.n_features, memory_limit)
    blocks = LabelledBlocks(
        matrices, stored.codes, stored.weights, census.n_rows, len(census.classes), block_rows
    )
    found = digest(census.to_dict())
    names = census.columns.encoded_names
    constant = frozenset(names.index(name) for name in census.constant)
    return StreamedRows(
        Opened(blocks, census.classes, census, memory_limit, folder, found, constant, target_type)
    )


def _need_pyarrow() -> None:
    try:
        import_module("pyarrow")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "data tables need the package pyarrow, which is not installed: run pip install 'softgrad[data]'",
            name="pyarrow",
        ) from error
