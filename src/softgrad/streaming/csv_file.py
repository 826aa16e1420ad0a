"""A CSV or TSV file, batch by batch, with the types that its values have as a whole."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import final

import pyarrow as pa
import pyarrow.csv

from softgrad.table.delimited import convert_options, dialect_of, problem, refuse_bytes
from softgrad.table.errors import TableError
from softgrad.table.formats import Source

__all__ = ["CsvFile"]

BLOCK = 2**22
"""Bytes of text that are parsed at once."""

LADDER = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.time32("s"),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.float64(),
    pa.string(),
    pa.binary(),
)
"""What a column's values may be: the first of these that they all are, the order in which Arrow tries."""

_COLUMN = re.compile(r"In CSV column #(\d+)")


@final
class CsvFile:
    """See :class:`softgrad.streaming.dataset.DataFile`.

    Arrow takes the types from the first block; a value further down that is of another type moves its column up
    `LADDER`, so that the types are those of the whole file, which is read for that, except where all are given.

    Parameters
    ----------
    source : Source
    text_columns : collection of str
        Columns that are text, whatever their values look like.

    Raises
    ------
    TableError
        For what is not UTF-8 text, or ragged.
    """

    def __init__(self, source: Source, text_columns: Collection[str] = ()) -> None:
        self.source, self._dialect = source, dialect_of(source)
        self.n_rows: int | None = 0
        types: dict[str, pa.DataType] = dict.fromkeys(text_columns, pa.string())
        try:
            self.schema: pa.Schema = next(self._read(types, None)).schema
            refuse_bytes(self.schema, source.name)
            while (error := self._scan()) is not None:
                self.schema = _raised(self.schema, error)
        except (UnicodeDecodeError, pa.ArrowInvalid) as error:
            raise TableError(problem(source, self._dialect, error)) from error
        refuse_bytes(self.schema, source.name)

    def _scan(self) -> pa.ArrowInvalid | None:
        """Count the rows; what is wrong where a value is not of its column's type."""
        self.n_rows = 0
        try:
            for batch in self._read(self._types, None):
                self.n_rows += batch.num_rows
        except pa.ArrowInvalid as error:
            return error
        return None

    @property
    def _types(self) -> dict[str, pa.DataType]:
        return {field.name: field.type for field in self.schema}

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        try:
            for batch in self._read(self._types, list(columns)):
                table = pa.Table.from_batches([batch])
                for start in range(0, table.num_rows, rows):
                    yield table.slice(start, rows)
        except pa.ArrowInvalid as error:
            raise TableError(problem(self.source, self._dialect, error)) from error

    def _read(self, types: Mapping[str, pa.DataType], columns: list[str] | None) -> Iterator[pa.RecordBatch]:
        with self.source.open() as stream:
            try:
                reader = pa.csv.open_csv(
                    stream,
                    read_options=pa.csv.ReadOptions(block_size=BLOCK),
                    parse_options=self._dialect.parse_options,
                    convert_options=convert_options(types, columns),
                )
            except UnicodeDecodeError as error:
                raise TableError(problem(self.source, self._dialect, error)) from error
            with reader:
                names = reader.schema
                yield pa.RecordBatch.from_pylist([], schema=names)
                yield from reader


def _raised(schema: pa.Schema, error: pa.ArrowInvalid) -> pa.Schema:
    """The next type for the column whose value does not fit its own.

    Raises
    ------
    pyarrow.ArrowInvalid
        The error itself, where that is not what is wrong.
    """
    found = _COLUMN.search(str(error))
    if found is None or "conversion error" not in str(error):
        raise error
    number = int(found[1])
    field = schema.field(number)
    place = LADDER.index(field.type) if field.type in LADDER else LADDER.index(pa.float64())
    if place + 1 == len(LADDER):
        raise error
    return schema.set(number, field.with_type(LADDER[place + 1]))
