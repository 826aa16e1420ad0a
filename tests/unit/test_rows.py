"""Sources of rows: what a source is given, how it counts passes, samples and subsets, and what it refuses."""

import numpy as np
import pytest
import scipy.sparse

from softgrad.rows import base
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows
from softgrad.rows.wrap import as_rows
from tests import problems
from tests.blocked_rows import BlockedRows, cut, fenced, protocol

SOURCES = [*problems.SOURCES]


def close(actual, expected, rtol=1e-13):
    """Equal relative to the largest entry."""
    scale = np.max(np.abs(expected)) or 1.0
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * float(scale))


def place(rng, rows, size=0.5):
    """A random (coef, intercept) that fits the rows."""
    return size * rng.normal(size=(rows.n_classes, rows.n_features)), size * rng.normal(size=rows.n_classes)


def sums(rows, coef, intercept):
    point = rows.at(coef, intercept)
    return point.loss, point.grad_coef, point.grad_intercept


def assert_same_sums(rows, others, rng):
    coef, intercept = place(rng, rows)
    for other in others:
        for ours, theirs in zip(sums(rows, coef, intercept), sums(other, coef, intercept), strict=True):
            close(theirs, ours)


# ------------------------------------------------------------------------------------------------- protocol


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize("keep", [True, False])
def test_blocked_rows_offer_the_protocol_and_nothing_else(rng, keep):
    problem = problems.plain(rng)
    rows = BlockedRows(problem.X, problem.targets, 3, keep=keep)
    point = rows.at(*place(rng, rows))
    direction = point.direction(point.coef, point.intercept)
    assert public(rows) == protocol(base.Rows)
    assert public(point) == protocol(base.Point)
    assert public(direction) == protocol(base.Direction)
    assert rows.logits_are == ("kept" if keep else "recomputed")


@pytest.mark.parametrize("source", [problems.dense, problems.sparse])
def test_sources_offer_the_protocol(rng, source):
    rows = source(problems.plain(rng))
    point = rows.at(*place(rng, rows))
    assert protocol(base.Rows) <= public(rows)
    assert protocol(base.Point) <= public(point)
    assert protocol(base.Direction) <= public(point.direction(point.coef, point.intercept))


def test_the_fence_stops_what_is_outside_the_protocol(rng):
    rows = fenced(problems.dense(problems.plain(rng)))
    point = rows.at(*place(rng, rows))
    for outside in (lambda: rows.X, lambda: point._logits, lambda: point.direction(*place(rng, rows)).logits):
        with pytest.raises(AssertionError, match="outside the protocol"):
            outside()


# ------------------------------------------------------------------------------------------- sums over rows


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("build", [problems.plain, problems.weighted, problems.soft_labels, problems.counts])
def test_loss_and_gradient_against_extended_precision(rng, source, build):
    problem = build(rng)
    rows = source(problem)
    coef, intercept = place(rng, rows)
    loss, by_coef, by_intercept = sums(rows, coef, intercept)
    expected = float(problems.objective(problem, coef, intercept) - problem.alpha / 2 * (coef**2).sum())
    coef_part, intercept_part = problems.gradient(problem, coef, intercept)
    assert loss == pytest.approx(expected, rel=1e-14)
    close(by_coef, (coef_part - problem.alpha * coef).astype(float))
    close(by_intercept, intercept_part.astype(float))


@pytest.mark.parametrize("sizes", [(1,), (2, 3), (64,), (1000,), (1, 7, 64, 3)])
def test_any_split_into_blocks_gives_the_same_sums(rng, sizes):
    problem = problems.weighted(rng)
    split = BlockedRows(problem.X, problem.targets, 3, problem.weights, sizes=sizes)
    assert len(cut(problem.X, problem.targets, problem.weights, (7,))) == 9
    assert_same_sums(problems.dense(problem), [split], rng)


def test_tiles_of_a_wide_array_add_up(rng):
    """More rows than a tile holds."""
    X = rng.normal(size=(150, 4096))
    rows = DenseRows(X, rng.integers(3, size=150), 3)
    assert len(list(rows._tiles())) == 3
    assert_same_sums(rows, [BlockedRows(X, rows.targets, 3, sizes=(150,))], rng)


