"""The driver: why a fit ends, what it records, and that a State is all it takes to go on."""

import io
import json
import pickle
from dataclasses import asdict, fields

import numpy as np
import pytest

from softgrad.fitting import fit
from softgrad.optimize.choose import SOLVERS
from softgrad.optimize.driver import Limits, Progress, minimize
from softgrad.optimize.ledger import Ledger
from softgrad.optimize.solution import Record, Status
from tests import problems
from tests.unit.test_solvers import assert_honest, solved

every_solver = pytest.mark.parametrize("name", SOLVERS)


def test_a_bound_that_rounding_ties_to_a_worse_iterate_is_not_taken(rng):
    """Columns 1e9 from zero take 1e-7 from each value; one higher by more replaces neither the best nor its bound."""
    problem = problems.plain(rng)
    objective = problems.objective_on(problems.dense, problem)
    objective.column_sizes = objective.column_sizes + 1e9
    solution = solved(problems.dense, problem, "newton", 1e-10, 50)
    params = objective.join(solution.coef, solution.intercept)
    best, worse = objective.at(params), objective.at(2 * params)
    progress = Progress(objective, Limits(), best, Ledger.opened(objective.rows.meter), "")
    progress.certify(best)
    kept = progress.best, progress.lower_bound, progress.gap
    progress.certify(worse)
    assert (progress.best, progress.lower_bound, progress.gap) == kept


# --------------------------------------------------------------------------------------------------- statuses


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.blocked])
@pytest.mark.parametrize("max_iter", [0, 1, 3])
def test_max_iter(rng, name, source, max_iter):
    problem = problems.ten_classes(rng)
    solution = solved(source, problem, name, 0.0, max_iter)
    assert solution.status == "max_iter"
    assert solution.n_iter == max_iter
    assert len(solution.history) == max_iter + 1
    assert f"max_iter={max_iter}" in solution.status.sentence
    assert_honest(problem, solution)


@every_solver
def test_no_iterations_return_the_start_with_its_intercept_polished(rng, name):
    problem = problems.zipf_classes(rng)
    solution = solved(problems.dense, problem, name, 1e-8, 0)
    shares = np.bincount(problem.targets, minlength=5) / len(problem.X)
    np.testing.assert_array_equal(solution.coef, 0)
    np.testing.assert_allclose(solution.intercept, np.log(shares) - np.log(shares).mean(), atol=1e-12)


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.blocked])
@pytest.mark.parametrize("build", [problems.plain, problems.no_intercept, problems.degenerate_columns])
@pytest.mark.parametrize("max_iter", [7, 40, 300])
def test_tol_zero_ends_honestly(rng, name, source, build, max_iter):
    """No claim of exactly zero is possible; whatever ends the fit, its gap holds."""
    problem = build(rng)
    solution = solved(source, problem, name, 0.0, max_iter)
    assert solution.status in ("stalled", "max_iter")
    assert solution.gap > 0
    assert_honest(problem, solution)
    if name == "newton" and max_iter == 300:
        assert solution.status == "stalled"
        assert solution.gap < 1e-14


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.blocked])
@pytest.mark.parametrize("max_iter", [5, 100])
def test_tol_zero_without_a_penalty(rng, name, source, max_iter):
    solution = solved(source, problems.without_penalty(rng), name, 0.0, max_iter)
    assert np.isnan(solution.gap)
    assert solution.decrement >= 0
    assert solution.status in ("stalled", "max_iter", "converged")
    assert (solution.status == "converged") <= (solution.decrement == 0)


def test_a_fit_at_its_optimum_takes_no_step(rng):
    problem = problems.plain(rng)
    coef, intercept, _ = problems.solve(problem)
    solution = fit(problem.X, problem.targets, alpha=problem.alpha, start=(coef, intercept))
    assert solution.status == "converged"
    assert solution.n_iter == 0


def test_status_is_its_name_and_carries_a_sentence():
    status = Status("stalled", "a sentence.")
    assert status == "stalled"
    again = pickle.loads(pickle.dumps(status))
    assert (again, again.sentence) == ("stalled", "a sentence.")
    with pytest.raises(ValueError, match="not a status"):
        Status("finished", "")


# ------------------------------------------------------------------------------------------- history, callback


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.blocked])
def test_history(rng, name, source):
    solution = solved(source, problems.plain(rng), name, 1e-8)
    records = solution.history
    assert [record.iteration for record in records] == list(range(solution.n_iter + 1))
    assert (np.diff([record.n_passes for record in records]) >= 0).all()
    assert (np.diff([record.seconds for record in records]) >= 0).all()
    assert records[0].n_passes >= 1
    assert solution.n_passes >= records[-1].n_passes
    assert records[0].objective == pytest.approx(np.log(3), rel=1e-15)
    assert records[-1].gap <= 1e-8
    assert solution.objective <= min(record.objective for record in records) * (1 + 1e-15)


def test_the_callback_sees_every_record(rng):
    problem, seen = problems.plain(rng), []
    solution = fit(problem.X, problem.targets, alpha=0.05, callback=seen.append)
    assert tuple(seen) == solution.history
    assert all(isinstance(record, Record) for record in seen)


