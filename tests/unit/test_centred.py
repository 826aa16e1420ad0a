"""CentredRows against the same sums of data centred beforehand, on every kind of source, and far-out columns."""

import mpmath
import numpy as np
import pytest

from softgrad.fitting import fit
from softgrad.maths.logits import softmax
from softgrad.optimize.choose import SOLVERS
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.rows import base
from softgrad.rows.centred import CentredRows, centred_where_far
from softgrad.rows.dense import DenseRows
from softgrad.rows.glance import glance
from tests import problems
from tests.blocked_rows import fenced, protocol
from tests.properties.test_rows_properties import everything
from tests.unit.test_rows import close, place

BUILDS = [problems.plain, problems.weighted, problems.soft_labels, problems.counts, problems.ten_classes]
every_source = pytest.mark.parametrize("source", problems.SOURCES)
SECOND_ORDER = [name for name in SOLVERS if name.startswith("newton")]


def with_columns(problem, X):
    return problems.Problem(X, problem.targets, problem.n_classes, problem.alpha, problem.weights)


def both(rng, build, source, constant=False):
    """The centred rows, and the rows of explicitly centred data; offsets that are not the means."""
    problem = build(rng)
    X = problem.X.copy()
    offsets = rng.normal(size=X.shape[1])
    marks = np.zeros(X.shape[1], dtype=bool)
    if constant:
        X[:, 1], marks[1] = offsets[1], True
    explicit = problems.dense(with_columns(problem, X - offsets))
    return CentredRows(source(with_columns(problem, X)), offsets, marks), explicit


# ---------------------------------------------------------------------------------------------------- the sums


@every_source
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("constant", [False, True])
def test_every_sum_is_that_of_centred_data(rng, source, build, constant):
    rows, explicit = both(rng, build, source, constant)
    coef, intercept = place(rng, rows)
    ours, theirs = everything(rows, coef, intercept), everything(explicit, coef, intercept)
    for one, other in zip(ours, theirs, strict=True):
        close(one, other, 1e-12)


@every_source
def test_lines_are_those_of_centred_data(rng, source):
    rows, explicit = both(rng, problems.weighted, source)
    (coef, intercept), (v, c), (u, e) = (place(rng, rows) for _ in range(3))
    steps = np.array([0.0, 0.5, 2.0])
    results = []
    for where in (rows, explicit):
        point, there = where.at(coef, intercept), where.at(u, e)
        direction = point.product(v, c)[2].times(2.0).plus(-1.0, point.toward(there))
        moved = point.shift(c).move(direction, 0.5)
        results.append([*point.along(direction, steps), moved.coef, moved.intercept, moved.loss])
        results[-1] += [moved.grad_coef, direction.coef, direction.intercept, float(point.separates())]
    for one, other in zip(*results, strict=True):
        close(one, other, 1e-12)


@every_source
def test_the_diagonal_by_either_route(rng, source):
    """Fewer classes than features and the other way round."""
    for problem in (problems.plain(rng, d=5, n_classes=2), problems.plain(rng, d=2, n_classes=5)):
        rows = CentredRows(source(problem), rng.normal(size=problem.X.shape[1]))
        point = rows.at(*place(rng, rows))
        close(point.diagonal(), np.diagonal(point.hessian()).reshape(problem.n_classes, -1), 1e-12)


@every_source
def test_protocol_and_nothing_beyond_it_of_the_source(rng, source):
    problem = problems.plain(rng)
    rows = CentredRows(fenced(source(problem)), problem.X.mean(axis=0))
    point = rows.at(*place(rng, rows))
    assert protocol(base.Rows) <= set(dir(rows))
    assert protocol(base.Point) <= set(dir(point))
    solution = minimize(Objective(rows, L2(0.05)), SOLVERS["newton"](), Limits(1e-10))
    assert solution.status == "converged"
    assert rows.logits_are == source(problem).logits_are


