"""Convention's methods in all layouts, and check_gradient on right, wrong and senseless functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softgrad
from softgrad import Convention
from tests.fuzz import oracle
from tests.fuzz.budget import cases
from tests.fuzz.refusals import Refused, answer

FIELDS = {
    "samples": ["rows", "columns"],
    "weights": ["features_by_classes", "classes_by_features"],
    "intercept": ["none", "separate", "first", "last"],
    "objective": ["loss", "log_likelihood"],
    "reduction": ["mean", "sum"],
    "labels": ["index", "one_hot"],
}


class Laid:
    """A problem, and the same laid out as a convention has it, by hand."""

    def __init__(self, c, n, d, K, rng, alpha, penalised):
        self.c, self.alpha, self.penalised = c, alpha, penalised
        self.X = rng.normal(size=(n, d))
        self.codes = rng.integers(K, size=n)
        self.coef = rng.normal(size=(K, d))
        self.b = np.zeros(K) if c.intercept == "none" else rng.normal(size=K)
        self.n, self.K = n, K
        self.given_X = self.across(self.with_ones(self.X, np.ones((n, 1))))
        one_hot = np.eye(K)[self.codes]
        self.given_y = self.codes if c.labels == "index" else self.across(one_hot)
        self.W = self.weights(self.coef, self.b)
        self.given_b = self.column(self.b) if c.intercept == "separate" else None

    def with_ones(self, array, ones):
        if self.c.intercept == "first":
            return np.hstack([ones, array])
        return np.hstack([array, ones]) if self.c.intercept == "last" else array

    def across(self, array):
        return array if self.c.samples == "rows" else array.T

    def column(self, b):
        return b if self.c.samples == "rows" else b[:, None]

    def weights(self, coef, b):
        W = self.with_ones(coef, b[:, None])
        return W if self.c.weights == "classes_by_features" else W.T

    def expected(self):
        """Value, and gradient by weights and intercept, in the convention's layout and scale."""
        truth = oracle.Problem(self.X, np.eye(self.K)[self.codes], None, 0.0)
        sign = 1 if self.c.objective == "loss" else -1
        scale = sign * (1 if self.c.reduction == "mean" else self.n)
        by_coef, by_b = truth.gradient(self.coef, self.b)
        value = scale * truth.value(self.coef, self.b) + sign * self.alpha / 2 * (self.coef**2).sum()
        by_coef, by_b = scale * by_coef + sign * self.alpha * self.coef, scale * by_b
        if self.penalised and self.c.intercept != "none":
            value += sign * self.alpha / 2 * (self.b**2).sum()
            by_b = by_b + sign * self.alpha * self.b
        return float(value), self.weights(by_coef, by_b).astype(float), self.column(by_b).astype(float)


