"""Workers that die, stop, come and go in the middle of a fit: the same numbers, or one sentence."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import softgrad
from softgrad.rows.dask import close, dask_rows
from tests.distributed.data import CHUNKS, N_WORKERS, table

da = pytest.importorskip("dask.array", reason="dask is not installed")
distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")

GIVEN = {"alpha": 0.03, "tol": 1e-10, "solver": "newton-pcg"}


def lazy(rng):
    X, codes = table(rng)
    return X, codes, da.from_array(X, chunks=(CHUNKS, 6)), da.from_array(codes, chunks=1000)


class AfterRounds:
    """Does something in the middle of the n-th round from now: once its tasks are with the workers."""

    def __init__(self, rows, n, deed):
        self.engine, self.left, self.deed = rows.engine, n, deed
        self.fetched, self.done = self.engine._fetched, None
        self.engine._fetched = self

    def __call__(self, futures):
        self.left -= 1
        if self.left == 0:
            self.done = self.deed()
        return self.fetched(futures)


def test_a_worker_killed_in_the_middle_of_a_pass(client, rng, pids):
    """Its partitions are read and its logits computed once more, by others: the same bits."""
    X, codes, *collections = lazy(rng)
    undisturbed, rows = softgrad.fit(X, codes, **GIVEN), dask_rows(*collections)
    victim = [pids[worker] for worker in client.has_what() if client.has_what()[worker]][-1]
    kill = AfterRounds(rows, 12, lambda: os.kill(victim, signal.SIGKILL))
    disturbed = softgrad.fit(rows, **GIVEN)
    assert kill.left < 0
    assert victim not in client.run(os.getpid).values()
    assert disturbed.status == "converged"
    again = softgrad.fit(rows, **GIVEN)
    close(rows)
    np.testing.assert_array_equal(disturbed.coef, again.coef)
    assert disturbed.objective == pytest.approx(undisturbed.objective, rel=1e-12)
    np.testing.assert_allclose(disturbed.coef, undisturbed.coef, rtol=0, atol=1e-11)


def test_a_straggler_and_a_worker_that_comes_and_goes(cluster, client, rng, pids):
    """One worker stands still for a while in a pass; a fifth one comes, takes part and leaves."""
    X, codes, *collections = lazy(rng)
    given = {**GIVEN, "solver": "lbfgs", "tol": 1e-5}
    undisturbed, rows = softgrad.fit(X, codes, **given), dask_rows(*collections)
    slow = next(iter(pids.values()))

    def stand_still():
        os.kill(slow, signal.SIGSTOP)
        threading.Timer(2.0, os.kill, (slow, signal.SIGCONT)).start()
        cluster.scale(N_WORKERS + 1)

    trouble = AfterRounds(rows, 5, stand_still)
    began = time.monotonic()
    disturbed = softgrad.fit(rows, **given)
    assert trouble.left < 0
    assert time.monotonic() - began > 0.5
    client.wait_for_workers(N_WORKERS + 1, timeout=60)
    cluster.scale(N_WORKERS)
    again = softgrad.fit(rows, **given)
    close(rows)
    np.testing.assert_array_equal(disturbed.coef, again.coef)
    assert disturbed.objective == pytest.approx(undisturbed.objective, rel=1e-12)


def test_data_that_cannot_be_made_again(client, rng, pids):
    """Partitions that were sent from here live on one worker only; with it they are gone."""
    *_, X, y = lazy(rng)
    pieces = client.scatter(list(X.compute().reshape(4, 1000, 6)))
    owners = client.who_has(pieces)
    from dask import delayed

    parts = [da.from_delayed(delayed(piece), shape=(1000, 6), dtype=float) for piece in pieces]
    rows = dask_rows(da.concatenate(parts), y.rechunk(1000))
    victim = pids[next(iter(owners.values()))[0]]
    kill = AfterRounds(rows, 3, lambda: os.kill(victim, signal.SIGKILL))
    with pytest.raises(RuntimeError, match=r"the cluster lost what it cannot make again .* read the data"):
        softgrad.fit(rows, **GIVEN)
    assert kill.left == 0
    close(rows)


def test_no_worker_left(rng, monkeypatch):
    """A cluster whose only worker dies and does not come back."""
    monkeypatch.setattr("softgrad.rows.cluster.GLANCE", 0.2)
    monkeypatch.setattr("softgrad.rows.cluster.PATIENCE", 1.0)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
        ) as small,
        distributed.Client(small) as client,
    ):
        rows = dask_rows(*lazy(rng)[2:], client=client)
        AfterRounds(rows, 4, lambda: small.scale(0))
        with pytest.raises(RuntimeError, match="had no worker for 1 seconds; start workers and fit again"):
            softgrad.fit(rows, **GIVEN)