@every_solver
def test_the_callback_stops_the_fit(rng, name):
    problem = problems.ten_classes(rng)
    given = {"callback": lambda record: record.iteration == 2}
    solution = solved(problems.dense, problem, name, 1e-13, **given)
    assert solution.status == "stopped"
    assert solution.n_iter == 2
    assert "callback" in solution.status.sentence
    assert_honest(problem, solution)


@pytest.mark.parametrize("result", [None, False, 0])
def test_other_results_do_not(rng, result):
    problem = problems.plain(rng)
    solution = fit(problem.X, problem.targets, alpha=0.05, callback=lambda record: result)
    assert solution.status == "converged"


@every_solver
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_the_callback_raises_comes_through(rng, name, error):
    def interrupt(record):
        if record.iteration == 1:
            raise error

    with pytest.raises(error):
        solved(problems.dense, problems.ten_classes(rng), name, 1e-13, callback=interrupt)


# ------------------------------------------------------------------------------------------------------- state


def through_npz(state):
    """Arrays, numbers and truth values alone."""
    file = io.BytesIO()
    np.savez(file, **asdict(state))
    file.seek(0)
    stored = np.load(file, allow_pickle=False)
    values = {key: stored[key] if stored[key].ndim else stored[key].item() for key in stored.files}
    assert set(values) == {field.name for field in fields(state)}
    return type(state)(**values)


def through_json(state):
    """Decimal text gives every float64 back."""
    lists = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in asdict(state).items()
    }
    again = json.loads(json.dumps(lists))
    arrays = {key: np.array(value) if isinstance(value, list) else value for key, value in again.items()}
    for field in fields(state):
        if isinstance(getattr(state, field.name), np.ndarray):
            arrays[field.name] = arrays[field.name].reshape(getattr(state, field.name).shape)
    return type(state)(**arrays)


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.recomputed])
@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), through_npz, through_json])
@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_restored_state_goes_on_bit_for_bit(rng, name, source, copied, share):
    """With a fresh solver and objective, as after a restart of the program."""
    problem = problems.plain(rng, alpha=0.3)
    tol, solver = 1e-10, SOLVERS[name]()
    whole = solved(source, problem, name, tol)
    objective = problems.objective_on(source, problem)
    state = solver.init(objective, np.zeros(objective.shape))
    after = int(share * whole.n_iter)
    for _ in range(after):
        state = solver.step(objective, state)
    anew = problems.objective_on(source, problem)
    rest = minimize(anew, SOLVERS[name](), Limits(tol, 5000), state=copied(state))
    np.testing.assert_array_equal(rest.coef, whole.coef)
    np.testing.assert_array_equal(rest.intercept, whole.intercept)
    assert rest.objective == whole.objective
    assert rest.status == whole.status == "converged"
    assert rest.n_iter == whole.n_iter - after


@every_solver
def test_a_step_does_not_change_its_state(rng, name):
    objective, solver = problems.objective_on(problems.dense, problems.plain(rng)), SOLVERS[name]()
    state = solver.init(objective, np.zeros(objective.shape))
    for _ in range(3):
        before = pickle.dumps(state)
        following = solver.step(objective, state)
        assert pickle.dumps(state) == before
        state = following


# ------------------------------------------------------------------------------------------------- checkpoints


def timeless(records):
    """What of the history a clock and the repeated evaluation after a restart have no part in."""
    return [(record.iteration, record.objective, repr(record.gap)) for record in records]


@every_solver
@pytest.mark.parametrize("source", [problems.dense, problems.recomputed])
@pytest.mark.parametrize("build", [problems.zipf_classes, problems.without_penalty])
def test_a_fit_interrupted_anywhere_goes_on_bit_for_bit(rng, name, source, build):
    """With fresh objects: the same history, best point, bound and end as the fit that was left alone."""
    problem, limits = build(rng), Limits(1e-9, 25)
    taken = []
    whole = solved(source, problem, name, limits.tol, limits.max_iter, checkpoint=taken.append)
    assert len(taken) == whole.n_iter
    assert whole.n_iter >= 2
    for earlier in taken:
        objective = problems.objective_on(source, problem)
        restored = pickle.loads(pickle.dumps(earlier))
        rest = minimize(objective, SOLVERS[name](), limits, state=restored)
        np.testing.assert_array_equal(rest.coef, whole.coef)
        np.testing.assert_array_equal(rest.intercept, whole.intercept)
        assert timeless(rest.history) == timeless(whole.history)
        assert repr(rest.history[: len(earlier.history)]) == repr(earlier.history)
        assert rest.n_passes >= whole.n_passes
        assert repr((rest.gap, rest.decrement)) == repr((whole.gap, whole.decrement))
        assert (rest.objective, rest.status, rest.n_iter) == (whole.objective, whole.status, whole.n_iter)


def test_the_last_checkpoint_survives_an_interrupt(rng):
    problem, limits, kept = problems.ten_classes(rng), Limits(1e-12, 100), []

    def interrupt(record):
        if record.iteration == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solved(problems.dense, problem, "lbfgs", 1e-12, 100, callback=interrupt, checkpoint=kept.append)
    assert len(kept) == 5
    objective = problems.objective_on(problems.dense, problem)
    rest = minimize(objective, SOLVERS["lbfgs"](), limits, state=kept[-1])
    whole = solved(problems.dense, problem, "lbfgs", 1e-12, 100)
    np.testing.assert_array_equal(rest.coef, whole.coef)
