"""Rows on a cluster: dask.array and dask.dataframe collections, partition by partition, as :class:`BlockwiseRows`.

Nothing here imports dask before a collection is there. What a collection is made from, Parquet files for example, is
read by the workers; each partition becomes one block (:mod:`softgrad.rows.cluster`) and stays where it was read.
Making the rows takes two rounds: one over the labels alone, for their number and the classes, after which it is known
how much memory all will take; and one that reads X and takes the blocks' census.
"""

from typing import Any

import numpy as np

from softgrad.rows.base import Meter
from softgrad.rows.blocked import LOGITS, BlockwiseRows
from softgrad.rows.cluster import DaskEngine, Part, block_of, fetched
from softgrad.rows.draw import Census, TakeCensus
from softgrad.rows.partitions import Partitions, aligned, postponed
from softgrad.rows.wrap import check_present

USABLE = 0.6
"""The share of a worker's memory up to which Dask keeps all data in memory."""

TRANSIENT = 3
"""Arrays (K, n_block) that a task makes on its way."""


def dask_rows(
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    n_classes: int | None = None,
    client: Any = None,
) -> BlockwiseRows:
    """The rows of Dask collections, read by the workers of a `dask.distributed` cluster and kept there.

    Parameters
    ----------
    X : dask.array.Array of shape (n, d), or dask.dataframe.DataFrame of numbers
        Partitioned by rows; dense or of SciPy's CSR arrays. Its partitions should be computed from something that
        all workers reach, such as files, for then a lost one is read again.
    y : dask.array.Array of shape (n,) or (n, K), dask.dataframe.Series, or array_like where X's chunks are known
        Codes 0..n_classes-1 or soft labels, with as many partitions as X, or of known chunks.
    sample_weight : collection or array_like of shape (n,), optional
    n_classes : int, optional
        Where not given, the largest code plus one.
    client : distributed.Client, optional
        Where not given, the one that was made last.

    Returns
    -------
    BlockwiseRows
        :func:`close` lets go of what the cluster keeps for them.

    Raises
    ------
    ImportError
        If dask.distributed is not installed.
    ValueError
        If there is no client, partitions do not fit together, a partition holds what cannot be fitted, or the
        workers' memory is too small.
    RuntimeError
        If the cluster loses data for good, or all its workers.

    Notes
    -----
    Rounds, at d features, K classes and W workers: a pass sends at most about ``2 K d W`` numbers out and brings
    ``K d`` back from each partition by a tree. Memory: X, and four arrays of ``K n`` numbers over all
    workers; where only X fits, logits are computed again when they are needed.

    Examples
    --------
    With a cluster on this machine, or the address of any other::

        from dask.distributed import Client
        client = Client()                       # or Client("tcp://scheduler:8786")
        frame = dask.dataframe.read_parquet("data/*.parquet")
        rows = dask_rows(frame[features], frame["code"])
        solution = softgrad.fit(rows, alpha=1e-4)
    """
    client = connected(client)
    partitions = aligned(X, y, sample_weight)
    seen = gathered(client, [postponed(_labels_seen, labels) for labels in partitions.labels])
    total = max((found[1] for found in seen), default=0) if n_classes is None else n_classes
    check_present(np.arange(total), total)
    return read(client, partitions, [found[0] for found in seen], total)


def read(client: Any, partitions: Partitions, lengths: list[int], n_classes: int) -> BlockwiseRows:
    """The rows of partitions of known lengths, whose labels are codes or soft: X is read, and stays.

    Raises
    ------
    ValueError, RuntimeError
        As :func:`dask_rows`.
    """
    keeps = _checked_memory(client, partitions, lengths, n_classes)
    made = [postponed(block_of, i, part, n_classes, keeps) for i, part in enumerate(partitions.parts)]
    engine = DaskEngine(client, client.compute(made), (partitions.n_features, n_classes), keeps=keeps)
    census: list[Census | None] = engine.each(TakeCensus())
    stored = sum(block.n_stored for block in census if block is not None)
    meter = Meter(4.0 * stored * n_classes)
    meter.rounds, meter.bytes_moved = engine.meter.rounds + 1, engine.meter.bytes_moved
    engine.meter = meter
    return BlockwiseRows(engine, census, meter=meter)


def connected(client: Any) -> Any:
    """The client, or the one made last.

    Raises
    ------
    ImportError, ValueError
    """
    try:
        from distributed import default_client
    except ImportError as error:
        raise ImportError(
            "a Dask collection was given, but dask.distributed is not installed; "
            "install it with pip install 'softgrad[dask]'."
        ) from error
    if client is not None:
        return client
    try:
        return default_client()
    except ValueError as error:
        raise ValueError(
            "a Dask collection was given, but there is no cluster to read it; start one first: "
            "from dask.distributed import Client; client = Client()."
        ) from error


def close(rows: Any) -> None:
    """Let go of what a cluster keeps for the rows; other Rows hold nothing elsewhere."""
    if isinstance(rows, BlockwiseRows) and isinstance(rows.engine, DaskEngine):
        rows.engine.close()


def gathered(client: Any, calls: list[Any]) -> list[Any]:
    """The results of Delayed calls, in one round.

    Raises
    ------
    ValueError, RuntimeError
        As :func:`dask_rows`.
    """
    return fetched(client, client.compute(calls))


def _labels_seen(part: Part) -> tuple[int, int]:
    """Rows of a partition, and how many classes its labels need."""
    found = np.asarray(part[1])
    if found.ndim == 2:
        return len(found), found.shape[1]
    integers = found.size and found.dtype.kind in "iu"
    return len(found), int(found.max()) + 1 if integers else 0


def _checked_memory(client: Any, partitions: Partitions, lengths: list[int], n_classes: int) -> bool:
    """Whether the workers have memory for logits beside X.

    Raises
    ------
    ValueError
        If they have too little even for X, or no worker can hold the largest partition.
    """
    limits = client.run_on_scheduler(_memory_limits)
    if not limits or not all(limits):
        return True
    usable, logits = USABLE * sum(limits), 8.0 * n_classes
    row = partitions.row_bytes + 8.0
    passing = TRANSIENT * logits * max(lengths, default=0) * len(limits)
    rows, kept = row * sum(lengths) + passing, (LOGITS + 1) * logits * sum(lengths)
    if rows <= usable and row * max(lengths, default=0) <= USABLE * max(limits):
        return bool(rows + kept <= usable)
    raise ValueError(
        f"X takes {_in_words(row * sum(lengths))} in {len(lengths)} partitions of at most "
        f"{_in_words(row * max(lengths))}, and passing over it {_in_words(passing)}, but the {len(limits)} workers may "
        f"keep {_in_words(usable)} in memory; start more workers, give them more memory, make smaller partitions, "
        "or pass X as float32."
    )


def _memory_limits(dask_scheduler: Any) -> list[float]:
    return [float(worker.memory_limit or 0) for worker in dask_scheduler.workers.values()]


def _in_words(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.3g} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.3g} MB"
