"""Points: curvature against naive loops, moving on kept logits against a fresh read, and what each costs."""

import numpy as np
import pytest

from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows
from tests import problems
from tests.unit.test_rows import SOURCES, close, place

BUILDS = [problems.plain, problems.weighted, problems.soft_labels, problems.counts]
cases = pytest.mark.parametrize(
    ("source", "build"), [(source, build) for source in SOURCES for build in BUILDS]
)


def both(point):
    return point.loss, point.grad_coef, point.grad_intercept, *point.intercept_system()


def assert_same_point(point, expected):
    for ours, theirs in zip(both(point), both(expected), strict=True):
        close(ours, theirs, 1e-12)
    np.testing.assert_allclose(point.coef, expected.coef, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(point.intercept, expected.intercept, rtol=1e-14, atol=1e-15)


def bare(problem):
    """The problem's loss alone."""
    return problems.Problem(problem.X, problem.targets, problem.n_classes, 0.0, problem.weights)


@cases
def test_hessian_against_loops(rng, source, build):
    problem = build(rng)
    rows = source(problem)
    coef, intercept = place(rng, rows)
    expected = problems.naive_hessian(bare(problem), coef, intercept)
    point = rows.at(coef, intercept)
    close(point.hessian(), expected)
    K, width = problem.n_classes, problem.X.shape[1] + 1
    blocks = expected.reshape(K, width, K, width)[np.arange(K), :, np.arange(K), :]
    close(np.stack(list(point.class_grams())), blocks)
    close(point.diagonal(), np.diagonal(expected).reshape(K, width))
    close(point.intercept_system()[1], expected.reshape(K, width, K, width)[:, -1, :, -1])


@cases
def test_product_is_hessian_times_direction(rng, source, build):
    problem = build(rng)
    rows = source(problem)
    coef, intercept = place(rng, rows)
    v, c = place(rng, rows)
    point = rows.at(coef, intercept)
    by_coef, by_intercept, direction = point.product(v, c)
    expected = (point.hessian() @ np.column_stack([v, c]).ravel()).reshape(len(v), -1)
    close(np.column_stack([by_coef, by_intercept]), expected)
    assert_same_point(point.move(direction, 0.7), rows.at(coef + 0.7 * v, intercept + 0.7 * c))


@cases
def test_moving_equals_a_fresh_read(rng, source, build):
    problem = build(rng)
    rows = source(problem)
    (coef, intercept), (v, c), (other, offset) = (place(rng, rows) for _ in range(3))
    point = rows.at(coef, intercept)
    assert_same_point(point.move(point.direction(v, c), -1.5), rows.at(coef - 1.5 * v, intercept - 1.5 * c))
    assert_same_point(point.shift(c), rows.at(coef, intercept + c))
    there = rows.at(other, offset)
    halfway = point.move(point.toward(there), 0.5)
    assert_same_point(halfway, rows.at((coef + other) / 2, (intercept + offset) / 2))


@cases
def test_directions_combine_linearly(rng, source, build):
    rows = source(build(rng))
    (coef, intercept), (v, c), (u, e) = (place(rng, rows) for _ in range(3))
    point = rows.at(coef, intercept)
    combined = point.direction(v, c).times(2.0).plus(-0.3, point.direction(u, e))
    whole = point.direction(2 * v - 0.3 * u, 2 * c - 0.3 * e)
    close(combined.coef, whole.coef)
    close(combined.intercept, whole.intercept)
    assert_same_point(point.move(combined, 1.0), point.move(whole, 1.0))


@cases
def test_along_gives_losses_and_slopes(rng, source, build):
    rows = source(build(rng))
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(coef, intercept)
    steps = np.array([0.0, 1.0, -0.5, 3.0])
    losses, slopes = point.along(point.direction(v, c), steps)
    for step, loss, slope in zip(steps, losses, slopes, strict=True):
        there = rows.at(coef + step * v, intercept + step * c)
        assert loss == pytest.approx(there.loss, rel=1e-13)
        expected = np.vdot(there.grad_coef, v) + there.grad_intercept @ c
        assert slope == pytest.approx(expected, rel=1e-12, abs=1e-13)


# ------------------------------------------------------------------------------------------------ separation


@pytest.mark.parametrize("source", SOURCES)
def test_separates(rng, source):
    problem = problems.separable(rng)
    rows = source(problem)
    apart, zero = 5 * np.eye(3), np.zeros(3)
    assert rows.at(apart, zero).separates()
    assert not rows.at(0 * apart, zero).separates()
    assert not rows.at(np.roll(apart, 1, axis=0), zero).separates()
    one_hot = problems.Problem(problem.X, problem.Y, 3, 0.0)
    assert source(one_hot).at(apart, zero).separates()


@pytest.mark.parametrize("source", SOURCES)
def test_one_row_decides_separation_unless_it_has_no_weight(rng, source):
    problem = problems.separable(rng)
    wrong = problem.targets.copy()
    wrong[0] = 1
    without = np.ones(len(wrong))
    without[0] = 0
    apart = 5 * np.eye(3), np.zeros(3)
    assert not source(problems.Problem(problem.X, wrong, 3, 0.0)).at(*apart).separates()
    assert source(problems.Problem(problem.X, wrong, 3, 0.0, without)).at(*apart).separates()


@pytest.mark.parametrize("source", SOURCES)
def test_soft_labels_are_never_separated(rng, source):
    problem = problems.separable(rng)
    soft = source(problems.Problem(problem.X, 0.9 * problem.Y + 0.1 / 3, 3, 0.0))
    hard = source(problem)
    for size in (0.3, 1.0, 5.0):
        assert hard.at(size * np.eye(3), np.zeros(3)).separates()
        assert not soft.at(size * np.eye(3), np.zeros(3)).separates()


# ----------------------------------------------------------------------------------------------------- passes


def cost(rows, work):
    before = rows.meter.passes
    work()
    return rows.meter.passes - before


@pytest.mark.parametrize("source", [problems.dense, problems.sparse, problems.blocked])
def test_what_costs_nothing_on_kept_logits(rng, source):
    rows = source(problems.plain(rng))
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)
    point, there = rows.at(coef, intercept), rows.at(v, c)
    direction = point.direction(v, c)
    steps = np.array([0.5, 1.0])
    assert cost(rows, lambda: point.along(direction, steps)) == 0
    assert cost(rows, lambda: point.toward(there)) == 0
    assert cost(rows, lambda: point.shift(c).intercept_system()) == 0
    assert cost(rows, lambda: point.move(direction, 0.5).loss) == 0
    assert cost(rows, lambda: point.move(direction, 0.5).grad_intercept) == 0
    assert cost(rows, point.separates) == 0
    assert cost(rows, lambda: point.direction(0 * v, c)) == 0
    assert cost(rows, lambda: (point.loss, point.grad_coef, point.grad_intercept)) == 0


