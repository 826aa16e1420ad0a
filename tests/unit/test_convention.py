"""Convention: every combination of its fields against the canonical model."""

import dataclasses
from functools import cache

import numpy as np
import pytest

from softgrad.conventions import NUMPY
from softgrad.maths.convention import Convention, Gradient
from tests.oracles import complex_step, high_precision, layouts
from tests.unit.closeness import close

EPS = np.finfo(np.float64).eps
N, D, K = 8, 4, 3
ALPHA = 0.37
PENALTIES = [
    {"alpha": 0.0, "penalize_intercept": False},
    {"alpha": ALPHA, "penalize_intercept": False},
    {"alpha": ALPHA, "penalize_intercept": True},
]
ALL = pytest.mark.parametrize("fields", layouts.COMBINATIONS, ids=layouts.name)


@cache
def canonical(with_intercept):
    """A problem and its exact derivatives: (coef, intercept, X, codes), (loss, gradient, Hessian)."""
    rng = np.random.default_rng(20221014)
    X, codes = rng.standard_normal((N, D)), np.array([0, 1, 2, 0, 0, 2, 1, 0])
    coef = rng.standard_normal((K, D))
    intercept = rng.standard_normal(K) if with_intercept else np.zeros(K)
    return (coef, intercept, X, codes), high_precision.regression(coef, intercept, X, codes)


class Case:
    """The canonical problem laid out as the fields say, with what the fields make of its derivatives."""

    def __init__(self, fields):
        self.fields, self.convention = fields, Convention(**fields)
        (coef, intercept, X, codes), self.exact = canonical(layouts.has_intercept(fields))
        self.coef, self.intercept, self.rows, self.codes = coef, intercept, X, codes
        self.W = layouts.weights(fields, coef, intercept)
        self.b = layouts.bias(fields, intercept)
        self.X = layouts.samples(fields, X)
        self.y = layouts.labels(fields, codes, K)
        self.order = layouts.order(fields, K, D)
        self.sign, total = layouts.factor(fields, N)
        self.factor = total / N  # of the sum over rows

    def penalty(self, alpha, penalize_intercept):
        """(canonical flat parameters, which of them are penalised times alpha)."""
        theta = np.column_stack([self.coef, self.intercept]).ravel()
        mask = np.ones((K, D + 1))
        mask[:, -1] = penalize_intercept
        return theta, alpha * mask.ravel()

    def value(self, **penalty):
        theta, alphas = self.penalty(**penalty)
        return self.factor * self.exact[0] + self.sign / 2 * np.sum(alphas * theta**2)

    def gradient(self, **penalty):
        theta, alphas = self.penalty(**penalty)
        return (self.factor * self.exact[1] + self.sign * alphas * theta)[self.order]

    def hessian(self, **penalty):
        _, alphas = self.penalty(**penalty)
        full = self.factor * self.exact[2] + self.sign * np.diag(alphas)
        return full[np.ix_(self.order, self.order)]

    def arguments(self):
        return self.W, self.X, self.y, self.b


# Every combination of fields against its canonical image.


@ALL
def test_logits_and_proba_are_the_canonical_ones_in_the_layout(fields):
    case = Case(fields)
    logits = case.rows @ case.coef.T + case.intercept
    for result, expected in [
        (case.convention.logits(case.W, case.X, case.b), logits),
        (case.convention.proba(case.W, case.X, b=case.b), high_precision.softmax(logits)),
    ]:
        assert result.shape == ((K, N) if fields["samples"] == "columns" else (N, K))
        close(result, layouts.by_sample(fields, expected), 1e-14)


@ALL
def test_value_is_the_canonical_one_with_sign_and_scale(fields):
    case = Case(fields)
    for penalty in PENALTIES:
        value = case.convention.value(*case.arguments(), **penalty)
        assert np.ndim(value) == 0
        assert not np.iscomplexobj(value)
        np.testing.assert_allclose(value, case.value(**penalty), rtol=1e-14)
    assert case.convention.value(*case.arguments()) == case.convention.value(
        *case.arguments(), **PENALTIES[0]
    )


@ALL
def test_gradient_is_the_canonical_one_in_the_layout(fields):
    case = Case(fields)
    for penalty in PENALTIES:
        gradient = case.convention.gradient(*case.arguments(), **penalty)
        assert isinstance(gradient, Gradient)
        assert gradient.weights.shape == case.W.shape
        expected = case.gradient(**penalty)
        close(np.ravel(gradient.weights), expected[: case.W.size], 1e-13)
        if fields["intercept"] == "separate":
            assert gradient.intercept.shape == ((K, 1) if fields["samples"] == "columns" else (K,))
            close(gradient.intercept.ravel(), expected[case.W.size :], 1e-13)
        else:
            assert gradient.intercept is None
        close(case.convention.flatten(gradient), expected, 1e-13)


