"""A fit on a cluster of this machine against the same fit in memory: the same numbers, rounds, bytes, seconds.

python benchmarks/cluster.py [rows] [workers]
"""

import os
import signal
import sys
import time

import dask.array as da
import numpy as np

import softgrad
from distributed import Client, LocalCluster
from softgrad.maths.logits import softmax
from softgrad.rows.dask import close, dask_rows

FEATURES, CLASSES, ALPHA, TOL = 20, 5, 1e-4, 1e-12


def table(n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, FEATURES))
    scores = X @ rng.normal(size=(FEATURES, CLASSES)) + rng.gumbel(size=(n, CLASSES))
    return X, scores.argmax(axis=1)


def timed(work):
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def sent(client):
    """Bytes that left the workers so far, by their own count."""
    return sum(client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total).values())


def killing(client, after):
    """A callback that kills a worker once."""

    def callback(record):
        if record.iteration == after:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    return callback


def main(n, n_workers):
    X, y = table(n)
    given = {"alpha": ALPHA, "tol": TOL, "solver": "newton-pcg"}
    here, seconds = timed(lambda: softgrad.fit(X, y, **given))
    print(
        f"{n} rows, {FEATURES} features, {CLASSES} classes; {n_workers} workers; load {os.getloadavg()[0]:.0f}"
    )
    print(f"in memory: {here.n_iter} iterations, {here.n_passes:.1f} passes, {seconds:.2f} s")
    proba = softmax(X @ here.coef.T + here.intercept)
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        chunk = n // (2 * n_workers)
        rows, seconds = timed(
            lambda: dask_rows(da.from_array(X, chunks=(chunk, -1)), da.from_array(y, chunks=chunk))
        )
        print(f"reading the rows: {rows.meter.rounds} rounds, {seconds:.2f} s")
        for name, callback in (("undisturbed", None), ("a worker killed", killing(client, 3))):
            before = sent(client)
            there, seconds = timed(lambda callback=callback: softgrad.fit(rows, **given, callback=callback))
            moved = "" if callback else f" ({sent(client) - before} left the workers)"
            apart = np.abs(softmax(X @ there.coef.T + there.intercept) - proba).max()
            print(
                f"{name}: {there.n_iter} iterations, {there.n_passes:.1f} passes, {there.n_rounds} rounds, "
                f"at most {there.n_bytes} bytes{moved}, {seconds:.2f} s, "
                f"{1e3 * seconds / there.n_rounds:.0f} ms a round; "
                f"objective {there.objective / here.objective - 1:+.0e}, probabilities {apart:.0e}"
            )
        close(rows)


if __name__ == "__main__":
    asked = [int(text) for text in sys.argv[1:]]
    main(*asked, *(100_000, 4)[len(asked) :])
