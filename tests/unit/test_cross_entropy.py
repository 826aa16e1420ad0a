"""Cross-entropy on logits, its residual, gradient and Hessian action."""

import math
from itertools import product

import numpy as np
import pytest

from softgrad.maths.cross_entropy import cross_entropy, cross_entropy_gradient, hessian_action, residual
from softgrad.maths.logits import softmax, softmax_jacobian
from tests.oracles import complex_step, high_precision

EPS = np.finfo(np.float64).eps
DENORMAL = 1e-323
INF = np.inf
SPECIAL = [0.0, 1e-300, -1e-300, 1.0, -37.5, 1e3, 1e9]
REDUCTIONS = ["mean", "sum", "none"]


def grid():
    """Rows of three special logits with each class as the target."""
    cases = [(row, target) for row in product(SPECIAL, repeat=3) for target in range(3)]
    return np.array([row for row, _ in cases]), np.array([target for _, target in cases])


def random_rows(rng, n=12, n_classes=4, scale=1.0):
    return rng.standard_normal((n, n_classes)) * scale, rng.integers(0, n_classes, n)


def shares(rng, n, n_classes):
    Y = rng.random((n, n_classes))
    return Y / Y.sum(axis=1, keepdims=True)


def loss_tolerance(logits, targets, truth):
    """Round-off of the differences z_k - z_t passes into exp relatively; all sums are of positive terms."""
    gap = np.abs(logits - logits[np.arange(len(logits)), targets][:, None])
    lost = np.where(gap < 746, gap, 0).max(axis=1)
    return EPS * (8 + lost) * truth + DENORMAL


def one_hot(codes, n_classes):
    return np.eye(n_classes)[codes]


# The loss.


@pytest.mark.parametrize(
    "encode", [lambda codes: codes, lambda codes: one_hot(codes, 3)], ids=["codes", "one-hot"]
)
def test_losses_have_small_relative_error_at_special_logits(encode):
    logits, codes = grid()
    losses = cross_entropy(logits, encode(codes), reduction="none")
    truth = high_precision.row_losses(logits, codes)
    assert (np.abs(losses - truth) <= loss_tolerance(logits, codes, truth)).all()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1000.0])
def test_losses_have_small_relative_error_at_random_logits(scale, rng):
    logits, codes = random_rows(rng, 300, 5, scale)
    truth = high_precision.row_losses(logits, codes)
    for targets in (codes, one_hot(codes, 5)):
        losses = cross_entropy(logits, targets, reduction="none")
        assert (np.abs(losses - truth) <= loss_tolerance(logits, codes, truth)).all()


@pytest.mark.parametrize("ahead", [746.0, 1e4, 1e9])
@pytest.mark.parametrize("base", [0.0, 1e3, 1e9])
def test_certainty_is_exactly_zero(ahead, base):
    logits = np.array([[base, base + ahead, base]])
    for targets, reduction in product(([1], [[0.0, 1.0, 0.0]]), REDUCTIONS):
        assert np.all(cross_entropy(logits, np.array(targets), reduction=reduction) == 0.0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_certainty_is_not_minus_zero(reduction):
    for targets in (np.array([0]), np.array([[1.0, 0.0]])):
        assert not np.signbit(cross_entropy(np.array([[1e4, 0.0]]), targets, reduction=reduction)).any()


@pytest.mark.parametrize("loss", [1e-300, 1e-100, 1e-20, 1e-10])
@pytest.mark.parametrize(
    "encode", [lambda codes: codes, lambda codes: one_hot(codes, 2)], ids=["codes", "one-hot"]
)
def test_tiny_losses_keep_their_digits(loss, encode):
    behind = round(math.log(loss))
    logits = np.array([[0.0, float(behind)]])
    result = cross_entropy(logits, encode(np.array([0])))
    np.testing.assert_allclose(result, math.log1p(math.exp(behind)), rtol=8 * EPS, atol=0)


def test_huge_logits():
    assert cross_entropy(np.array([[1e9, 0.0]]), np.array([1])) == 1e9
    np.testing.assert_allclose(
        cross_entropy(np.array([[1e9, 1e9, 0.0]]), np.array([0])), math.log(2), rtol=4 * EPS
    )


def test_soft_labels_at_huge_logits():
    logits = np.array([[1e9, 1e9 - 1, 1e9 - 3], [-1e9, -1e9 + 2, -1e9]])
    Y = np.array([[0.25, 0.5, 0.25], [0.5, 0.125, 0.375]])
    truth = high_precision.row_losses(logits, Y)
    np.testing.assert_allclose(cross_entropy(logits, Y, reduction="none"), truth, rtol=8 * EPS)


def test_soft_labels(rng):
    for scale in (1.0, 100.0):
        logits, _ = random_rows(rng, 100, 4, scale)
        Y = shares(rng, 100, 4)
        truth = high_precision.row_losses(logits, Y)
        np.testing.assert_allclose(cross_entropy(logits, Y, reduction="none"), truth, rtol=1e-14)


def test_soft_labels_mix_the_losses_of_the_codes(rng):
    logits, _ = random_rows(rng, 10, 3)
    Y = shares(rng, 10, 3)
    by_code = [cross_entropy(logits, np.full(10, k), reduction="none") for k in range(3)]
    np.testing.assert_allclose(
        cross_entropy(logits, Y, reduction="none"), np.sum(Y.T * by_code, axis=0), rtol=1e-14
    )


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_code_dtypes(dtype, rng):
    logits, codes = random_rows(rng)
    assert cross_entropy(logits, codes.astype(dtype)) == cross_entropy(logits, codes)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float32])
