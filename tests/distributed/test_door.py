"""What is refused before a cluster is asked anything."""

import sys

import numpy as np
import pytest

import softgrad
from softgrad.rows.dask import connected, dask_rows
from softgrad.rows.partitions import aligned
from softgrad.rows.wrap import is_collection

da = pytest.importorskip("dask.array", reason="dask is not installed")
dd = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")
pd = pytest.importorskip("pandas")

X = da.zeros((100, 3), chunks=(40, 3))
y = da.zeros(100, chunks=40, dtype=int)
FRAME = dd.from_pandas(
    pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"], "y": [0, 1, 0]}), npartitions=2
)


def test_collections_are_known_without_importing_dask():
    assert is_collection(X)
    assert is_collection(FRAME)
    assert not any(
        is_collection(thing) for thing in (np.zeros((2, 2)), [[1]], pd.DataFrame({"a": [1]}), None)
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((X, None, None), "y is missing"),
        ((X, y[:-1], None), "y has 99 rows, but X has 100"),
        ((X, np.zeros(99, int), None), "y has 99 rows, but X has 100"),
        ((X, y, np.ones(3)), "sample_weight has 3 rows"),
        ((X[:, 0], y, None), "X of shape"),
        ((X.astype("U3"), y, None), "pass numbers"),
        ((np.zeros((100, 3)), y, None), "X of type ndarray"),
        ((FRAME[["a", "b"]], FRAME["y"], None), "column 'b' of X is of type .*, not a number"),
        ((FRAME[["a"]], np.zeros(3, int), None), "y is in memory, but the partitions of X have lengths"),
        (
            (X, y.rechunk(100).map_blocks(lambda part: part, chunks=((np.nan,),)), None),
            "y has 1 partitions, but X has 3",
        ),
    ],
)
def test_what_does_not_fit_together(given, words):
    with pytest.raises(ValueError, match=words):
        aligned(*given)


def test_no_cluster():
    with pytest.raises(ValueError, match=r"there is no cluster to read it; start one first: .*Client\(\)"):
        connected(None)
    for call in (
        lambda: softgrad.fit(X, y, alpha=0.1),
        lambda: softgrad.SoftmaxRegression().fit(X, y),
        lambda: dask_rows(X, y),
    ):
        with pytest.raises(ValueError, match="no cluster"):
            call()


def test_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'softgrad\[dask\]'"):
        softgrad.SoftmaxRegression().fit(X, y)


def test_one_pass_functions_name_the_way(rng):
    with pytest.raises(ValueError, match=r"softgrad\.rows\.dask\.dask_rows\(X, y\)"):
        softgrad.loss_and_gradient(np.zeros((2, 3)), None, X, y)


def test_dask_is_not_imported_before_it_is_needed():
    """By a fresh interpreter that fits arrays."""
    import subprocess

    code = (
        "import sys, numpy as np, softgrad\n"
        "softgrad.SoftmaxRegression().fit(np.eye(4), [0, 1, 0, 1])\n"
        "assert not {'dask', 'distributed'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
