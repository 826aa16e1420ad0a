"""The line search: where it stops, and that it never reads X."""

import numpy as np
import pytest

from softgrad.optimize.line_search import line_search
from tests import problems


@pytest.mark.parametrize("source", problems.SOURCES)
@pytest.mark.parametrize("factor", [1e-6, 1e-2, 1.0, 1e2, 1e5])
@pytest.mark.parametrize("flatness", [0.1, 1e-6])
def test_the_slope_falls_as_far_as_asked(rng, source, factor, flatness):
    """Whatever the direction's length, and so the step's."""
    problem = problems.plain(rng)
    objective = problems.objective_on(source, problem)
    iterate = objective.at(rng.normal(size=objective.shape))
    along = -factor * iterate.newton_direction
    step = line_search(objective, iterate, objective.direction(iterate, along), flatness=flatness)
    there = objective.split(iterate.params + step * along)
    slope = np.vdot(objective.join(*problems.gradient(problem, *there)).astype(float), along)
    assert step > 0
    assert abs(slope) <= flatness * abs(np.vdot(iterate.gradient, along)) * (1 + 1e-9)
    assert problems.objective(problem, *there) < iterate.value


@pytest.mark.parametrize("source", problems.SOURCES)
def test_no_step_where_nothing_descends(rng, source):
    objective = problems.objective_on(source, problems.plain(rng))
    iterate = objective.at(rng.normal(size=objective.shape))
    assert line_search(objective, iterate, objective.direction(iterate, iterate.gradient)) == 0
    assert line_search(objective, iterate, objective.direction(iterate, 0 * iterate.gradient)) == 0


def test_a_slope_without_end_gives_a_long_finite_step(rng):
    """Separable rows without a penalty: the objective falls for ever."""
    objective = problems.objective_on(problems.dense, problems.separable(rng))
    iterate = objective.at(np.zeros(objective.shape))
    away = np.column_stack([np.eye(3), np.zeros(3)])
    step = line_search(objective, iterate, objective.direction(iterate, away), flatness=1e-300)
    assert 1 < step < np.inf


def test_reads_nothing(rng):
    objective = problems.objective_on(problems.blocked, problems.plain(rng))
    iterate = objective.at(rng.normal(size=objective.shape))
    direction = objective.direction(iterate, -100 * iterate.gradient)
    before = objective.n_passes
    line_search(objective, iterate, direction)
    assert objective.n_passes == before


def test_steps_that_overflow_are_cut_back(rng):
    """Where the far end's loss is not finite the bracket still closes."""
    objective = problems.objective_on(problems.dense, problems.plain(rng))
    iterate = objective.at(rng.normal(size=objective.shape))
    direction = objective.direction(iterate, -1e12 * iterate.newton_direction)
    step = line_search(objective, iterate, direction)
    assert 0 < step < 1e-9


def test_the_objective_is_lower_where_the_slope_at_zero_is_a_single_rows(rng):
    """One outlier that turns over at once makes a steep start; beyond the minimum the slope is gentler than that."""
    X = np.append(rng.normal(size=(99, 1)), [[1e7]], axis=0)
    codes = np.append((X[:-1, 0] > 0).astype(int), 0)
    problem = problems.Problem(X, codes, 2, 1e-9)
    objective = problems.objective_on(problems.dense, problem)
    iterate = objective.at(np.array([[-2e-4, 0.0], [2e-4, 0.0]]))
    direction = np.array([[1.0, 0.0], [-1.0, 0.0]])
    step = line_search(objective, iterate, objective.direction(iterate, direction), flatness=0.5)
    assert step > 0
    assert objective.at(iterate.params + step * direction).value < iterate.value
