"""The preconditioners against dense linear algebra on the Hessian that tests.problems sums row by row."""

from dataclasses import replace

import numpy as np
import pytest

from softgrad.optimize.conjugate_gradients import Truncation, newton_step
from softgrad.optimize.deflation import Deflated, deflated, memory, merged
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.preconditioner import (
    BLOCKS,
    DIAGONAL,
    FULL,
    KRONECKER,
    build,
    cost,
    forms,
    sample_size,
)
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows
from tests import problems

every_form = pytest.mark.parametrize("form", [DIAGONAL, KRONECKER, BLOCKS, FULL])
EXACT = Truncation(accuracy=1e-14, enough=0.0, longest=400, memory=400)


def shifted(rng, offset=0.0, **options):
    """A problem whose columns have means far from zero."""
    problem = problems.plain(rng, n=80, d=4, n_classes=4, alpha=1e-3, **options)
    return replace(problem, X=problem.X + offset * np.array([1.0, -2.0, 0.5, 0.0]))


def dense_hessian(problem, params):
    """(P, P) without the intercepts' rows where none is fitted."""
    K, width = problem.n_classes, problem.X.shape[1] + 1
    coef, intercept = (params[:, :-1], params[:, -1]) if problem.fit_intercept else (params, np.zeros(K))
    full = problems.naive_hessian(problem, coef, intercept).reshape(K, width, K, width)
    width -= not problem.fit_intercept
    return full[:, :width, :, :width].reshape(K * width, K * width)


def gauge(K, width):
    """The projection on class means zero."""
    return np.kron(np.eye(K) - 1 / K, np.eye(width))


def matrix_of(preconditioner, shape):
    """(P, P): what `solve` does to each unit vector."""
    return np.array([preconditioner.solve(unit.reshape(shape)).ravel() for unit in np.eye(np.prod(shape))]).T


def expected_inverse(form, hessian, K, width):
    """M^-1 with the projections about it, from the dense Hessian."""
    off = gauge(K, width)
    if form == FULL:
        return np.linalg.pinv(off @ hessian @ off, rcond=1e-13)
    kept = np.eye(len(hessian)) if form == DIAGONAL else np.kron(np.eye(K), np.ones((width, width)))
    return off @ np.linalg.inv(hessian * kept) @ off


