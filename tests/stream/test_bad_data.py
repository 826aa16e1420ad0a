"""Damaged and mismatched data: which sentence each gets, with the file and the place in it."""

import datetime as dt
import gzip
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from softgrad import SoftmaxRegression, open_rows
from softgrad.streaming import csv_file
from softgrad.table import TableError
from tests.stream import tables


def refusal(source, **asked):
    with pytest.raises(TableError) as raised:
        open_rows(source, **{"target": "kind", "memory_limit": "1MB", **asked})
    sentence = str(raised.value)
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, so that sentences hold short names."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---------------------------------------------------------------------------------------------- the files


def test_no_such_file(folder):
    assert refusal("none.parquet") == "there is no file 'none.parquet'"


def test_a_folder_without_data(folder):
    (folder / "notes").mkdir()
    (folder / "notes" / "readme.txt").write_text("hello")
    assert refusal("notes").startswith("the folder 'notes' has no data file: .csv, ")
    assert refusal("x*.parquet").startswith("the pattern 'x*.parquet' has no data file: .csv, ")


def test_several_formats(folder):
    tables.parts(tables.mixed(), folder)
    pa.csv.write_csv(tables.mixed(), folder / "parts" / "more.csv")
    assert "'parts' has files of several formats, such as " in refusal("parts")


def test_a_column_in_a_folders_name(folder):
    (folder / "parts" / "year=2024").mkdir(parents=True)
    assert refusal("parts").startswith("the folder 'year=2024' in 'parts' holds a column in its name")


def test_no_suffix_that_is_known(folder):
    (folder / "a.docx").write_text("hello")
    assert refusal("a.docx").startswith("'a.docx' has no suffix that tells its format")


def test_a_parquet_file_cut_short(folder):
    source = tables.parquet(tables.mixed(), folder)
    os.truncate(source, source.stat().st_size - 100)
    assert refusal("table.parquet").startswith("'table.parquet' is not a whole Parquet file (")


def spoilt(file, offset):
    with file.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 64)


def test_a_parquet_page_damaged_in_the_middle(folder):
    tables.parts(tables.mixed(), folder)
    file = folder / "parts" / "part-2.parquet"
    pq.write_table(pq.read_table(file), file, row_group_size=500)
    spoilt(file, pq.read_metadata(file).row_group(2).column(3).data_page_offset)
    sentence = refusal("parts")
    assert sentence.startswith(
        "'parts/part-2.parquet' is damaged in row group 2 (rows 1001 to 1500), column 'colour' ("
    )
    assert sentence.endswith("): make or copy it again")