@ALL
def test_gradient_of_the_logits_is_the_data_term_s(fields):
    case = Case(fields)
    logits = case.rows @ case.coef.T + case.intercept
    expected = case.factor * high_precision.residual(logits, case.codes)
    for penalty in PENALTIES:
        gradient = case.convention.gradient(*case.arguments(), **penalty)
        assert gradient.logits.shape == ((K, N) if fields["samples"] == "columns" else (N, K))
        close(gradient.logits, layouts.by_sample(fields, expected), 1e-14)


@ALL
def test_hessian_is_the_canonical_one_in_the_order_of_flatten(fields):
    case = Case(fields)
    for penalty in PENALTIES:
        hessian = case.convention.hessian(*case.arguments(), **penalty)
        assert hessian.shape == (len(case.order), len(case.order))
        close(hessian, case.hessian(**penalty), 1e-13)


# Every combination against the complex step of its own functions.


def flat_derivative(case, function):
    """Complex step of function(W, b) over the weights in C order, then the separate intercept."""
    by_weights = complex_step.derivative(lambda W: function(W, case.b), case.W)
    parts = [by_weights.reshape(*by_weights.shape[: by_weights.ndim - 2], case.W.size)]
    if case.b is not None:
        by_bias = complex_step.derivative(lambda b: function(case.W, b), case.b)
        parts.append(by_bias.reshape(*parts[0].shape[:-1], K))
    return np.concatenate(parts, axis=-1)


@ALL
def test_gradient_is_the_complex_step_of_the_value(fields):
    case = Case(fields)
    for penalty in PENALTIES:
        step = flat_derivative(
            case, lambda W, b, options=penalty: case.convention.value(W, case.X, case.y, b, **options)
        )
        gradient = case.convention.gradient(*case.arguments(), **penalty)
        close(case.convention.flatten(gradient), step, 1e-12)


@ALL
def test_hessian_is_the_complex_step_of_the_gradient(fields):
    case = Case(fields)
    for penalty in PENALTIES:
        step = flat_derivative(
            case,
            lambda W, b, options=penalty: case.convention.flatten(
                case.convention.gradient(W, case.X, case.y, b, **options)
            ),
        )
        close(case.convention.hessian(*case.arguments(), **penalty), step, 1e-12)


@ALL
def test_gradient_of_the_logits_is_the_complex_step_of_the_value_through_one_sample(fields):
    """Moving one sample's features moves its logits only: dvalue/dx_i = W' dvalue/dz_i."""
    case = Case(fields)
    by_features = complex_step.derivative(
        lambda X: case.convention.value(case.W, layouts.samples(fields, X), case.y, case.b), case.rows
    )
    gradient = case.convention.gradient(*case.arguments())
    close(layouts.by_sample(fields, gradient.logits) @ case.coef, by_features, 1e-12)


# Round trips.


@ALL
def test_unflatten_inverts_flatten(fields):
    case = Case(fields)
    gradient = case.convention.gradient(*case.arguments(), alpha=ALPHA)
    vector = case.convention.flatten(gradient)
    assert vector.shape == (len(case.order),)
    back = case.convention.unflatten(vector, K)
    assert isinstance(back, Gradient)
    np.testing.assert_array_equal(back.weights, gradient.weights)
    if gradient.intercept is None:
        assert back.intercept is None
    else:
        assert back.intercept.shape == gradient.intercept.shape
        np.testing.assert_array_equal(back.intercept, gradient.intercept)
    assert back.logits is None
    np.testing.assert_array_equal(case.convention.flatten(back), vector)


@ALL
def test_flatten_ignores_the_memory_order(fields):
    case = Case(fields)
    b = None if case.b is None else np.asfortranarray(case.b)
    gradient = Gradient(np.asfortranarray(case.W), b, None)
    expected = np.column_stack([case.coef, case.intercept]).ravel()[case.order]
    np.testing.assert_array_equal(case.convention.flatten(gradient), expected)


