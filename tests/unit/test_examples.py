"""The data files under examples/ are what their script makes."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("make_data", EXAMPLES / "make_data.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = tmp_path_factory.mktemp("examples")
    script.main(folder)
    return folder


@pytest.mark.parametrize("stem", ["digits", "digits_binary"])
def test_shipped_files_are_those_the_script_makes(made, stem):
    assert (EXAMPLES / f"{stem}.csv").read_bytes() == (made / f"{stem}.csv").read_bytes()
    shipped, fresh = (pq.read_table(folder / f"{stem}.parquet") for folder in (EXAMPLES, made))
    assert shipped.equals(fresh)


@pytest.mark.parametrize(("stem", "largest"), [("digits", 16), ("digits_binary", 1)])
def test_parquet_and_csv_hold_the_same_digits(stem, largest):
    table = pq.read_table(EXAMPLES / f"{stem}.parquet")
    values = np.column_stack([column.to_numpy() for column in table.columns])
    assert values.shape == (1797, 65)
    assert table.column_names[-1] == "digit"
    assert set(table.schema.types) == {pa.uint8()}
    assert values[:, :-1].max() == largest
    assert set(values[:, -1]) == set(range(10))
    from_csv = np.loadtxt(EXAMPLES / f"{stem}.csv", delimiter=",", skiprows=1, dtype=np.uint8)
    np.testing.assert_array_equal(from_csv, values)
