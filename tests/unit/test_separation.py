"""Without a penalty: where classes are separated, wholly or in part, no fit may claim an optimum, and it says which."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning

from softgrad import SoftmaxRegression
from softgrad.fitting import fit, fit_path
from softgrad.optimize.flatness import Standard
from softgrad.optimize.objective import Objective
from softgrad.optimize.penalty import L2
from softgrad.optimize.recession import shown
from softgrad.optimize.solver import largest_curvature
from softgrad.rows.dense import DenseRows
from tests import listed_blocks, problems
from tests.oracles.separability import separated_pairs


@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-12])
def test_quasi_separation_is_no_optimum(tol):
    solution = fit(np.array([[0.0], [0.0], [1.0], [1.0]]), [0, 1, 1, 1], alpha=0.0, tol=tol)
    assert solution.status == "no_optimum"
    assert "separated" in solution.status.sentence
    assert np.isnan(solution.gap)


@pytest.mark.parametrize("tol", [1e-4, 1e-8])
def test_one_separable_class_of_iris(tol):
    X, y = load_iris(return_X_y=True)
    assert fit(X, y, alpha=0.0, tol=tol).status == "no_optimum"


@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_overlapping_classes_have_an_optimum(rng, solver, tol):
    X = rng.normal(size=(200, 3))
    y = (X @ rng.normal(size=(3, 3)) + 2 * rng.gumbel(size=(200, 3))).argmax(axis=1)
    assert fit(X, y, alpha=0.0, tol=tol, solver=solver).status == "converged"


@pytest.mark.parametrize("top", [2.0, 10.0])
def test_the_curvature_bound_holds_where_the_top_direction_is_hidden(rng, top):
    """The top eigenvector is orthogonal to ones and to their image: an iteration from there would miss it."""
    signs = np.repeat([1.0, -1.0], 50)
    half = rng.normal(size=(50, 58))
    X = np.column_stack([top * signs, -top * signs, np.vstack([half, half])])
    objective = Objective(DenseRows(X, np.arange(100) % 2, 2), L2(0.01), fit_intercept=False)
    true = np.linalg.eigvalsh(X.T @ X / 100)[-1] / 2 + 0.01
    assert true * (1 - 1e-12) <= largest_curvature(objective) <= true * (1 + 1e-9)


# ------------------------------------------------------------------------------------ which classes, which direction


def margins(X, targets, separation):
    """(n, K): how much each row's margin over each class changes along the direction."""
    change = np.asarray(X, dtype=float) @ separation.coef.T + separation.intercept
    return np.take_along_axis(change, np.asarray(targets)[:, None], axis=1) - change


def drawn(rng, turn):
    """Small sets of all kinds: whole numbers, which tie, and reals; labels by chance, or by a direction and noise."""
    n_classes, d = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    n = int(rng.integers(n_classes + 2, 22))
    X = rng.integers(-2, 3, size=(n, d)).astype(float) if turn % 2 else rng.normal(size=(n, d))
    noise = rng.choice([0.0, 0.3, 1.0, 9.0]) * rng.normal(size=(n, n_classes))
    targets = (X @ rng.normal(size=(d, n_classes)) + noise).argmax(axis=1)
    targets[:n_classes] = np.arange(n_classes)
    return X, targets, n_classes


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_it_says_what_a_linear_program_finds(rng, fit_intercept):
    kinds = set()
    for turn in range(60):
        X, targets, n_classes = drawn(rng, turn)
        complete, partial = separated_pairs(X, targets, n_classes, fit_intercept=fit_intercept)
        found = fit(X, targets, alpha=0.0, fit_intercept=fit_intercept)
        kinds.add((complete.any(), partial.any()))
        if not (complete | partial).any():
            assert found.status == "converged"
            assert found.separation is None
            continue
        assert found.status == "no_optimum"
        assert (found.separation.complete == complete).all()
        assert (found.separation.partial == partial).all()
        by = margins(X, targets, found.separation)
        assert by.min() >= -1e-8
        assert np.abs(found.separation.coef.mean(axis=0)).max() < 1e-12
        assert np.abs(found.separation.effects).max() == pytest.approx(1.0)
    assert {(False, False), (True, False), (False, True)} <= kinds


@pytest.mark.parametrize("tol", [1e-4, 1e-11])
@pytest.mark.parametrize("solver", ["newton", "newton-pcg"])
def test_it_says_so_whatever_the_solver_and_tol(rng, solver, tol):
    for turn in range(12):
        X, targets, n_classes = drawn(rng, turn)
        complete, partial = separated_pairs(X, targets, n_classes)
        found = fit(X, targets, alpha=0.0, solver=solver, tol=tol)
        assert (found.status == "no_optimum") == (complete | partial).any()
        if found.separation is not None:
            assert (found.separation.complete == complete).all()