@ALL
def test_to_canonical(fields):
    case = Case(fields)
    coef, intercept, X, targets, alpha = case.convention.to_canonical(*case.arguments(), alpha=ALPHA)
    np.testing.assert_array_equal(coef, case.coef)
    if fields["intercept"] == "none":
        assert intercept is None
    else:
        assert intercept.shape == (K,)
        np.testing.assert_array_equal(intercept, case.intercept)
    np.testing.assert_array_equal(X, case.rows)
    np.testing.assert_array_equal(targets, case.codes if np.ndim(targets) == 1 else np.eye(K)[case.codes])
    if fields["labels"] == "index":
        assert np.ndim(targets) == 1
    np.testing.assert_allclose(alpha, ALPHA / N if fields["reduction"] == "sum" else ALPHA, rtol=2 * EPS)
    assert case.convention.to_canonical(*case.arguments())[4] == 0


@ALL
def test_from_canonical_inverts_to_canonical(fields):
    case = Case(fields)
    *image, alpha = case.convention.to_canonical(*case.arguments(), alpha=ALPHA)
    W, X, y, b, back = case.convention.from_canonical(*image, alpha=alpha)
    for result, expected in [(W, case.W), (X, case.X), (y, case.y)]:
        assert np.shape(result) == expected.shape
        np.testing.assert_array_equal(result, expected)
    if case.b is None:
        assert b is None
    else:
        assert b.shape == case.b.shape
        np.testing.assert_array_equal(b, case.b)
    np.testing.assert_allclose(back, ALPHA, rtol=4 * EPS)


@ALL
def test_from_canonical_writes_either_kind_of_labels(fields):
    case = Case(fields)
    intercept = case.intercept if layouts.has_intercept(fields) else None
    for targets in (case.codes, np.eye(K)[case.codes]):
        _, _, y, _, _ = case.convention.from_canonical(case.coef, intercept, case.rows, targets)
        np.testing.assert_array_equal(y, case.y)


@ALL
def test_from_canonical_refuses_what_it_cannot_write(fields):
    case = Case(fields)
    wrong = None if layouts.has_intercept(fields) else case.intercept
    with pytest.raises(ValueError, match="intercept"):
        case.convention.from_canonical(case.coef, wrong, case.rows, case.codes)
    if fields["labels"] == "index":
        intercept = case.intercept if layouts.has_intercept(fields) else None
        with pytest.raises(ValueError, match=r"(?i)soft|label"):
            case.convention.from_canonical(case.coef, intercept, case.rows, np.full((N, K), 1 / K))


@ALL
def test_value_equals_the_canonical_objective_of_its_image(fields):
    case = Case(fields)
    coef, intercept, X, targets, alpha = case.convention.to_canonical(*case.arguments(), alpha=ALPHA)
    loss = high_precision.regression(coef, intercept, X, targets, np.full(N, 1 / N))[0]
    objective = loss + alpha / 2 * np.sum(coef**2)
    np.testing.assert_allclose(
        case.convention.value(*case.arguments(), alpha=ALPHA), case.factor * N * objective, rtol=1e-13
    )


# Labels: soft, absent classes.


def soft_labels(rng):
    Y = rng.random((N, K))
    return Y / Y.sum(axis=1, keepdims=True)


ONE_HOT = [fields for fields in layouts.COMBINATIONS if fields["labels"] == "one_hot"]
INDEX = [fields for fields in layouts.COMBINATIONS if fields["labels"] == "index"]


@pytest.mark.parametrize("fields", ONE_HOT, ids=layouts.name)
def test_soft_labels_are_allowed_as_one_hot(fields, rng):
    case, Y = Case(fields), soft_labels(rng)
    case.y = layouts.by_sample(fields, Y)
    case.exact = high_precision.regression(case.coef, case.intercept, case.rows, Y)
    convention, penalty = case.convention, PENALTIES[1]
    np.testing.assert_allclose(
        convention.value(*case.arguments(), **penalty), case.value(**penalty), rtol=1e-13
    )
    close(
        convention.flatten(convention.gradient(*case.arguments(), **penalty)), case.gradient(**penalty), 1e-13
    )
    close(convention.hessian(*case.arguments(), **penalty), case.hessian(**penalty), 1e-13)
    _, _, _, back, _ = convention.to_canonical(*case.arguments())
    np.testing.assert_array_equal(back, Y)


@pytest.mark.parametrize("fields", INDEX, ids=layouts.name)
def test_absent_class_with_index_labels(fields):
    case = Case(fields)
    case.y = case.codes % 2
    case.exact = high_precision.regression(case.coef, case.intercept, case.rows, case.y)
    convention, penalty = case.convention, PENALTIES[1]
    np.testing.assert_allclose(
        convention.value(*case.arguments(), **penalty), case.value(**penalty), rtol=1e-13
    )
    close(
        convention.flatten(convention.gradient(*case.arguments(), **penalty)), case.gradient(**penalty), 1e-13
    )


# The dataclass.


