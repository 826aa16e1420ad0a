"""An Arrow (Feather) file or stream, batch by batch."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, final

import pyarrow as pa
import pyarrow.ipc

from softgrad.table.errors import TableError
from softgrad.table.formats import Source
from softgrad.table.read import arrow_reader, not_whole, too_large

__all__ = ["ArrowFile"]


@final
class ArrowFile:
    """See :class:`softgrad.streaming.dataset.DataFile`. Memory for one of the record batches it was written in.

    Raises
    ------
    TableError
        For a file that is cut short or no Arrow file.
    """

    n_rows: int | None = None

    def __init__(self, source: Source) -> None:
        self.source = source
        with source.open() as stream:
            try:
                self.schema: pa.Schema = arrow_reader(stream).schema
                _ = self.schema.names
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                raise TableError(not_whole(source, error)) from error

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        wanted = [self.schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=wanted)
        number = 0
        with self.source.open() as stream:
            try:
                for batch in _record_batches(stream, options):
                    number += 1
                    batch.validate(full=True)  # a damaged offset would be read from beyond the batch
                    table = pa.Table.from_batches([batch]).select(columns)
                    for start in range(0, table.num_rows, rows):
                        yield table.slice(start, rows)
            except MemoryError as error:  # pyarrow's own is an ArrowException too
                raise too_large(self.source) from error
            except (pa.ArrowException, OSError) as error:
                reason = str(error).splitlines()[0].rstrip(".")
                raise TableError(
                    f"{self.source.name} is damaged in record batch {number} ({reason}): make or copy it again"
                ) from error


def _record_batches(stream: BinaryIO, options: Any) -> Iterator[pa.RecordBatch]:
    reader = arrow_reader(stream, options)
    if hasattr(reader, "get_batch"):
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)
    else:
        yield from reader