def test_one_hot_dtypes(dtype, rng):
    logits, codes = random_rows(rng)
    Y = one_hot(codes, 4).astype(dtype)
    np.testing.assert_allclose(cross_entropy(logits, Y), cross_entropy(logits, codes), rtol=2 * EPS)
    np.testing.assert_allclose(residual(logits, Y), residual(logits, codes), rtol=2 * EPS)


def test_infinite_logits():
    logits = np.array([[0.0, -INF], [0.0, -INF], [INF, 0.0], [INF, 0.0], [-INF, 3.0]])
    codes = np.array([0, 1, 0, 1, 1])
    expected = [0.0, INF, 0.0, INF, 0.0]
    np.testing.assert_array_equal(cross_entropy(logits, codes, reduction="none"), expected)
    np.testing.assert_array_equal(cross_entropy(logits, one_hot(codes, 2), reduction="none"), expected)
    assert cross_entropy(logits, codes) == INF


def test_soft_label_on_an_impossible_class_is_infinite():
    logits = np.array([[0.0, -INF, 0.0]])
    assert cross_entropy(logits, np.array([[0.5, 0.25, 0.25]])) == INF
    np.testing.assert_allclose(cross_entropy(logits, np.array([[0.5, 0.0, 0.5]])), math.log(2), rtol=4 * EPS)


@pytest.mark.parametrize("row", [[INF, INF], [-INF, -INF], [np.nan, 0.0], [0.0, np.nan]])
def test_undefined_rows_are_nan_and_leave_the_others(row):
    logits, codes = np.array([row, [0.0, 0.0]]), np.array([0, 0])
    for targets in (codes, one_hot(codes, 2)):
        losses = cross_entropy(logits, targets, reduction="none")
        assert np.isnan(losses[0])
        np.testing.assert_allclose(losses[1], math.log(2), rtol=2 * EPS)
        rows = residual(logits, targets)
        assert np.isnan(rows[0]).all()
        np.testing.assert_allclose(rows[1], [-0.5, 0.5], rtol=2 * EPS)


# Reductions and weights.