@pytest.mark.parametrize("field", layouts.CHOICES)
@pytest.mark.parametrize("wrong", ["row", "", None, 1, "LOSS"])
def test_unknown_field_values_are_refused_at_construction(field, wrong):
    with pytest.raises(ValueError, match=field):
        Convention(**{**layouts.COMBINATIONS[0], field: wrong})


def test_a_convention_is_frozen_comparable_and_hashable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        NUMPY.samples = "columns"
    conventions = [Convention(**fields) for fields in layouts.COMBINATIONS]
    assert len(set(conventions)) == 128
    assert conventions == [Convention(**fields) for fields in layouts.COMBINATIONS]


# Accepted variants of the arguments.


def some(**fields):
    """A combination with the given fields and the second document's others."""
    others = ("rows", "classes_by_features", "separate", "loss", "mean", "index")
    return {**dict(zip(layouts.CHOICES, others, strict=True)), **fields}


@pytest.mark.parametrize("samples", ["rows", "columns"])
@pytest.mark.parametrize("shape", [(K,), (K, 1), (1, K), "list"])
def test_any_array_of_k_entries_is_a_bias(samples, shape):
    case = Case(some(samples=samples))
    expected = case.convention.gradient(*case.arguments())
    b = case.intercept.tolist() if shape == "list" else case.intercept.reshape(shape)
    gradient = case.convention.gradient(case.W, case.X, case.y, b)
    assert gradient.intercept.shape == ((K, 1) if samples == "columns" else (K,))
    np.testing.assert_array_equal(gradient.intercept, expected.intercept)
    np.testing.assert_array_equal(gradient.weights, expected.weights)
    assert case.convention.logits(case.W, case.X, b).shape == expected.logits.shape
    assert case.convention.to_canonical(case.W, case.X, case.y, b)[1].shape == (K,)


