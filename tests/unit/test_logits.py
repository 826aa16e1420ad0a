"""log-sum-exp, softmax, log-softmax and the Jacobian, against 50 digits and the inf/NaN contract."""

import math
from itertools import product

import numpy as np
import pytest

from softgrad.maths.logits import log_softmax, log_sum_exp, softmax, softmax_jacobian
from tests.oracles import complex_step, high_precision

EPS = np.finfo(np.float64).eps
DENORMAL = 1e-323
FUNCTIONS = [log_sum_exp, softmax, log_softmax, softmax_jacobian]
SPECIAL = [0.0, 1e-300, -1e-300, 1.0, -37.5, 1e3, -1e3, 1e9, -1e9]
INF, NAN = np.inf, np.nan


def grid(n_classes):
    """Every row of n_classes special logits: ties, tiny, huge and mixed."""
    return np.array(list(product(SPECIAL, repeat=n_classes)))


@pytest.fixture(params=["K=1", "K=2", "K=3", "spread", "close to 1e9", "ordinary"])
def logits(request, rng):
    if request.param.startswith("K="):
        return grid(int(request.param[-1]))
    if request.param == "spread":
        return rng.standard_normal((200, 6)) * 10.0 ** rng.integers(-3, 4, (200, 1))
    if request.param == "close to 1e9":
        return 1e9 + rng.integers(-40, 40, (200, 5)) / 8
    return rng.standard_normal((200, 4))


def depth(logits):
    """Distance below the row's largest logit: the rounding of this difference enters exp relatively."""
    return np.minimum(logits.max(axis=-1, keepdims=True) - logits, 746.0)


def within(result, truth, tolerance):
    error = np.abs(result - truth)
    worst = np.unravel_index(np.argmax(error - tolerance), error.shape)
    assert (error <= tolerance).all(), f"at {worst}: {result[worst]!r}, not {truth[worst]!r}"


# Values against 50 digits.


def test_log_sum_exp_has_small_relative_error_where_well_conditioned(logits):
    truth = high_precision.log_sum_exp(logits)
    condition = np.abs(truth) + np.sum(high_precision.softmax(logits) * np.abs(logits), axis=-1)
    within(log_sum_exp(logits), truth, 8 * EPS * condition + DENORMAL)


def test_softmax_has_small_relative_error_in_every_class(logits):
    truth = high_precision.softmax(logits)
    within(softmax(logits), truth, EPS * (8 + depth(logits)) * truth + DENORMAL)


def test_log_softmax_has_small_relative_error_in_every_class(logits):
    truth = high_precision.log_softmax(logits)
    others = np.where(depth(logits) > 0, depth(logits) * high_precision.softmax(logits), 0.0)
    share = np.maximum(others.sum(axis=-1, keepdims=True), DENORMAL)
    lost = share / np.maximum(-truth.max(axis=-1, keepdims=True), DENORMAL)
    within(log_softmax(logits), truth, EPS * (8 + np.minimum(lost, 746.0)) * np.abs(truth) + DENORMAL)


def test_jacobian_has_small_relative_error_in_every_entry(logits):
    truth = high_precision.softmax_jacobian(logits)
    others = high_precision.softmax(logits)[:, None, :] * (1 - np.eye(logits.shape[-1]))
    lost_in_others = np.sum(others * depth(logits)[:, None, :], axis=-1) / (others.sum(axis=-1) + DENORMAL)
    lost = depth(logits) + lost_in_others
    relative = EPS * (16 + lost[..., :, None] + lost[..., None, :])
    within(softmax_jacobian(logits), truth, relative * np.abs(truth) + DENORMAL)


def test_softmax_sums_to_one(rng):
    for n_classes in (1, 2, 10, 1000):
        proba = softmax(rng.standard_normal((50, n_classes)) * 20)
        assert max(abs(math.fsum(row) - 1) for row in proba) <= 4 * EPS


def test_tiny_probabilities_keep_their_digits():
    proba = softmax(np.array([0.0, -700.0, -300.0]))
    truth = high_precision.softmax([[0.0, -700.0, -300.0]])[0]
    np.testing.assert_allclose(proba, truth, rtol=8 * EPS, atol=0)


def test_jacobian_diagonal_keeps_its_digits_near_certainty():
    jacobian = softmax_jacobian(np.array([60.0, 0.0, -3.0]))
    truth = high_precision.softmax_jacobian([[60.0, 0.0, -3.0]])[0]
    assert truth[0, 0] < 1e-25
    np.testing.assert_allclose(jacobian, truth, rtol=16 * EPS, atol=0)


def test_log_softmax_keeps_its_digits_near_certainty():
    np.testing.assert_allclose(log_softmax(np.array([0.0, -690.0]))[0], -np.exp(-690.0), rtol=8 * EPS)


def test_log_sum_exp_keeps_its_digits_near_zero():
    np.testing.assert_allclose(log_sum_exp(np.array([0.0, -690.0])), np.exp(-690.0), rtol=8 * EPS)


