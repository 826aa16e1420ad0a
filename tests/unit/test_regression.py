"""Value, gradient and Hessian of the canonical model, against 50 digits, plain loops and the complex step."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from softgrad.maths import regression
from tests.oracles import complex_step, high_precision, naive
from tests.unit.closeness import close

EPS = np.finfo(np.float64).eps
INF = np.inf


class Problem:
    """A small random problem in the canonical convention, with every dimension different."""

    def __init__(self, rng, n=9, d=4, n_classes=3, *, soft=False, weighted=False, scale=1.0):
        self.X = rng.standard_normal((n, d))
        self.coef = rng.standard_normal((n_classes, d)) * scale
        self.intercept = rng.standard_normal(n_classes) * scale
        self.codes = rng.permutation(np.arange(n) % n_classes)
        self.Y = np.eye(n_classes)[self.codes]
        if soft:
            self.Y = rng.random((n, n_classes))
            self.Y /= self.Y.sum(axis=1, keepdims=True)
        self.targets = self.Y if soft else self.codes
        self.weights = rng.random(n) * 3 if weighted else None

    @property
    def unit_weights(self):
        return np.ones(len(self.X)) if self.weights is None else self.weights

    def loss_and_gradient(self):
        return regression.loss_and_gradient(self.coef, self.intercept, self.X, self.targets, self.weights)

    def hessian(self):
        return regression.hessian(self.coef, self.intercept, self.X, self.weights)

    def truth(self):
        return high_precision.regression(self.coef, self.intercept, self.X, self.targets, self.weights)


KINDS = {
    "hard": {},
    "soft": {"soft": True},
    "weighted": {"weighted": True},
    "soft and weighted": {"soft": True, "weighted": True},
    "large": {"scale": 5.0},
    "near zero": {"scale": 1e-3},
    "one row": {"n": 1},
    "one feature": {"d": 1},
    "two classes": {"n_classes": 2},
    "more features than rows": {"n": 3, "d": 7},
}


@pytest.fixture(params=KINDS)
def problem(request, rng):
    return Problem(rng, **KINDS[request.param])


def flat(grad_coef, grad_intercept):
    """Class by class, [coef_k, intercept_k]."""
    return np.column_stack([grad_coef, grad_intercept]).ravel()


def unflat(vector, n_classes):
    table = vector.reshape(n_classes, -1)
    return table[:, :-1], table[:, -1]


def round_off(problem, size=1.0):
    """A few ulp of what the sums add up in absolute value, which may be far more than what comes out."""
    return 16 * EPS * size * problem.unit_weights.sum() * max(1.0, np.abs(problem.X).max() ** 2)


# Values against 50 digits and plain loops.


def test_logits(problem):
    expected = problem.X @ problem.coef.T
    close(regression.logits(problem.X, problem.coef), expected, 8 * EPS)
    close(
        regression.logits(problem.X, problem.coef, problem.intercept), expected + problem.intercept, 8 * EPS
    )


def test_loss_to_50_digits(problem):
    truth = problem.truth()[0]
    loss = regression.loss(problem.coef, problem.intercept, problem.X, problem.targets, problem.weights)
    np.testing.assert_allclose(loss, truth, rtol=1e-14, atol=4 * EPS)
    assert np.ndim(loss) == 0
    np.testing.assert_allclose(problem.loss_and_gradient()[0], loss, rtol=2 * EPS)


def test_gradient_to_50_digits(problem):
    _, grad_coef, grad_intercept = problem.loss_and_gradient()
    assert grad_coef.shape == problem.coef.shape
    assert grad_intercept.shape == problem.intercept.shape
    np.testing.assert_allclose(
        flat(grad_coef, grad_intercept),
        problem.truth()[1],
        rtol=1e-13,
        atol=round_off(problem),
    )


def test_hessian_to_50_digits(problem):
    truth = problem.truth()[2]
    hessian = problem.hessian()
    assert hessian.shape == truth.shape
    np.testing.assert_allclose(hessian, truth, rtol=1e-13, atol=round_off(problem))


def test_loops_over_rows_classes_and_features(problem):
    loss, grad_coef, grad_intercept, hessian = naive.regression(
        problem.coef, problem.intercept, problem.X, problem.Y, problem.unit_weights
    )
    result = problem.loss_and_gradient()
    np.testing.assert_allclose(result[0], loss, rtol=1e-12)
    scale = 4 * round_off(problem)
    np.testing.assert_allclose(result[1], grad_coef, rtol=1e-12, atol=scale)
    np.testing.assert_allclose(result[2], grad_intercept, rtol=1e-12, atol=scale)
    np.testing.assert_allclose(problem.hessian(), hessian, rtol=1e-12, atol=scale)


def test_one_hot_targets_give_what_codes_give(problem):
    by_share = regression.loss_and_gradient(
        problem.coef, problem.intercept, problem.X, np.eye(len(problem.coef))[problem.codes], problem.weights
    )
    by_code = regression.loss_and_gradient(
        problem.coef, problem.intercept, problem.X, problem.codes, problem.weights
    )
    for one, other in zip(by_share, by_code, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=4 * EPS)


# Derivatives by the complex step.


def test_gradient_is_the_complex_step_of_the_loss(problem):
    _, grad_coef, grad_intercept = problem.loss_and_gradient()
    by_coef = complex_step.derivative(
        lambda coef: regression.loss(coef, problem.intercept, problem.X, problem.targets, problem.weights),
        problem.coef,
    )
    by_intercept = complex_step.derivative(
        lambda moved: regression.loss(problem.coef, moved, problem.X, problem.targets, problem.weights),
        problem.intercept,
    )
    close(flat(grad_coef, grad_intercept), flat(by_coef, by_intercept), 1e-12, round_off(problem))


def test_hessian_is_the_complex_step_of_the_gradient(problem):
    def gradient(theta):
        coef, intercept = unflat(theta, len(problem.coef))
        return flat(
            *regression.loss_and_gradient(coef, intercept, problem.X, problem.targets, problem.weights)[1:]
        )

    step = complex_step.derivative(gradient, flat(problem.coef, problem.intercept))
    close(problem.hessian(), step, 1e-12, round_off(problem))


def test_hessian_product_is_the_complex_step_along_the_direction(problem, rng):
    direction = rng.standard_normal(problem.coef.shape), rng.standard_normal(problem.intercept.shape)
    _, by_coef, by_intercept = regression.loss_and_gradient(
        problem.coef + 1e-30j * direction[0],
        problem.intercept + 1e-30j * direction[1],
        problem.X,
        problem.targets,
        problem.weights,
    )
    product = regression.hessian_product(
        problem.coef, problem.intercept, *direction, problem.X, problem.weights
    )
    floor = round_off(problem, np.abs(flat(*direction)).sum())
    close(flat(*product), flat(by_coef.imag, by_intercept.imag) / 1e-30, 1e-12, floor)


# The Hessian's own properties.


def test_hessian_product_is_the_hessian_times_the_direction(problem, rng):
    direction = rng.standard_normal(problem.coef.shape), rng.standard_normal(problem.intercept.shape)
    product = regression.hessian_product(
        problem.coef, problem.intercept, *direction, problem.X, problem.weights
    )
    assert product[0].shape == problem.coef.shape
    assert product[1].shape == problem.intercept.shape
    size = np.abs(flat(*direction)).sum()
    close(flat(*product), problem.hessian() @ flat(*direction), 1e-13, round_off(problem, size))


def test_hessian_is_symmetric_and_positive_semidefinite(problem):
    hessian = problem.hessian()
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=4 * EPS * scale)
    assert np.linalg.eigvalsh(hessian).min() >= -1e-13 * scale


def test_hessian_and_gradient_ignore_a_shift_of_all_classes(problem, rng):
    shift = rng.standard_normal(problem.coef.shape[1] + 1)
    everywhere = np.tile(shift, len(problem.coef))
    scale = 4 * round_off(problem, np.abs(shift).sum())
    assert np.abs(problem.hessian() @ everywhere).max() <= scale
    assert abs(everywhere @ flat(*problem.loss_and_gradient()[1:])) <= scale


# Weights.


@pytest.mark.parametrize("soft", [False, True])
def test_weight_k_is_k_copies_and_zero_drops_the_row(soft, rng):
    problem = Problem(rng, soft=soft)
    counts = np.array([0, 1, 2, 3, 1, 0, 2, 1, 4])
    X, targets = np.repeat(problem.X, counts, axis=0), np.repeat(problem.targets, counts, axis=0)
    weighted = regression.loss_and_gradient(
        problem.coef, problem.intercept, problem.X, problem.targets, counts
    )
    copied = regression.loss_and_gradient(problem.coef, problem.intercept, X, targets)
    for one, other in zip(weighted, copied, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)
    close(
        regression.hessian(problem.coef, problem.intercept, problem.X, counts),
        regression.hessian(problem.coef, problem.intercept, X),
        1e-14,
    )


def test_results_are_sums_so_a_mean_is_a_choice_of_weights(rng):
    problem = Problem(rng, weighted=True)
    share = problem.weights / problem.weights.sum()
    mean = regression.loss_and_gradient(problem.coef, problem.intercept, problem.X, problem.targets, share)
    for average, total in zip(mean, problem.loss_and_gradient(), strict=True):
        np.testing.assert_allclose(average * problem.weights.sum(), total, rtol=1e-13, atol=1e-14)


def test_blocks_of_rows_add_up(rng):
    problem = Problem(rng, weighted=True)
    total = problem.loss_and_gradient()
    parts = [
        regression.loss_and_gradient(
            problem.coef, problem.intercept, problem.X[rows], problem.targets[rows], problem.weights[rows]
        )
        for rows in (slice(0, 2), slice(2, 3), slice(3, 9))
    ]
    for whole, *pieces in zip(total, *parts, strict=True):
        np.testing.assert_allclose(sum(pieces), whole, rtol=1e-13, atol=1e-14)


# Special sizes.


def test_two_classes_are_logistic_regression(rng):
    problem = Problem(rng, n_classes=2, weighted=True)
    loss, dw, db = naive.binary_logistic(
        problem.coef[1] - problem.coef[0],
        problem.intercept[1] - problem.intercept[0],
        problem.X,
        problem.codes,
        problem.weights,
    )
    result = problem.loss_and_gradient()
    np.testing.assert_allclose(result[0], loss, rtol=1e-13)
    np.testing.assert_allclose(result[1], [-dw, dw], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(result[2], [-db, db], rtol=1e-12, atol=1e-14)


def test_one_class_has_nothing_to_learn(rng):
    problem = Problem(rng, n_classes=1)
    loss, grad_coef, grad_intercept = problem.loss_and_gradient()
    assert loss == 0
    np.testing.assert_array_equal(grad_coef, np.zeros((1, 4)))
    np.testing.assert_array_equal(grad_intercept, [0])
    np.testing.assert_array_equal(problem.hessian(), np.zeros((5, 5)))


def test_without_an_intercept(rng):
    problem = Problem(rng)
    zeros = np.zeros(3)
    loss, grad_coef = regression.loss_and_gradient(problem.coef, None, problem.X, problem.codes)[:2]
    expected = regression.loss_and_gradient(problem.coef, zeros, problem.X, problem.codes)
    np.testing.assert_allclose(loss, expected[0], rtol=4 * EPS)
    np.testing.assert_allclose(grad_coef, expected[1], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(
        regression.loss(problem.coef, None, problem.X, problem.codes), loss, rtol=4 * EPS
    )


def test_absent_class_still_gets_its_gradient(rng):
    problem = Problem(rng, n_classes=4)
    problem.targets = problem.codes % 3
    _, grad_coef, grad_intercept = problem.loss_and_gradient()
    close(flat(grad_coef, grad_intercept), problem.truth()[1], 1e-13)
    assert (grad_intercept[3] > 0).all()


# Accuracy at extreme logits.


def test_gradient_keeps_its_digits_near_certainty():
    X = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 0.5]])
    coef, intercept = np.array([[30.0, 20.0], [1.0, 2.0], [0.5, -1.0]]), np.array([2.0, 0.0, -4.0])
    codes = np.zeros(3, dtype=int)
    loss, grad_coef, grad_intercept = regression.loss_and_gradient(coef, intercept, X, codes)
    truth_loss, truth, _ = high_precision.regression(coef, intercept, X, codes)
    assert 0 < -truth[0] < 1e-24
    np.testing.assert_allclose(flat(grad_coef, grad_intercept), truth, rtol=64 * EPS, atol=0)
    np.testing.assert_allclose(loss, truth_loss, rtol=64 * EPS, atol=0)


def test_hessian_keeps_its_digits_near_certainty():
    X = np.array([[1.0, 2.0]])
    coef, intercept = np.array([[30.0, 20.0], [1.0, 2.0], [0.5, -1.0]]), np.array([2.0, 0.0, -4.0])
    truth = high_precision.regression(coef, intercept, X, np.array([0]))[2]
    assert truth[0, 0] < 1e-24
    hessian = regression.hessian(coef, intercept, X)
    np.testing.assert_allclose(hessian[:3, :3], truth[:3, :3], rtol=64 * EPS, atol=0)


def test_certainty_is_exactly_zero():
    X, coef = np.array([[1.0], [2.0]]), np.array([[1e6], [0.0]])
    loss, grad_coef, grad_intercept = regression.loss_and_gradient(coef, np.zeros(2), X, np.array([0, 0]))
    assert loss == 0
    np.testing.assert_array_equal(grad_coef, np.zeros((2, 1)))
    np.testing.assert_array_equal(grad_intercept, np.zeros(2))


def test_huge_logits():
    X, coef = np.array([[1.0], [2.0]]), np.array([[1e9], [0.0]])
    loss, grad_coef, grad_intercept = regression.loss_and_gradient(coef, np.zeros(2), X, np.array([0, 1]))
    assert loss == 2e9
    np.testing.assert_array_equal(grad_coef, [[2.0], [-2.0]])
    np.testing.assert_array_equal(grad_intercept, [1.0, -1.0])


def test_an_intercept_of_minus_infinity_removes_its_class(rng):
    problem = Problem(rng)
    targets = problem.codes % 2
    coef, intercept = problem.coef.copy(), problem.intercept.copy()
    coef[2], intercept[2] = 0.0, -INF
    loss, grad_coef, grad_intercept = regression.loss_and_gradient(coef, intercept, problem.X, targets)
    kept = regression.loss_and_gradient(coef[:2], intercept[:2], problem.X, targets)
    np.testing.assert_allclose(loss, kept[0], rtol=1e-14)
    np.testing.assert_allclose(grad_coef[:2], kept[1], rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(grad_coef[2], np.zeros(4))
    assert grad_intercept[2] == 0


def test_a_removed_class_may_have_rows_of_weight_zero(rng):
    problem = Problem(rng)
    problem.coef[2], problem.intercept[2] = 0.0, -INF
    weights = np.where(problem.codes == 2, 0.0, 1.0)
    kept = problem.codes != 2
    assert kept.any()
    assert not kept.all()
    result = regression.loss_and_gradient(problem.coef, problem.intercept, problem.X, problem.codes, weights)
    expected = regression.loss_and_gradient(
        problem.coef, problem.intercept, problem.X[kept], problem.codes[kept]
    )
    for one, other in zip(result, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)
    assert np.isfinite(regression.hessian(problem.coef, problem.intercept, problem.X, weights)).all()


# dtypes and memory layouts.


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_rows_give_what_dense_rows_give(dtype, weighted, rng):
    problem = Problem(rng, weighted=weighted)
    dense = np.where(rng.random((9, 4)) < 0.4, rng.integers(1, 256, (9, 4)), 0).astype(dtype)
    dense[4] = 0
    sparse, coef, intercept = csr_array(dense), problem.coef / 100, problem.intercept
    pairs = []
    for X in (dense, sparse):
        flow = [regression.logits(X, coef, intercept), regression.logits(X, coef)]
        flow += regression.loss_and_gradient(coef, intercept, X, problem.codes, problem.weights)
        flow += regression.hessian_product(
            coef, intercept, problem.coef, problem.intercept, X, problem.weights
        )
        flow.append(regression.hessian(coef, intercept, X, problem.weights))
        pairs.append(flow)
    for from_dense, from_sparse in zip(*pairs, strict=True):
        assert type(from_sparse) is type(from_dense)
        assert from_sparse.dtype == from_dense.dtype
        close(from_sparse, from_dense, 1e-13)


def test_complex_step_through_sparse_rows(rng):
    problem = Problem(rng)
    X = csr_array(np.where(problem.X > 0, problem.X, 0))
    step = complex_step.derivative(
        lambda coef: regression.loss(coef, problem.intercept, X, problem.codes), problem.coef
    )
    close(regression.loss_and_gradient(problem.coef, problem.intercept, X, problem.codes)[1], step, 1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.int64])
def test_integer_features_are_read_as_numbers(dtype, rng):
    above = {np.bool_: 2, np.uint8: 256, np.int64: 2**40}[dtype]
    X = rng.integers(0, above, (9, 4)).astype(dtype)
    problem = Problem(rng, scale=2 / above)
    problem.X = X.astype(np.float64)
    expected, hessian = problem.loss_and_gradient(), problem.hessian()
    problem.X = X
    for result, value in zip(problem.loss_and_gradient(), expected, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-13, atol=1e-12)
        assert np.asarray(result).dtype == np.float64
    close(problem.hessian(), hessian, 1e-14)


def test_float32_is_kept(rng):
    problem = Problem(rng)
    for attribute in ("X", "coef", "intercept"):
        setattr(problem, attribute, getattr(problem, attribute).astype(np.float32))
    _, grad_coef, grad_intercept = problem.loss_and_gradient()
    hessian = problem.hessian()
    product = regression.hessian_product(
        problem.coef, problem.intercept, problem.coef, problem.intercept, problem.X
    )
    _, gradient, curvature = problem.truth()
    kept = [grad_coef, grad_intercept, hessian, *product, regression.logits(problem.X, problem.coef)]
    assert {array.dtype for array in kept} == {np.dtype(np.float32)}
    close(flat(grad_coef, grad_intercept), gradient, 32 * np.finfo(np.float32).eps)
    close(hessian, curvature, 32 * np.finfo(np.float32).eps)


def test_float32_features_with_float64_parameters_lose_nothing(rng):
    problem = Problem(rng)
    problem.X = problem.X.astype(np.float32)
    _, gradient, _ = problem.truth()
    close(flat(*problem.loss_and_gradient()[1:]), gradient, 1e-13)


def test_fortran_order_strides_and_read_only_inputs(rng):
    problem = Problem(rng, weighted=True)
    expected = problem.loss_and_gradient()
    problem.X = np.repeat(np.asfortranarray(problem.X), 2, axis=1)[:, ::2]
    problem.coef = np.asfortranarray(problem.coef)
    arrays = [problem.X, problem.coef, problem.intercept, problem.targets, problem.weights]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for result, value in zip(problem.loss_and_gradient(), expected, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-13, atol=1e-14)
    problem.hessian()
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