def test_reductions(rng):
    logits, codes = random_rows(rng)
    weights = rng.random(12) * 3
    losses = high_precision.row_losses(logits, codes)
    plain = [cross_entropy(logits, codes, reduction=reduction) for reduction in REDUCTIONS]
    weighted = [
        cross_entropy(logits, codes, sample_weight=weights, reduction=reduction) for reduction in REDUCTIONS
    ]
    np.testing.assert_allclose(plain[0], losses.mean(), rtol=1e-14)
    np.testing.assert_allclose(plain[1], losses.sum(), rtol=1e-14)
    np.testing.assert_allclose(plain[2], losses, rtol=1e-14)
    np.testing.assert_allclose(weighted[0], (weights * losses).sum() / weights.sum(), rtol=1e-14)
    np.testing.assert_allclose(weighted[1], (weights * losses).sum(), rtol=1e-14)
    np.testing.assert_allclose(weighted[2], weights * losses, rtol=1e-14)
    assert np.ndim(plain[0]) == np.ndim(plain[1]) == 0
    assert cross_entropy(logits, codes) == plain[0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("soft", [False, True])
def test_weight_k_is_k_copies(reduction, soft, rng):
    logits, targets = random_rows(rng)
    targets = shares(rng, 12, 4) if soft else targets
    counts = np.array([0, 1, 2, 3] * 3)
    copies = np.repeat(logits, counts, axis=0), np.repeat(targets, counts, axis=0)
    np.testing.assert_allclose(
        cross_entropy(logits, targets, sample_weight=counts, reduction=reduction),
        cross_entropy(*copies, reduction=reduction),
        rtol=1e-14,
    )
    gradient = cross_entropy_gradient(logits, targets, sample_weight=counts, reduction=reduction)
    by_copy = cross_entropy_gradient(*copies, reduction=reduction)
    starts = np.cumsum(counts) - counts
    for row, count in enumerate(counts):
        expected = by_copy[starts[row] : starts[row] + count].sum(axis=0)
        np.testing.assert_allclose(gradient[row], expected, rtol=1e-14)


@pytest.mark.parametrize("row", [[np.nan, 0.0], [INF, INF], [-INF, -INF], [0.0, -INF]])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weight_zero_drops_a_row_even_where_it_is_undefined(row, reduction):
    logits, codes = np.array([row, [1.0, 2.0]]), np.array([1, 0])
    for targets in (codes, one_hot(codes, 2)):
        options = {"sample_weight": np.array([0.0, 1.0]), "reduction": reduction}
        kept = cross_entropy(logits[1:], targets[1:], reduction="sum")
        np.testing.assert_allclose(np.sum(cross_entropy(logits, targets, **options)), kept, rtol=2 * EPS)
        gradient = cross_entropy_gradient(logits, targets, **options)
        np.testing.assert_array_equal(gradient[0], [0.0, 0.0])
        np.testing.assert_allclose(gradient[1:], residual(logits[1:], targets[1:]), rtol=2 * EPS)


def test_all_weights_zero(rng):
    logits, codes = random_rows(rng)
    zeros = np.zeros(12)
    assert cross_entropy(logits, codes, sample_weight=zeros, reduction="sum") == 0
    np.testing.assert_array_equal(cross_entropy(logits, codes, sample_weight=zeros, reduction="none"), zeros)
    with pytest.raises(ValueError, match=r"(?i)weight"):
        cross_entropy(logits, codes, sample_weight=zeros)
    with pytest.raises(ValueError, match=r"(?i)weight"):
        cross_entropy_gradient(logits, codes, sample_weight=zeros)


def test_weights_do_not_depend_on_their_scale_in_a_mean(rng):
    logits, codes = random_rows(rng)
    weights = rng.random(12)
    np.testing.assert_allclose(
        cross_entropy(logits, codes, sample_weight=weights * 2.0**60),
        cross_entropy(logits, codes, sample_weight=weights),
        rtol=2 * EPS,
    )


# The residual.


@pytest.mark.parametrize(
    "encode", [lambda codes: codes, lambda codes: one_hot(codes, 3)], ids=["codes", "one-hot"]
)
def test_residual_has_small_relative_error_in_every_entry(encode):
    logits, codes = grid()
    truth = high_precision.residual(logits, codes)
    error = np.abs(residual(logits, encode(codes)) - truth)
    assert (error <= EPS * (16 + 38) * np.abs(truth) + DENORMAL).all()


@pytest.mark.parametrize("behind", [-69, -230, -460, -690])
@pytest.mark.parametrize(
    "encode", [lambda codes: codes, lambda codes: one_hot(codes, 3)], ids=["codes", "one-hot"]
)
def test_residual_of_the_true_class_keeps_its_digits_near_certainty(behind, encode):
    logits = np.array([[behind, 0.0, behind - 3.0]])
    codes = encode(np.array([1]))
    truth = high_precision.residual(logits, np.array([1]))
    assert -1e-29 < truth[0, 1] < 0
    np.testing.assert_allclose(residual(logits, codes), truth, rtol=16 * EPS, atol=0)
    np.testing.assert_allclose(cross_entropy_gradient(logits, codes), truth, rtol=16 * EPS, atol=0)


@pytest.mark.parametrize("n_classes", [2, 3, 10, 300])
def test_hard_residual_sums_to_zero(n_classes, rng):
    logits, codes = random_rows(rng, 40, n_classes, 10.0)
    for targets in (codes, one_hot(codes, n_classes)):
        rows = residual(logits, targets)
        sums = np.array([math.fsum(row) for row in rows])
        assert (np.abs(sums) <= 4 * EPS * np.abs(rows).max(axis=1)).all()


def test_soft_residual_is_proba_minus_shares(rng):
    logits, _ = random_rows(rng)
    Y = shares(rng, 12, 4)
    np.testing.assert_allclose(residual(logits, Y), high_precision.residual(logits, Y), atol=4 * EPS, rtol=0)


def test_one_class_has_no_residual():
    logits = np.array([[3.0], [1e9]])
    for targets in (np.array([0, 0]), np.ones((2, 1))):
        np.testing.assert_array_equal(residual(logits, targets), 0.0)
        assert cross_entropy(logits, targets) == 0.0


def test_residual_of_infinite_logits():
    logits = np.array([[0.0, -INF, 0.0], [INF, 0.0, 0.0], [INF, 0.0, 0.0], [0.0, -INF, 0.0]])
    expected = [[-0.5, 0, 0.5], [0, 0, 0], [1, -1, 0], [0.5, -1, 0.5]]
    np.testing.assert_allclose(residual(logits, np.array([0, 0, 1, 1])), expected, atol=2 * EPS)


def test_one_row():
    logits = np.array([[1.0, 2.0, 3.0]])
    expected = high_precision.row_losses(logits, np.array([2]))[0]
    for reduction in REDUCTIONS:
        loss = cross_entropy(logits, np.array([2]), reduction=reduction)
        np.testing.assert_allclose(loss, expected, rtol=4 * EPS)
        assert np.shape(loss) == ((1,) if reduction == "none" else ())


# Derivatives.


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_gradient_is_the_complex_step_of_the_loss(reduction, soft, weighted, scale, rng):
    logits, targets = random_rows(rng, 6, 4, scale)
    targets = shares(rng, 6, 4) if soft else targets
    options = {"sample_weight": rng.random(6) if weighted else None, "reduction": reduction}
    step = complex_step.derivative(lambda moved: cross_entropy(moved, targets, **options), logits)
    gradient = cross_entropy_gradient(logits, targets, **options)
    np.testing.assert_allclose(gradient, step, rtol=1e-12, atol=1e-12 * np.abs(step).max())


def test_row_losses_depend_on_their_own_logits_only(rng):
    logits, codes = random_rows(rng, 5, 3)
    step = complex_step.derivative(lambda moved: cross_entropy(moved, codes, reduction="none"), logits)
    expected = np.einsum("ij,ik->ijk", np.eye(5), residual(logits, codes))
    np.testing.assert_allclose(step, expected, rtol=1e-12, atol=1e-13)


def test_gradient_of_the_row_losses_is_that_of_their_sum(rng):
    logits, codes = random_rows(rng)
    weights = rng.random(12)
    np.testing.assert_array_equal(
        cross_entropy_gradient(logits, codes, sample_weight=weights, reduction="none"),
        cross_entropy_gradient(logits, codes, sample_weight=weights, reduction="sum"),
    )


def test_gradient_is_the_weighted_residual(rng):
    logits, codes = random_rows(rng)
    weights = rng.random(12)
    expected = weights[:, None] * high_precision.residual(logits, codes)
    np.testing.assert_allclose(
        cross_entropy_gradient(logits, codes, sample_weight=weights, reduction="sum"), expected, rtol=1e-14
    )
    np.testing.assert_allclose(
        cross_entropy_gradient(logits, codes, sample_weight=weights), expected / weights.sum(), rtol=1e-14
    )
    np.testing.assert_allclose(
        cross_entropy_gradient(logits, codes), high_precision.residual(logits, codes) / 12, rtol=1e-14
    )


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_hessian_action_is_the_jacobian_times_the_direction(scale, rng):
    logits, _ = random_rows(rng, 8, 5, scale)
    direction = rng.standard_normal((8, 5))
    action = hessian_action(softmax(logits), direction)
    assert action.shape == (8, 5)
    np.testing.assert_allclose(
        action, np.einsum("nkl,nl->nk", softmax_jacobian(logits), direction), atol=1e-14, rtol=1e-12
    )
    np.testing.assert_allclose(
        action, high_precision.hessian_action(logits, direction), atol=1e-14, rtol=1e-12
    )


def test_hessian_action_is_the_complex_step_of_the_residual(rng):
    logits, codes = random_rows(rng, 7, 4)
    direction = rng.standard_normal((7, 4))
    for targets in (codes, shares(rng, 7, 4)):
        step = residual(logits + 1e-30j * direction, targets).imag / 1e-30
        np.testing.assert_allclose(
            hessian_action(softmax(logits), direction), step, rtol=1e-12, atol=1e-12 * np.abs(step).max()
        )


def test_hessian_action_ignores_a_shift_of_all_classes(rng):
    logits, _ = random_rows(rng)
    assert np.abs(hessian_action(softmax(logits), np.full((12, 4), 3.0))).max() <= 16 * EPS


# dtypes and purity.


def test_float32_is_kept(rng):
    logits, codes = random_rows(rng)
    logits = logits.astype(np.float32)
    tolerance = {"rtol": 16 * np.finfo(np.float32).eps, "atol": 0}
    losses = cross_entropy(logits, codes, reduction="none")
    rows = residual(logits, codes)
    gradient = cross_entropy_gradient(logits, codes)
    action = hessian_action(softmax(logits), logits)
    assert losses.dtype == rows.dtype == gradient.dtype == action.dtype == np.float32
    np.testing.assert_allclose(losses, high_precision.row_losses(logits, codes), **tolerance)
    np.testing.assert_allclose(rows, high_precision.residual(logits, codes), **tolerance)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_float32_is_kept_beside_float64_weights(reduction, rng):
    logits, codes = random_rows(rng)
    options = {"sample_weight": rng.random(12), "reduction": reduction}
    assert cross_entropy(logits.astype(np.float32), codes, **options).dtype == np.float32
    assert cross_entropy_gradient(logits.astype(np.float32), codes, **options).dtype == np.float32


def test_inputs_are_left_alone(rng):
    logits, codes = random_rows(rng)
    Y, weights = shares(rng, 12, 4), rng.random(12)
    proba = softmax(logits)
    arrays = [logits, codes, Y, weights, proba]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for targets in (codes, Y):
        cross_entropy(logits, targets, sample_weight=weights)
        cross_entropy_gradient(logits, targets, sample_weight=weights)
        residual(logits, targets)
    hessian_action(proba, logits)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


# Refusals.

LOGITS = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 6.0]])
CODES = np.array([0, 2])
REFUSED_TARGETS = {
    "code too large": (np.array([0, 3]), r"(?i)3|code|label|class"),
    "negative code": (np.array([0, -1]), r"(?i)-1|code|label|class"),
    "too few codes": (np.array([0]), r"(?i)row|label|target|shape|code"),
    "too many codes": (np.array([0, 1, 2]), r"(?i)row|label|target|shape|code"),
    "too few columns": (np.array([[1.0, 0.0], [0.0, 1.0]]), r"(?i)class|column|shape|target"),
    "too few one-hot rows": (np.array([[1.0, 0.0, 0.0]]), r"(?i)row|shape|target"),
    "three axes": (np.zeros((2, 3, 1)), r"(?i)shape|target|dimension|axes"),
    "shares sum to two": (np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), r"(?i)sum|distribution"),
    "shares sum to 1 + 1e-6": (np.array([[0.5, 0.5 + 1e-6, 0.0], [0.0, 1.0, 0.0]]), r"(?i)sum|distribution"),
    "negative share": (np.array([[1.5, -0.5, 0.0], [0.0, 1.0, 0.0]]), r"(?i)negative|>= 0|distribution"),
    "NaN share": (
        np.array([[np.nan, 1.0, 0.0], [0.0, 1.0, 0.0]]),
        r"(?i)nan|finite|sum|distribution|negative",
    ),
}


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
@pytest.mark.parametrize("case", REFUSED_TARGETS)
def test_wrong_targets_are_refused(function, case):
    targets, message = REFUSED_TARGETS[case]
    with pytest.raises(ValueError, match=message):
        function(LOGITS, targets)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
