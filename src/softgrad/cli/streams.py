"""Whether a data table is streamed from disk or read into memory: by what it would take there."""

from pathlib import Path

from softgrad.streaming.files import is_many
from softgrad.streaming.sizes import available_memory
from softgrad.table.errors import TableError
from softgrad.table.formats import Source, source_of

__all__ = ["SHARE", "limit_or_default", "would_stream"]

SHARE = 0.5
"""Of the memory that is available: what a table may take without ``--memory-limit``."""

_AT_WORK = 3.0
"""What a fit in memory takes, in sizes of the table: the columns, the matrix, and copies of parts of both."""

_UNZIPPED = 5.0
"""How much larger zipped text is than its file, about."""


def limit_or_default(memory_limit: int | None) -> int:
    """The limit in bytes."""
    return int(SHARE * available_memory()) if memory_limit is None else memory_limit


def would_stream(data: str, memory_limit: int | None) -> bool:
    """Whether a table is streamed: folders and patterns are, and a file that would take more than the limit.

    Raises
    ------
    TableError
        For a file that is missing or of an unknown format.
    """
    if data == "-":
        return False
    if is_many(data):
        return True
    source = source_of(data)
    if source.path is None:
        return False
    return _AT_WORK * _table_bytes(source, source.path) > limit_or_default(memory_limit)


def _table_bytes(source: Source, path: Path) -> float:
    """About what a file's table takes as columns in memory."""
    if source.format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet

        try:
            found = pa.parquet.read_metadata(path)
        except (pa.ArrowException, OSError) as error:
            from softgrad.table.read import not_whole

            raise TableError(not_whole(source, error)) from error
        return float(found.num_rows * found.num_columns * 8)
    zipped = path.suffix.lower() == ".gz"
    return path.stat().st_size * (_UNZIPPED if zipped else 1.0)
