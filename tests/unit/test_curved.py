"""Rows without curvature left out: the sums against loops over the rows that stay, and fits with and without."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets

from softgrad.maths.logits import softmax
from softgrad.optimize.conjugate_gradients import Truncation, newton_step
from softgrad.optimize.driver import Limits, minimize
from softgrad.optimize.newton_pcg import NewtonPcg
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.preconditioner import (
    ALL_BLOCKS,
    ALL_FULL,
    BLOCKS,
    FULL,
    KRONECKER,
    build,
    cost,
    cost_of_factors,
    forms,
    sample_size,
)
from softgrad.rows import dense
from softgrad.rows.centred import CentredRows
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows

NEGLIGIBLE = 1e-3


def far_out(rng, n=300, d=4, n_classes=3, dtype=np.float64):
    """X, labels, weights and parameters at which most rows are all but certain."""
    X = (rng.normal(size=(n, d)) * 4).astype(dtype)
    coef = rng.normal(size=(n_classes, d)) * 3
    intercept = rng.normal(size=n_classes)
    y = (X @ coef.T + intercept + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    weights = rng.choice([0.5, 1.0, 2.0], size=n)
    weights[:3] = 0
    return X, y, weights, coef, intercept


def staying(X, weights, coef, intercept, negligible):
    """Rows that any class has more than `negligible` times its mean curvature in; all rows' shares, probabilities."""
    proba = np.array([softmax(coef @ x + intercept) for x in X.astype(np.float64)])
    shares = weights / weights.sum()
    curvature = shares[:, None] * proba * (1 - proba)
    rows = [i for i in range(len(X)) if (curvature[i] > negligible * curvature.mean(axis=0)).any()]
    return np.array(rows), shares, proba


def naive_hessian(X, shares, proba, rows):
    K, width = proba.shape[1], X.shape[1] + 1
    result = np.zeros((K * width, K * width))
    for i in rows:
        x = np.append(X[i].astype(np.float64), 1.0)
        result += shares[i] * np.kron(np.diag(proba[i]) - np.outer(proba[i], proba[i]), np.outer(x, x))
    return result


