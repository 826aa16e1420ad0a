"""Ctrl-C at random moments of a fit: it ends at once, the estimator is as before, no file is half written."""

import os
import random
import signal
import sys
import time
import traceback

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import softgrad
from tests.faults.scripts import begun, ended

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there"),
    # An interrupt may land in the test tools' own hook of the garbage collector, which can only report it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

N = 20
AT_ONCE = float(os.environ.get("SOFTGRAD_DIES_WITHIN", "20"))
"""Seconds to die within: 1 on a quiet machine, which docs/faults.md tells how to measure; more on a busy one."""


@pytest.fixture
def interrupts():
    """A handler that raises, wherever the tests were started, and no timer that outlives its test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    alarm = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, alarm)
    signal.signal(signal.SIGINT, before)


def rows(n=4000, d=20, K=5):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, (X @ rng.normal(size=(d, K)) + rng.gumbel(size=(n, K))).argmax(axis=1)


def attributes(model):
    """Every attribute, by what it holds and which object it is."""
    return {name: (id(value), repr(value)) for name, value in vars(model).items()}


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    X, y = rows()
    path = tmp_path_factory.mktemp("rows") / "t.parquet"
    names = [f"x{j}" for j in range(X.shape[1])]
    table = pa.table(dict(zip(names, X.T, strict=True)) | {"y": y})
    pa.parquet.write_table(table, path, row_group_size=500)
    return path


def too_late(stop):
    """Whether the work was done: the interrupt found the test itself, or the method that was about to return.

    Python raises it between any two of its instructions, so also between the last of the work and the return.
    """
    package = os.path.dirname(softgrad.__file__)
    names = [
        frame.name for frame in traceback.extract_tb(stop.__traceback__) if frame.filename.startswith(package)
    ]
    return not names or names[-1] in ("fit", "partial_fit")


def interrupted_fits(model, source, labels, interrupts, method="fit", **options):
    """How many of N fits were interrupted, each at a random moment; before and after it all is the same."""
    draw, caught = random.Random(5), 0
    start = time.monotonic()
    getattr(model, method)(source(), labels, **options)
    usual = time.monotonic() - start
    for _ in range(N):
        model.fit(np.eye(5), range(5))  # of other columns, which the door notes before anything else
        before, data = attributes(model), source()
        try:
            interrupts(max(draw.uniform(0, usual), 1e-4))
            getattr(model, method)(data, labels, **options)
            interrupts(0)
        except KeyboardInterrupt as stop:
            caught += 1
            as_before = attributes(model) == before or too_late(stop)
            assert as_before
        finally:
            interrupts(0)
    return caught


def test_an_estimator_in_memory_is_as_before(interrupts):
    X, y = rows()
    model = softgrad.SoftmaxRegression(solver="lbfgs")
    assert interrupted_fits(model, lambda: X, y, interrupts) > 3
    again = softgrad.SoftmaxRegression(solver="lbfgs").fit(X, y)
    np.testing.assert_array_equal(model.fit(X, y).coef_, again.coef_)


def test_a_learner_of_a_stream_is_as_before(interrupts):
    """Batches that were interrupted have not been learned, in part or whole."""
    X, y = rows(1000)
    model = softgrad.SoftmaxRegression(classes=np.arange(5))
    learned = 1
    draw = random.Random(1)
    start = time.monotonic()
    model.partial_fit(X, y)
    usual = time.monotonic() - start
    for _ in range(N):
        before = attributes(model)
        try:
            interrupts(max(draw.uniform(0, usual), 1e-4))
            model.partial_fit(X, y)
            interrupts(0)
            learned += 1
        except KeyboardInterrupt as stop:
            late = too_late(stop)
            assert late or attributes(model) == before
            learned += attributes(model) != before
        finally:
            interrupts(0)
    assert learned < N
    again = softgrad.SoftmaxRegression(classes=np.arange(5))
    for _ in range(learned):
        again.partial_fit(X, y)
    np.testing.assert_array_equal(model.coef_, again.coef_)


def test_rows_on_disk_can_be_fitted_again(interrupts, parquet):
    """The estimator is as before, the rows are usable, and no thread that reads ahead stays."""
    import threading

    opened = softgrad.open_rows(parquet, target="y", memory_limit="1MB")
    model = softgrad.SoftmaxRegression(solver="lbfgs", tol=1e-4)
    threads = threading.active_count()
    assert interrupted_fits(model, lambda: opened, None, interrupts) > 3
    again = softgrad.SoftmaxRegression(solver="lbfgs", tol=1e-4).fit(
        softgrad.open_rows(parquet, target="y", memory_limit="1MB")
    )
    np.testing.assert_array_equal(model.fit(opened).coef_, again.coef_)
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= threads


LONG = """
import threading, time
import numpy as np
from softgrad import SoftmaxRegression, open_rows
where, folder, wait = sys.argv[1], sys.argv[2], float(sys.argv[3])
rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 40))
y = rng.integers(8, size=len(X))
model = SoftmaxRegression(solver="gradient-descent", tol=0, max_iter=10**9).fit
said = lambda record: record.iteration == 1 and print("fitting", flush=True)
try:
    if where == "memory":
        model(X, y, callback=said)
    elif where == "stream":
        rows = open_rows(folder + "/t.parquet", target="y", memory_limit="1MB", cache_dir=folder + "/cache")
        model(rows, callback=said, checkpoint=folder + "/checkpoint")
    else:
        import dask.array as da
        from distributed import Client, LocalCluster
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
            with Client(cluster):
                try:
                    model(da.from_array(X, chunks=(5000, 40)), da.from_array(y, chunks=5000), callback=said)
                except KeyboardInterrupt:
                    print("interrupted", flush=True)  # what Dask takes to close its workers is its own
                    raise