@pytest.mark.parametrize("column", ["place", "kind"])
def test_a_checksum_that_does_not_fit(folder, column):
    """A value that is still a number, but not the one that was written."""
    pq.write_table(
        tables.mixed(),
        "t.parquet",
        row_group_size=700,
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
    )
    found = pq.read_metadata("t.parquet").row_group(3)
    number = tables.mixed().column_names.index(column)
    chunk = found.column(number)
    spoilt(folder / "t.parquet", chunk.data_page_offset + chunk.total_compressed_size // 2)
    assert refusal("t.parquet").startswith(
        f"'t.parquet' is damaged in row group 3 (rows 2101 to 2800), column '{column}' ("
    )


def test_an_arrow_file_damaged(folder):
    source = tables.arrow(tables.mixed(), folder)
    content = bytearray(source.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"\xff" * 4000
    source.write_bytes(content)
    assert refusal("table.feather").startswith("'table.feather' is damaged in record batch ")
    os.truncate(source, 300)
    assert refusal("table.feather").startswith("'table.feather' is not a whole Arrow file (")


def long_csv(folder, monkeypatch, line):
    monkeypatch.setattr(csv_file, "BLOCK", 1000)
    lines = ["a,b,kind", *(f"{i},x{i % 3},{'uv'[i % 2]}" for i in range(500)), line, "7,x1,u"]
    (folder / "t.csv").write_bytes("\n".join(lines).encode("latin-1"))


def test_a_ragged_line_far_down(folder, monkeypatch):
    long_csv(folder, monkeypatch, "1,2")
    assert (
        refusal("t.csv") == "line 502 of 't.csv' has 2 values, but the header has 3 columns: mend that line"
    )


def test_text_that_is_not_utf8_far_down(folder, monkeypatch):
    long_csv(folder, monkeypatch, "1,\xe9,u")
    assert refusal("t.csv") == "'t.csv' is not UTF-8 text in 'b': save it again as UTF-8"


def test_zipped_text_cut_short(folder):
    content = gzip.compress(tables.text(tables.mixed(), folder).read_bytes())
    (folder / "t.csv.gz").write_bytes(content[: len(content) // 2])
    assert refusal("t.csv.gz").startswith("'t.csv.gz' is damaged or cut short (")


def test_only_a_header(folder):
    (folder / "t.csv").write_text("a,kind\n")
    assert refusal("t.csv").startswith("'t.csv' has no rows, only a header")


# ---------------------------------------------------------------------------------- files that do not agree


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda table: table.drop_columns(["size"]),
            "'parts/part-1.parquet' lacks 1 column that 'parts/part-0.parquet' has: 'size'; write all files with the "
            "same columns",
        ),
        (
            lambda table: table.append_column("more", table.column("size")),
            "'parts/part-0.parquet' lacks 1 column that 'parts/part-1.parquet' has: 'more'; write all files with the "
            "same columns",
        ),
        (
            lambda table: table.set_column(1, "size", table.column("size").cast(pa.string())),
            "the column 'size' is of type string in 'parts/part-1.parquet', from row group 0 on, but of type double in "
            "'parts/part-0.parquet': write all files with the same types",
        ),
    ],
)
def test_parts_with_other_columns(folder, change, sentence):
    tables.parts(tables.mixed(), folder)
    file = folder / "parts" / "part-1.parquet"
    pq.write_table(change(pq.read_table(file)), file)
    assert refusal("parts") == sentence


# ------------------------------------------------------------------------- the sentences are those in memory

N = 60
LABELS = ["u", "v"] * (N // 2)
UNUSABLE = {
    "missing values": {"x": [None, 1.0] * (N // 2), "kind": LABELS},
    "infinite": {"x": [np.inf, 1.0] * (N // 2), "kind": LABELS},
    "huge": {"x": [-1e200, 1.0] * (N // 2), "kind": LABELS},
    "no values": {"x": pa.nulls(N, pa.float64()), "kind": LABELS},
    "free text": {"x": [f"remark {i}" for i in range(N)], "kind": LABELS},
    "dates": {"x": [dt.date(2024, 1, 1)] * N, "kind": LABELS},
    "lists": {"x": [[1]] * N, "kind": LABELS},
    "identifiers": {"x": np.arange(N) + 2**60, "kind": LABELS},
    "missing labels": {"x": np.arange(N), "kind": [None, "u", "v"] * (N // 3)},
    "labels that are times": {"x": np.arange(N), "kind": [dt.datetime(2024, 1, 1)] * N},
    "equal names": {"c": ["x", "y"] * (N // 2), "c=x": np.arange(N), "kind": LABELS},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_columns_of_no_use(folder, name):
    pq.write_table(pa.table(UNUSABLE[name]), "t.parquet")
    table = pq.read_table("t.parquet")
    with pytest.raises(TableError) as raised:
        tables.in_memory(table, without=())
    assert refusal("t.parquet") == str(raised.value)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["u"] * N, "the target 'kind' has one class only, 'u': two are needed"),
        (np.arange(N), f"the target 'kind' has {N} distinct values in {N} rows, which is a quantity"),
        (np.arange(N) / 8, f"the target 'kind' has numbers that are not whole ({N} distinct)"),
    ],
)
def test_labels_of_no_use(folder, labels, sentence):
    pq.write_table(pa.table({"x": np.arange(N) % 3, "kind": labels}), "t.parquet")
    assert refusal("t.parquet").startswith(sentence)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"target": "kinds"}, "the data have no column 'kinds': did you mean 'kind'?"),
        ({"features": ["place", "sise"]}, "the data have no column 'sise': did you mean 'size'?"),
        ({"features": ["place", "kind"]}, "the target 'kind' is among --features: a model cannot be given"),
        ({"sample_weight": "wait"}, "the data have no column 'wait': did you mean 'weight'?"),
        ({"sample_weight": "kind"}, "the column 'kind' is given as the weights and as something else"),
    ],
)
def test_names(folder, asked, sentence):
    tables.parquet(tables.mixed(), folder)
    assert refusal("table.parquet", **asked).startswith(sentence)


@pytest.mark.parametrize(("value", "what"), [(-1.0, "the weight -1"), (None, "no weight")])
def test_weights(folder, value, what):
    weights = [1.0] * 1003 + [value, 2.0]
    pq.write_table(
        pa.table({"x": np.arange(1005) % 3, "kind": ["u", "v", "v"] * 335, "w": weights}), "t.parquet"
    )
    sentence = refusal("t.parquet", sample_weight="w")
    assert sentence.startswith(f"row 1004 of 't.parquet' has {what} in 'w', but numbers >= 0 are expected")


# ------------------------------------------------------------------------------- while the fit is under way


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda file: pq.write_table(tables.mixed().drop_columns(["size"]), file),
            "'parts/part-1.parquet' has changed since it was opened (from row group 0 on, the column 'size' is gone): ",
        ),
        (
            lambda file: pq.write_table(
                tables.mixed().set_column(0, "place", pa.array(["x"] * tables.N_ROWS)), file
            ),
            "'parts/part-1.parquet' has changed since it was opened (from row group 0 on, the column 'place' is of "
            "type string, not double): ",
        ),
        (
            lambda file: os.utime(file, (1, 1)),
            "'parts/part-1.parquet' has changed since it was opened: put it back",
        ),
        (
            lambda file: file.unlink(),
            "'parts/part-1.parquet' has been removed since it was opened: put it back",
        ),
        (
            lambda file: os.truncate(file, 1000),
            "'parts/part-1.parquet' has changed since it was opened (it is not whole any more): ",
        ),
    ],
    ids=["column gone", "column of another type", "touched", "removed", "cut short"],
)
def test_a_file_that_changes(folder, change, sentence):
    tables.parts(tables.mixed(), folder)
    rows = open_rows("parts", target="kind", memory_limit="1MB")

    def meddle(record):
        if record.iteration == 1:
            change(folder / "parts" / "part-1.parquet")

    with pytest.raises(TableError) as raised:
        SoftmaxRegression(tol=1e-12).fit(rows, callback=meddle)
    assert str(raised.value).startswith(sentence)


def test_a_copy_that_is_removed(folder):
    tables.parquet(tables.mixed(), folder)
    rows = open_rows("table.parquet", target="kind", memory_limit="1MB", cache_dir="copy")
    with pytest.raises(FileNotFoundError, match="softgrad-"):
        SoftmaxRegression(tol=1e-12).fit(rows, callback=lambda _: shutil.rmtree("copy", ignore_errors=True))


# -------------------------------------------------------------------------------------- arrays and arguments


@pytest.mark.parametrize(
    ("source", "asked", "sentence"),
    [
        (np.array([[1.0], [np.nan]]), {}, "row 1, column 0 of the array holds nan"),
        (np.array([[1.0], [1e200]]), {}, "row 1, column 0 of the array holds 1e[+]200"),
        (np.ones(2), {}, r"an array of shape \(2,\) and type float64 was given"),
        (np.ones((2, 1), complex), {}, "and type complex128 was given"),
        (np.ones((2, 1)), {"target": [0]}, r"target of shape \(1,\) was given with 2 rows"),
        (np.ones((2, 1)), {"target": [1, 1]}, "target holds one class only, 1"),
        (np.ones((2, 1)), {"target": [0.5, 1]}, "continuous values such as 0.5"),
        (np.ones((2, 1)), {"sample_weight": [1, -1]}, "row 1 has the weight -1"),
        (np.ones((2, 1)), {"features": ["a"]}, "features were given with an array"),
        ("none.npy", {}, "cannot read 'none.npy' as an array"),
        ({"a": 1}, {}, "source of type dict was given; pass a path, a folder, a pattern or an array"),
        ("t.csv", {}, "target of type list was given; pass the name of a column"),
        ("t.csv", {"target": "y", "features": "a"}, "features='a' was given; pass a list of columns"),
        (
            "t.csv",
            {"target": "y", "memory_limit": "lots"},
            "memory_limit='lots' was given; pass at least a megabyte",
        ),
        (
            "t.csv",
            {"target": "y", "memory_limit": 1000},
            "memory_limit=1000 was given; pass at least a megabyte",
        ),
    ],
)
def test_arrays_and_arguments(folder, source, asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_rows(source, **{"target": [0, 1], **asked})


def test_rows_for_the_estimator(folder):
    tables.parquet(tables.mixed(), folder)
    rows = open_rows("table.parquet", target="kind", features=["place", "size"])
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match="leave y and sample_weight out"):
        model.fit(rows, np.zeros(3000))
    with pytest.raises(ValueError, match="which classes does not name; add them"):
        SoftmaxRegression(classes=["a", "b"]).fit(rows)
    model.fit(rows)
    other = open_rows("table.parquet", target="kind", features=["size", "place"])
    with pytest.raises(ValueError, match=r"X has 2 features \('size', 'place', ...\), but the fit had 2"):
        model.predict(other)
