"""Reading ahead, what is in memory meanwhile, spilled logits and flat files."""

import os
import threading
import time
import weakref

import numpy as np
import pytest

from softgrad.rows.flat import FlatFile, temporary
from softgrad.rows.readahead import AHEAD, read_ahead
from softgrad.rows.shelf import Key
from softgrad.rows.spill import SpillFile, SpillShelf
from softgrad.streaming.labelled import Fold, LabelledBlocks
from softgrad.streaming.streamed import Opened, StreamedRows


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "softgrad read-ahead"]


def test_items_come_in_order_and_the_thread_ends():
    with read_ahead(range(100)) as items:
        assert list(items) == list(range(100))
    assert not readers()


def test_an_error_is_raised_where_its_item_would_have_been():
    def failing():
        yield from range(3)
        raise OSError("torn")

    seen = []
    with pytest.raises(OSError, match="torn"), read_ahead(failing()) as items:
        seen.extend(items)
    assert seen == [0, 1, 2]
    assert not readers()


def test_leaving_early_ends_the_thread():
    with read_ahead(iter(int, 1)) as items:
        assert next(items) == 0
    assert not readers()


def test_the_next_items_are_read_meanwhile():
    read = []
    with read_ahead(read.append(i) or i for i in range(50)) as items:
        next(items)
        deadline = time.monotonic() + 60
        while len(read) < AHEAD + 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)
        assert len(read) == AHEAD + 2


class Counted:
    """Matrices that know how many of their blocks are alive."""

    def __init__(self, X):
        self.X, self.n_features, self.row_bytes = X, X.shape[1], 8.0 * X.shape[1]
        self.alive, self.most = weakref.WeakSet(), 0

    def blocks(self, rows):
        for start in range(0, len(self.X), rows):
            block = self.X[start : start + rows].copy().view(_Block)
            self.alive.add(block)
            self.most = max(self.most, len(self.alive))
            yield block


class _Block(np.ndarray):
    __hash__ = object.__hash__


def labelled(X, codes, n_classes, block_rows, **more):
    file = temporary("u1")
    file.append(codes)
    matrices = X if isinstance(X, Counted) else Counted(X)
    return LabelledBlocks(matrices, file, None, len(codes), n_classes, block_rows, **more)


def test_few_blocks_are_in_memory_at_a_time(rng):
    matrices = Counted(rng.normal(size=(2000, 3)))
    blocks = labelled(matrices, rng.integers(0, 3, 2000), 3, 20)
    rows = StreamedRows(Opened(blocks, np.arange(3), None, 1e6, None, ""))
    rows.at(np.zeros((3, 3)), np.zeros(3)).product(np.ones((3, 3)), np.zeros(3))
    assert 2 <= matrices.most <= AHEAD + 3


def test_a_fold_and_the_rest_are_all_rows(rng):
    X, codes = rng.normal(size=(1000, 2)), rng.integers(0, 2, 1000)
    whole = labelled(X, codes, 2, 64)
    weights = []
    for held_out in (True, False):
        part = labelled(X, codes, 2, 64, fold=Fold(0.2, 7, held_out))
        weights.append(np.concatenate([found for _, found in part.labels()]))
    np.testing.assert_array_equal(weights[0] + weights[1], np.ones(1000))
    assert 150 <= weights[0].sum() <= 250
    again = np.concatenate(
        [found for _, found in labelled(X, codes, 2, 64, fold=Fold(0.2, 7, True)).labels()]
    )
    np.testing.assert_array_equal(again, weights[0])
    assert sum(block.n_rows for block in whole.census()) == 1000


def test_blocks_without_weight_are_left_out(rng):
    X, codes = rng.normal(size=(300, 2)), rng.integers(0, 2, 300)
    weights = np.where(np.arange(300) // 100 == 1, 0.0, 1.0)
    blocks = labelled(X, codes, 2, 100)
    file = temporary("f8")
    file.append(weights)
    blocks = LabelledBlocks(blocks.matrices, blocks.codes, file, 300, 2, 100)
    assert [block is None for block in blocks.blocks(reads=True)] == [False, True, False]
    rows = StreamedRows(Opened(blocks, np.arange(2), None, 1e6, None, ""))
    point = rows.at(np.ones((2, 2)), np.zeros(2))
    assert point.loss == pytest.approx(np.log(2))
    seen = []
    rows.watched(seen.append)
    point.intercept_system()
    assert not seen, "the shelves hold all logits, so that X need not be read"


def test_a_spilled_array_comes_back_and_its_place_is_used_again(tmp_path):
    spill = SpillFile(tmp_path, 2, 5)
    shelves = [SpillShelf(spill, block) for block in range(3)]
    arrays = {key: np.random.default_rng(key).normal(size=(2, 5)) for key in range(6)}
    for key in range(3):
        for block, shelf in enumerate(shelves):
            shelf.put(Key(key), arrays[key] + block)
    shelves[1].keep([Key(2)])
    shelves[1].put(Key(5), arrays[5][:, :3])
    shelves[0].put(Key(0, proba=True), arrays[0])
    assert shelves[0].get(Key(0, proba=True)) is None
    assert shelves[1].get(Key(0)) is None
    np.testing.assert_array_equal(shelves[1].get(Key(2)), arrays[2] + 1)
    np.testing.assert_array_equal(shelves[1].get(Key(5)), arrays[5][:, :3])
    np.testing.assert_array_equal(shelves[2].get(Key(1)), arrays[1] + 2)
    assert not os.listdir(tmp_path), "the file has no name, so that nothing stays after a crash"


def test_a_flat_file_is_an_array(tmp_path, rng):
    X = rng.normal(size=(50, 3)).astype(np.float32)
    file = FlatFile(tmp_path / "X", "f4", 3)
    file.append(X[:20])
    file.append(X[20:])
    np.testing.assert_array_equal(file.read(15, 40), X[15:40])
    np.testing.assert_array_equal(np.memmap(tmp_path / "X", np.float32, "r").reshape(-1, 3), X)
    with pytest.raises(OSError, match="cut short"):
        file.read(40, 51)