except KeyboardInterrupt:
    if where != "dask":
        print("interrupted", flush=True)
    sys.exit(130)
"""


@pytest.mark.parametrize(
    ("where", "wait"), [("memory", 0.05), ("memory", 0.4), ("stream", 0.3), ("dask", 0.2)]
)
def test_a_process_dies_at_once(where, wait, tmp_path, parquet, record_property):
    """In the middle of passes; the checkpoint, if there is one, is whole, and nothing is left beside it."""
    if where == "dask":
        pytest.importorskip("distributed", reason="dask.distributed is not installed")
    (tmp_path / "t.parquet").write_bytes(parquet.read_bytes())
    process = begun(LONG, where, tmp_path, wait)
    assert process.stdout.readline() == "fitting\n", process.communicate()[1]
    time.sleep(wait)
    if where == "dask":
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        assert process.stdout.readline() == "interrupted\n"
        seconds = time.monotonic() - start
        process.communicate(timeout=60)
    else:
        seconds, out, errors = ended(process, limit=60)
        assert (out, errors) == ("interrupted\n", "")
    assert process.returncode == 130
    record_property("seconds", seconds)
    print(f"{where}: dead {seconds:.3f} s after Ctrl-C")
    assert seconds < AT_ONCE
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"t.parquet"} | ({"cache", "checkpoint"} if where == "stream" else set())
    if where == "stream":
        assert not [path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")]
        assert np.load(tmp_path / "checkpoint")["best"].shape == (5, 21)


COMMAND = """
from softgrad.cli import main
sys.argv = ["softgrad", *sys.argv[1:]]
print("begun", flush=True)
main()
"""
SENTENCE = "softgrad: interrupted; no file is left half written\n"


def test_the_command_dies_at_once_at_any_moment(tmp_path, parquet):
    """From its start, through imports, passes and writing: 130 and one sentence; whole files or none.

    Once all is written, what is left of the process dies of the signal itself, or has ended with 0.
    """
    draw = random.Random(3)
    table, outputs = tmp_path / "t.parquet", [tmp_path / "m.softgrad", tmp_path / "r.html"]
    table.write_bytes(parquet.read_bytes())
    args = ["fit", table, "--target", "y", "--model", outputs[0], "--report", outputs[1]]

    def command():
        process = begun(COMMAND, *args)
        assert process.stdout.readline() == "begun\n"
        return process, time.monotonic()

    process, start = command()
    assert process.communicate(timeout=120)[1] == ""
    usual = time.monotonic() - start
    model = outputs[0].read_bytes()
    for part in range(4):
        for path in outputs:
            path.unlink(missing_ok=True)
        process, _ = command()
        time.sleep((part + draw.random()) / 4 * usual)
        seconds, _, errors = ended(process, limit=60)
        assert seconds < AT_ONCE
        left = set(tmp_path.iterdir()) - {table}
        if process.returncode in (0, -signal.SIGINT):
            assert (errors, left) == ("", set(outputs))
        else:
            assert (process.returncode, errors) == (130, SENTENCE)
            assert left <= set(outputs)
        if outputs[0] in left:
            assert outputs[0].read_bytes() == model
