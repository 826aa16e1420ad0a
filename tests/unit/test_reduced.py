"""Fewer rows than columns: the reduction against the fit in all columns, which shares no coordinates with it."""

import numpy as np
import pytest
import scipy.sparse

from softgrad.fitting import fit
from softgrad.maths.logits import softmax
from softgrad.optimize.choose import SOLVERS
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.rows.centred import CentredRows
from softgrad.rows.dense import DenseRows
from softgrad.rows.reduced import Reduction, _by_qr, _decomposed, _pays, reduced_where_it_pays
from softgrad.rows.sparse import SparseRows
from tests import problems
from tests.unit.test_rows import close, place


def wide(rng, *, n=24, d=80, n_classes=3, alpha=1e-2, weights=None, offset=0.0):
    X = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-1, 1, size=d) + offset
    codes = np.arange(n) % n_classes
    return problems.Problem(X, codes, n_classes, alpha, weights)


def as_sparse(problem):
    """A source of CSR rows of the problem; as stored, so full or mostly empty."""
    return SparseRows(scipy.sparse.csr_array(problem.X), problem.targets, problem.n_classes, problem.weights)


def wide_counts(rng):
    X = rng.poisson(0.3, size=(12, 90)).astype(float)
    return problems.Problem(X, np.arange(12) % 3, 3, 1e-2)


def wide_weighted(rng):
    """A sixth of the rows without weight."""
    weights = rng.uniform(0.1, 3, size=24)
    weights[5:10] = 0
    return wide(rng, weights=weights)


def wide_soft(rng):
    problem = wide(rng)
    return problems.Problem(problem.X, problems.soft(rng, 24, 3), 3, 1e-2, rng.uniform(0.5, 1, size=24))


def wide_with_twins(rng):
    """Rows twice over, so that the span has half as many dimensions."""
    problem = wide(rng, n=12)
    X = np.vstack([problem.X, problem.X])
    return problems.Problem(X, np.arange(24) // 2 % 3, 3, 1e-2)


@pytest.fixture(autouse=True)
def small_problems_are_reduced_too(monkeypatch):
    monkeypatch.setattr("softgrad.optimize.coordinates.SMALL", 0)


BUILDS = [wide, wide_weighted, wide_soft, wide_with_twins, wide_counts]
SOURCES = [problems.dense, as_sparse]


def reduction_of(rows, centre):
    found = reduced_where_it_pays(rows, centre=centre)
    assert found is not None
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("centre", [True, False])
def test_the_same_objective_in_fewer_columns(rng, source, build, centre):
    problem = build(rng)
    rows = source(problem)
    reduction = reduction_of(rows, centre)
    assert reduction.rows.n_features <= problem.X.shape[0]
    coef, intercept = place(rng, reduction.rows)
    wide_coef, same_intercept = reduction.back(coef, intercept)
    point, full = reduction.rows.at(coef, intercept), reduction.full.at(wide_coef, same_intercept)
    assert point.loss == pytest.approx(full.loss, rel=1e-12)
    assert np.vdot(coef, coef) == pytest.approx(np.vdot(wide_coef, wide_coef), rel=1e-11)
    close(point.grad_intercept, full.grad_intercept, 1e-10)
    close(reduction.forth(wide_coef, same_intercept)[0], coef, 1e-10)
    close(reduction.rows.class_weights, rows.class_weights)


def test_a_coef_outside_the_span_is_projected(rng):
    problem = wide(rng)
    reduction = reduction_of(problems.dense(problem), True)
    coef, intercept = place(rng, reduction.full)
    shorter, _ = reduction.back(*reduction.forth(coef, intercept))
    centred = problem.X - reduction.full.offsets
    close(centred @ shorter.T, centred @ coef.T, 1e-11)
    assert np.linalg.norm(shorter) < np.linalg.norm(coef)


def by_full_columns(problem, source=problems.dense, fit_intercept=True):
    """Newton in all columns, without any reduction."""
    rows = source(problem)
    offsets = np.average(problem.X, axis=0, weights=problem.weights) * fit_intercept
    centred = CentredRows(rows, offsets)
    objective = Objective(centred, L2(problem.alpha), fit_intercept=fit_intercept)
    solution = minimize(objective, SOLVERS["newton"](), Limits(1e-13, 100))
    assert solution.gap < 1e-12
    return solution.objective, *centred.back(solution.coef, solution.intercept)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_fit_is_that_in_all_columns(rng, source, build, fit_intercept):
    problem = build(rng)
    kwargs = {"alpha": problem.alpha, "fit_intercept": fit_intercept, "tol": 1e-13}
    X = problem.X if source is problems.dense else scipy.sparse.csr_array(problem.X)
    solution = fit(X, problem.targets, sample_weight=problem.weights, solver="newton", **kwargs)
    optimum, coef, intercept = by_full_columns(problem, fit_intercept=fit_intercept)
    assert solution.objective == pytest.approx(optimum, rel=1e-12)
    ours = softmax(problem.X @ solution.coef.T + solution.intercept)
    np.testing.assert_allclose(ours, softmax(problem.X @ coef.T + intercept), rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["auto", "newton", "lbfgs"])
@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 10.0])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_the_gap_is_of_all_columns_and_never_below_the_truth(rng, name, alpha, offset):
    problem = wide(rng, alpha=alpha, offset=offset)
    solution = fit(problem.X, problem.targets, alpha=alpha, solver=name, max_iter=3000)
    assert solution.status == "converged"
    assert solution.gap <= 1e-8
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert solution.objective == pytest.approx(float(value), rel=1e-9)
    dual = problems.dual_value(problem, solution.coef, solution.intercept)
    optimum = by_full_columns(problem)[0]
    assert (value - optimum) / value <= solution.gap
    if offset == 0:
        assert (value - dual) / value == pytest.approx(solution.gap, rel=0.2, abs=1e-13)