SOURCES = (*problems.SOURCES, listed_blocks.blockwise, listed_blocks.blockwise_recomputed)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_rows_says_the_same(source):
    X, y = load_iris(return_X_y=True)
    found = fit(source(problems.Problem(X, y, 3, 0.0)), alpha=0.0)
    assert found.status.sentence.startswith(
        "without a penalty there is no optimum: class 0 is separated from class 1 and class 2 by a combination of the "
        "features led by column 2 (-), column 3 (-) and column 1 (+); after "
    )
    by = margins(X, y, found.separation)
    assert by[:50, 1:].min() > 0.1
    assert np.abs(by[50:, 1:]).max() < 1e-9


@pytest.mark.parametrize("source", SOURCES)
def test_one_row_whose_margin_falls_is_enough_to_show_nothing(source):
    X, targets = np.array([[-1.0], [0.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    direction = np.array([[-1.0, 0.0], [1.0, 0.0]])
    objective = Objective(source(problems.Problem(X, targets, 2, 0.0)), L2(0.0))
    standard, here = Standard.of(objective), objective.at(np.zeros((2, 2)))
    found = shown(here, direction, standard)
    assert found.partial.tolist() == [[False, True], [True, False]]
    assert shown(here, 0 * direction, standard) is None
    tilt = np.array([[0.0, 1e-6], [0.0, -1e-6]])
    for falling in (-direction, direction - tilt):
        assert shown(here, falling, standard) is None


def test_quasi_separation_names_the_boundary():
    found = fit(np.array([[0.0], [0.0], [1.0], [1.0]]), [0, 1, 1, 1], alpha=0.0)
    assert (
        "class 0 is separated from class 1, but for rows on the boundary between them, by column 0 (-);"
        in (found.status.sentence)
    )
    assert found.separation.partial.tolist() == [[False, True], [True, False]]
    assert not found.separation.complete.any()
    np.testing.assert_allclose(found.separation.shares[:, 1, 0], [0.5, 0.25, 0.0])
    np.testing.assert_allclose(found.separation.intercept, 0, atol=1e-12)


def test_two_classes_apart():
    found = fit(np.array([[5.0], [6.0], [7.0], [8.0]]), [0, 0, 1, 1], alpha=0.0)
    assert "class 0 is separated from class 1 by column 0 (-);" in found.status.sentence
    assert margins([[5.0], [6.0], [7.0], [8.0]], [0, 0, 1, 1], found.separation).max(axis=1).min() > 0


def test_all_classes_apart_are_told_by_the_ends_of_each_feature():
    wine = load_wine(as_frame=True)
    names = wine.target_names[wine.target]
    with pytest.warns(
        ConvergenceWarning, match="all 3 classes are separated from one another by a combination of"
    ):
        model = SoftmaxRegression(C=np.inf).fit(wine.data, names)
    assert "'flavanoids' (- for 'class_2', + for 'class_0')" in model.status_.sentence
    assert model.status_.separation.complete.sum() == 6


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_estimator_says_it_in_the_users_names(frame):
    iris = load_iris()
    X = frame(dict(zip(iris.feature_names, iris.data.T, strict=True)))
    with pytest.warns(ConvergenceWarning) as caught:
        model = SoftmaxRegression(C=np.inf).fit(X, iris.target_names[iris.target])
    expected = (
        "class 'setosa' is separated from 'versicolor' and 'virginica' by a combination of the features led by "
        "'petal length (cm)' (-), 'petal width (cm)' (-) and 'sepal width (cm)' (+);"
    )
    assert expected in model.status_.sentence
    assert expected in str(caught[0].message)
    assert model.status_.separation.classes == ("setosa", "versicolor", "virginica")
    again = pickle.loads(pickle.dumps(model))
    assert again.status_.separation.words in again.status_.sentence


def test_labels_that_are_no_text_and_columns_without_names():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="class 10 is separated from class 20 and class 30 by"):
        SoftmaxRegression(C=np.inf).fit(X, 10 * (y + 1))


def test_absent_classes_are_not_talked_about():
    X, y = load_iris(return_X_y=True)
    found = fit(X, 2 * y + 1, alpha=0.0, n_classes=7)
    assert "class 1 is separated from class 3 and class 5 by" in found.status.sentence
    assert found.separation.coef.shape == (7, 4)
    assert not found.separation.coef[[0, 2, 4, 6]].any()
    all_apart = fit(X[y > 0][:, [2]] + 9.0 * (y[y > 0][:, None] == 2), y[y > 0], alpha=0.0)
    assert "class 1 is separated from class 2 by column 0 (-);" in all_apart.status.sentence


@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_other_units_give_the_same_words(rng, offset):
    X, y = load_iris(return_X_y=True)
    scales = 10.0 ** rng.uniform(-6, 6, size=4)
    plain, other = fit(X, y, alpha=0.0), fit((X + offset) * scales, y, alpha=0.0)
    assert other.separation.words == plain.separation.words
    np.testing.assert_allclose(other.separation.effects, plain.separation.effects, atol=1e-3)


@pytest.mark.parametrize("drawn", [266, 531, 1523])
def test_columns_that_are_nearly_the_same_do_not_feign_a_separation(drawn):
    """Their difference, some 1e-11 of them, has an optimum far out; these labels were drawn by chance."""
    rng = np.random.default_rng(drawn)
    n, d, n_classes = (int(rng.integers(*bounds)) for bounds in ((60, 300), (2, 6), (2, 5)))
    X, y = rng.normal(size=(n, d)), rng.integers(0, n_classes, n)
    rng.random(), rng.integers(0, 5)
    X = np.column_stack([X, X[:, 0] + 10.0 ** rng.uniform(-12, -3) * rng.normal(size=n)])
    assert not np.any(separated_pairs(X[:, :-1], y, n_classes))
    assert fit(X, y, alpha=0.0).status != "no_optimum"


def test_far_columns_do_not_feign_an_optimum(rng):
    X, y = load_iris(return_X_y=True)
    for tol in (1e-6, 1e-8, 1e-12) * 5:
        found = fit(X + 3000.0 * rng.normal(size=4), y, alpha=0.0, tol=tol)
        assert found.status == "no_optimum"
        assert found.separation.complete.tolist() == [
            [False, True, True],
            [True, False, False],
            [True, False, False],
        ]


@pytest.mark.parametrize("overlap", [1e-2, 1e-5])
@pytest.mark.parametrize("tol", [1e-3, 1e-8])
def test_a_narrow_overlap_is_an_overlap(overlap, tol):
    """The loss falls over many steps before it rises: at the optimum the slope is about log(4 / overlap)."""
    found = fit(np.array([[0.0], [1.0], [1.0 + overlap], [2.0]]), [0, 1, 0, 1], alpha=0.0, tol=tol)
    assert found.status == "converged"


def test_weights_and_soft_labels():
    """A row without weight separates nothing, and a soft label lies on the boundary between its classes."""
    X, y = load_iris(return_X_y=True)
    X, y = np.vstack([X, X[60]]), np.append(y, 0)
    without = np.append(np.ones(150), 0.0)
    assert fit(X, y, alpha=0.0, sample_weight=without).separation.complete[0].tolist() == [False, True, True]
    assert fit(X, y, alpha=0.0).separation.complete[0].tolist() != [False, True, True]
    halves = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    found = fit(np.array([[0.0], [1.0], [2.0]]), halves, alpha=0.0)
    assert (
        "class 0 is separated from class 1, but for rows on the boundary between them, by column 0 (-)"
        in (found.status.sentence)
    )
    assert found.separation.coef[:, 0] + found.separation.intercept == pytest.approx([0, 0], abs=1e-9)


def test_fewer_rows_than_columns_are_told_in_all_columns(rng):
    X = rng.normal(size=(20, 600))
    y = np.arange(20) % 2
    X[:, 123] += 40 * X[:, 123].std() * y
    found = fit(X, y, alpha=0.0)
    assert "led by column 123 (-)" in found.status.sentence
    assert found.separation.coef.shape == (2, 600)
    assert margins(X, y, found.separation)[np.arange(20), 1 - y].min() > 0


def test_a_path_says_it_where_there_is_no_penalty():
    X, y = load_iris(return_X_y=True)
    first, last = fit_path(X, y, [0.0, 0.1])
    assert first.separation is not None
    assert last.separation is None


# ----------------------------------------------------------------------------------- where the Hessian is too large


def many_classes(rng, apart):
    """1200 coefficients; along the first of 60 columns in units from 1e-2 to 1e2 some of 20 classes lie `apart`."""
    y = np.concatenate([np.arange(20), rng.integers(0, 20, size=2980)])
    X = rng.normal(size=(3000, 60))
    X[:, 0] += 30.0 * np.isin(y, apart)
    return X * 10.0 ** rng.uniform(-2, 2, size=60), y


@pytest.mark.parametrize("tol", [1e-4, 1e-8])
def test_many_parameters(rng, tol):
    X, y = many_classes(rng, [3])
    assert fit(X + 0.0, np.roll(y, 7), alpha=0.0, tol=tol).status == "converged"
    found = fit(X, y, alpha=0.0, tol=tol)
    assert found.status == "no_optimum"
    assert (
        "class 3 is separated from class 0, class 1, class 2, class 4 and 15 other classes by a combination of"
        in (found.status.sentence)
    )
    assert "led by column 0 (+);" in found.status.sentence
    by = margins(X, y, found.separation)
    typical = (np.abs(found.separation.coef) * X.std(axis=0)).sum(axis=1).max()
    assert by.min() > -1e-8 * typical
    assert np.delete(by[y == 3], 3, axis=1).min() > 0.1 * typical


def test_several_classes_of_many(rng):
    found = fit(*many_classes(rng, [4, 5]), alpha=0.0, tol=1e-4)
    assert found.status == "no_optimum"
    if found.separation is not None:
        assert (
            "class 4 and class 5 are separated from class 0, class 1, class 2, class 3 and 14 other classes by"
            in (found.status.sentence)
        )