def case(rng, form, offset, fit_intercept, size=0.7):
    problem = shifted(rng, offset, fit_intercept=fit_intercept)
    objective = problems.objective_on(problems.dense, problem)
    params = size * objective.balanced(rng.normal(size=objective.shape))
    if fit_intercept:
        params[:, -1] -= params[:, :-1] @ problem.X.mean(axis=0)
    return objective, params, dense_hessian(problem, params)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("form", "offset"), [(DIAGONAL, 0), (BLOCKS, 0), (BLOCKS, 30), (FULL, 0), (FULL, 30)]
)
def test_is_the_projected_inverse_of_its_part_of_the_hessian(rng, form, offset, fit_intercept):
    objective, params, hessian = case(rng, form, offset, fit_intercept)
    found = matrix_of(build(objective, params, form), objective.shape)
    expected = expected_inverse(form, hessian, *objective.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_a_wrong_centre_would_be_noticed(rng):
    """The comparison above catches a preconditioner that forgets to centre."""
    objective, params, hessian = case(rng, BLOCKS, 30, True)
    right = build(objective, params, BLOCKS)
    wrong = matrix_of(replace(right, means=np.zeros_like(right.means)), objective.shape)
    expected = expected_inverse(BLOCKS, hessian, *objective.shape)
    assert np.abs(wrong - expected).max() > 1e-2 * np.abs(expected).max()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("offset", [0, 30])
def test_the_kronecker_form_is_exact_at_zero(rng, offset, fit_intercept):
    objective, params, hessian = case(rng, KRONECKER, offset, fit_intercept, size=0)
    found = matrix_of(build(objective, params, KRONECKER), objective.shape)
    expected = expected_inverse(FULL, hessian, *objective.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@every_form
@pytest.mark.parametrize(
    "build_problem", [problems.degenerate_columns, problems.unscaled, problems.zipf_classes]
)
def test_symmetric_and_positive_on_the_gauge(rng, form, build_problem):
    """Also where columns are constant, duplicated, collinear or empty."""
    objective = problems.objective_on(problems.dense, build_problem(rng))
    params = objective.balanced(0.1 * rng.normal(size=objective.shape))
    preconditioner = build(objective, params, form)
    for _ in range(5):
        a, b = (objective.balanced(rng.normal(size=objective.shape)) for _ in range(2))
        ab, ba = np.vdot(a, preconditioner.solve(b)), np.vdot(b, preconditioner.solve(a))
        size = np.sqrt(np.vdot(a, preconditioner.solve(a)) * np.vdot(b, preconditioner.solve(b)))
        assert size > 0
        assert ab == pytest.approx(ba, abs=1e-6 * size)
        assert (
            np.abs(preconditioner.solve(a).mean(axis=0)).max() <= 1e-9 * np.abs(preconditioner.solve(a)).max()
        )


@every_form
def test_without_a_penalty_units_do_not_matter(rng, form):
    """X with columns in other units, and the residual in theirs: the same step in theirs."""
    problem = problems.without_penalty(rng)
    units = np.array([1e-8, 1e8])
    scaled = replace(problem, X=problem.X * units)
    step, other = (
        build(objective, np.zeros(objective.shape), form).solve(
            objective.at(np.zeros(objective.shape)).gradient
        )
        for objective in (problems.objective_on(problems.dense, given) for given in (problem, scaled))
    )
    np.testing.assert_allclose(other * np.append(units, 1.0), step, rtol=1e-6)


@pytest.mark.parametrize("form", [KRONECKER, BLOCKS, FULL])
@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_offsets_do_not_slow_the_conjugate_gradients(rng, form, offset):
    digits = []
    for given in (0.0, offset):
        problem = shifted(np.random.default_rng(3), given)
        objective = problems.objective_on(problems.dense, problem)
        iterate = objective.at(np.zeros(objective.shape))
        found = newton_step(iterate, build(objective, iterate.params, form), Truncation(1e-6, 0.0, 50, 1))
        digits.append(min(found.digits, 1.5))
    assert digits[1] > 0.5 * digits[0]


def test_from_a_sample_of_many_rows(rng):
    X = rng.normal(size=(9000, 3))
    problem = problems.Problem(X, problems.drawn_codes(rng, X, 3, 1.0), 3, 1e-3)
    objective = problems.objective_on(problems.dense, problem)
    assert sample_size(objective, BLOCKS) < objective.rows.n_rows
    iterate = objective.at(objective.balanced(rng.normal(size=objective.shape)))
    before = objective.n_passes
    preconditioner = build(objective, iterate.params, FULL)
    assert 0 < objective.n_passes - before < cost(objective, FULL) + 1
    found = newton_step(iterate, preconditioner, Truncation(1e-3, 0.0, 50, 1))
    assert found.digits > 0.7
    again = build(objective, iterate.params, FULL)
    np.testing.assert_array_equal(again.solve(iterate.gradient), preconditioner.solve(iterate.gradient))


def test_forms_by_size_and_density(rng):
    def objective(n, d, K, density=1.0):
        import scipy.sparse

        X = scipy.sparse.csr_array(rng.random((n, d)) * (rng.random((n, d)) < density))
        rows = (
            SparseRows(X, np.arange(n) % K, K) if density < 1 else DenseRows(X.toarray(), np.arange(n) % K, K)
        )
        return Objective(rows, L2(0.1))

    assert forms(objective(50, 10, 3)) == (KRONECKER, BLOCKS, FULL)
    assert forms(objective(50, 300, 10)) == (KRONECKER, BLOCKS)
    assert forms(objective(600, 400, 500)) == (KRONECKER,)
    assert forms(objective(50, 10, 3, density=0.05)) == (DIAGONAL,)
    assert forms(objective(50, 4000, 3)) == (DIAGONAL,)


# -------------------------------------------------------------------------------------- conjugate gradients


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("build_problem", [problems.plain, problems.no_intercept, problems.soft_labels])
def test_the_step_solves_newtons_system(rng, source, build_problem):
    problem = build_problem(rng)
    objective = problems.objective_on(source, problem)
    iterate = objective.at(objective.balanced(rng.normal(size=objective.shape)))
    found = newton_step(iterate, build(objective, iterate.params, BLOCKS), EXACT)
    hessian = dense_hessian(problem, iterate.params)
    slope = np.column_stack(problems.gradient(problem, *objective.split(iterate.params))).astype(float)
    slope = slope[:, : objective.shape[1]].ravel()
    expected = -np.linalg.pinv(hessian, rcond=1e-12) @ slope
    np.testing.assert_allclose(found.params.ravel(), expected, atol=1e-8 * np.abs(expected).max())
    assert found.gain == pytest.approx(-0.5 * slope @ expected, rel=1e-10)
    np.testing.assert_allclose(found.residual.ravel(), -slope - hessian @ found.params.ravel(), atol=1e-12)
    np.testing.assert_allclose(
        found.curved, found.searches @ hessian, atol=1e-12 * np.abs(found.curved).max()
    )
    np.testing.assert_allclose(objective.join(found.direction.coef, found.direction.intercept), found.params)


def test_truncation(rng):
    objective = problems.objective_on(problems.dense, problems.unscaled(rng))
    iterate = objective.at(objective.balanced(1e-3 * rng.normal(size=objective.shape)))
    preconditioner = build(objective, iterate.params, DIAGONAL)
    lengths = [
        len(newton_step(iterate, preconditioner, replace(EXACT, accuracy=accuracy)).searches)
        for accuracy in (0.5, 0.1, 1e-3, 1e-12)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]
    assert len(newton_step(iterate, preconditioner, replace(EXACT, longest=2)).searches) == 2
    found = newton_step(
        iterate, preconditioner, replace(EXACT, enough=1e-3 * np.linalg.norm(iterate.gradient))
    )
    assert np.linalg.norm(found.residual) <= 1e-3 * np.linalg.norm(iterate.gradient)


def test_no_step_where_the_gradient_vanishes(rng):
    objective = problems.objective_on(problems.dense, problems.plain(rng))
    iterate = replace(objective.at(np.zeros(objective.shape)), gradient=np.zeros(objective.shape))
    assert newton_step(iterate, build(objective, iterate.params, BLOCKS), EXACT) is None


def test_no_products_for_a_model_that_promises_more_than_the_objective(rng):
    """Far out on the wrong side losses are straight, so that the model's full step would end far below zero."""
    objective = problems.objective_on(problems.dense, problems.unscaled(rng))
    gradient = objective.at(np.zeros(objective.shape)).gradient
    iterate = objective.at(objective.balanced(30 * gradient / np.abs(gradient).max()))
    assert iterate.newton_gain > 2 * iterate.value
    preconditioner = build(objective, iterate.params, DIAGONAL)
    steps = [newton_step(iterate, preconditioner, replace(EXACT, longest=j)) for j in range(1, 40)]
    enough = next(step for step in steps if step.gain >= iterate.value)
    assert len(enough.searches) < 30
    np.testing.assert_array_equal(steps[-1].params, enough.params)


def test_searches_stay_conjugate_where_rounding_would_repeat_them(rng):
    """One eigenvalue far out: without projections conjugate gradients find it again and again."""
    X = rng.normal(size=(200, 12)) * np.logspace(0, 5, 12)
    objective = Objective(DenseRows(X, np.arange(200) % 3, 3, None), L2(1e-6))
    iterate = objective.at(np.zeros(objective.shape))
    found = newton_step(iterate, _Identity(), replace(EXACT, accuracy=1e-30))
    cross = found.searches @ found.curved.T
    sizes = np.sqrt(np.diagonal(cross))
    np.testing.assert_allclose(cross / sizes / sizes[:, None], np.eye(len(cross)), atol=1e-8)


class _Identity:
    def solve(self, residual):
        return residual - residual.mean(axis=0)


def test_more_products_than_memory_holds(rng):
    """The last searches are handed out in order, and the step stays the same."""
    objective = problems.objective_on(problems.dense, problems.ten_classes(rng))
    iterate = objective.at(objective.balanced(0.3 * rng.normal(size=objective.shape)))
    preconditioner = build(objective, iterate.params, DIAGONAL)
    whole = newton_step(iterate, preconditioner, replace(EXACT, longest=9))
    part = newton_step(iterate, preconditioner, replace(EXACT, longest=9, memory=4))
    assert len(part.searches) == 4
    np.testing.assert_allclose(part.searches, whole.searches[-4:], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(part.params, whole.params, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------------------------------------- deflation


def test_deflated_is_exact_on_its_pairs(rng):
    objective = problems.objective_on(problems.dense, problems.ten_classes(rng))
    iterate = objective.at(objective.balanced(0.3 * rng.normal(size=objective.shape)))
    inner = build(objective, iterate.params, DIAGONAL)
    found = newton_step(iterate, inner, replace(EXACT, longest=6))
    better = deflated(inner, found.searches, found.curved)
    assert isinstance(better, Deflated)
    for move, product in zip(found.searches, found.curved, strict=True):
        solved = better.solve(product.reshape(objective.shape)).ravel()
        np.testing.assert_allclose(solved, move, atol=1e-9 * np.abs(move).max())
    a, b = (objective.balanced(rng.normal(size=objective.shape)) for _ in range(2))
    assert np.vdot(a, better.solve(b)) == pytest.approx(np.vdot(b, better.solve(a)), rel=1e-9)
    assert np.vdot(a, better.solve(a)) > 0


def test_pairs_are_merged_while_they_fit_together(rng):
    factor = rng.normal(size=(12, 12))
    hessian = factor @ factor.T + np.eye(12)
    conjugate = np.linalg.inv(np.linalg.cholesky(hessian))
    first, second = (conjugate[:3], conjugate[:3] @ hessian), (conjugate[3:5], conjugate[3:5] @ hessian)
    moves, products = merged(first, second)
    np.testing.assert_array_equal(moves, conjugate[:5])
    moves, products = merged(first, (conjugate[:3], 5 * conjugate[:3] @ hessian))
    assert len(moves) == 3
    np.testing.assert_array_equal(products, 5 * conjugate[:3] @ hessian)
    assert memory(10**6) == 10
