"""A cluster of four worker processes on this machine, for all tests here; each finds four workers."""

import os
import warnings

import pytest

from tests.distributed.data import N_WORKERS

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


@pytest.fixture(scope="session")
def cluster():
    """Started once; Dask's own warnings about this machine are none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            processes=True,
            memory_limit="1GB",
            dashboard_address=":0",
            silence_logs=50,
        ) as running:
            yield running


@pytest.fixture
def client(cluster):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.Client(cluster) as connected:
            connected.wait_for_workers(N_WORKERS, timeout=60)
            yield connected


@pytest.fixture
def pids(client):
    """Address and process of each worker."""
    return client.run(os.getpid)