def test_jacobian_is_symmetric_with_rows_that_sum_to_zero(rng):
    jacobian = softmax_jacobian(rng.standard_normal((30, 5)) * 3)
    np.testing.assert_array_equal(jacobian, np.swapaxes(jacobian, -1, -2))
    assert np.abs(jacobian.sum(axis=-1)).max() <= 4 * EPS


@pytest.mark.parametrize("tied", [-1e9, -1e-300, 0.0, 1e3, 1e9])
def test_ties_share_equally(tied):
    np.testing.assert_allclose(softmax(np.full(3, tied)), 1 / 3, rtol=2 * EPS)
    np.testing.assert_allclose(log_softmax(np.full(3, tied)), -math.log(3), rtol=2 * EPS)


def test_one_class_is_certain():
    logits = np.array([[1e9], [-3.0], [0.0]])
    np.testing.assert_array_equal(softmax(logits), 1.0)
    np.testing.assert_array_equal(log_softmax(logits), 0.0)
    np.testing.assert_array_equal(log_sum_exp(logits), logits[:, 0])
    np.testing.assert_array_equal(softmax_jacobian(logits), np.zeros((3, 1, 1)))


def test_two_classes_are_the_logistic_function():
    margin = np.linspace(-30, 30, 61)
    proba = softmax(np.column_stack([np.zeros(61), margin]))
    np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-margin)), rtol=8 * EPS)


# Shapes, axes and dtypes.


def test_shapes(rng):
    logits = rng.standard_normal((2, 3, 4))
    assert log_sum_exp(logits).shape == (2, 3)
    assert softmax(logits).shape == log_softmax(logits).shape == (2, 3, 4)
    assert softmax_jacobian(logits).shape == (2, 3, 4, 4)
    assert np.shape(log_sum_exp(logits[0, 0])) == ()
    assert softmax(logits[0, 0]).shape == (4,)
    assert softmax_jacobian(logits[0, 0]).shape == (4, 4)


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("axis", [0, 1, 2, -3])
def test_axis_normalises_along_that_axis(function, axis, rng):
    logits = rng.standard_normal((2, 3, 4))
    expected = np.moveaxis(function(np.moveaxis(logits, axis, -1).copy()), -1, axis)
    np.testing.assert_allclose(function(logits, axis=axis), expected, rtol=4 * EPS)
    np.testing.assert_allclose(function(logits, axis), expected, rtol=4 * EPS)