def test_shares_may_miss_one_by_round_off(function):
    assert np.isfinite(function(LOGITS, np.array([[0.5, 0.5 + 5e-9, 0.0], [0.0, 1.0, 0.0]]))).all()


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
@pytest.mark.parametrize(
    "weights", [[1.0, -1.0], [1.0, np.nan], [1.0, INF], [1.0], [1.0, 1.0, 1.0], [[1.0, 1.0]]]
)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_wrong_weights_are_refused(function, weights, reduction):
    with pytest.raises(ValueError, match=r"(?i)weight"):
        function(LOGITS, CODES, sample_weight=np.array(weights), reduction=reduction)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
@pytest.mark.parametrize("reduction", ["average", "Mean", None])
def test_unknown_reductions_are_refused(function, reduction):
    with pytest.raises(ValueError, match=r"(?i)reduction"):
        function(LOGITS, CODES, reduction=reduction)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("targets", [np.empty(0, dtype=np.int64), np.empty((0, 3))])
def test_no_rows_are_refused(function, reduction, targets):
    with pytest.raises(ValueError, match=r"(?i)row|sample|empty"):
        function(np.empty((0, 3)), targets, reduction=reduction)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
def test_wrong_logits_are_refused(function):
    with pytest.raises(ValueError, match=r"(?i)class|empty|axis|shape"):
        function(np.empty((2, 0)), np.array([0, 0]))
    with pytest.raises(ValueError, match=r"(?i)logits|shape|dimension|axes"):
        function(np.array([0.0, 1.0]), np.array([0, 1]))
