"""Fits after a fork, in workers, in eight threads at once, and in less memory than they need."""

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import softgrad
from tests.faults.scripts import run

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6000, 24))
Y = (X @ RNG.normal(size=(24, 5)) + RNG.gumbel(size=(6000, 5))).argmax(axis=1)


def bits(X=X, y=Y, solver="auto", **options):
    """All that a fit and its predictions are."""
    model = softgrad.SoftmaxRegression(solver=solver, **options).fit(X, y)
    found = [model.coef_, model.intercept_, np.float64(model.objective_), model.predict_proba(X[:50])]
    return b"".join(np.ascontiguousarray(part).tobytes() for part in found)


@pytest.mark.parametrize("solver", ["newton", "newton-pcg", "lbfgs"])
@pytest.mark.parametrize("kind", ["dense", "float32", "sparse"])
def test_eight_threads_fit_one_array_at_once(solver, kind):
    """Nothing is shared but what is read: the same bits as alone, and X unchanged."""
    import scipy.sparse

    data = {
        "dense": X,
        "float32": X.astype("f4"),
        "sparse": scipy.sparse.csr_array(np.where(np.abs(X) > 1, X, 0)),
    }[kind]
    kept = data.copy()
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(8) as pool,
    ):  # only one thread may set the BLAS's limit for all
        alone = bits(data, solver=solver, n_jobs=1)
        found = list(pool.map(lambda _: bits(data, solver=solver, n_jobs=1), range(8)))
    assert set(found) == {alone}
    assert abs(data - kept).max() == 0


def test_eight_threads_predict_and_refit_their_own():
    models = [softgrad.SoftmaxRegression(C=C) for C in np.geomspace(0.01, 10, 8)]
    alone = [bits(C=model.C) for model in models]

    def work(model):
        for _ in range(2):
            model.fit(X, Y)
        found = [model.coef_, model.intercept_, np.float64(model.objective_), model.predict_proba(X[:50])]
        return b"".join(np.ascontiguousarray(part).tobytes() for part in found)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, models))
    for one, other in zip(found, alone, strict=True):  # BLAS may have another number of threads here
        np.testing.assert_allclose(np.frombuffer(one), np.frombuffer(other), rtol=1e-8, atol=1e-10)


FORKED = """
import multiprocessing, warnings
import numpy as np
warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads, which is what is tried here
from tests.faults.test_processes import bits
before = bits(n_jobs=2)
with multiprocessing.get_context("fork").Pool(3) as pool:
    found = [job.get(60) for job in [pool.apply_async(bits, (), {"n_jobs": 2}) for _ in range(6)]]
assert len(set(found)) == 1
for other in found:  # a child's BLAS may sum in another order than the parent's
    np.testing.assert_allclose(np.frombuffer(other), np.frombuffer(before), rtol=1e-10, atol=1e-13)
assert bits(n_jobs=2) == before
print("same")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_children_forked_after_a_fit_of_the_parent():
    done = run(FORKED)
    assert done.stdout == "same\n", done.stderr


def test_workers_of_joblib():
    joblib = pytest.importorskip("joblib")
    here = bits(n_jobs=1)
    with joblib.parallel_config(backend="loky"):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(bits)(n_jobs=1) for _ in range(4))
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    for other in found:  # a worker's BLAS has fewer threads, and may sum in another order
        np.testing.assert_allclose(np.frombuffer(other), np.frombuffer(here), rtol=1e-8, atol=1e-10)
    assert len(set(found)) == 1


LITTLE = """
import resource
import numpy as np
import softgrad, scipy.optimize, sklearn.linear_model
from softgrad import SoftmaxRegression
from tests.cli.running import invoke
import pyarrow.csv
SoftmaxRegression().fit(np.eye(4), [0, 1, 0, 1])
what = sys.argv[1]
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * resource.getpagesize()
room = 40 << 20
if what == "fit":
    X = np.zeros((1000, 4000), dtype=np.uint8)
    X[:, 0] = np.arange(1000) % 7
    y = np.arange(1000) % 300
    resource.setrlimit(resource.RLIMIT_AS, (now + room, -1))
    model = SoftmaxRegression(solver=sys.argv[2], n_jobs=1)
    before = dict(vars(model))
    try:
        model.fit(X, y)
    except MemoryError as error:
        assert str(error), "no sentence"
        assert vars(model) == before
        print("MemoryError")
else:
    if sys.argv[3] == "warm":  # Arrow has its threads
        assert invoke("fit", sys.argv[4], "--target", "y").exit_code == 0
        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        room = 6 << 20
    resource.setrlimit(resource.RLIMIT_AS, (now + room, -1))
    result = invoke("fit", sys.argv[2], "--target", "y", "--memory-limit", "10GB")
    print(result.exit_code, result.stderr.strip(), repr(result.exception))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is not limited here")
@pytest.mark.parametrize("solver", ["newton-pcg", "lbfgs"])
def test_a_fit_in_too_little_memory(solver):
    done = run(LITTLE, "fit", solver)
    assert done.stdout == "MemoryError\n", done.stderr + done.stdout


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is not limited here")
@pytest.mark.parametrize("start", ["warm", "cold"])
def test_a_command_in_too_little_memory(tmp_path, start):
    path = tmp_path / "t.csv"
    rows = "\n".join(
        f"{','.join(str(round((i * j) % 97 / 7, 6)) for j in range(1, 60))},{i % 3}" for i in range(20_000)
    )
    header = ",".join([*(f"x{j}" for j in range(1, 60)), "y"]) + "\n"
    path.write_text(header + rows + "\n")
    few = tmp_path / "few.csv"
    few.write_text(header + "\n".join(rows.splitlines()[:200]) + "\n")
    done = run(LITTLE, "command", path, start, few)
    if (
        "ValueOrDie called on an error: Out of memory" in done.stderr
        and int(version("pyarrow").split(".")[0]) < 26
    ):
        pytest.skip("Arrow before 26 ends the process where its allocator finds no memory")
    code, _, rest = done.stdout.partition(" ")
    assert code == "1", done.stdout + done.stderr
    assert rest.startswith(
        ("softgrad: the data do not fit into memory: ", "softgrad: there is too little memory ")
    ), rest
