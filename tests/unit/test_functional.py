"""The functional face: every kind of input against extended precision, and a sentence for every bad one."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse

import softgrad
from softgrad.fitting import fit
from softgrad.functional import hessian_product, loss_and_gradient
from softgrad.kernels.choice import backend
from softgrad.kernels.tiled import LARGEST_TILE
from tests import problems
from tests.unit.test_rows import close

KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "uint8": lambda X: X.astype(np.uint8),
    "int64": lambda X: X.astype(np.int64),
    "csr": scipy.sparse.csr_array,
    "csr float32": lambda X: scipy.sparse.csr_array(X.astype(np.float32)),
    "csc": scipy.sparse.csc_array,
    "list": lambda X: X.tolist(),
}
ALPHAS = [0.0, 0.3]


def given(rng, build=problems.counts, size=0.5):
    problem = build(rng)
    K, d = problem.n_classes, problem.X.shape[1]
    return problem, size * rng.normal(size=(K, d)), size * rng.normal(size=K)


def with_alpha(problem, alpha):
    return problems.Problem(problem.X, problem.targets, problem.n_classes, alpha, problem.weights)


def test_public_names():
    assert softgrad.loss_and_gradient is loss_and_gradient
    assert softgrad.hessian_product is hessian_product
    assert softgrad.fit is fit


# ------------------------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("build", [problems.counts, problems.weighted, problems.soft_labels])
def test_loss_and_gradient(rng, kind, alpha, build):
    problem, coef, intercept = given(rng, build)
    if build is not problems.counts and kind in ("float32", "uint8", "int64", "csr float32"):
        problem = problems.Problem(
            np.abs(np.round(problem.X)), problem.targets, problem.n_classes, alpha, problem.weights
        )
    problem = with_alpha(problem, alpha)
    value, by_coef, by_intercept = loss_and_gradient(
        coef, intercept, KINDS[kind](problem.X), problem.targets, sample_weight=problem.weights, alpha=alpha
    )
    expected = problems.gradient(problem, coef, intercept)
    assert value == pytest.approx(float(problems.objective(problem, coef, intercept)), rel=1e-14)
    close(by_coef, expected[0].astype(float))
    close(by_intercept, expected[1].astype(float))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_hessian_product(rng, kind, alpha):
    problem, coef, intercept = given(rng)
    _, v, c = given(rng)
    weights = rng.uniform(0, 2, size=len(problem.X))
    weighted = problems.Problem(problem.X, problem.targets, problem.n_classes, alpha, weights)
    expected = problems.naive_hessian(weighted, coef, intercept) @ np.column_stack([v, c]).ravel()
    by_coef, by_intercept = hessian_product(
        coef, intercept, v, c, KINDS[kind](problem.X), sample_weight=weights, alpha=alpha
    )
    close(np.column_stack([by_coef, by_intercept]).ravel(), expected)


@pytest.mark.parametrize("source", problems.SOURCES)
def test_rows_as_input(rng, source):
    problem, coef, intercept = given(rng, problems.weighted)
    rows, (v, c) = source(problem), (rng.normal(size=coef.shape), rng.normal(size=intercept.shape))
    arrays = {"sample_weight": problem.weights, "alpha": 0.1}
    ours = loss_and_gradient(coef, intercept, rows, alpha=0.1)
    theirs = loss_and_gradient(coef, intercept, problem.X, problem.targets, **arrays)
    for one, other in zip(ours, theirs, strict=True):
        close(one, other)
    product = hessian_product(coef, intercept, v, c, rows, alpha=0.1)
    for one, other in zip(product, hessian_product(coef, intercept, v, c, problem.X, **arrays), strict=True):
        close(one, other)
    solution = fit(rows, alpha=0.1, tol=1e-12)
    same = fit(problem.X, problem.targets, sample_weight=problem.weights, alpha=0.1, tol=1e-12)
    np.testing.assert_allclose(solution.coef, same.coef, atol=1e-10)


def test_no_intercept_none_back(rng):
    problem, coef, intercept = given(rng)
    value, by_coef, nothing = loss_and_gradient(coef, None, problem.X, problem.targets)
    same = loss_and_gradient(coef, 0 * intercept, problem.X, problem.targets)
    assert nothing is None
    assert value == same[0]
    np.testing.assert_array_equal(by_coef, same[1])
    v = rng.normal(size=coef.shape)
    assert hessian_product(coef, None, v, None, problem.X)[1] is None
    one_given = hessian_product(coef, intercept, v, None, problem.X)
    for one, other in zip(
        one_given, hessian_product(coef, intercept, v, 0 * intercept, problem.X), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert hessian_product(coef, None, v, intercept, problem.X)[1] is not None


def test_codes_and_one_hot_labels_are_the_same(rng):
    problem, coef, intercept = given(rng)
    for one, other in zip(
        loss_and_gradient(coef, intercept, problem.X, problem.targets),
        loss_and_gradient(coef, intercept, problem.X, problem.Y),
        strict=True,
    ):
        close(one, other, 1e-14)


def test_inputs_are_not_changed(rng):
    problem, coef, intercept = given(rng)
    arrays = [coef, intercept, problem.X, problem.targets]
    copies = [array.copy() for array in arrays]
    loss_and_gradient(*arrays, alpha=0.1)
    hessian_product(coef, intercept, coef, intercept, problem.X, alpha=0.1)
    fit(problem.X, problem.targets, alpha=0.1, start=(coef, intercept))
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


GOOD = {"coef": np.zeros((3, 2)), "intercept": np.zeros(3), "X": np.ones((4, 2)), "y": [0, 1, 2, 0]}
BAD = [
    ({"coef": np.zeros(3)}, r"coef of shape \(3,\) was given; pass shape"),
    ({"coef": np.zeros((3, 5))}, r"does not fit rows of 2 features"),
    ({"intercept": np.zeros(2)}, r"intercept of shape \(2,\) was given; pass shape \(3,\)"),
    ({"X": np.ones(4)}, "X of shape"),
    ({"X": 1.0}, "X of shape"),
    ({"y": [0, 1, 2]}, "labels of shape"),
    ({"y": [0, 1, 2, 3]}, "the label 3 is not one of the 3 classes"),
    ({"y": None}, "y is missing"),
    ({"y": np.full((4, 3), 0.4)}, "sum to 1"),
    ({"sample_weight": [1, 1, 1]}, "sample_weight of shape"),
    ({"sample_weight": [1, 1, 1, -1]}, "must be finite and not negative"),
    ({"sample_weight": np.zeros(4)}, "positive weight"),
    ({"alpha": -1.0}, "alpha=-1.0 was given"),
    ({"alpha": np.nan}, "alpha=nan was given"),
    ({"alpha": np.inf}, "alpha=inf was given"),
    ({"alpha": [1.0, 2.0]}, "per-feature penalties are not there yet"),
    ({"alpha": "1"}, "alpha='1' was given"),
    ({"n_threads": 0}, "n_threads=0 was given; pass a whole number >= 1"),
    ({"n_threads": 1.5}, "n_threads=1.5 was given"),
    ({"n_threads": True}, "n_threads=True was given"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_bad_input(change, words):
    options = {**GOOD, **change}
    arrays = [options.pop(name) for name in ("coef", "intercept", "X", "y")]
    with pytest.raises(ValueError, match=words):
        loss_and_gradient(*arrays, **options)


def test_the_good_input_is_good():
    assert loss_and_gradient(*GOOD.values(), n_threads=2)[0] == pytest.approx(np.log(3))


@pytest.mark.parametrize(
    ("change", "words"),
    [case for case in BAD if "y" not in case[0]]
    + [
        ({"direction_coef": np.zeros((3, 5))}, r"direction's coef has shape \(3, 5\)"),
        ({"direction_intercept": np.zeros(4)}, r"intercept of shape \(4,\)"),
    ],
)
def test_bad_input_for_the_hessian(change, words):
    options = {"direction_coef": np.zeros((3, 2)), "direction_intercept": None, **GOOD, **change}
    del options["y"]
    if "coef" in change:
        options["direction_coef"] = np.zeros_like(options["coef"])
    with pytest.raises(ValueError, match=words):
        hessian_product(**options)


# --------------------------------------------------------------------------------------------------------- fit


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("by_weight", [False, True])
def test_absent_classes(rng, soft, by_weight):
    """At their limit, and the others as in the fit without them; absent for want of rows or of weight."""
    problem = problems.plain(rng)
    without = fit(problem.X, problem.targets, alpha=0.05, tol=1e-12)
    names = np.array([0, 2, 5])
    targets, X, weights = names[problem.targets], problem.X, None
    if by_weight:
        targets, X = np.append(targets, [1, 4]), np.vstack([X, np.full((2, 3), 50.0)])
        weights = np.append(np.ones(60), [0.0, 0.0])
    labels = np.eye(7)[targets] if soft else targets
    solution = fit(X, labels, alpha=0.05, tol=1e-12, n_classes=7, sample_weight=weights)
    absent = [1, 3, 4, 6]
    assert solution.coef.shape == (7, 3)
    np.testing.assert_array_equal(solution.coef[absent], 0)
    np.testing.assert_array_equal(solution.intercept[absent], -np.inf)
    np.testing.assert_allclose(solution.coef[names], without.coef, atol=1e-12)
    np.testing.assert_allclose(solution.intercept[names], without.intercept, atol=1e-12)
    assert solution.objective == pytest.approx(without.objective, rel=1e-13)
    np.testing.assert_array_equal(softgrad.softmax(X @ solution.coef.T + solution.intercept)[:, absent], 0)


def test_absent_classes_without_an_intercept(rng):
    problem = problems.no_intercept(rng)
    solution = fit(problem.X, problem.targets, alpha=0.05, n_classes=4, fit_intercept=False)
    np.testing.assert_array_equal(solution.intercept, [0, 0, 0, -np.inf])


@pytest.mark.parametrize("source", problems.SOURCES)
def test_a_class_without_weight_in_rows(rng, source):
    """Rows cannot leave a class out as arrays can: it is refused, or ends at its limit."""
    plain = problems.plain(rng)
    problem = problems.Problem(plain.X, plain.targets, 4, 0.05)
    expected = fit(plain.X, plain.targets, alpha=0.05, n_classes=4)
    try:
        solution = fit(source(problem), alpha=0.05)
    except ValueError as error:
        assert "class" in str(error)  # noqa: PT017
    else:
        assert solution.status == "converged"
        np.testing.assert_allclose(solution.coef[3], 0, atol=1e-12)
        assert solution.intercept[3] == -np.inf
        assert solution.objective == pytest.approx(expected.objective, rel=1e-7)


def test_start(rng):
    problem = problems.plain(rng)
    first = fit(problem.X, problem.targets, alpha=0.05, tol=1e-12)
    again = fit(problem.X, problem.targets, alpha=0.05, tol=1e-10, start=(first.coef, first.intercept))
    assert again.n_iter == 0
    assert first.n_iter > 1
    shifted = fit(
        problem.X, problem.targets, alpha=0.05, tol=1e-10, start=(first.coef + 3, first.intercept - 2)
    )
    assert shifted.n_iter == 0


def test_start_with_absent_classes(rng):
    """Their rows of the start, at the limit as a fit returns them, play no part."""
    problem = problems.plain(rng)
    first = fit(problem.X, problem.targets, alpha=0.05, tol=1e-12, n_classes=4)
    start = (first.coef, first.intercept)
    again = fit(problem.X, problem.targets, alpha=0.05, tol=1e-10, n_classes=4, start=start)
    assert again.n_iter == 0


def test_soft_labels_and_weights(rng):
    problem = problems.soft_labels(rng)
    solution = fit(problem.X, problem.targets, alpha=0.03, sample_weight=problem.weights, tol=1e-13)
    _, _, optimum = problems.solve(problem)
    assert solution.objective == pytest.approx(float(optimum), rel=1e-12)


FIT_BAD = [
    ({"X": 1.0}, "X of shape"),
    ({"X": np.ones(4)}, "X of shape"),
    ({"alpha": -1}, "alpha=-1"),
    ({"tol": -1e-3}, "tol=-0.001"),
    ({"tol": np.nan}, "tol=nan"),
    ({"max_iter": -1}, "max_iter=-1"),
    ({"max_iter": 2.5}, "max_iter=2.5"),
    ({"solver": "sgd"}, "solver='sgd' is unknown; use one of"),
    ({"n_threads": 0}, "n_threads=0"),
    ({"y": [0, 0, 0, 0]}, "at least two classes"),
    ({"y": [0, 1, 2, 0], "n_classes": 2}, "the label 2"),
    ({"sample_weight": [1, 0, 0, 1]}, "at least two classes"),
    ({"start": (np.zeros((3, 3)), np.zeros(3))}, "the start has coef of shape"),
    ({"start": (np.zeros((2, 2)), np.zeros(2))}, "start"),
    ({"start": (np.full((3, 2), np.nan), np.zeros(3))}, "the start holds NaN"),
]


@pytest.mark.parametrize(("change", "words"), FIT_BAD)
def test_bad_fits(change, words):
    options = {"X": np.ones((4, 2)), "y": [0, 1, 2, 0], "alpha": 0.1, **change}
    with pytest.raises(ValueError, match=words):
        fit(**options)


def test_rows_hold_their_labels(rng):
    problem = problems.plain(rng)
    with pytest.raises(ValueError, match="leave y and sample_weight out"):
        fit(problems.dense(problem), problem.targets, alpha=0.1)
    with pytest.raises(ValueError, match="leave y and sample_weight out"):
        loss_and_gradient(np.zeros((3, 3)), None, problems.dense(problem), sample_weight=np.ones(60))


def test_no_more_logits_at_once_than_a_tile_of_them():
    n, K = 1500, 20_000
    X, y = np.linspace(-1, 1, n)[:, None], np.arange(n)
    tracemalloc.start()
    loss, by_coef, _ = loss_and_gradient(np.zeros((K, 1)), None, X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loss == pytest.approx(np.log(K), rel=1e-12)
    np.testing.assert_allclose(by_coef[n:], 0, atol=1e-16)
    assert peak < (4.5 if backend() == "numpy" else 3) * LARGEST_TILE