@ALL
def test_float32_is_kept(fields):
    case = Case(fields)
    W, X = case.W.astype(np.float32), case.X.astype(np.float32)
    b = None if case.b is None else case.b.astype(np.float32)
    gradient = case.convention.gradient(W, X, case.y, b, alpha=ALPHA)
    assert gradient.weights.dtype == gradient.logits.dtype == np.float32
    assert case.convention.proba(W, X, b).dtype == case.convention.logits(W, X, b).dtype == np.float32
    close(case.convention.flatten(gradient), case.gradient(**PENALTIES[1]), 64 * np.finfo(np.float32).eps)
    value = case.convention.value(W, X, case.y, b, alpha=ALPHA)
    np.testing.assert_allclose(value, case.value(**PENALTIES[1]), rtol=64 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
def test_integer_features_are_read_as_numbers(dtype, rng):
    for fields in layouts.COMBINATIONS:
        case = Case(fields)
        X = layouts.samples(fields, rng.integers(0, 2, (N, D)).astype(dtype))
        assert X.dtype == dtype
        result = case.convention.gradient(case.W, X, case.y, case.b)
        expected = case.convention.gradient(case.W, X.astype(np.float64), case.y, case.b)
        close(result.weights, expected.weights, 1e-14)


@ALL
def test_inputs_are_left_alone(fields):
    case = Case(fields)
    arrays = [array for array in case.arguments() if array is not None]
    before = [array.copy() for array in arrays]
    case.convention.value(*case.arguments(), alpha=ALPHA)
    gradient = case.convention.gradient(*case.arguments(), alpha=ALPHA, penalize_intercept=True)
    case.convention.hessian(*case.arguments(), alpha=ALPHA)
    assert not np.shares_memory(gradient.weights, case.W)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("fields", layouts.COMBINATIONS[::7], ids=layouts.name)
def test_one_class_and_one_sample(fields):
    convention = Convention(**fields)
    coef, intercept, X = np.ones((1, 2)), np.ones(1), np.array([[0.5, 2.0]])
    W, b = layouts.weights(fields, coef, intercept), layouts.bias(fields, intercept)
    arguments = W, layouts.samples(fields, X), layouts.labels(fields, np.array([0]), 1), b
    assert convention.value(*arguments) == 0
    np.testing.assert_array_equal(convention.flatten(convention.gradient(*arguments)), 0)
    np.testing.assert_array_equal(convention.hessian(*arguments), 0)
    assert convention.gradient(*arguments).logits.shape == (1, 1)


# Refusals.

CALLS = ["value", "gradient", "hessian", "to_canonical"]


def refuse(case, match, *, calls=CALLS, **replaced):
    """Every call with one argument replaced is a ValueError with a sentence that matches."""
    arguments = {"W": case.W, "X": case.X, "y": case.y, "b": case.b, **replaced}
    for call in calls:
        with pytest.raises(ValueError, match=match) as caught:
            getattr(case.convention, call)(*arguments.values())
        sentence = str(caught.value)
        assert len(sentence.split()) >= 5, sentence
    if "y" not in replaced:
        for call in ("logits", "proba"):
            with pytest.raises(ValueError, match=match):
                getattr(case.convention, call)(arguments["W"], arguments["X"], arguments["b"])


@ALL
def test_wrong_shapes_of_weights_and_samples_are_refused(fields):
    case = Case(fields)
    refuse(case, r"W|X|weight|feature", W=case.W.T)
    refuse(case, r"W|weight", W=case.W.ravel())
    refuse(case, r"W|weight", W=case.W[None])
    refuse(case, r"W|X|sample|feature", X=case.X.T)
    refuse(case, r"X|sample|feature", X=case.X.ravel())


@pytest.mark.parametrize(
    "fields", [f for f in layouts.COMBINATIONS if f["intercept"] == "separate"], ids=layouts.name
)
def test_missing_or_wrong_bias_is_refused(fields):
    case = Case(fields)
    refuse(case, r"\bb\b|bias|intercept", b=None)
    refuse(case, r"\bb\b|bias|intercept", b=np.zeros(K + 1))
    refuse(case, r"\bb\b|bias|intercept", b=np.zeros((K, K)))


@pytest.mark.parametrize(
    "fields", [f for f in layouts.COMBINATIONS if f["intercept"] != "separate"], ids=layouts.name
)
def test_superfluous_bias_is_refused(fields):
    refuse(Case(fields), r"\bb\b|bias|intercept", b=np.zeros(K))


@pytest.mark.parametrize(
    "fields", [f for f in layouts.COMBINATIONS if layouts.is_folded(f)], ids=layouts.name
)
def test_folded_intercept_without_its_ones_is_refused(fields):
    case = Case(fields)
    X = case.X.copy()
    X[(0, 0) if fields["intercept"] == "first" else (-1, -1)] = 1 + 1e-6
    refuse(case, r"(?i)ones?\b|constant", X=X)
    other_end = {"first": "last", "last": "first"}[fields["intercept"]]
    refuse(case, r"(?i)ones?\b|constant", X=layouts.samples({**fields, "intercept": other_end}, case.rows))


@pytest.mark.parametrize("fields", ONE_HOT, ids=layouts.name)
def test_wrong_one_hot_labels_are_refused(fields):
    case = Case(fields)
    Y = np.eye(K)[case.codes]
    doubled, negative, unknown = Y.copy(), Y.copy(), Y.copy()
    doubled[0] = [1, 1, 0]
    negative[1] = [-0.5, 1, 0.5]
    unknown[2, 0] = np.nan
    for wrong in (doubled, negative, unknown, Y * (1 + 1e-6), np.zeros_like(Y), Y[:-1], Y[:, :-1]):
        refuse(case, r"(?i)y\b|label|one.hot|distribution", y=layouts.by_sample(fields, wrong))
    refuse(case, r"(?i)y\b|label|one.hot|distribution", y=case.y.T)
    refuse(case, r"(?i)y\b|label|one.hot", y=case.codes)


@pytest.mark.parametrize("fields", INDEX, ids=layouts.name)
def test_wrong_index_labels_are_refused(fields):
    case = Case(fields)
    too_large, negative = case.codes.copy(), case.codes.copy()
    too_large[3], negative[3] = K, -1
    for wrong in (too_large, negative, case.codes[:-1], case.codes + 0.5):
        refuse(case, r"(?i)y\b|label|class|code", y=wrong)
    for wrong in (np.eye(K)[case.codes], np.eye(K)[:, case.codes]):
        refuse(case, r"(?i)y\b|label|index", y=wrong)


@ALL
def test_no_samples_are_refused(fields):
    case = Case(fields)
    X = layouts.samples(fields, np.empty((0, D)))
    y = layouts.labels(fields, np.empty(0, dtype=int), K)
    for call in CALLS[:3]:
        with pytest.raises(ValueError, match=r"(?i)sample|row|empty"):
            getattr(case.convention, call)(case.W, X, y, case.b)


@pytest.mark.parametrize("fields", layouts.COMBINATIONS[::5], ids=layouts.name)
def test_unflatten_refuses_a_vector_that_does_not_fit(fields):
    case = Case(fields)
    for wrong in (np.zeros(len(case.order) + 1), np.zeros((2, K))):
        with pytest.raises(ValueError, match=r"(?i)class|length|entries|shape|vector|size"):
            case.convention.unflatten(wrong, K)
