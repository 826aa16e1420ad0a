"""Read a whole data table: CSV, TSV, Parquet and Arrow (Feather) files, or standard input."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from softgrad.table.delimited import convert_options, dialect_of, problem, refuse_bytes
from softgrad.table.errors import TableError, TooLargeError, listing
from softgrad.table.formats import GZIP_ERRORS, Source, source_of, standard_input

__all__ = ["arrow_reader", "check_names", "is_index", "no_rows", "not_whole", "read_table", "too_large"]


def read_table(source: str, *, text_columns: Collection[str] = ()) -> pa.Table:
    """Read a whole data table into memory.

    Parameters
    ----------
    source : str
        A path whose suffix names the format, or ``-`` for standard input (the first bytes tell the format).
    text_columns : collection of str
        Columns of a CSV or TSV file that are read as text, whatever their values look like.

    Raises
    ------
    TableError
        One sentence: a file that is missing, unreadable, empty, damaged, of an unknown format, without rows,
        ragged, or with column names that are empty or not unique. A TooLargeError, which is a MemoryError too,
        for a Parquet or Arrow file that takes, or says that it takes, more memory than there is.
    """
    found = standard_input() if source == "-" else source_of(source)
    try:
        table = _read(found, text_columns)
    except GZIP_ERRORS as error:
        raise TableError(f"{found.name} is damaged or cut short ({error}): make or copy it again") from error
    except OSError as error:
        raise TableError(f"cannot read {found.name}: {error.strerror or error}") from error
    check_names(table.column_names, found.name)
    if table.num_rows == 0:
        raise no_rows(found.name)
    return table


def _read(source: Source, text_columns: Collection[str]) -> pa.Table:
    if source.format in ("csv", "tsv"):
        return _read_csv(source, text_columns)
    with source.open() as stream:
        try:
            table = (
                pa.parquet.ParquetFile(stream).read()
                if source.format == "parquet"
                else arrow_reader(stream).read_all()
            )
            table.validate(full=True)  # a damaged offset would be read from beyond the file
            return _without_index(table)
        except MemoryError as error:  # pyarrow's own is an ArrowException too
            raise too_large(source) from error
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise TableError(not_whole(source, error)) from error


def not_whole(source: Source, error: Exception) -> str:
    """Say that a Parquet or Arrow file is damaged."""
    reason = str(error).splitlines()[0].rstrip(".")
    return f"{source.name} is not a whole {source.format.capitalize()} file ({reason}): make or copy it again"


def too_large(source: Source) -> TooLargeError:
    """The error of a file that asks for more memory than there is: a damaged one may, however small it is."""
    return TooLargeError(
        f"{source.name} takes more memory than there is, or is damaged and says so: copy it again, or take fewer rows "
        "or columns"
    )


def arrow_reader(
    stream: BinaryIO, options: "pa.ipc.IpcReadOptions | None" = None
) -> "pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader":
    """Open an Arrow file, or a stream."""
    head = stream.read(6)
    stream.seek(0)
    return (pa.ipc.open_file if head == b"ARROW1" else pa.ipc.open_stream)(stream, options=options)


def is_index(name: str) -> bool:
    """Whether a column is the row index that pandas stores beside the columns."""
    return name.startswith("__index_level_")


def _without_index(table: pa.Table) -> pa.Table:
    names = [name for name in table.column_names if is_index(name)]
    return table.drop_columns(names) if names else table


def _read_csv(source: Source, text_columns: Collection[str]) -> pa.Table:
    dialect = dialect_of(source)
    try:
        with source.open() as stream:
            table = pa.csv.read_csv(
                stream,
                parse_options=dialect.parse_options,
                convert_options=convert_options(dict.fromkeys(text_columns, pa.string())),
            )
        refuse_bytes(table.schema, source.name)
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        raise TableError(problem(source, dialect, error)) from error
    return table


def check_names(seen: Sequence[str], name: str) -> None:
    """Raise a TableError where columns have no name, or the same.

    Raises
    ------
    TableError
    """
    twice = [column for column, count in Counter(seen).items() if count > 1]
    if twice:
        raise TableError(f"{name} has more than one column named {listing(twice)}: rename them")
    if any(not column.strip() for column in seen):
        place = next(i for i, column in enumerate(seen) if not column.strip()) + 1
        raise TableError(
            f"column {place} of {name} has no name: name it, or write the file without its row index"
        )
    if not seen:
        raise no_rows(name)


def no_rows(name: str) -> TableError:
    """The error of a table without rows."""
    return TableError(f"{name} has no rows, only a header: give it at least one row")