@st.composite
def laid(draw):
    c = Convention(**{name: draw(st.sampled_from(values)) for name, values in FIELDS.items()})
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d, K = draw(st.integers(1, 12)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return Laid(c, n, d, K, rng, draw(st.sampled_from([0.0, 0.3])), draw(st.booleans()))


@cases(80)
@given(laid())
def test_every_convention(p):
    c, options = p.c, {"alpha": p.alpha, "penalize_intercept": p.penalised}
    value, by_W, by_b = p.expected()
    given = (p.W, p.given_X, p.given_y, p.given_b)
    assert c.value(*given, **options) == pytest.approx(value, rel=1e-12, abs=1e-13)
    gradient = c.gradient(*given, **options)
    np.testing.assert_allclose(gradient.weights, by_W, rtol=0, atol=1e-12 * p.n)
    assert (gradient.intercept is None) == (c.intercept != "separate")
    if c.intercept == "separate":
        np.testing.assert_allclose(gradient.intercept, by_b, rtol=0, atol=1e-12 * p.n)
    proba = p.across(oracle.softmax(p.X @ p.coef.T + p.b)).astype(float)
    np.testing.assert_allclose(c.proba(p.W, p.given_X, p.given_b), proba, rtol=1e-12)
    flat = c.flatten(gradient)
    back = c.unflatten(flat, p.K)
    np.testing.assert_array_equal(back.weights, gradient.weights)
    H = c.hessian(*given, **options)
    step = np.cos(np.arange(len(flat)))
    h = 1e-5
    there = [c.unflatten(c.flatten((p.W, p.given_b)) + t * step, p.K) for t in (h, -h)]
    ahead, behind = (
        c.flatten(c.gradient(g.weights, p.given_X, p.given_y, g.intercept, **options)) for g in there
    )
    np.testing.assert_allclose(H @ step, (ahead - behind) / (2 * h), rtol=0, atol=1e-7 * p.n)
    canonical = c.to_canonical(*given, alpha=p.alpha)
    again = c.from_canonical(*canonical[:4], alpha=canonical[4])
    np.testing.assert_array_equal(again[0], p.W)
    np.testing.assert_array_equal(again[1], p.given_X)
    np.testing.assert_array_equal(again[2], p.given_y)
    assert again[4] == pytest.approx(p.alpha)


@cases(10)
@given(laid())
def test_numpy_code_says_the_same(p):
    room = {}
    exec(p.c.numpy_code(alpha=p.alpha, penalize_intercept=p.penalised), room)
    value, by_W, _ = p.expected()
    given = [p.W, p.given_X, p.given_y]
    if p.c.intercept == "separate":
        given.insert(1, p.given_b)
    assert room["value"](*given) == pytest.approx(value, rel=1e-11, abs=1e-12)
    found = room["gradient"](*given)
    np.testing.assert_allclose(
        found[0] if p.c.intercept == "separate" else found, by_W, rtol=0, atol=1e-11 * p.n
    )


SENSELESS = [
    "spam",
    None,
    3.0,
    [],
    [[1], [1, 2]],
    np.zeros((2, 2, 2)),
    np.full((3, 2), "a"),
    np.zeros((0, 2)),
    1j * np.ones((2, 3)),
    {"a": 1},
    object(),
    np.ones(7, dtype="M8[D]"),
    np.full((3, 3), object()),
]


@cases(50)
@given(laid(), st.data())
def test_senseless_arguments_are_refused(p, data):
    method = data.draw(st.sampled_from(["logits", "proba", "value", "gradient", "hessian", "to_canonical"]))
    args = [p.W, p.given_X, p.given_y, p.given_b]
    if method in ("logits", "proba"):
        args = [p.W, p.given_X, p.given_b]
    place = data.draw(st.integers(0, len(args) - 1))
    args[place] = data.draw(st.sampled_from(SENSELESS))
    if args[place] is None and place == len(args) - 1 and p.given_b is None:
        return
    found = answer(getattr(p.c, method), *args)
    shape = getattr(args[place], "shape", None)
    fits = shape in ((0, 2), (2, 3)) or isinstance(args[place], float)  # no rows to predict, complex numbers
    assert isinstance(found, Refused) or fits, (method, place, args[place], found)
    answer(p.c.unflatten, args[place], data.draw(st.sampled_from([p.K, 0, -1, 1])))


@cases(10)
@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.one_of(st.none(), st.text(max_size=4), st.lists(st.integers(), max_size=2)),
        min_size=1,
    )
)
def test_fields_that_are_none(fields):
    assert isinstance(answer(Convention, **fields), Refused)


# ------------------------------------------------------------------------------------------------ the checker


