"""The bytes of valid files of every kind, which the fuzz tests change."""

import csv
import gzip
import io
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

import softgrad
from softgrad import modelfile
from softgrad.checkpointfile import CheckpointFile
from softgrad.table import Category, Columns, Numeric, Target

__all__ = [
    "SUFFIXES",
    "TABLES",
    "X",
    "Y",
    "as_arrow",
    "as_parquet",
    "as_stream",
    "as_text",
    "checkpoints",
    "models",
]

SUFFIXES = ("csv", "tsv", "csv.gz", "parquet", "feather", "arrow")
X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.argmax(X, axis=1)


def _table() -> pa.Table:
    rng = np.random.default_rng(0)
    n = 24
    return pa.table(
        {
            "a": rng.normal(size=n).round(3),
            "b": rng.integers(0, 9, n),
            "c": np.array(["red", "green", "blue"])[rng.integers(0, 3, n)],
            "d": rng.random(n) < 0.5,
            "y": np.array(["u", "v", "w"])[np.arange(n) % 3],
        }
    )


def as_text(table, delimiter):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return stream.getvalue().encode()


def as_arrow(table, compression):
    sink = pa.BufferOutputStream()
    pa.feather.write_feather(table, sink, compression=compression)
    return sink.getvalue().to_pybytes()


def as_parquet(table, **options):
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def as_stream(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _tables() -> dict[str, list[bytes]]:
    data = _table()
    text = as_text(data, ",")
    return {
        "csv": [text, as_text(data, ";")],
        "tsv": [as_text(data, "\t")],
        "csv.gz": [gzip.compress(text, mtime=0)],
        "parquet": [
            as_parquet(data, compression="none"),
            as_parquet(data, compression="snappy", row_group_size=7),
        ],
        "feather": [as_arrow(data, "uncompressed"), as_arrow(data, "lz4")],
        "arrow": [as_stream(data)],
    }


TABLES = _tables()
"""Data tables, by the suffix of their file's name."""


def models(room: Path) -> list[bytes]:
    """Four model files, the last of them with the columns of a data table."""
    found = []
    names = np.array(["ant", "bee", "cat"])
    for labels, options in (
        (names[Y], {}),
        (Y > 0, {"C": np.inf}),
        (Y - 1, {"classes": [-1, 0, 1, 7], "class_weight": {0: 2.0}}),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            softgrad.SoftmaxRegression(**options).fit(X, labels).save(room / "m")
        found.append((room / "m").read_bytes())
    columns = Columns(
        Target("y", "text"), (Numeric("a", whole=False, fill=None), Category("b", ("u", "v"), None))
    )
    modelfile.save(room / "m", softgrad.SoftmaxRegression().fit(X, names[Y]), columns)
    return [*found, (room / "m").read_bytes()]


def checkpoints(room: Path) -> list[bytes]:
    """A checkpoint of every kind of state."""
    found = []
    for solver in ("newton", "newton-pcg", "lbfgs", "gradient-descent", "accelerated-gradient"):
        file = CheckpointFile(room / "c", {"rows": "1"})
        softgrad.fit(X, Y, alpha=0.1, solver=solver, max_iter=3, checkpoint=file.save)
        found.append((room / "c").read_bytes())
    return found