@pytest.mark.parametrize("dtype", [np.float64, np.int8])
def test_sums_over_the_rows_that_stay(rng, dtype):
    X, y, weights, coef, intercept = far_out(rng, dtype=dtype)
    rows, shares, proba = staying(X, weights, coef, intercept, NEGLIGIBLE)
    assert 10 < len(rows) < 0.6 * len(X)
    point = DenseRows(X, y, 3, weights).at(coef, intercept)
    curved = point.curved(NEGLIGIBLE)
    assert curved is not point
    expected = naive_hessian(X, shares, proba, rows)
    K, width = coef.shape[0], X.shape[1] + 1
    scale = np.abs(expected).max()
    np.testing.assert_allclose(curved.hessian(), expected, rtol=0, atol=1e-12 * scale)
    blocks = expected.reshape(K, width, K, width)[np.arange(K), :, np.arange(K)]
    np.testing.assert_allclose(np.stack(list(curved.class_grams())), blocks, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(curved.gram(), blocks.sum(axis=0), rtol=0, atol=1e-12 * scale)
    v, c = rng.normal(size=coef.shape), rng.normal(size=K)
    by_coef, by_intercept, _ = curved.product(v, c)
    found, wanted = (
        np.column_stack([by_coef, by_intercept]).ravel(),
        expected @ np.column_stack([v, c]).ravel(),
    )
    accuracy = 1e-12 if dtype == np.float64 else 2e-6  # narrow types are multiplied in float32
    np.testing.assert_allclose(found, wanted, rtol=0, atol=accuracy * np.abs(wanted).max())


def test_what_is_left_out_is_negligible(rng):
    X, y, weights, coef, intercept = far_out(rng)
    point = DenseRows(X, y, 3, weights).at(coef, intercept)
    masses = [np.stack(list(at.class_grams()))[:, -1, -1].sum() for at in (point, point.curved(NEGLIGIBLE))]
    assert 0 < masses[0] - masses[1] <= NEGLIGIBLE * masses[0]


def test_soft_labels_narrow_types_and_rows_of_no_weight(rng):
    X, _, weights, coef, intercept = far_out(rng, dtype=np.float32)
    soft = rng.dirichlet(np.ones(3), size=len(X))
    rows, shares, proba = staying(X, weights, coef, intercept, NEGLIGIBLE)
    X[:3] = np.nan  # of weight zero
    curved = DenseRows(X, soft, 3, weights).at(coef, intercept).curved(NEGLIGIBLE)
    expected = naive_hessian(X, shares, proba, rows)
    np.testing.assert_allclose(curved.hessian(), expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_a_class_that_is_certain_keeps_its_own_rows(rng):
    """Beside two classes in doubt about every row a third has 1e-9 of the curvature; its rows stay."""
    n = 600
    X = np.column_stack([rng.normal(size=n), np.r_[np.full(50, 10.0), np.full(n - 50, -10.0)]])
    y = np.r_[np.full(50, 2), rng.integers(0, 2, n - 50)]
    coef, intercept = np.array([[0.1, -1.1], [-0.1, -1.1], [0.0, 1.1]]), np.zeros(3)
    point = DenseRows(X, y, 3).at(coef, intercept)
    assert np.stack(list(point.class_grams()))[2, -1, -1] < 1e-8
    whole, curved = (
        np.stack(list(at.class_grams(NEGLIGIBLE)))[2] for at in (point, point.curved(NEGLIGIBLE))
    )
    np.testing.assert_allclose(curved, whole, rtol=2 * NEGLIGIBLE)


def test_of_centred_rows_it_is_centred(rng):
    X, y, weights, coef, intercept = far_out(rng)
    offsets = np.array([30.0, -20.0, 10.0, 0.0])
    given = CentredRows(DenseRows(X + offsets, y, 3, weights), offsets).at(coef, intercept).curved(NEGLIGIBLE)
    plain = DenseRows(X, y, 3, weights).at(coef, intercept).curved(NEGLIGIBLE)
    np.testing.assert_allclose(
        given.hessian(), plain.hessian(), rtol=0, atol=1e-10 * np.abs(plain.hessian()).max()
    )


def test_a_read_of_the_rows_that_stay_is_counted(rng):
    X, y, weights, coef, intercept = far_out(rng)
    rows = DenseRows(X, y, 3, weights)
    point = rows.at(coef, intercept)
    share = len(staying(X, weights, coef, intercept, NEGLIGIBLE)[0]) / len(X)
    before = rows.meter.passes
    curved = point.curved(NEGLIGIBLE)
    assert rows.meter.passes - before == pytest.approx(share)
    curved.product(coef, intercept)
    assert rows.meter.passes - before == pytest.approx(2 * share)


def test_itself_where_nothing_is_saved(rng, monkeypatch):
    X, y, weights, coef, intercept = far_out(rng)
    undecided = DenseRows(X, y, 3, weights).at(0.01 * coef, intercept)
    assert undecided.curved(NEGLIGIBLE) is undecided
    without = DenseRows(X, y, 3, weights).at(1e300 * coef, intercept)  # not one row has curvature
    assert without.curved(NEGLIGIBLE) is without
    only = DenseRows(X, np.zeros(len(X), dtype=int), 1, weights).at(coef[:1], intercept[:1])
    assert only.curved(NEGLIGIBLE) is only
    sparse = SparseRows(scipy.sparse.csr_array(X), y, 3, weights).at(coef, intercept)
    assert sparse.curved(NEGLIGIBLE) is sparse
    centred = CentredRows(DenseRows(X, y, 3, weights), np.zeros(4)).at(0.01 * coef, intercept)
    assert centred.curved(NEGLIGIBLE) is centred
    monkeypatch.setattr(dense, "LARGEST_TAKEN", 1000)
    large = DenseRows(X, y, 3, weights).at(coef, intercept)
    assert large.curved(NEGLIGIBLE) is large


@pytest.mark.parametrize("d", [4, 70])
def test_each_class_leaves_out_its_own_rows(rng, d):
    X, y, weights, coef, intercept = far_out(rng, d=d)
    coef = coef * np.sqrt(4 / d)
    _, shares, proba = staying(X, weights, coef, intercept, NEGLIGIBLE)
    rows = DenseRows(X, y, 3, weights)
    point = rows.at(coef, intercept)
    before = rows.meter.passes
    found = np.stack(list(point.class_grams(NEGLIGIBLE)))
    spent = rows.meter.passes - before
    extended, counted = np.column_stack([X, np.ones(len(X))]), 0
    for k in range(3):
        h = shares * proba[:, k] * (1 - proba[:, k])
        h[h <= NEGLIGIBLE * h.mean()] = 0
        counted += np.count_nonzero(h)
        expected = (extended * h[:, None]).T @ extended
        np.testing.assert_allclose(found[k], expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    if d == 70:
        assert spent == pytest.approx(max(counted / (3 * len(X)) * d / 4, 1))


# ------------------------------------------------------------------------------------------------------ fits


def nearly_separable(rng, n=1500, d=12, n_classes=4, alpha=1e-8):
    X = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-2, 2, size=d)
    coef = rng.normal(size=(n_classes, d)) / X.std(axis=0) * 3
    y = (X @ coef.T + 0.3 * rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    return Objective(DenseRows(X, y, n_classes), L2(alpha))


def test_the_same_optimum_in_fewer_passes(monkeypatch):
    X, y = datasets.load_digits(return_X_y=True)
    found = []
    for most in (dense.MOST_TAKEN, 0.0):
        monkeypatch.setattr(dense, "MOST_TAKEN", most)
        objective = Objective(DenseRows(X, y, 10), L2(1e-3 / len(X)))
        found.append(minimize(objective, NewtonPcg(), Limits(1e-9)))
    assert [solution.status for solution in found] == ["converged", "converged"]
    assert found[0].objective == pytest.approx(found[1].objective, rel=2e-9)
    assert found[0].n_passes < 0.8 * found[1].n_passes


def test_a_solver_made_anew_before_each_step_makes_the_same_steps():
    alone = minimize(nearly_separable(np.random.default_rng(2)), NewtonPcg(), Limits(1e-9))
    objective = nearly_separable(np.random.default_rng(2))
    state = NewtonPcg().init(objective, np.zeros(objective.shape))
    for _ in range(alone.n_iter):
        state = NewtonPcg().step(objective, state)
        assert 0 < state.thrift <= 1
    np.testing.assert_array_equal(objective.split(objective.balanced(state.params))[0], alone.coef)


def outliers(rng, n=3000, d=3):
    """A few certain rows so far out that they hold most of the curvature along a column."""
    X = rng.normal(size=(n, d))
    y = (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)
    X[:5, 0], y[:5] = 9.0, 1
    X[:5, 2] = 1e6
    coef = np.array([[-2.0, 0, 0], [2.0, 0, 0]])
    return X, y, coef


def test_rows_that_are_missed_are_noticed(rng):
    X, y, coef = outliers(rng)
    objective = Objective(DenseRows(X, y, 2), L2(1e-9), fit_intercept=False)
    iterate = objective.at(coef)
    preconditioner = build(objective, coef, FULL)
    truncation = Truncation(0.1, 0.0, 50, 5)
    assert not newton_step(iterate, preconditioner, truncation).missed
    assert newton_step(iterate, preconditioner, replace(truncation, negligible=0.9)).missed
    solution = minimize(objective, NewtonPcg(), Limits(1e-9))
    assert solution.status == "converged"


def test_where_a_step_fails_all_rows_are_asked_first(rng, monkeypatch):
    X, y, coef = outliers(rng)
    objective = Objective(DenseRows(X, y, 2), L2(1e-9), fit_intercept=False)
    solver = NewtonPcg()
    state = replace(solver.init(objective, np.zeros(objective.shape)), params=coef, built_at=coef)
    monkeypatch.setattr("softgrad.optimize.newton_pcg.newton_step", lambda *_: None)
    first = solver.step(objective, state)
    assert first.thrift == 0
    assert not first.exhausted
    assert solver.step(objective, first).exhausted


def test_forms_of_all_rows_come_after_those_of_a_sample(rng):
    X = rng.normal(size=(9000, 6))
    objective = Objective(DenseRows(X, rng.integers(0, 4, 9000), 4), L2(1e-3))
    assert forms(objective) == (KRONECKER, BLOCKS, ALL_BLOCKS, FULL, ALL_FULL)
    for sampled, whole in ((BLOCKS, ALL_BLOCKS), (FULL, ALL_FULL)):
        assert sample_size(objective, sampled) < sample_size(objective, whole) == 9000
        assert cost(objective, sampled) < cost(objective, whole)
        assert cost_of_factors(objective, sampled) == cost_of_factors(objective, whole)
    iterate = objective.at(objective.balanced(rng.normal(size=objective.shape)))
    found = newton_step(iterate, build(objective, iterate.params, ALL_FULL), Truncation(1e-12, 0.0, 1, 1))
    assert found.digits > 3  # the Hessian itself, but for rows of less than 1e-4 of the mean curvature


def test_where_a_sample_is_a_poor_picture_all_rows_are_taken():
    rng = np.random.default_rng(0)
    X = rng.standard_t(1.2, size=(40_000, 6))
    y = (X[:, :4] + rng.gumbel(size=(40_000, 4))).argmax(axis=1)
    objective = Objective(DenseRows(X, y, 4), L2(1e-9))
    taken = []
    minimize(
        objective,
        NewtonPcg(),
        Limits(1e-9),
        checkpoint=lambda earlier: taken.append(earlier.state.form),
    )
    assert taken[0] in (BLOCKS, FULL)
    assert taken[-1] in (ALL_BLOCKS, ALL_FULL)