LAYOUTS = {
    "float64 C": lambda X: np.ascontiguousarray(X, dtype=np.float64),
    "float64 F": lambda X: np.asfortranarray(X, dtype=np.float64),
    "float32": lambda X: X.astype(np.float32),
    "float32 F": lambda X: np.asfortranarray(X, dtype=np.float32),
    "uint8": lambda X: X.astype(np.uint8),
    "int8": lambda X: X.astype(np.int8),
    "int64": lambda X: X.astype(np.int64),
    "uint8 F": lambda X: np.asfortranarray(X.astype(np.uint8)),
    "every second row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_types_and_orders(rng, layout):
    """Small whole numbers are the same in every type, and so are all sums, read in place."""
    X = rng.integers(0, 100, size=(70, 4))
    targets = rng.integers(3, size=70)
    given = LAYOUTS[layout](X)
    given.flags.writeable = False
    rows = as_rows(given, targets, n_classes=3)
    assert np.shares_memory(rows.X, given)
    assert rows.X.dtype == given.dtype
    coef, intercept = 0.01 * place(rng, rows)[0], np.zeros(3)
    reference = DenseRows(X.astype(np.float64), targets, 3).at(coef, intercept)
    point = rows.at(coef, intercept)
    close(point.grad_coef, reference.grad_coef)
    close(point.hessian(), reference.hessian(), 1e-12)
    close(np.array(rows.moments()), np.array(DenseRows(X.astype(float), targets, 3).moments()))


def test_boolean_features(rng):
    X, targets = rng.random((50, 4)) < 0.4, rng.integers(3, size=50)
    rows, numbers = as_rows(X, targets), DenseRows(X.astype(float), targets, 3)
    assert rows.X.dtype == bool
    assert np.shares_memory(rows.X, X)
    assert_same_sums(numbers, [rows, as_rows(scipy.sparse.csr_array(X), targets)], rng)
    for ours, theirs in zip(rows.moments(), numbers.moments(), strict=True):
        close(ours, theirs)


def test_memory_mapped(rng, tmp_path):
    X, targets = rng.normal(size=(50, 4)), rng.integers(3, size=50)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    rows = as_rows(mapped, targets)
    assert np.shares_memory(rows.X, mapped)
    assert_same_sums(DenseRows(X, targets, 3), [rows], rng)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int8])
def test_sparse_types_and_indices(rng, index, dtype):
    X = rng.poisson(0.5, size=(60, 5)).astype(dtype)
    csr = scipy.sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype(index), csr.indptr.astype(index)
    targets, weights = rng.integers(3, size=60), rng.uniform(0, 2, size=60)
    rows = as_rows(csr, targets, sample_weight=weights)
    same = DenseRows(X.astype(np.float64), targets, 3, weights)
    assert isinstance(rows, SparseRows)
    assert np.shares_memory(rows.X.data, csr.data)
    assert np.shares_memory(rows.X.indices, csr.indices)
    assert_same_sums(same, [rows], rng)
    coef, intercept = place(rng, rows)
    ours, theirs = rows.at(coef, intercept), same.at(coef, intercept)
    close(ours.hessian(), theirs.hessian())
    close(np.stack(list(ours.class_grams())), np.stack(list(theirs.class_grams())))
    close(ours.diagonal(), theirs.diagonal())
    close(np.array(rows.moments()), np.array(same.moments()))


@pytest.mark.parametrize("kind", [scipy.sparse.csc_array, scipy.sparse.coo_array, scipy.sparse.csr_matrix])
def test_other_sparse_kinds(rng, kind):
    X, targets = rng.poisson(0.5, size=(60, 5)).astype(float), rng.integers(3, size=60)
    assert_same_sums(DenseRows(X, targets, 3), [as_rows(kind(X), targets, n_classes=3)], rng)


@pytest.mark.parametrize("source", SOURCES)
def test_moments(rng, source):
    problem = problems.weighted(rng)
    om = problem.shares.astype(float)
    means, scales = source(problem).moments()
    close(means, om @ problem.X)
    close(scales, np.sqrt(om @ (problem.X - om @ problem.X) ** 2))


@pytest.mark.parametrize("source", [problems.dense, problems.blocked])
def test_moments_of_columns_far_from_zero(rng, source):
    """Means of 1e6 with scales of 1: the textbook's mean of squares minus square of means keeps four digits."""
    X = 1e6 + rng.normal(size=(80, 2))
    problem = problems.Problem(X, rng.integers(3, size=80), 3, 0.1)
    close(source(problem).moments()[1], X.std(axis=0), 1e-9)


# -------------------------------------------------------------------------------------------- sample, subset


