"""Data tables: the schema that is learned, the matrix that it gives, and the labels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from softgrad.table import Boolean, Category, Columns, Numeric, TableError, Target
from softgrad.table.encode import encode
from softgrad.table.errors import listing, quote
from softgrad.table.learn import learn, with_fills
from softgrad.table.read import read_table
from softgrad.table.target import encode_target, learn_target
from softgrad.table.write import to_csv, write_table

TABLE = pa.table(
    {
        "n": [3, 1, 2, 2],
        "r": [0.5, 1.5, -1.0, 2.0],
        "b": [True, False, False, True],
        "c": ["red", "blue", "red", "red"],
        "y": ["u", "v", "u", "v"],
    }
)
FEATURES = ["n", "r", "b", "c"]


def schema(*features: Any) -> Columns:
    return Columns(Target("y", "text"), features)


def column(values: Any, kind: Any = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


class TestLearn:
    def test_kinds(self) -> None:
        columns = learn(TABLE, "y", FEATURES)
        assert columns == schema(
            Numeric("n", whole=True), Numeric("r"), Boolean("b"), Category("c", ("blue", "red"))
        )
        assert columns.encoded_names == ("n", "r", "b", "c=blue", "c=red")
        assert columns.text_columns == ("c", "y")

    @pytest.mark.parametrize(
        ("values", "kind", "expected"),
        [
            ([1, 2], pa.uint8(), Numeric("x", whole=True)),
            ([1.0, 2.0], pa.float16(), Numeric("x")),
            ([1, 2], pa.decimal128(5, 2), Numeric("x")),
            (["a", "b"], pa.large_string(), Category("x", ("a", "b"))),
            (["a", "b"], pa.dictionary(pa.int8(), pa.string()), Category("x", ("a", "b"))),
            ([10, 9], pa.dictionary(pa.int8(), pa.int64()), Category("x", ("10", "9"))),
        ],
        ids=str,
    )
    def test_arrow_types(self, values: Any, kind: Any, expected: Any) -> None:
        if pa.types.is_float16(kind):
            values = np.array(values, dtype=np.float16)
        array = (
            pa.array(values).cast(kind.value_type).dictionary_encode()
            if pa.types.is_dictionary(kind)
            else None
        )
        table = pa.table({"x": pa.array(values, kind) if array is None else array, "y": ["u", "v"]})
        columns = learn(table, "y", ["x"])
        assert columns.features == (expected,)
        assert encode(table, columns).shape == (2, len(expected.encoded_names))

    @pytest.mark.parametrize(
        "kind",
        [pa.date32(), pa.timestamp("s"), pa.time32("s"), pa.duration("s")],
        ids=str,
    )
    def test_times_are_refused_with_their_type(self, kind: Any) -> None:
        table = pa.table({"x": pa.array([1, 2], kind), "y": ["u", "v"]})
        with pytest.raises(TableError, match="the column 'x' is of type"):
            learn(table, "y", ["x"])

    def test_free_text_has_a_limit_that_grows_with_the_rows(self) -> None:
        def table(n_levels: int, n_rows: int) -> pa.Table:
            return pa.table(
                {"x": [f"t{i % n_levels}" for i in range(n_rows)], "y": ["u", "v"] * (n_rows // 2)}
            )

        assert len(learn(table(50, 200), "y", ["x"]).encoded_names) == 50
        with pytest.raises(TableError, match="51 distinct values in 200 rows"):
            learn(table(51, 200), "y", ["x"])
        assert len(learn(table(100, 2000), "y", ["x"]).encoded_names) == 100
        with pytest.raises(TableError, match="free text"):
            learn(table(30, 30), "y", ["x"])

    def test_nan_counts_as_missing(self) -> None:
        table = pa.table({"x": [1.0, float("nan"), None], "y": ["u", "v", "v"]})
        with pytest.raises(TableError, match=r"values are missing in 'x' \(2\)"):
            learn(table, "y", ["x"])

    def test_fills_are_the_median_or_the_most_frequent(self) -> None:
        table = pa.table(
            {
                "n": [1, 2, 3, 4, None],
                "r": [1.0, 2.0, 3.0, 4.0, float("nan")],
                "b": [True, True, False, None, None],
                "c": ["z", "a", None, "z", "a"],
                "y": ["u", "v", "u", "v", "u"],
            }
        )
        columns = learn(table, "y", FEATURES, impute=True)
        assert [c.fill for c in columns.features] == [2, 2.5, True, "a"]
        matrix = encode(table, columns)
        assert matrix[:, 0].tolist() == [1, 2, 3, 4, 2]
        assert matrix[4].tolist() == [2, 2.5, 1, 1, 0]
        assert matrix[2, 3:].tolist() == [1, 0]

    def test_fills_of_other_rows(self) -> None:
        table = pa.table({"x": [1.0, 3.0, None], "y": ["u", "v", "u"]})
        columns = learn(table, "y", ["x"], impute=True)
        assert with_fills(columns, table.slice(1)).features == (Numeric("x", fill=3.0),)
        assert with_fills(columns, table.slice(2)).features == (Numeric("x", fill=2.0),)


class TestEncode:
    def test_values(self) -> None:
        columns = learn(TABLE, "y", FEATURES)
        expected = [[3, 0.5, 1, 0, 1], [1, 1.5, 0, 1, 0], [2, -1, 0, 0, 1], [2, 2, 1, 0, 1]]
        assert encode(TABLE, columns).tolist() == expected
        turned = TABLE.select(["y", "c", "b", "r", "n"]).append_column("more", [[0] * 4])
        assert encode(turned, columns).tolist() == expected

    @pytest.mark.parametrize(
        ("values", "kind", "dtype"),
        [
            ([0, 255], pa.int64(), np.uint8),
            ([0, 256], pa.int64(), np.float64),
            ([-1, 5], pa.int8(), np.float64),
            ([0.0, 1.0], pa.float32(), np.float64),
            ([True, False], pa.bool_(), np.uint8),
            (["a", "b"], pa.string(), np.uint8),
        ],
    )
    def test_bytes_stay_bytes(self, values: Any, kind: Any, dtype: Any) -> None:
        table = pa.table({"x": pa.array(values, kind), "y": ["u", "v"]})
        matrix = encode(table, learn(table, "y", ["x"]))
        assert matrix.dtype == dtype
        if kind != pa.string():
            assert matrix[:, 0].tolist() == [float(value) for value in values]

    def test_numbers_and_booleans_stand_in_for_each_other(self) -> None:
        columns = schema(Numeric("n"), Boolean("b"), Category("c", ("1", "2")))
        table = pa.table({"n": [True, False], "b": [1, 0], "c": [2, 1]})
        assert encode(table, columns).tolist() == [[1, 1, 0, 1], [0, 0, 1, 0]]

    @pytest.mark.parametrize(
        ("feature", "values", "sentence"),
        [
            (Boolean("x"), [1, 2], "takes the column 'x' as true or false, but it is of type int64"),
            (Boolean("x"), ["a", "b"], "takes the column 'x' as true or false, but it is of type string"),
            (Numeric("x"), ["1", "2,5"], "takes the column 'x' as numbers, but row 2 holds '2,5'"),
            (Numeric("x"), ["1", "2"], "takes the column 'x' as numbers, but its numbers are stored as text"),
            (Category("x", ("a",)), [1.5, 2.5], "takes the column 'x' as text, but it is of type double"),
            (Category("x", ("a",)), ["a", "b"], "row 2 of the column 'x' holds 'b', a category"),
            (Numeric("x"), [1.0, float("inf")], "the column 'x' holds 1 infinite value"),
            (
                Numeric("x"),
                [None, None],
                r"values are missing in 'x' \(2\): the model was fitted without --impute",
            ),
        ],
    )
    def test_values_of_another_kind(self, feature: Any, values: Any, sentence: str) -> None:
        with pytest.raises(TableError, match=sentence):
            encode(pa.table({"x": values}), schema(feature))

    def test_a_column_without_values_is_filled(self) -> None:
        columns = schema(Numeric("n", fill=2.5), Boolean("b", fill=True), Category("c", ("k", "l"), "l"))
        table = pa.table({name: pa.nulls(2) for name in "nbc"})
        assert encode(table, columns).tolist() == [[2.5, 1, 0, 1]] * 2

    def test_a_fill_beyond_the_column_s_type(self) -> None:
        table = pa.table({"n": pa.array([1, None], pa.uint8())})
        assert encode(table, schema(Numeric("n", whole=True, fill=300))).tolist() == [[1], [300]]


class TestTarget:
    @pytest.mark.parametrize(
        ("values", "kind", "labels", "dtype"),
        [
            (["b", "a"], "text", ["b", "a"], np.str_),
            ([2, -1], "integer", [2, -1], np.int64),
            ([2.0, -1.0], "integer", [2, -1], np.int64),
            ([True, False], "boolean", [True, False], np.bool_),
        ],
    )
    def test_labels(self, values: Any, kind: str, labels: Any, dtype: Any) -> None:
        target = learn_target(column(values), "y")
        assert target.kind == kind
        array = encode_target(column(values), target)
        assert array.tolist() == labels
        assert array.dtype.type == dtype

    def test_a_dictionary_of_numbers_is_numbers(self) -> None:
        values = pa.chunked_array([pa.array([7, 9, 7]).dictionary_encode()])
        assert encode_target(values, learn_target(values, "y")).tolist() == [7, 9, 7]

    def test_labels_of_another_type_that_mean_the_same(self) -> None:
        assert encode_target(column([1, 2]), Target("y", "text")).tolist() == ["1", "2"]
        assert encode_target(column([1, 0]), Target("y", "boolean")).tolist() == [True, False]
        with pytest.raises(TableError, match="the model's labels are whole numbers"):
            encode_target(column(["a"]), Target("y", "integer"))
        with pytest.raises(TableError, match="the model's labels are boolean"):
            encode_target(column([1, 2]), Target("y", "boolean"))


class TestReadAndWrite:
    def test_semicolons_tabs_and_quoted_newlines(self, tmp_path: Path) -> None:
        (tmp_path / "s.csv").write_text('a;b\n1;"x\ny"\n')
        assert read_table(str(tmp_path / "s.csv")).to_pydict() == {"a": [1], "b": ["x\ny"]}
        (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa\tb\r\n1\tx\r\n")
        assert read_table(str(tmp_path / "t.csv")).column_names == ["a", "b"]

    def test_text_columns_are_not_guessed(self, tmp_path: Path) -> None:
        path = tmp_path / "d.csv"
        path.write_text("code,n\n007,1\n2024-01-31,2\n")
        table = read_table(str(path), text_columns=["code", "absent"])
        assert table["code"].to_pylist() == ["007", "2024-01-31"]

    def test_a_type_that_changes_late_in_a_large_file(self, tmp_path: Path) -> None:
        path = tmp_path / "late.csv"
        path.write_text("a,b\n" + "1,2\n" * 600_000 + "1.5,x\n")
        table = read_table(str(path))
        assert table["a"][-1].as_py() == 1.5
        assert table["b"][-1].as_py() == "x"

    def test_the_index_of_pandas_is_left_out(self, tmp_path: Path) -> None:
        pandas = pytest.importorskip("pandas")
        pandas.DataFrame({"a": [1, 2]}, index=[5, 9]).to_parquet(tmp_path / "p.parquet")
        assert read_table(str(tmp_path / "p.parquet")).column_names == ["a"]

    def test_a_folder_named_like_a_partition_adds_no_column(self, tmp_path: Path) -> None:
        folder = tmp_path / "year=2024"
        folder.mkdir()
        pa.parquet.write_table(TABLE, folder / "d.parquet")
        assert read_table(str(folder / "d.parquet")).column_names == TABLE.column_names

    def test_an_arrow_stream(self, tmp_path: Path) -> None:
        with pa.ipc.new_stream(str(tmp_path / "d.arrow"), TABLE.schema) as writer:
            writer.write_table(TABLE)
        assert read_table(str(tmp_path / "d.arrow")).equals(TABLE)

    def test_what_is_written_reads_back(self, tmp_path: Path) -> None:
        columns = {
            "prediction": np.array(["a,b", 'say "hi"']),
            "flag": np.array([True, False]),
            "p": np.array([0.1, 1e-300]),
        }
        for name in ("o.csv", "o.parquet"):
            write_table([columns], str(tmp_path / name))
            table = read_table(str(tmp_path / name))
            assert table.to_pydict() == {key: values.tolist() for key, values in columns.items()}
        assert to_csv(columns).startswith(b'prediction,flag,p\n"a,b",true,0.1\n')

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n"))
        monkeypatch.setattr("sys.stdin", stream)
        assert read_table("-").to_pydict() == {"a": [1], "b": ["x"]}


def test_names_are_shown_on_one_line() -> None:
    assert quote("two\nlines \x1b[31m") == "'two\\nlines \\x1b[31m'"
    assert len(quote("x" * 1000)) < 80
    assert listing(range(9)) == "0, 1, 2, 3, 4, 5 and 3 more"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"target": {"name": "y", "kind": "text"}},
        {"target": {"name": 1, "kind": "text"}, "features": []},
        {"target": {"name": "y", "kind": "text"}, "features": [{"kind": "odd", "name": "a", "fill": None}]},
        {
            "target": {"name": "y", "kind": "text"},
            "features": [{"kind": "boolean", "name": "a", "fill": "x"}],
        },
        {"target": {"name": "y", "kind": "text"}, "features": ["a"]},
    ],
    ids=str,
)
def test_a_broken_schema_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="the column schema"):
        Columns.from_dict(data)