def user_gradient(p, spoil=None):
    """As a user would write it, for check_gradient, out of nothing of the package's."""

    def gradient(W, *rest):
        b, X, y = rest if p.c.intercept == "separate" else (None, *rest)
        rows = X if p.c.samples == "rows" else X.T
        by_class = W if p.c.weights == "classes_by_features" else W.T
        Z = rows @ by_class.T + (0 if b is None else np.ravel(b))
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        Y = np.eye(len(by_class))[y] if np.ndim(y) == 1 else y if p.c.samples == "rows" else y.T
        sign = 1 if p.c.objective == "loss" else -1
        R = sign * (P - Y) / (len(rows) if p.c.reduction == "mean" else 1)
        G = R.T @ rows
        charged = by_class.copy()
        if p.c.intercept in ("first", "last") and not p.penalised:
            charged[:, 0 if p.c.intercept == "first" else -1] = 0
        G = G + sign * p.alpha * charged
        by_b = R.sum(axis=0) + (sign * p.alpha * np.ravel(b) if p.penalised and b is not None else 0)
        if spoil is not None:
            G = spoil(G)
        G = G if p.c.weights == "classes_by_features" else G.T
        return G if b is None else (G, by_b.reshape(np.shape(b)))

    return gradient


SPOILED = {
    "an entry": lambda G: G + 1e-3 * np.abs(G).max() * (np.arange(G.size).reshape(G.shape) == G.size // 2),
    "half": lambda G: 0.5 * G,
    "turned": lambda G: -G,
    "noise": lambda G: G * (1 + 1e-3 * np.cos(np.arange(G.size)).reshape(G.shape)),
}


@cases(2)
@given(laid().filter(lambda p: p.K > 1 and p.n > 3), st.sampled_from([None, *SPOILED]))
def test_check_gradient(p, spoiled):
    gradient = user_gradient(p, SPOILED.get(spoiled))
    options = {
        "X": p.given_X,
        "y": p.given_y,
        "convention": p.c,
        "alpha": p.alpha,
        "penalize_intercept": p.penalised,
    }
    report = softgrad.check_gradient(gradient, n_classes=p.K, **options)
    assert report.ok == (spoiled is None), str(report)
    assert report.to_dict()["ok"] == report.ok
    assert bool(report.diagnoses) or report.ok


RETURNED = [
    *SENSELESS,
    np.nan,
    np.full((2, 3), np.nan),
    np.inf,
    (1, 2, 3),
    "raise",
    "exit",
    "write",
    "recursion",
    (None, None),
]


@cases(6)
@given(laid(), st.sampled_from(RETURNED))
def test_a_senseless_gradient_is_diagnosed(p, result):
    """Whatever a user's function does, the checker ends with a report that is not ok."""

    def gradient(*args):
        if isinstance(result, str) and result == "raise":
            raise KeyError("mine")
        if isinstance(result, str) and result == "exit":
            raise SystemExit(3)
        if isinstance(result, str) and result == "recursion":
            return gradient(*args)
        if isinstance(result, str) and result == "write":
            args[0][...] = 0
        return result

    report = softgrad.check_gradient(gradient, X=p.given_X, y=p.given_y, convention=p.c, n_classes=p.K)
    assert not report.ok
    assert report.diagnoses
    assert str(report)


@cases(15)
@given(laid(), st.data())
def test_check_gradient_refuses_what_does_not_fit(p, data):
    wrong = {
        "X": SENSELESS,
        "y": SENSELESS,
        "convention": ["numpy", None, 3],
        "alpha": [np.nan, np.inf, "a", None, 1j, [0.1]],
        "n_classes": [0, -1, 1.5, "3", [2]],
        "params": [3, "spam", [], [None], [np.zeros(3)], ["a"], [[1], [1, 2]], [(1, 2, 3)]],
    }
    name = data.draw(st.sampled_from(sorted(wrong)))
    options = {"X": p.given_X, "y": p.given_y, "convention": p.c, "n_classes": p.K}
    options[name] = data.draw(st.sampled_from(wrong[name]))
    found = answer(softgrad.check_gradient, user_gradient(p), **options)
    if name in ("alpha", "convention", "params") or (name == "n_classes" and p.K > 1):
        assert isinstance(found, Refused), (name, options[name])
