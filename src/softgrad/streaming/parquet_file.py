"""A Parquet file, batch by batch, in memory that does not grow with its row groups."""

from collections.abc import Iterator, Sequence
from typing import Any, final

import pyarrow as pa
import pyarrow.parquet

from softgrad.table.errors import TableError, quote
from softgrad.table.formats import Source
from softgrad.table.read import not_whole, too_large

__all__ = ["ParquetFile"]

BUFFER = 2**18
"""Bytes of each column that are read at once: a row group is not read whole."""


@final
class ParquetFile:
    """See :class:`softgrad.streaming.dataset.DataFile`.

    Raises
    ------
    TableError
        For a file that is cut short or no Parquet file.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        with self._opened() as file:
            self.schema: pa.Schema = file.schema_arrow
            self.n_rows: int | None = file.metadata.num_rows

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        done = 0
        with self._opened() as file:
            try:
                for batch in file.iter_batches(rows, columns=list(columns), use_threads=True):
                    batch.validate(full=True)
                    yield pa.Table.from_batches([batch])
                    done += batch.num_rows
            except MemoryError as error:  # pyarrow's own is an ArrowException too
                raise too_large(self.source) from error
            except (pa.ArrowException, OSError, ValueError) as error:
                raise TableError(self._damage(columns, done, error)) from error

    def _opened(self) -> Any:
        try:
            return pa.parquet.ParquetFile(
                self.source.path, buffer_size=BUFFER, pre_buffer=False, page_checksum_verification=True
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise TableError(not_whole(self.source, error)) from error

    def _damage(self, columns: Sequence[str], done: int, reason: Exception) -> str:
        """Say where: the row groups from the one being read on are tried again, column by column."""
        with self._opened() as file:
            end = 0
            for group in range(file.num_row_groups):
                start, end = end, end + file.metadata.row_group(group).num_rows
                if end <= done:
                    continue
                for name in columns:
                    found = _failure(file, group, name)
                    if found is not None:
                        return (
                            f"{self.source.name} is damaged in row group {group} (rows {start + 1} to {end}), column "
                            f"{quote(name)} ({_first_line(found)}): make or copy it again"
                        )
        return not_whole(self.source, reason)


def _failure(file: Any, group: int, name: str) -> Exception | None:
    try:
        for _ in file.iter_batches(2**16, row_groups=[group], columns=[name]):
            pass
    except (pa.ArrowException, OSError, ValueError) as error:
        return error
    return None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
