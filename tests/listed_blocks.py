"""ListedBlocks: the simplest engine of BlockwiseRows, a list of blocks in this process; and problems on it."""

import numpy as np
import scipy.sparse

from softgrad.rows.blocked import BlockwiseRows
from softgrad.rows.dense import DenseRows
from softgrad.rows.question import answer
from softgrad.rows.shelf import MemoryShelf, NoShelf
from softgrad.rows.sparse import SparseRows
from softgrad.rows.tree import Tally
from tests.blocked_rows import SIZES, cut


class ListedBlocks:
    """Rows of weight in ragged blocks; `keep` says whether they have shelves. Counts its rounds."""

    def __init__(self, X, targets, n_classes, weights=None, *, sizes=SIZES, keep=True):
        weights = np.ones(len(targets)) if weights is None else weights
        sparse = scipy.sparse.issparse(X)
        blocks = cut(X.toarray() if sparse else X, np.asarray(targets), weights, sizes)
        self.n_features, self.n_classes = X.shape[1], n_classes
        self.logits_are = "kept" if keep else "recomputed"
        self.blocks = [block_rows(block, n_classes, sparse=sparse) for block in blocks]
        self.shelves = [MemoryShelf() if keep else NoShelf() for _ in self.blocks]
        self.rounds = []

    def sums(self, question):
        self.rounds.append(question.ask.__name__)
        tally = Tally()
        for number, (rows, shelf) in enumerate(zip(self.blocks, self.shelves, strict=True)):
            tally.add(None if rows is None else answer(rows, shelf, question, number))
        return tally.total()

    def each(self, task):
        self.rounds.append(type(task).__name__)
        return [None if rows is None else task(rows, number) for number, rows in enumerate(self.blocks)]


def block_rows(block, n_classes, *, sparse):
    if not block.weights.any():
        return None
    X = scipy.sparse.csr_array(block.X) if sparse else block.X
    return (SparseRows if sparse else DenseRows)(X, block.targets, n_classes, block.weights)


def blockwise(problem):
    return BlockwiseRows(ListedBlocks(problem.X, problem.targets, problem.n_classes, problem.weights))


def blockwise_sparse(problem):
    X = scipy.sparse.csr_array(problem.X)
    return BlockwiseRows(ListedBlocks(X, problem.targets, problem.n_classes, problem.weights, sizes=(20, 13)))


def blockwise_recomputed(problem):
    engine = ListedBlocks(problem.X, problem.targets, problem.n_classes, problem.weights, keep=False)
    return BlockwiseRows(engine)
