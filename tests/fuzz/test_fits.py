"""softgrad.fit and softgrad.fit_path: the certificate holds against an optimum found elsewhere, or they refuse."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import softgrad
from tests.fuzz import oracle
from tests.fuzz.budget import cases
from tests.fuzz.refusals import Refused, answer
from tests.fuzz.tables import tables
from tests.fuzz.targets import labels, weights

SOLVERS = ("auto", "newton", "newton-pcg", "lbfgs", "gradient-descent", "accelerated-gradient")


def assert_certified(solution, truth, fit_intercept):
    """The objective is that of the coefficients, and no better one contradicts the gap."""
    seen = np.isfinite(solution.intercept)
    truth.Y = truth.Y[:, seen]
    value = truth.value(solution.coef[seen], solution.intercept[seen])
    d, K = truth.X.shape[1], truth.Y.shape[1]
    logits = np.abs(truth.X).max(initial=0) * np.abs(solution.coef).max(initial=0) * d
    rounding = 1e-13 * (1 + float(logits))
    assert abs(float(value) - solution.objective) <= rounding * (1 + solution.objective)
    if not fit_intercept:
        assert not solution.intercept[seen].any()
    lowest = truth.best(fit_intercept)
    if np.isfinite(solution.gap):
        promised = solution.gap * max(solution.objective, 1e-12 * np.log(K))
        assert float(value - lowest) <= promised + 2 * rounding, (solution.status, value, lowest)
    if solution.status == "converged":
        assert solution.gap <= 1e-8 or not truth.alpha


@st.composite
def fitted(draw):
    """A sound problem for a fit: rows, codes or soft labels, weights, alpha, whether with an intercept."""
    table = draw(tables(sound=True).filter(lambda table: len(table.values) > 3))
    n = len(table.values)
    target = draw(labels(n, sound=True, kinds=("ints",)))
    given = draw(weights(n, sound=True))
    alpha = draw(st.sampled_from([1e-6, 1e-3, 0.1, 1, 1e4, np.float32(0.01)]))
    return table, target, given, alpha, draw(st.booleans())


def has_two(target, given):
    w = np.ones(len(target.Y)) if given.values is None else np.asarray(given.values, dtype=float)
    return ((target.Y * w[:, None]).max(axis=0) > 0).sum() > 1


@cases(50)
@given(fitted(), st.sampled_from(SOLVERS), st.booleans())
def test_fit(problem, solver, named):
    table, target, given, alpha, fit_intercept = problem
    K = target.Y.shape[1]
    found = answer(
        softgrad.fit,
        table.X,
        target.y,
        alpha=alpha,
        sample_weight=given.given,
        fit_intercept=fit_intercept,
        solver=solver,
        n_classes=K if named else None,
        max_iter=200,
    )
    if not has_two(target, given):
        assert isinstance(found, Refused)
        return
    assert not isinstance(found, Refused), found
    assert_certified(found, oracle.Problem(table.values, target.Y, given.values, alpha), fit_intercept)


@cases(12)
@given(fitted(), st.lists(st.sampled_from([0.0, 1e-4, 0.01, 1.0, 1e5]), min_size=1, max_size=4))
def test_fit_path(problem, alphas):
    table, target, given, _, fit_intercept = problem
    options = {"sample_weight": given.given, "fit_intercept": fit_intercept, "max_iter": 200}
    found = answer(softgrad.fit_path, table.X, target.y, alphas, **options)
    if not has_two(target, given):
        assert isinstance(found, Refused)
        return
    assert not isinstance(found, Refused), found
    assert len(found) == len(alphas)
    for solution, alpha in zip(found, alphas, strict=True):
        if alpha:
            truth = oracle.Problem(table.values, target.Y, given.values, alpha)
            assert_certified(solution, truth, fit_intercept)


WRONG = {
    "alpha": [-1.0, np.nan, np.inf, "1", None, True, [0.1]],
    "fit_intercept": ["yes", None, 1, 0],
    "n_classes": [0, -1, 1, 2.5, "3", True],
    "solver": ["", "sgd", None, 3, "liblinear"],
    "tol": [-1, np.nan, "1", None, np.inf],
    "max_iter": [-1, 1.5, "3", None, True],
    "start": [
        3,
        "spam",
        (np.zeros((3, 2)),),
        (np.zeros((3, 9)), np.zeros(3)),
        (np.full((3, 2), np.nan), np.zeros(3)),
        [["a"], ["b"]],
    ],
    "callback": [3, "spam"],
    "n_threads": [0, -1, 1.5, "2", True],
}


@cases(50)
@given(st.data())
def test_flawed_arguments_are_refused(data):
    wrong = data.draw(st.sampled_from(["X", "y", "sample_weight", *WRONG]))
    table = data.draw(tables(sound=wrong != "X").filter(lambda table: table.flaw or len(table.values) > 2))
    X = table.X
    n = X.shape[0] if getattr(X, "shape", ()) else len(table.values) if table.values is not None else 5
    target = data.draw(labels(max(n, 2), sound=wrong != "y", kinds=("ints",)))
    given = data.draw(weights(max(n, 2), sound=wrong != "sample_weight"))
    options = {"alpha": 0.1, "sample_weight": given.given, "n_classes": None}
    if wrong in WRONG:
        options[wrong] = data.draw(st.sampled_from(WRONG[wrong]))
    found = answer(softgrad.fit, X, target.y, **options)
    harmless = wrong == "X" and table.flaw in ("no columns",)
    assert isinstance(found, Refused) or harmless, found


@cases(10)
@given(
    st.sampled_from(
        [(), None, [-1.0], [np.nan], "spam", [[0.1]], [0.1, "a"], 0.1, {0.1}, [None], [1j], [True, "x"]]
    )
)
def test_flawed_alphas_are_refused(alphas):
    found = answer(softgrad.fit_path, [[0.0], [1.0], [2.0]], [0, 1, 0], alphas)
    assert isinstance(found, Refused), found
