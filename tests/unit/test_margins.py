"""Which rows' margins a direction raises: the sums of every source against a loop over rows and classes."""

import numpy as np
import pytest
import scipy.sparse

from softgrad.maths.margins import margin_shares
from softgrad.rows.centred import CentredRows
from tests import listed_blocks, problems
from tests.unit.test_rows import place

SOURCES = (
    *problems.SOURCES,
    listed_blocks.blockwise,
    listed_blocks.blockwise_sparse,
    listed_blocks.blockwise_recomputed,
)


def by_hand(problem, coef, intercept, slack):
    change = problem.X @ coef.T + intercept
    shares = problem.shares.astype(float)
    result = np.zeros((3, problem.n_classes, problem.n_classes))
    for i, label in enumerate(problem.Y):
        for k in np.flatnonzero(label):
            for other in set(range(problem.n_classes)) - {int(k)}:
                by = change[i, k] - change[i, other]
                result[0 if by > slack else 2 if by < -slack else 1, k, other] += shares[i]
    return result


@pytest.mark.parametrize(
    "build", [problems.plain, problems.two_classes, problems.weighted, problems.soft_labels]
)
@pytest.mark.parametrize("source", SOURCES)
def test_the_shares_are_those_of_a_loop(rng, source, build):
    problem = build(rng)
    rows = source(problem)
    here, (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(*here)
    for slack in (0.0, 1.0):
        found = point.margins(point.direction(v, c), slack)
        np.testing.assert_allclose(found, by_hand(problem, v, c, slack), rtol=1e-13, atol=1e-16)
        assert ((found == 0) == (by_hand(problem, v, c, slack) == 0)).all()


@pytest.mark.parametrize("source", [problems.dense, problems.blocked, listed_blocks.blockwise])
def test_centred_rows_answer_in_their_coordinates(rng, source):
    problem = problems.plain(rng)
    inner = source(problem)
    rows = CentredRows(inner, np.array([3.0, -1.0, 0.5]))
    here, (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(*here)
    found = point.margins(point.direction(v, c), 0.1)
    expected = by_hand(problem, v, c - v @ rows.offsets, 0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-16)


def test_rows_without_weight_and_ties():
    change = np.array([[1.0, 0.0, -5.0, 1e-12], [0.0, 0.0, 0.0, 0.0]])
    shares = np.array([0.25, 0.5, 0.0, 0.25])
    up, stays, down = margin_shares(change, np.array([0, 0, 0, 1]), shares, 1e-9)
    assert up.tolist() == [[0, 0.25], [0, 0]]
    assert stays.tolist() == [[0, 0.5], [0.25, 0]]
    assert not down.any()


@pytest.mark.parametrize(
    "source", [problems.dense, problems.sparse, problems.blocked, listed_blocks.blockwise]
)
def test_kept_logits_are_not_read_again(rng, source):
    rows = source(problems.plain(rng))
    here, (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(*here)
    direction = point.direction(v, c)
    point.along(direction, np.array([1.0]))
    before = rows.meter.passes
    point.margins(direction, 0.0)
    assert rows.meter.passes == before


def test_sparse_rows_of_one_hot_columns_tie_exactly(rng):
    """A one-hot block and the intercept: the same direction written twice."""
    codes = rng.integers(0, 3, size=40)
    X = scipy.sparse.csr_array(np.eye(3)[codes])
    rows = problems.SparseRows(X, rng.integers(0, 2, size=40), 2)
    point = rows.at(np.zeros((2, 3)), np.zeros(2))
    v = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    _, stays, _ = point.margins(point.direction(v, np.array([-1.0, 0.0])), 0.0)
    assert stays.sum() == pytest.approx(1.0, rel=1e-14)