@every_source
def test_samples_and_subsets_are_centred_alike(rng, source):
    problem = problems.ten_classes(rng)
    rows, bare = CentredRows(source(problem), np.array([1.0, -2.0, 0.5])), source(problem)
    for part, same in ((rows.sample(40, 1), bare.sample(40, 1)), (rows.subset(0.3), bare.subset(0.3))):
        coef, intercept = place(rng, rows)
        assert part.at(coef, intercept).loss == same.at(coef, part.back(coef, intercept)[1]).loss
        close(part.moments()[0], same.moments()[0] - rows.offsets)
        assert part.n_rows == same.n_rows


@every_source
def test_the_way_back_and_forth(rng, source):
    rows = CentredRows(source(problems.plain(rng)), rng.normal(size=3))
    coef, intercept = place(rng, rows)
    assert rows.at(coef, intercept).loss == rows.inner.at(*rows.back(coef, intercept)).loss
    close(rows.back(*rows.forth(coef, intercept))[1], intercept)


def test_cost(rng):
    """As the rows themselves; the diagonal a pass a class more."""
    problem = problems.plain(rng, d=8)
    rows = CentredRows(problems.dense(problem), np.ones(8))
    bare = problems.dense(problem)
    for where, extra in ((rows, 3), (bare, 0)):
        where.meter.passes = 0.0
        point = where.at(*place(rng, where))
        point.product(*place(rng, where))
        point.along(point.direction(*place(rng, where)), np.ones(2))
        point.diagonal()
        where.meter.passes -= extra
    assert rows.meter.passes == bare.meter.passes


# ----------------------------------------------------------------------------------------------- far-out columns


def far_out(rng, offset, spread=1.0):
    """Well conditioned once centred; the centring is exact in float64."""
    X = np.round(rng.normal(size=(80, 3)) * 2**12) / 2**12
    targets = problems.drawn_codes(rng, X, 3, 1.0)
    return problems.Problem(spread * X + offset, targets, 3, 1e-3), problems.Problem(
        spread * X, targets, 3, 1e-3
    )


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_accuracy_is_as_stated(rng, offset):
    """Gradient, product and Hessian against 50 digits: a few times offset * 1e-16."""
    problem, near = far_out(rng, offset)
    rows = CentredRows(problems.dense(problem), np.full(3, offset))
    (coef, intercept), (v, c) = place(rng, rows), place(rng, rows)
    point = rows.at(coef, intercept)
    with mpmath.workdps(50):
        W, X = mpmath.matrix(coef.tolist()), mpmath.matrix(near.X.tolist())
        by_coef, loss = mpmath.zeros(3, 3), mpmath.mpf(0)
        for i in range(X.rows):
            logits = [sum(X[i, j] * W[k, j] for j in range(3)) + mpmath.mpf(intercept[k]) for k in range(3)]
            total = sum(mpmath.exp(z) for z in logits)
            loss += (mpmath.log(total) - logits[int(near.targets[i])]) / X.rows
            for k in range(3):
                residual = mpmath.exp(logits[k]) / total - (k == near.targets[i])
                for j in range(3):
                    by_coef[k, j] += residual * X[i, j] / X.rows
        exact = np.array(by_coef.tolist(), dtype=float)
        assert abs(point.loss - float(loss)) < 4e-16 * offset
    explicit = problems.dense(near).at(coef, intercept)
    assert np.abs(point.grad_coef - exact).max() < 4e-16 * offset
    np.testing.assert_allclose(point.product(v, c)[0], explicit.product(v, c)[0], rtol=0, atol=2e-15 * offset)
    by_congruence = offset < 1e5
    tolerance = 2e-15 * offset**2 if by_congruence else 2e-15 * offset
    for ours, theirs in (
        (point.hessian(), explicit.hessian()),
        (np.stack(list(point.class_grams())), np.stack(list(explicit.class_grams()))),
        (point.diagonal(), explicit.diagonal()),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", [*SECOND_ORDER, "lbfgs", "auto"])
@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6, 1e8])
def test_offsets_cost_no_certificate(rng, name, offset):
    problem, near = far_out(rng, offset)
    solution = fit(problem.X, problem.targets, alpha=problem.alpha, solver=name)
    assert solution.status == "converged"
    assert solution.gap <= 1e-8
    _, _, optimum = problems.solve(near)
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert (value - optimum) / value <= solution.gap
    near_solution = fit(near.X, near.targets, alpha=near.alpha, tol=1e-12)
    ours = softmax(problem.X @ solution.coef.T + solution.intercept)
    theirs = softmax(near.X @ near_solution.coef.T + near_solution.intercept)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("name", [*SECOND_ORDER, "auto"])