@pytest.mark.parametrize("source", [problems.dense, problems.sparse, problems.blocked])
def test_what_costs_passes(rng, source):
    rows = source(problems.ten_classes(rng))
    K, d = rows.n_classes, rows.n_features
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(coef, intercept)
    direction = point.direction(v, c)
    assert cost(rows, lambda: rows.at(v, c)) == 1
    assert cost(rows, lambda: point.direction(v, c)) == 1
    assert cost(rows, lambda: point.move(direction, 0.5).grad_coef) == 1
    assert cost(rows, rows.moments) == 2
    half = 2 if isinstance(rows, DenseRows) else 1
    assert (K - 1) * d / 8 <= half * cost(rows, point.hessian) / 2 <= (K + 1) * d / 8 + 1
    assert cost(rows, point.class_grams) <= d / 4 + 1


@pytest.mark.parametrize("source", [problems.dense, problems.sparse, problems.blocked, problems.recomputed])
def test_a_product_is_one_or_two_reads(rng, source):
    """One where both of its matrix products share a read of X, two where each has its own; never free."""
    rows = source(problems.plain(rng))
    point = rows.at(*place(rng, rows))
    assert cost(rows, lambda: point.product(*place(rng, rows))) in (1, 2)


@pytest.mark.parametrize("kind", [DenseRows, SparseRows])
def test_a_pass_is_what_the_stored_entries_cost(rng, kind):
    problem = problems.counts(rng)
    rows = problems.sparse(problem) if kind is SparseRows else problems.dense(problem)
    stored = (problem.X != 0).sum() if kind is SparseRows else problem.X.size
    assert rows.meter.flop_per_pass == 4 * stored * problem.n_classes


@pytest.mark.parametrize("source", SOURCES)
def test_released_points_keep_their_sums(rng, source):
    rows = source(problems.plain(rng))
    coef, intercept = place(rng, rows)
    point, fresh = rows.at(coef, intercept), rows.at(coef, intercept)
    point.release()
    assert point.loss == fresh.loss
    np.testing.assert_array_equal(point.grad_coef, fresh.grad_coef)
    np.testing.assert_array_equal(point.coef, coef)