def test_a_reduction_that_is_off_is_found_out(rng, monkeypatch):
    """With singular values up to 5 % off, the fit goes on in all columns until it is certified."""

    def spoilt(rows, offsets):
        vectors, values = _decomposed(rows, offsets)
        return vectors, values * np.linspace(1.0, 1.05, len(values))

    monkeypatch.setattr("softgrad.rows.reduced._decomposed", spoilt)
    problem = wide(rng, d=60)
    solution = fit(problem.X, problem.targets, alpha=problem.alpha)
    assert solution.status == "converged"
    value = problems.objective(problem, solution.coef, solution.intercept)
    assert (value - by_full_columns(problem)[0]) / value <= solution.gap <= 1e-8


def test_qr_where_the_gram_matrix_is_ill_conditioned(rng):
    """Singular values from 1 to 1e-7 keep nine digits and more; the Gram matrix would leave two."""
    left, right = np.linalg.qr(rng.normal(size=(20, 20)))[0], np.linalg.qr(rng.normal(size=(100, 20)))[0]
    values = np.logspace(0, -7, 20)
    X = left * values @ right.T
    rows = DenseRows(X, np.arange(20) % 2, 2)
    vectors, found = _decomposed(rows, np.zeros(100))
    np.testing.assert_allclose(found[np.argsort(-found)], values, rtol=1e-8)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(20), atol=1e-13)
    np.testing.assert_array_equal(_by_qr(X.copy())[1], found)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_narrow_types(rng, dtype):
    X = rng.integers(0, 255, size=(20, 300)).astype(dtype)
    y = np.arange(20) % 4
    narrow, plain = fit(X, y, alpha=10.0), fit(X.astype(float), y, alpha=10.0)
    assert narrow.objective == pytest.approx(plain.objective, rel=1e-8)
    assert narrow.gap <= 1e-8


def test_where_it_pays(rng):
    def pays(n, d, n_classes=3, n_fits=1):
        bytes_only = np.broadcast_to(np.uint8(1), (n, d))
        return _pays(DenseRows(bytes_only, np.arange(n) % n_classes, n_classes), n_fits)

    assert pays(50, 500)
    assert not pays(50, 50)
    assert not pays(500, 50)
    assert not pays(2000, 2100)
    assert not pays(1500, 6000)
    assert pays(1500, 6000, n_fits=10)
    assert pays(1500, 6000, n_classes=50)
    few = scipy.sparse.csr_array(rng.random((50, 5000)) * (rng.random((50, 5000)) < 0.001))
    assert reduced_where_it_pays(SparseRows(few, np.arange(50) % 3, 3), centre=True) is None
    assert reduced_where_it_pays(problems.blocked(wide(rng)), centre=True) is None


def test_nothing_to_reduce_to(rng):
    """Columns of zeros, and entries that are not finite, are left to the fit in all columns."""
    zero = DenseRows(np.zeros((5, 50)), np.arange(5) % 2, 2)
    assert reduced_where_it_pays(zero, centre=True) is None
    X = rng.normal(size=(5, 50))
    X[2, 3] = np.nan
    assert reduced_where_it_pays(DenseRows(X, np.arange(5) % 2, 2), centre=False) is None
    with pytest.raises(ValueError, match="X holds NaN or infinite entries"):
        fit(X, np.arange(5) % 2, alpha=0.1)


def test_passes_and_history(rng):
    """One read for the Gram matrix, two for the means, two and a half to go back and certify; shares in between."""
    problem, seen = wide(rng, n=20, d=4000), []
    solution = fit(problem.X, problem.targets, alpha=1.0, callback=seen.append)
    assert tuple(seen) == solution.history
    assert 4 < solution.n_passes < 14
    assert [record.iteration for record in seen] == list(range(solution.n_iter + 1))
    assert (np.diff([record.n_passes for record in seen]) >= 0).all()
    assert "newton" in solution.status.sentence


@pytest.mark.parametrize("max_iter", [0, 1, 3])
def test_max_iter(rng, max_iter):
    problem = wide(rng)
    solution = fit(problem.X, problem.targets, alpha=1e-4, solver="lbfgs", max_iter=max_iter)
    assert solution.status == "max_iter"
    assert solution.n_iter == max_iter
    assert f"max_iter={max_iter}" in solution.status.sentence
    value = problems.objective(problem, solution.coef, solution.intercept)
    optimum = by_full_columns(problems.Problem(problem.X, problem.targets, 3, 1e-4))[0]
    assert (value - optimum) / value <= solution.gap


def test_the_callback_stops_it(rng):
    problem = wide(rng)
    solution = fit(problem.X, problem.targets, alpha=1e-4, callback=lambda record: record.iteration == 1)
    assert solution.status == "stopped"


def test_separable_without_a_penalty(rng):
    problem = wide(rng)
    solution = fit(problem.X, problem.targets, alpha=0.0)
    assert solution.status == "no_optimum"
    assert solution.coef.shape == (3, 80)


def test_a_warm_start_is_used(rng):
    problem = wide(rng)
    first = fit(problem.X, problem.targets, alpha=0.01, tol=1e-12)
    again = fit(problem.X, problem.targets, alpha=0.01, start=(first.coef, first.intercept))
    assert again.n_iter <= 1


def test_the_reduction_shares_the_meter(rng):
    rows = problems.dense(wide(rng))
    reduction = reduction_of(rows, True)
    assert isinstance(reduction, Reduction)
    before = rows.meter.passes
    reduction.rows.at(*place(rng, reduction.rows))
    assert rows.meter.passes - before == pytest.approx(reduction.rows.n_features / 80)
