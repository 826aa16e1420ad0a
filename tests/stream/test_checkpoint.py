"""A fit killed in the middle goes on to the same bits; a checkpoint of another fit is refused."""

import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pyarrow.parquet
import pytest
from sklearn.exceptions import ConvergenceWarning

import softgrad
from softgrad import SoftmaxRegression, open_rows
from softgrad.checkpointfile import CheckpointError
from tests.stream import tables

KILLED = """
import os, signal, sys
from softgrad import SoftmaxRegression, open_rows
def watch(reading):
    if reading.number == {number} and reading.rows > reading.n_rows // 2:
        os.kill(os.getpid(), signal.SIGKILL)
rows = open_rows({source!r}, target="kind", memory_limit="1MB").watched(watch)
SoftmaxRegression(tol=1e-12, solver={solver!r}).fit(rows, checkpoint={checkpoint!r})
"""


class InterruptedFitError(Exception):
    """Raised by a callback."""


@pytest.fixture
def source(tmp_path):
    return tables.parquet(tables.mixed(), tmp_path)


def opened(source, **more):
    return open_rows(source, target="kind", **{"memory_limit": "1MB", **more})


def interrupted(source, checkpoint, iteration=2, **parameters):
    def stop(record):
        if record.iteration == iteration:
            raise InterruptedFitError

    with pytest.raises(InterruptedFitError):
        SoftmaxRegression(**{"tol": 1e-12, **parameters}).fit(
            opened(source), checkpoint=checkpoint, callback=stop
        )


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.coef_, other.coef_)
    np.testing.assert_array_equal(one.intercept_, other.intercept_)
    assert (one.objective_, one.gap_, one.n_iter_) == (other.objective_, other.gap_, other.n_iter_)


def test_killed_in_a_pass_and_gone_on_with(source, tmp_path):
    checkpoint, solver, number = tmp_path / "fit.checkpoint", "newton-pcg", 14
    code = KILLED.format(source=str(source), number=number, solver=solver, checkpoint=str(checkpoint))
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == -signal.SIGKILL
    assert checkpoint.exists()
    left_alone = SoftmaxRegression(tol=1e-12, solver=solver).fit(opened(source))
    resumed = SoftmaxRegression(tol=1e-12, solver=solver).fit(
        opened(source), checkpoint=checkpoint, resume=True
    )
    assert_same_bits(resumed, left_alone)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "solver", ["newton-pcg", "newton", "lbfgs", "gradient-descent", "accelerated-gradient"]
)
def test_every_solver_goes_on_to_the_same_bits(source, tmp_path, solver):
    parameters = {"solver": solver, "tol": 1e-3, "max_iter": 12}
    scaled = pyarrow.parquet.read_table(source).select(["place", "old", "kind"])
    pyarrow.parquet.write_table(scaled, source)
    interrupted(source, tmp_path / "c", 1, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        left_alone = SoftmaxRegression(**parameters).fit(opened(source))
        resumed = SoftmaxRegression(**parameters).fit(opened(source), checkpoint=tmp_path / "c", resume=True)
    assert_same_bits(resumed, left_alone)


def test_a_damaged_file_leaves_the_checkpoint_and_mended_it_goes_on(source, tmp_path):
    checkpoint, whole = tmp_path / "c", source.read_bytes()
    place = pyarrow.parquet.read_metadata(source).row_group(2).column(1).data_page_offset
    times = source.stat().st_atime_ns, source.stat().st_mtime_ns

    def damage(record):
        if record.iteration == 2:
            with source.open("r+b") as stream:
                stream.seek(place)
                stream.write(b"\xff" * 64)
            os.utime(source, ns=times)  # a disk that fails does not tell

    with pytest.raises(softgrad.table.TableError) as raised:
        SoftmaxRegression(tol=1e-12).fit(opened(source), checkpoint=checkpoint, callback=damage)
    assert "table.parquet' is damaged in row group 2 (rows 1401 to 2100), column 'size'" in str(raised.value)
    assert checkpoint.exists()
    source.write_bytes(whole)
    resumed = SoftmaxRegression(tol=1e-12).fit(opened(source), checkpoint=checkpoint, resume=True)
    assert_same_bits(resumed, SoftmaxRegression(tol=1e-12).fit(opened(source)))


@pytest.mark.parametrize("change", ["parameters", "rows", "classes", "columns", "limit"])
def test_a_checkpoint_of_another_fit_is_refused(source, tmp_path, change):
    checkpoint = tmp_path / "c"
    interrupted(source, checkpoint)
    before = checkpoint.read_bytes()
    parameters, more, what = {"tol": 1e-12}, {}, "rows or memory limit"
    if change == "parameters":
        parameters, what = {"tol": 1e-12, "C": 2.0}, "parameters"
    elif change == "classes":
        parameters, what = {"tol": 1e-12, "classes": ["c", "b", "a"]}, "classes"
    elif change == "columns":
        more = {"features": ["place", "size"]}
    elif change == "limit":
        more = {"memory_limit": "2MB"}
    else:
        table = pyarrow.parquet.read_table(source)
        place = table.column("place").to_numpy().copy()
        place[17] += 1e-9
        pyarrow.parquet.write_table(table.set_column(0, "place", pyarrow.array(place)), source)
    with pytest.raises(CheckpointError, match=f"is of a fit with other {what}: give the same again"):
        SoftmaxRegression(**parameters).fit(opened(source, **more), checkpoint=checkpoint, resume=True)
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_that_is_none(source, tmp_path):
    model, rows = SoftmaxRegression(tol=1e-12), opened(source)
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        model.fit(rows, checkpoint=tmp_path / "none", resume=True)
    interrupted(source, tmp_path / "c")
    content = bytearray((tmp_path / "c").read_bytes())
    content[len(content) // 2] ^= 0xFF
    for damaged in (b"", b"hello", bytes(content), bytes(content[:-30])):
        (tmp_path / "d").write_bytes(damaged)
        with pytest.raises(CheckpointError, match="is damaged or no checkpoint"):
            model.fit(rows, checkpoint=tmp_path / "d", resume=True)
    with pytest.raises(ValueError, match="no checkpoint to go on from"):
        model.fit(rows, resume=True)
    with pytest.raises(ValueError, match="only fits of rows on disk have checkpoints"):
        model.fit([[1.0], [2.0]], [0, 1], checkpoint=tmp_path / "c")
