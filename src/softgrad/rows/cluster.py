"""Blocks of rows on the workers of a cluster: DaskEngine asks them, and adds up their answers by a tree.

A :class:`Block` lives in its worker's memory as the result of a task, with its shelf of logits beside it. A round is
the question, which goes to each worker once, or with each task where it is small; one task a block, which runs where
the block is; and one task for each `ARITY` answers, level by level, until the client fetches the sum.

Nothing but the blocks' own lineage is needed to survive a lost worker: the scheduler makes its blocks anew from their
source on the workers that are left, and the questions carry the coefficients from which the shelves are filled again,
with the same bits. Where a task runs changes no bit either: the answer is the block's and the tree is fixed. So a fit
gives the same numbers for the same partitions, whatever happens to the workers.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError
from itertools import count
from time import monotonic
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse

from softgrad.kernels.threads import using
from softgrad.maths.arrays import LARGEST
from softgrad.rows.base import LogitsAre, Meter
from softgrad.rows.memory import MemoryRows
from softgrad.rows.question import Question, answer
from softgrad.rows.shelf import MemoryShelf, NoShelf
from softgrad.rows.tree import ARITY, Term, total
from softgrad.rows.wrap import as_rows

Array = npt.NDArray[Any]
T = TypeVar("T")
Part = tuple[Any, Any, Any]
"""X, labels and weights (or None) of one partition."""

GLANCE, PATIENCE = 5.0, 60.0
"""Seconds between looks at whether there are workers at all, and how long there may be none."""

SMALL = 2**14
"""Bytes up to which a question is part of each task; a larger one is a task of its own, another message to wait for."""

names = count()


class Block:
    """The rows of one partition and their shelf; `rows` is None where none has weight.

    Raises
    ------
    ValueError
        If X, labels and weights do not fit together, or X holds NaN or infinite entries.
    """

    def __init__(self, number: int, part: Part, n_classes: int, *, keeps: bool = True) -> None:
        X, y, weights = _aligned(_numbers(part[0])), _aligned(part[1]), _aligned(part[2])
        self._made_of = (number, (X, y, weights), n_classes, keeps)
        self.number = number
        self.rows: MemoryRows | None = None
        self.shelf = MemoryShelf() if keeps else NoShelf()
        if len(y) and (weights is None or np.any(weights)):
            self.rows = _checked(number, X, y, weights, n_classes)

    def answer(self, question: Question) -> Term:
        """On one thread: a worker answers for as many blocks at once as it has threads."""
        if self.rows is None:
            return None
        with using(1):
            return answer(self.rows, self.shelf, question, self.number)

    def run(self, task: Callable[[MemoryRows, int], Any]) -> Any:
        if self.rows is None:
            return None
        with using(1):
            return task(self.rows, self.number)

    def __sizeof__(self) -> int:
        """So that the scheduler knows what moving it would cost."""
        return 1024 if self.rows is None else 1024 + _stored_bytes(self.rows)

    def __reduce__(self) -> Any:
        """The shelf stays: elsewhere it is filled again."""
        return block_of, self._made_of


def block_of(number: int, part: Part, n_classes: int, keeps: bool) -> Block:
    """The block of a partition."""
    return Block(number, part, n_classes, keeps=keeps)


def _aligned(part: Any) -> Any:
    """An array at an address that the kernels read in place; what came by the network may be at an odd one.

    Sums are then the same bits wherever a block has been.
    """
    if part is None:
        return None
    if not scipy.sparse.issparse(part):
        return np.require(part, requirements="A")
    table: Any = scipy.sparse.csr_array(cast(Any, part))
    for name in ("data", "indices", "indptr"):
        setattr(table, name, np.require(getattr(table, name), requirements="A"))
    return table


def _checked(number: int, X: Any, y: Any, weights: Any, n_classes: int) -> MemoryRows:
    try:
        rows = as_rows(X, y, sample_weight=weights, n_classes=n_classes)
        assert isinstance(rows, MemoryRows)
        _refuse_unusable(rows.X)
    except ValueError as error:
        raise ValueError(f"partition {number}: {error}") from None
    return rows


def _stored_bytes(rows: MemoryRows) -> int:
    X = rows.X
    stored = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return int(stored + rows.targets.nbytes)


def _numbers(X: Any) -> Any:
    """A frame whose columns have no common type becomes float64; arrays stay as they are."""
    if not hasattr(X, "columns"):
        return X
    values = X.to_numpy()
    return X.astype(np.float64).to_numpy() if values.dtype == object else values


def _refuse_unusable(X: Any) -> None:
    values = X if isinstance(X, np.ndarray) else X.data
    if not values.size or (values.max() <= LARGEST and values.min() >= -LARGEST):
        return
    wrong = np.argwhere(~(np.abs(values) <= LARGEST))[0]
    where = f"row {wrong[0]}, column {wrong[1]} of its X" if len(wrong) == 2 else "its X"
    what = (
        f"is {values[tuple(wrong)]:.3g}, too large to square"
        if np.isfinite(values[tuple(wrong)])
        else "is missing, NaN or infinite"
    )
    raise ValueError(f"{where} {what}; mend, fill or drop such rows first.")


class DaskEngine:
    """See :class:`softgrad.rows.blocked.Engine`.

    Parameters
    ----------
    client : distributed.Client
    blocks : list of Future of Block
    shape : tuple of int
        Features and classes.
    keeps : bool
        Whether the blocks have shelves.
    """

    def __init__(self, client: Any, blocks: list[Any], shape: tuple[int, int], *, keeps: bool) -> None:
        self._client, self._blocks = client, blocks
        self.n_features, self.n_classes = shape
        self.logits_are: LogitsAre = "kept" if keeps else "recomputed"
        self.meter = Meter(0.0)
        self._name = f"softgrad-{id(self)}-{next(names)}"
        self._round = count()

    def sums(self, question: Question) -> Term:
        moved = len(self._blocks)
        sent = _size(question.given) + _size(question.at.terms if question.at else ())
        terms = self._ask(Block.answer, question, sent)
        while len(terms) > 1:
            groups = [terms[i : i + ARITY] for i in range(0, len(terms), ARITY)]
            terms = self._client.map(total, groups, key=self._keys(len(groups)), pure=False)
            moved += len(terms)
        found: Term = self._fetched(terms)[0]
        self.meter.add_round(sent * self._n_workers() + moved * _size(found or ()))
        return found

    def each(self, task: Callable[[MemoryRows, int], T | None]) -> list[T | None]:
        sent = _size(task)
        found: list[T | None] = self._fetched(self._ask(Block.run, task, sent))
        self.meter.add_round(sent * self._n_workers() + sum(map(_size, found)))
        return found

    def close(self) -> None:
        """Let go of the blocks and all that the workers keep for them."""
        self._blocks = []

    def _ask(self, method: Callable[..., Any], given: Any, size: int) -> list[Any]:
        """A task a block, all with the same argument of so many bytes; a large one goes once to each worker."""
        blocks = self._blocks
        if size > SMALL:
            (given,) = self._client.map(_same, [given], key=self._keys(1), pure=False)
        return list(
            self._client.map(method, blocks, [given] * len(blocks), key=self._keys(len(blocks)), pure=False)
        )

    def _keys(self, n: int) -> list[str]:
        place = next(self._round)
        return [f"{self._name}-{place}-{i}" for i in range(n)]

    def _fetched(self, futures: list[Any]) -> list[Any]:
        return fetched(self._client, futures)

    def _n_workers(self) -> int:
        return len(self._client.nthreads())


def fetched(client: Any, futures: list[Any]) -> list[Any]:
    """The futures' results, waited for as long as there are workers.

    Raises
    ------
    ValueError
        What a partition was refused for.
    RuntimeError
        If data are lost for good, a task has killed worker after worker, or no worker is left.
    """
    from distributed import KilledWorker, wait

    alone = None
    while True:
        try:
            wait(futures, timeout=GLANCE)
            return list(client.gather(futures))
        except TimeoutError:
            alone = _alone_since(client, alone)
        except (ValueError, MemoryError):
            raise
        except KilledWorker as error:
            raise RuntimeError(
                "a partition brought down one worker after another, most likely for want of memory; "
                "give the workers more memory, or split the data into more partitions."
            ) from error
        except (CancelledError, OSError) as error:
            raise RuntimeError(
                f"the cluster lost what it cannot make again ({type(error).__name__}); read the data "
                "from where all workers can reach it, so that lost partitions are read once more."
            ) from error


def _alone_since(client: Any, alone: float | None) -> float | None:
    """Since when there has been no worker; None where there are some."""
    if client.nthreads():
        return None
    now = monotonic()
    if alone is not None and now - alone > PATIENCE:
        raise RuntimeError(
            f"the cluster has had no worker for {PATIENCE:.0f} seconds; start workers and fit again."
        )
    return now if alone is None else alone


def _same(given: T) -> T:
    return given


def _size(parts: Any) -> int:
    """Bytes of the arrays in nested tuples and dataclasses."""
    if isinstance(parts, np.ndarray):
        return int(parts.nbytes)
    if isinstance(parts, tuple | list):
        return sum(_size(part) for part in parts)
    if hasattr(parts, "__dataclass_fields__"):
        return sum(_size(getattr(parts, name)) for name in parts.__dataclass_fields__)
    return 8 if isinstance(parts, float | np.floating) else 0