@pytest.mark.parametrize("source", SOURCES)
def test_sample_keeps_the_classes_totals(rng, source):
    problem = problems.zipf_classes(rng)
    rows = source(problem)
    first, again, other = rows.sample(40, 7), rows.sample(40, 7), rows.sample(40, 8)
    close(first.class_weights, rows.class_weights)
    assert (first.class_weights > 0).all()
    assert first.n_rows <= 60
    coef, intercept = place(rng, rows)
    assert first.at(coef, intercept).loss == again.at(coef, intercept).loss
    assert first.at(coef, intercept).loss != other.at(coef, intercept).loss


def test_a_sample_estimates_the_whole(rng):
    """The mean over samples of the sampled loss is the loss."""
    problem = problems.plain(rng, n=200)
    rows = problems.dense(problem)
    coef, intercept = place(rng, rows)
    losses = [rows.sample(60, seed).at(coef, intercept).loss for seed in range(200)]
    assert abs(np.mean(losses) - rows.at(coef, intercept).loss) < 4 * np.std(losses) / np.sqrt(200)


@pytest.mark.parametrize("source", SOURCES)
def test_sample_leaves_out_rows_without_weight(rng, source):
    problem = problems.weighted(rng)
    whole = source(problem).sample(1000, 0)
    assert whole.n_rows == (problem.weights > 0).sum()
    assert_same_sums(source(problem), [whole], rng)


@pytest.mark.parametrize("source", SOURCES)
def test_subsets_are_nested_and_fixed(rng, source):
    marks = np.arange(80.0)
    problem = problems.Problem(np.column_stack([marks]), np.arange(80) % 3, 3, 0.1)
    rows = source(problem)

    def chosen(part):
        """The rows of a subset, read off the gradients' decimals: each row's x is unique."""
        return {k for k in range(80) if _holds(part, marks, k)}

    small, large, again = (chosen(rows.subset(fraction)) for fraction in (0.1, 0.5, 0.5))
    assert small < large == again
    assert (len(small), len(large)) == (8, 40)


def _holds(part, marks, k):
    """Whether row k is there: with a huge slope around its mark only that row's probabilities are undecided."""
    coef = np.array([[60.0], [0.0], [-60.0]])
    intercept = -coef[:, 0] * marks[k]
    return np.abs(np.stack(list(part.at(coef, intercept).class_grams()))).max() > 1e-6


def test_subset_counts_pro_rata(rng):
    for source in SOURCES:
        rows = source(problems.plain(rng))
        part = rows.subset(0.25)
        before = rows.meter.passes
        part.at(*place(rng, rows))
        assert rows.meter.passes - before == pytest.approx(0.25)
        part.subset(0.2).at(*place(rng, rows))
        assert rows.meter.passes - before == pytest.approx(0.30)


@pytest.mark.parametrize("fraction", [0, -0.5, 1.5, np.nan])
def test_bad_fraction(rng, fraction):
    with pytest.raises(ValueError, match=r"subset of fraction .* \(0, 1\]"):
        problems.dense(problems.plain(rng)).subset(fraction)


# --------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"X": np.empty((0, 2)), "y": np.array([], dtype=int)}, "at least one row"),
        ({"X": np.zeros(3)}, "X of shape"),
        ({"y": [0, 1]}, "labels of shape"),
        ({"y": [0, 1, 3]}, "the label 3"),
        ({"y": [0, 1, -1]}, "the label -1"),
        ({"y": [0.0, 1.0, 2.0]}, "integer labels"),
        ({"y": None}, "y is missing"),
        ({"y": np.full((3, 3), 0.5)}, "sum to 1"),
        ({"y": np.tile([1.5, -0.5, 0.0], (3, 1))}, "must be >= 0"),
        ({"sample_weight": [1, 1]}, "sample_weight of shape"),
        ({"sample_weight": [1, 1, -1]}, r"sample_weight\[2\] is -1"),
        ({"sample_weight": [1, 1, np.nan]}, r"sample_weight\[2\] is nan"),
        ({"sample_weight": [0, 0, 0]}, "a positive weight"),
        ({"X": np.array([["a"], ["b"], ["c"]])}, "pass numbers"),
    ],
)
def test_bad_rows(options, words):
    given = {"X": np.ones((3, 2)), "y": [0, 1, 2], "sample_weight": None, **options}
    with pytest.raises(ValueError, match=words):
        as_rows(given["X"], given["y"], sample_weight=given["sample_weight"], n_classes=3)


def test_rows_come_without_labels(rng):
    problem = problems.plain(rng)
    rows = problems.dense(problem)
    assert as_rows(rows, None) is rows
    with pytest.raises(ValueError, match="X is Rows"):
        as_rows(rows, problem.targets)
