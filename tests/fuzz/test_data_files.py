"""CSV, TSV, gzip, Parquet and Arrow files with changed bytes, and text tables of hostile cells, at every door."""

import csv
import gzip
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softgrad
from softgrad.table import TableError
from softgrad.table.read import read_table
from tests.fuzz import oracle
from tests.fuzz.budget import cases
from tests.fuzz.doors import reads
from tests.fuzz.mutations import mutations
from tests.fuzz.originals import SUFFIXES, TABLES, as_arrow, as_parquet, as_stream, as_text
from tests.fuzz.refusals import Refused, answer


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.mark.parametrize("suffix", SUFFIXES)
@cases(20)
@given(data=st.data())
def test_changed_bytes(room, suffix, data):
    path = room / f"t.{suffix}"
    path.write_bytes(data.draw(mutations(TABLES[suffix])))
    reads(path)


CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "1",
            "-1.5",
            "1e308",
            "1e309",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "NA",
            "null",
            "None",
            "true",
            "FALSE",
            "=1+1",
            "@x",
            "2024-01-01",
            "12:30",
            "1,5",
            "0x10",
            "1_000",
            "٣",
            "½",
            '"',
            "'",
            "a\nb",
            "9" * 30,
            "1" * 400,
            "\x00",
            "\ufeff",
            "\u202e",
            "\\",
            "<b>",
        ]
    ),
    st.floats().map(repr),
    st.integers().map(str),
    st.text(max_size=5),
)


@cases(60)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.lists(CELLS, min_size=2, max_size=2),
)
def test_text_of_hostile_cells(room, rows, header):
    """Any table a person could type: read with as many rows as it has, or refused; then fitted or refused."""
    path = room / "cells.csv"
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*header, "y"])
    writer.writerows(rows)
    path.write_bytes(stream.getvalue().encode("utf-8", "surrogatepass"))
    found = answer(read_table, str(path), kinds=(TableError,))
    if not isinstance(found, Refused):
        assert found.column_names[-1] == "y"
    reads(path)


@st.composite
def numbers(draw):
    """Columns of numbers with labels, written with all their digits."""
    n = draw(st.integers(4, 12))
    value = st.floats(-1e6, 1e6) if draw(st.booleans()) else st.integers(-(2**53), 2**53)
    columns = draw(st.lists(st.lists(value, min_size=n, max_size=n), min_size=1, max_size=3))
    return {f"x{j}": column for j, column in enumerate(columns)} | {
        "y": ["u", "v"] * (n // 2) + ["u"] * (n % 2)
    }


@cases(15)
@given(numbers(), st.sampled_from(SUFFIXES))
def test_numbers_arrive_as_they_are(room, columns, suffix):
    """In every format the rows give the loss that their numbers have."""
    data = pa.table(columns)
    path = room / f"n.{suffix}"
    writers = {
        "csv": lambda: as_text(data, ","),
        "tsv": lambda: as_text(data, "\t"),
        "csv.gz": lambda: gzip.compress(as_text(data, ",")),
        "parquet": lambda: as_parquet(data),
        "feather": lambda: as_arrow(data, "uncompressed"),
        "arrow": lambda: as_stream(data),
    }
    path.write_bytes(writers[suffix]())
    rows = answer(softgrad.open_rows, path, target="y", kinds=(TableError,))
    assert not isinstance(rows, Refused), rows
    X = np.array([columns[name] for name in columns if name != "y"], dtype=float).T
    coef = np.array([np.cos(np.arange(X.shape[1])), np.sin(np.arange(X.shape[1]))]) / max(
        1.0, np.abs(X).max()
    )
    value, by_coef, _ = softgrad.loss_and_gradient(coef, None, rows)
    truth = oracle.Problem(X, np.eye(2)[[int(label == "v") for label in columns["y"]]], None, 0.0)
    assert value == pytest.approx(float(truth.value(coef, 0.0)), rel=1e-12)
    expected = truth.gradient(coef, 0.0)[0].astype(float)
    np.testing.assert_allclose(by_coef, expected, rtol=0, atol=1e-12 * max(1.0, np.abs(X).max()))
