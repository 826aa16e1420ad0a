"""The same bits for every number of threads, in workers, after a fork and in many threads at once; Ctrl-C."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from softgrad.kernels.compressed import CompressedTable
from softgrad.kernels.job import Step
from tests.kernels.cases import Case
from tests.kernels.places import bits, bits_of, output_of, script

MANY_TILES = {
    "rows in place": Case(20_011, 64, 3, kept=True),
    "rows, masked": Case(8_003, 100, 10),
    "rows, converted": Case(6_001, 50, 4, dtype="u1", soft=True),
    "columns": Case(30_001, 10, 4, offsets=True),
    "columns in place": Case(9_007, 70, 5, layout="F"),
    "single": Case(20_001, 40, 7, dtype="f4", single=True),
    "curved": Case(10_001, 33, 3, Step.CURVED, directions=2),
    "curved at a base": Case(10_001, 12, 3, Step.CURVED, base=True),
    "along": Case(50_000, 0, 6, Step.ALONG, given=True, backward=False),
    "spread": Case(20_000, 0, 6, Step.SPREAD, given=True),
    "wide": Case(700, 3000, 32),
    "many classes": Case(3_000, 20, 40, kept=True),
}


@pytest.mark.parametrize("name", MANY_TILES)
def test_any_number_of_threads_gives_the_same_bits(compiled, rng, name):
    job = MANY_TILES[name].job(rng)
    first = bits_of(job)
    for n_threads in (2, 3, 8):
        for _ in range(2):
            assert bits_of(replace(job, n_threads=n_threads)) == first


@pytest.mark.parametrize("d", [40, 900])
def test_any_number_of_threads_over_sparse_rows(compiled, rng, d):
    case = Case(4000, d, 5, kept=True)
    X = scipy.sparse.csr_array(rng.normal(size=(case.n, d)) * (rng.random((case.n, d)) < 0.02))
    job = replace(replace(case, d=1).job(rng), X=CompressedTable(X), coef=rng.standard_normal((5, d)))
    first = bits_of(job)
    for n_threads in (2, 3, 8):
        assert bits_of(replace(job, n_threads=n_threads)) == first


def test_in_a_worker_of_joblib(kernels):
    joblib = pytest.importorskip("joblib")
    here = bits(kernels)
    with joblib.parallel_config(backend="loky"):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(bits)(kernels, threads) for threads in (1, 2, 8))
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    if kernels != "numpy":
        assert found == [here] * 3
    for other in found:  # a worker's BLAS has fewer threads, and may sum in another order
        np.testing.assert_allclose(np.frombuffer(other), np.frombuffer(here), rtol=1e-9, atol=1e-15)


FORKED = """
import os, sys
from tests.kernels.places import bits
name = sys.argv[1]
before = bits(name, 3)
child = os.fork()
if child == 0:
    os._exit(0 if bits(name, 3) == before else 1)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert bits(name, 3) == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork(kernels):
    output_of(FORKED, kernels, PYTHONWARNINGS="ignore")


HELPERS = """
import os, sys, time
import numpy as np
from softgrad.kernels import passes
from tests.kernels.cases import Case
def n_threads():
    return len(os.listdir("/proc/self/task"))
job = Case(30_000, 40, 5, n_threads=4).job(np.random.default_rng(0))
alone = n_threads()
for _ in range(20):
    passes.run(job)
assert n_threads() == alone + 3, (n_threads(), alone)
time.sleep(0.1)
before = time.process_time()
time.sleep(0.5)
assert time.process_time() - before < 0.05, "they do not sleep"
child = os.fork()
if child == 0:
    passes.run(job)
    os._exit(0 if n_threads() == 4 else 1)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert n_threads() == alone, "some outlived the fork"
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted otherwise there")
def test_helpers_are_kept_for_the_next_pass_but_sleep_and_end_before_a_fork(compiled):
    output_of(HELPERS, compiled, PYTHONWARNINGS="ignore", OPENBLAS_NUM_THREADS="1")


def test_eight_threads_at_once_on_one_array(kernels, rng):
    job = replace(MANY_TILES["columns"], n=8000).job(rng)
    first = bits_of(job)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda threads: bits_of(replace(job, n_threads=threads)), [1, 2, 3, 8] * 4))
    assert set(found) == {first}


INTERRUPTED = """
import signal
import numpy as np
from softgrad.kernels import passes
from tests.kernels.cases import Case
signal.signal(signal.SIGINT, signal.default_int_handler)
job = Case(120_000, 50, 8, n_threads=2).job(np.random.default_rng(0))
passes.run(job)
print("ready", flush=True)
try:
    for _ in range(2000):
        passes.run(job)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_ends_after_the_pass(kernels):
    process = script(INTERRUPTED, SOFTGRAD_KERNELS=kernels)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    try:
        out, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert out == "interrupted\n", errors


MEMORY = """
import sys
import numpy as np
from softgrad.kernels import passes, threads
from softgrad.kernels.job import Targets
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
dtype, order = sys.argv[1:]
def work(n):
    X = np.ones((n, 100), dtype, order)
    X[::3] = 0
    targets = Targets.of(np.arange(n) % 10, np.full(n, 1 / n))
    coef = np.zeros((10, 100))
    coef[:, 0] = np.arange(10)
    before = peak()
    passes.loss_and_gradient(X, coef, coef[:, 0], targets)
    return peak() - before
with threads.limited(1, 1.0):  # what is imported for the first pass is not the pass's
    work(5000)
print(work(200_000))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is not measured here")
@pytest.mark.parametrize(("dtype", "order"), [("f8", "F"), ("u1", "C")])
def test_a_pass_takes_little_memory(kernels, dtype, order):
    taken = int(output_of(MEMORY, dtype, order, SOFTGRAD_KERNELS=kernels))
    assert taken <= 32 * 1024, f"{taken} kB beyond input and output"