@pytest.mark.parametrize("axis", [0, 1, -3])
def test_axis_of_log_sum_exp(axis, rng):
    logits = rng.standard_normal((2, 3, 4))
    expected = log_sum_exp(np.moveaxis(logits, axis, -1).copy())
    np.testing.assert_allclose(log_sum_exp(logits, axis=axis), expected, rtol=4 * EPS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_batches_are_independent(function, rng):
    logits = rng.standard_normal((2, 3, 4)) * 10
    together = function(logits)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(together[index], function(logits[index]), rtol=4 * EPS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_float32_is_kept_and_accurate(function, rng):
    logits = (rng.integers(-40, 40, (50, 4)) / 4).astype(np.float32)
    result = function(logits)
    assert result.dtype == np.float32
    truth = getattr(high_precision, function.__name__)(logits)
    atol = 16 * np.finfo(np.float32).eps * np.abs(logits).max() if function is log_sum_exp else 0
    np.testing.assert_allclose(result, truth, rtol=32 * np.finfo(np.float32).eps, atol=atol)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_integers_become_float64(function, dtype):
    logits = np.array([[1, 2, 120], [0, 0, 7]], dtype=dtype)
    result = function(logits)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, function(logits.astype(np.float64)))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lists_are_accepted_and_inputs_left_alone(function):
    logits = np.array([[3.0, 1.0, 2.0], [0.0, -INF, INF]])
    before = logits.copy()
    np.testing.assert_array_equal(function(logits), function(before.tolist()))
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_classes_is_an_error(function):
    for shape in [(0,), (3, 0)]:
        with pytest.raises(ValueError, match=r"(?i)class|empty|axis"):
            function(np.empty(shape))


# Complex step.


@pytest.mark.parametrize("scale", [1e-3, 1.0, 20.0])
def test_complex_step_of_softmax_is_its_jacobian(scale, rng):
    logits = rng.standard_normal(5) * scale
    np.testing.assert_allclose(
        complex_step.derivative(softmax, logits), softmax_jacobian(logits), rtol=1e-12, atol=1e-15
    )


def test_complex_step_of_log_sum_exp_is_softmax(rng):
    logits = rng.standard_normal((3, 4))
    derivative = complex_step.derivative(log_sum_exp, logits)
    for row in range(3):
        np.testing.assert_allclose(derivative[row, row], softmax(logits[row]), rtol=1e-12)


def test_complex_step_of_log_softmax(rng):
    logits = rng.standard_normal(4)
    expected = np.eye(4) - softmax(logits)
    np.testing.assert_allclose(complex_step.derivative(log_softmax, logits), expected, rtol=1e-12)


def test_complex_step_at_ties_and_huge_logits():
    logits = np.array([1e9, 1e9, 1e9 - 1, 0.0])
    derivative = complex_step.derivative(softmax, logits)
    np.testing.assert_allclose(derivative, softmax_jacobian(logits), rtol=1e-12, atol=1e-15)


def test_complex_step_of_the_jacobian(rng):
    logits = rng.standard_normal(3)
    proba, identity = softmax(logits), np.eye(3)
    centred = identity - proba  # [k, m]: derivative of log p_k with respect to logit m
    expected = np.einsum("k,km,kl->klm", proba, centred, identity) - np.einsum(
        "k,l,klm->klm", proba, proba, centred[:, None, :] + centred[None, :, :]
    )
    np.testing.assert_allclose(
        complex_step.derivative(softmax_jacobian, logits), expected, rtol=1e-12, atol=1e-15
    )


def test_complex_input_with_no_imaginary_part_gives_the_real_values(rng):
    logits = rng.standard_normal((6, 3)) * 10
    for function in FUNCTIONS:
        result = function(logits.astype(np.complex128))
        assert result.dtype == np.complex128
        np.testing.assert_allclose(result.real, function(logits), rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(result.imag, 0.0)


# The contract on inf and NaN.

LIMITS = {
    "one +inf": ([INF, 1.0, 2.0], [1, 0, 0], [0, -INF, -INF], INF),
    "one +inf last": ([1e9, 1.0, INF], [0, 0, 1], [-INF, -INF, 0], INF),
    "one +inf and -inf": ([-INF, INF, 0.0], [0, 1, 0], [-INF, 0, -INF], INF),
    "one +inf, all others -inf": ([-INF, INF, -INF], [0, 1, 0], [-INF, 0, -INF], INF),
    "-inf beside a tie": ([0.0, -INF, 0.0], [0.5, 0, 0.5], [-math.log(2), -INF, -math.log(2)], math.log(2)),
    "-inf but one": ([-INF, -INF, 5.0], [0, 0, 1], [-INF, -INF, 0], 5.0),
    "all -inf": ([-INF, -INF, -INF], [NAN] * 3, [NAN] * 3, NAN),
    "NaN": ([NAN, 0.0, 1.0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and +inf": ([INF, NAN, 1.0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and -inf": ([-INF, NAN, -INF], [NAN] * 3, [NAN] * 3, NAN),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("case", LIMITS)
def test_limits(case, dtype):
    logits, proba, log_proba, total = LIMITS[case]
    logits = np.array([logits, [0.0, 0.0, 0.0]], dtype=dtype)
    uniform, rtol = [1 / 3] * 3, 2 * np.finfo(dtype).eps
    np.testing.assert_allclose(softmax(logits), [proba, uniform], rtol=rtol, atol=0)
    np.testing.assert_allclose(log_softmax(logits), [log_proba, np.log(uniform)], rtol=rtol, atol=0)
    np.testing.assert_allclose(log_sum_exp(logits), [total, math.log(3)], rtol=rtol, atol=0)


@pytest.mark.parametrize("case", LIMITS)
def test_limits_along_another_axis(case):
    logits, proba, log_proba, total = LIMITS[case]
    column = np.array([logits, [0.0, 0.0, 0.0]]).T
    np.testing.assert_allclose(softmax(column, axis=0)[:, 0], proba, rtol=2 * EPS)
    np.testing.assert_allclose(log_softmax(column, axis=0)[:, 0], log_proba, rtol=2 * EPS)
    np.testing.assert_allclose(log_sum_exp(column, axis=0)[0], total, rtol=2 * EPS)


@pytest.mark.parametrize("logits", [[INF, INF, 0.0], [INF, -INF, INF], [INF, INF, INF]])
def test_several_infinite_logits_have_no_limit(logits):
    batch = np.array([logits, [0.0, 0.0, 0.0]])
    for function in (softmax, log_softmax, softmax_jacobian):
        result = function(batch)
        assert np.isnan(result[0]).all()
        assert np.isfinite(result[1]).all()


@pytest.mark.parametrize("case", LIMITS)
def test_limits_of_the_jacobian(case):
    logits, proba, _, _ = LIMITS[case]
    expected = np.diag(proba) - np.outer(proba, proba)
    np.testing.assert_allclose(softmax_jacobian(np.array(logits)), expected, rtol=2 * EPS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logits_at_the_ends_of_the_range(dtype):
    end = np.finfo(dtype).max
    for function, expected in [(softmax, [0, 1, 0]), (log_sum_exp, end), (log_softmax, [-INF, 0, -end])]:
        np.testing.assert_array_equal(function(np.array([-end, end, 0.0], dtype=dtype)), expected)


def test_one_class_with_infinite_logits():
    np.testing.assert_array_equal(softmax([[INF], [-INF], [NAN]]), [[1], [NAN], [NAN]])
    np.testing.assert_array_equal(log_softmax([[INF], [-INF], [NAN]]), [[0], [NAN], [NAN]])
    np.testing.assert_array_equal(log_sum_exp([[INF], [-INF], [NAN]]), [INF, NAN, NAN])
