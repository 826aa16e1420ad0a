"""softmax, log_softmax, softmax_jacobian, loss_and_gradient and hessian_product on whatever is handed to them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import softgrad
from tests.fuzz import oracle
from tests.fuzz.budget import cases
from tests.fuzz.refusals import Refused, answer
from tests.fuzz.tables import tables
from tests.fuzz.targets import labels, weights

NUMBERS = st.one_of(
    st.floats(-50, 50),
    st.floats(allow_nan=False, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e300, np.inf, -np.inf, np.nan]),
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
STRANGE = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.lists(st.one_of(st.none(), st.text(max_size=2), NUMBERS, st.lists(NUMBERS, max_size=2)), max_size=3),
    st.dictionaries(st.text(max_size=1), NUMBERS, max_size=2),
    st.builds(object),
    st.sampled_from(
        [np.datetime64("2024-01-01"), np.array(["a"]), np.array([b"a"]), np.zeros(2, "M8[D]"), [[1], [2, 3]]]
    ),
)


def limit(z):
    """The probabilities of one row of long doubles, with the limits that the texts promise."""
    if np.isnan(z).any() or np.isposinf(z).sum() > 1 or np.isneginf(z).all():
        return np.full(len(z), np.nan, np.longdouble)
    if np.isposinf(z).any():
        return np.isposinf(z).astype(np.longdouble)
    with np.errstate(over="ignore"):
        return oracle.softmax(z)


@cases(60)
@given(
    hnp.arrays(st.sampled_from(["f8", "f4", ">f8", "i4", "u1", "?", "g"]), SHAPES),
    st.integers(-5, 5),
    st.sampled_from(["softmax", "log_softmax", "softmax_jacobian"]),
)
def test_softmax(logits, axis, name):
    function = getattr(softgrad, name)
    options = {} if name == "softmax_jacobian" else {"axis": axis}
    found = answer(function, logits, **options)
    place = options.get("axis", -1)
    inside = -logits.ndim <= place < logits.ndim and logits.shape[place] > 0
    assert isinstance(found, Refused) != inside
    if not inside:
        return
    z = np.moveaxis(logits, place, -1)
    rows = z.reshape(-1, z.shape[-1]).astype(np.longdouble)
    p = np.array([limit(row) for row in rows], np.longdouble).reshape(rows.shape)
    given_type = logits.dtype if logits.dtype.kind == "f" else np.dtype("f8")
    assert found.dtype == given_type.newbyteorder("=")
    eps, tiny = float(np.finfo(given_type).eps), float(np.finfo(given_type).tiny)
    ours = (
        np.moveaxis(found, place, -1).reshape(rows.shape)
        if options
        else found.reshape(*rows.shape, rows.shape[1])
    )
    if name == "softmax_jacobian":
        expected = -p[:, :, None] * p[:, None, :]
        k = np.arange(p.shape[1])
        others = np.array([[np.delete(row, j).sum() for j in k] for row in p], np.longdouble).reshape(p.shape)
        expected[:, k, k] = p * others
    elif name == "softmax":
        expected = p
    else:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            top, first = rows.max(axis=1, keepdims=True), rows.argmax(axis=1)
            terms = np.exp(rows - top)
            terms[np.arange(len(terms)), first] = 0
            expected = np.where(
                np.isfinite(top), rows - top - np.log1p(terms.sum(axis=1, keepdims=True)), np.log(p)
            )
    finite = np.isfinite(expected)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(expected))
        largest = np.nanmax(np.abs(rows), initial=1, where=np.isfinite(rows))
    loose = (
        16 + 4 * np.minimum(np.abs(largest), 1e4)
    ) * eps  # a difference of logits is rounded before its exponential
    with np.errstate(over="ignore", invalid="ignore"):
        close = np.abs(ours - expected) <= loose * np.abs(expected) + 4 * tiny
    overflowed = np.abs(expected) > np.finfo(given_type).max / 2
    assert (close | ~finite | overflowed).all()


@cases(25)
@given(STRANGE, st.sampled_from(["softmax", "log_softmax", "softmax_jacobian"]))
def test_what_are_no_logits(logits, name):
    answer(getattr(softgrad, name), logits)


@st.composite
def problems(draw):
    """A table, codes or soft labels of it, weights and parameters, and how many threads."""
    table = draw(tables(sound=True))
    n, d = table.values.shape
    target = draw(labels(n, sound=True, kinds=("ints",)))
    given = draw(weights(n, sound=True))
    K = target.Y.shape[1]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 10.0 ** draw(st.integers(-2, 1)) / max(1.0, np.abs(table.values).max())
    coef = rng.normal(size=(K, d)) * scale
    kind = draw(st.sampled_from(["f8", "f4", "F", "list"]))
    coef = {"f8": coef, "f4": coef.astype("f4"), "F": np.asfortranarray(coef), "list": coef.tolist()}[kind]
    intercept = draw(st.sampled_from([None, rng.normal(size=K)]))
    alpha = draw(st.sampled_from([0.0, 0.1, 1, 1e6, np.float32(0.5)]))
    return table, target, given, coef, intercept, alpha, draw(st.sampled_from([None, 1, 2]))


@cases(70)
@given(problems())
def test_loss_and_gradient(problem):
    table, target, given, coef, intercept, alpha, n_threads = problem
    found = answer(
        softgrad.loss_and_gradient,
        coef,
        intercept,
        table.X,
        target.y,
        sample_weight=given.given,
        alpha=alpha,
        n_threads=n_threads,
    )
    assert not isinstance(found, Refused), found
    truth = oracle.Problem(table.values, target.Y, given.values, alpha)
    values = np.asarray(coef, dtype=float)
    offsets = np.zeros(len(values)) if intercept is None else intercept
    by_coef, by_intercept = truth.gradient(values, offsets)
    single = getattr(table.X, "dtype", None) == np.float32 and getattr(coef, "dtype", None) == np.float32
    size = max(1.0, np.abs(table.values).max())
    rtol = (1e-5 if single else 1e-12) * max(1.0, np.abs(values).max() * size)
    np.testing.assert_allclose(found[0], float(truth.value(values, offsets)), rtol=rtol)
    penalty = float(alpha) * np.abs(values).max()
    np.testing.assert_allclose(found[1], by_coef.astype(float), rtol=0, atol=rtol * (size + penalty))
    assert (found[2] is None) == (intercept is None)
    if intercept is not None:
        np.testing.assert_allclose(found[2], by_intercept.astype(float), rtol=0, atol=rtol)


@cases(40)
@given(problems())
def test_hessian_product(problem):
    table, target, given, coef, intercept, alpha, n_threads = problem
    values = np.asarray(coef, dtype=float)
    K, d = values.shape
    direction = np.cos(np.arange(K * d)).reshape(K, d) / max(1.0, np.abs(table.values).max())
    change = None if intercept is None else np.sin(np.arange(K))
    found = answer(
        softgrad.hessian_product,
        coef,
        intercept,
        direction,
        change,
        table.X,
        sample_weight=given.given,
        alpha=alpha,
        n_threads=n_threads,
    )
    assert not isinstance(found, Refused), found
    truth = oracle.Problem(table.values, target.Y, given.values, alpha)
    H = truth.hessian(values, np.zeros(K) if intercept is None else intercept)
    v = np.column_stack([direction, np.zeros(K) if change is None else change])
    expected = (H @ v.ravel()).reshape(K, d + 1).astype(float)
    size = max(1.0, np.abs(table.values).max())
    tight = 1e-12 * max(1.0, np.abs(values).max() * size) * (size + float(alpha))
    np.testing.assert_allclose(found[0], expected[:, :-1], rtol=0, atol=tight)
    assert (found[1] is None) == (intercept is None)
    if intercept is not None:
        np.testing.assert_allclose(found[1], expected[:, -1], rtol=0, atol=tight)


@cases(70)
@given(st.data())
def test_flawed_arguments_are_refused(data):
    """One argument of loss_and_gradient or hessian_product is not what it should be; NaN may go in, to come out."""
    wrong = data.draw(st.sampled_from(["X", "y", "weights", "coef", "intercept", "alpha", "n_threads"]))
    table = data.draw(tables(sound=wrong != "X").filter(lambda table: table.flaw or len(table.values) > 2))
    n, d = (5, 2) if table.values is None else table.values.shape
    if table.values is None and hasattr(table.X, "shape") and len(table.X.shape) == 2:
        n, d = table.X.shape
    n = max(n, 2)
    target = data.draw(labels(n, sound=wrong != "y", kinds=("ints",)))
    given = data.draw(weights(n, sound=wrong != "weights"))
    K = 2 if target.Y is None else target.Y.shape[1]
    coef, intercept, alpha, n_threads = np.ones((K, max(d, 1))), np.zeros(K), 0.5, None
    if wrong == "coef":
        coef = data.draw(
            st.sampled_from(
                [np.ones((K, d + 1)), np.ones(d), np.ones((0, d)), "spam", None, [[1], [1, 2]], coef + 1j]
            )
        )
    elif wrong == "intercept":
        intercept = data.draw(
            st.sampled_from([np.zeros(K + 1), np.zeros((K, 1)), "spam", 0.0, ["a"] * K, intercept + 1j])
        )
    elif wrong == "alpha":
        alpha = data.draw(st.sampled_from([-1.0, np.nan, np.inf, "1", None, True, [0.1], 1j, -0.5]))
    elif wrong == "n_threads":
        n_threads = data.draw(st.sampled_from([0, -1, 1.5, "2", True, [1]]))
    options = {"sample_weight": given.given, "alpha": alpha, "n_threads": n_threads}
    found = answer(softgrad.loss_and_gradient, coef, intercept, table.X, target.y, **options)
    if wrong not in ("X", "y"):
        twice = answer(softgrad.hessian_product, coef, intercept, coef, intercept, table.X, **options)
        assert isinstance(twice, Refused), twice
    allowed = {"nan", "inf", "-inf", "sparse nan", "no columns", "one class", "bytes", ""}
    if table.flaw in allowed and target.flaw in allowed and not given.flaw and wrong in ("X", "y"):
        return
    assert isinstance(found, Refused), found
