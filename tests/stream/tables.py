"""A small table of every kind of column, and the ways it can lie on disk."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from softgrad.table.encode import encode
from softgrad.table.learn import choose_features, learn
from softgrad.table.target import encode_target

N_ROWS = 3000


def mixed(seed=0, n_rows=N_ROWS):
    """Numbers, whole numbers, text, booleans, a text target and weights."""
    rng = np.random.default_rng(seed)
    place, size = rng.normal(size=(2, n_rows))
    colour = rng.integers(0, 3, n_rows)
    score = place + 0.5 * colour + rng.logistic(size=n_rows)
    return pa.table(
        {
            "place": place,
            "size": np.rint(1e3 * size + 5e4) / 8,  # float32 holds them
            "count": rng.integers(0, 900, n_rows),
            "colour": np.array(["red", "green", "blue"])[colour],
            "old": rng.random(n_rows) < 0.3,
            "kind": np.array(["a", "b", "c"])[np.digitize(score, [-0.5, 1.5])],
            "weight": rng.integers(0, 4, n_rows) / 2,
        }
    )


def with_gaps(table, seed=1):
    """The same table with missing values in every feature."""
    rng = np.random.default_rng(seed)
    columns = {}
    for name in table.column_names:
        values = table.column(name)
        if name not in ("kind", "weight"):
            values = pa.array(values.to_pylist(), values.type, mask=rng.random(len(values)) < 0.05)
        columns[name] = values
    return pa.table(columns)


def in_memory(table, target="kind", *, without=("weight",), impute=False):
    """The schema, the matrix and the labels, as the command line makes them in memory."""
    columns = learn(table, target, choose_features(table.column_names, target, (), without), impute=impute)
    return columns, encode(table, columns), encode_target(table.column(target), columns.target)


def parquet(table, folder):
    path = folder / "table.parquet"
    pa.parquet.write_table(table, path, row_group_size=700)
    return path


def parts(table, folder):
    """Three Parquet files of unequal length in a folder, beside what is no part of them."""
    path = folder / "parts"
    path.mkdir()
    cuts = [0, 1000, 1003, len(table)]
    for i in range(3):
        pa.parquet.write_table(table.slice(cuts[i], cuts[i + 1] - cuts[i]), path / f"part-{i}.parquet")
    (path / "_SUCCESS").touch()
    (path / "notes.txt").write_text("no data")
    return path


def pattern(table, folder):
    return parts(table, folder) / "part-*.parquet"


def arrow(table, folder):
    path = folder / "table.feather"
    pa.feather.write_feather(table, str(path), chunksize=800)
    return path


def arrow_stream(table, folder):
    path = folder / "table.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=800)
    return path


def text(table, folder):
    path = folder / "table.csv"
    pa.csv.write_csv(table, path)
    return path


FORMATS = [parquet, parts, pattern, arrow, arrow_stream, text]