def test_time_stamps(rng, name):
    """A column of seconds since 1970 over a few days, beside one of ordinary size."""
    X = rng.normal(size=(300, 2))
    targets = problems.drawn_codes(rng, X, 3, 1.0)
    X[:, 0] = np.round(1.7e9 + 1e5 * X[:, 0])
    solution = fit(X, targets, alpha=1e-3, solver=name)
    assert solution.status == "converged"
    assert solution.gap <= 1e-8
    assert solution.n_passes < 80


def test_constant_columns_far_out(rng):
    """They change nothing, and their coef is exactly zero."""
    problem = problems.plain(rng)
    X = np.column_stack([problem.X + 1e6, np.full(60, 3e7)])
    solution = fit(X, problem.targets, alpha=problem.alpha, solver="newton")
    without = fit(X[:, :3], problem.targets, alpha=problem.alpha, solver="newton")
    np.testing.assert_array_equal(solution.coef[:, 3], 0)
    np.testing.assert_allclose(solution.coef[:, :3], without.coef, atol=1e-7)


def test_the_start_is_the_users(rng):
    problem, _ = far_out(rng, 1e3)
    first = fit(problem.X, problem.targets, alpha=problem.alpha, tol=1e-11)
    again = fit(problem.X, problem.targets, alpha=problem.alpha, start=(first.coef, first.intercept))
    assert again.n_iter == 0


# ----------------------------------------------------------------------------------------------------- the rule


def centred(rows):
    return centred_where_far(rows, glance(rows))


def test_where_it_pays(rng):
    X, targets = rng.normal(size=(400, 3)), np.arange(400) % 3
    assert centred(DenseRows(X, targets, 3)) is None
    assert centred(DenseRows(X + np.array([0, 2.0, 0]), targets, 3)) is not None
    assert centred(DenseRows(np.full((4, 2), np.nan), np.arange(4) % 2, 2)) is None


def test_large_data_are_sampled(rng):
    X, targets = rng.normal(size=(20_000, 2)) + np.array([10.0, 0.0]), np.arange(20_000) % 2
    rows = DenseRows(X, targets, 2)
    found = centred(rows)
    assert rows.meter.passes < 0.2
    np.testing.assert_allclose(found.offsets, [10.0, 0.0], atol=0.2)


def test_a_column_constant_in_the_sample_only_is_not_taken_for_one(rng):
    X = np.column_stack([rng.normal(size=20_000), np.ones(20_000)])
    targets = np.arange(20_000) % 2
    constant = centred(DenseRows(X, targets, 2)).constant
    X[7, 1] = 0.0
    varying = centred(DenseRows(X, targets, 2)).constant
    assert constant.tolist() == [False, True, False]
    assert not varying.any()


def test_a_flat_column_that_varies_is_left_alone(rng):
    X = np.column_stack([rng.normal(size=90) + 5, 1e12 + rng.integers(3, size=90)])
    found = centred(DenseRows(X, np.arange(90) % 3, 3))
    assert not found.constant.any()
    assert found.offsets[1] == 0
    assert found.offsets[0] == pytest.approx(X[:, 0].mean())
