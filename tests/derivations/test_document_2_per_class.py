r"""Document 2, DDA3020 "Gradient of Softmax Regression": every equation; line 2 and lines 4-5 of (2) are false.

Row k of W is w_k, b is (C,), X is (m, d) with rows x_i, y holds the labels. i counts samples, j, k and c classes.
Lines of (2) are counted as printed: the fifth only carries on the fourth.
"""

import numpy as np
import pytest

from softgrad.conventions import PER_CLASS
from tests.derivations.sides import SIZES, agree, entries, indicator, one_hot, refuted, size_id, weights
from tests.oracles import high_precision
from tests.oracles.complex_step import derivative


def scores(W, b, x_i):
    """z_j = w_j'x_i + b_j."""
    return np.array([sum(W[j, a] * x_i[a] for a in range(len(x_i))) + b[j] for j in range(len(W))])


def softmax(z):
    """f_j = exp(z_j) / sum_c exp(z_c)."""
    return np.array([np.exp(z[j]) / sum(np.exp(z[c]) for c in range(len(z))) for j in range(len(z))])


def J_i(z, y_i):
    """One sample's term of (1), as a function of its scores."""
    return -sum(indicator(y_i == j) * np.log(softmax(z)[j]) for j in range(len(z)))


def J(W, b, X, y):
    """(1), first line."""
    m, C = len(X), len(W)
    f = [softmax(scores(W, b, x_i)) for x_i in X]
    return -1 / m * sum(sum(indicator(y[i] == j) * np.log(f[i][j]) for j in range(C)) for i in range(m))


class OneSample:
    """One sample's scores and label, and what (2) says of them. Every method is a function of the class k."""

    def __init__(self, z, y_i):
        self.z, self.y_i, self.C = z, y_i, len(z)
        self.f, self.df = softmax(z), derivative(softmax, z)
        self.total = sum(np.exp(z[c]) for c in range(self.C))

    def I(self, j):  # noqa: E743  the document's indicator
        return indicator(self.y_i == j)

    def truth(self):
        """The left side: dJ_i/dz_k for every k."""
        return derivative(lambda z: J_i(z, self.y_i), self.z)

    def right(self, line):
        return np.array([line(k) for k in range(self.C)])

    def term(self, j, k):
        """The bracket of lines 1 to 3: I(y_i = j) (1/f_j) df_j/dz_k."""
        return self.I(j) * (1 / self.f[j]) * self.df[j, k]

    def others(self, k):
        return [j for j in range(self.C) if j != k]

    def line_2_printed(self, k):
        """-( sum_{j=k}^C [...] + sum_{j != k}^C [...] ): the first sum runs from k to C."""
        return -(
            sum(self.term(j, k) for j in range(k, self.C)) + sum(self.term(j, k) for j in self.others(k))
        )

    def line_2_corrected(self, k):
        """-( sum_{j in {k}} [...] + sum_{j != k} [...] )."""
        return -(sum(self.term(j, k) for j in [k]) + sum(self.term(j, k) for j in self.others(k)))

    def lines_4_and_5(self, k, sign):
        """-[ I(y_i = k) (1/f_k) (...) (sign) sum_{j != k} [ -I(y_i = j) (1/f_j) exp(z_j) exp(z_k) / (...)^2 ] ]."""
        z, total = self.z, self.total
        own = np.exp(z[k]) / total - np.exp(z[k]) * np.exp(z[k]) / total**2
        brackets = [
            -self.I(j) * (1 / self.f[j]) * (np.exp(z[j]) * np.exp(z[k]) / total**2) for j in self.others(k)
        ]
        return -(self.I(k) * (1 / self.f[k]) * own + sign * sum(brackets))


# The page's example: three classes with scores 0, ln 2, 0, so f = (1/4, 1/2, 1/4); the label is the last class, and
# dJ_i/dz_1 = f_1 = 1/4 is asked for. Each entry: what is printed, and the truth.
EXAMPLE = OneSample(np.log([1.0, 2.0, 1.0]), y_i=2)
FALSE = {
    "2, (2) line 2": (EXAMPLE.line_2_printed(0), EXAMPLE.truth()[0]),
    "2, (2) lines 4-5": (EXAMPLE.lines_4_and_5(0, sign=-1), EXAMPLE.truth()[0]),
}


class Draw:
    """Random numbers of one size."""

    def __init__(self, rng, size):
        self.m, self.d, self.C = size
        self.W, self.b = weights(rng, self.C, self.d, features=self.d), rng.standard_normal(self.C)
        self.X = rng.standard_normal((self.m, self.d))
        self.y, _ = one_hot(rng, self.m, self.C)
        self.z = np.array([scores(self.W, self.b, x_i) for x_i in self.X])
        self.f = np.array([softmax(z) for z in self.z])

    def samples(self):
        """Every sample's scores with every label that it might have had."""
        return [OneSample(z, y_i) for z in self.z for y_i in range(self.C)]

    def gradient(self):
        return derivative(lambda W: J(W, self.b, self.X, self.y), self.W)


@pytest.fixture(params=SIZES, ids=size_id)
def draw(request, rng):
    return Draw(rng, request.param)


def test_equation_1_line_1(draw):
    """J = -(1/m) sum_i sum_j I(y_i = j) log f_j(x_i): the mean negative log-likelihood."""
    logits = draw.X @ draw.W.T + draw.b
    agree(high_precision.row_losses(logits, draw.y).mean(), J(draw.W, draw.b, draw.X, draw.y))


def test_equation_1_line_2(draw):
    """... = -(1/m) sum_i sum_j I(y_i = j) log( exp(w_j'x + b_j) / sum_c exp(w_c'x + b_c) ), x read as x_i."""
    W, b, X, y = draw.W, draw.b, draw.X, draw.y
    right = (
        -1
        / draw.m
        * sum(
            sum(
                indicator(y[i] == j)
                * np.log(np.exp(W[j] @ X[i] + b[j]) / sum(np.exp(W[c] @ X[i] + b[c]) for c in range(draw.C)))
                for j in range(draw.C)
            )
            for i in range(draw.m)
        )
    )
    agree(J(W, b, X, y), right)


def test_equation_in_the_text_scores(draw):
    """z_j = w_j'x_i + b_j."""
    agree(PER_CLASS.logits(draw.W, draw.X, draw.b), draw.z)


def test_equation_in_the_text_softmax(draw):
    """f_j = exp(z_j) / sum_c exp(z_c)."""
    agree(high_precision.softmax(draw.z), draw.f)


def test_equation_2_line_1(draw):
    """dJ_i/dz_k = -sum_j [ I(y_i = j) (1/f_j) df_j/dz_k ]."""
    for s in draw.samples():
        agree(s.truth(), s.right(lambda k, s=s: -sum(s.term(j, k) for j in range(s.C))))


def test_equation_2_line_2_is_false_as_printed(draw):
    """sum_{j=k}^C takes every class from k to C, and sum_{j != k}^C those above k once more.

    Right for labels up to k only: where y_i > k, minus f_k is added twice.
    """
    for s in draw.samples():
        printed, truth = s.right(s.line_2_printed), s.truth()
        agree(printed[s.y_i :], truth[s.y_i :])
        if s.y_i > 0:
            refuted(printed[: s.y_i], truth[: s.y_i])
            agree(printed[: s.y_i], 2 * truth[: s.y_i])


def test_equation_2_line_2_corrected(draw):
    """The first sum holds j = k alone."""
    for s in draw.samples():
        agree(s.truth(), s.right(s.line_2_corrected))


def test_equation_2_line_3(draw):
    """-( [ I(y_i = k) (1/f_k) df_k/dz_k ] + sum_{j != k} [ I(y_i = j) (1/f_j) df_j/dz_k ] )."""
    for s in draw.samples():
        right = s.right(lambda k, s=s: -(s.term(k, k) + sum(s.term(j, k) for j in s.others(k))))
        agree(s.truth(), right)


def test_equation_2_lines_4_and_5_are_false_as_printed(draw):
    """Minus a sum of brackets that carry a minus themselves: wrong, by its sign, for every class but the label's."""
    for s in draw.samples():
        printed, truth = s.right(lambda k, s=s: s.lines_4_and_5(k, sign=-1)), s.truth()
        others = s.others(s.y_i)
        refuted(printed[others], truth[others])
        agree(printed[others], -truth[others])
        agree(printed[s.y_i], truth[s.y_i])


def test_equation_2_lines_4_and_5_corrected(draw):
    """A plus before the sum, whose brackets keep their minus."""
    for s in draw.samples():
        agree(s.truth(), s.right(lambda k, s=s: s.lines_4_and_5(k, sign=+1)))


def test_equation_2_line_6(draw):
    """-( I(y_i = k) (1/f_k) (f_k - f_k^2) - sum_{j != k} I(y_i = j) (1/f_j) f_j f_k )."""
    for s in draw.samples():
        right = s.right(
            lambda k, s=s: (
                -(
                    s.I(k) * (1 / s.f[k]) * (s.f[k] - s.f[k] ** 2)
                    - sum(s.I(j) * (1 / s.f[j]) * s.f[j] * s.f[k] for j in s.others(k))
                )
            )
        )
        agree(s.truth(), right)


def test_equation_2_line_7(draw):
    """-( I(y_i = k) - I(y_i = k) f_k - sum_{j != k} I(y_i = j) f_k )."""
    for s in draw.samples():
        right = s.right(
            lambda k, s=s: -(s.I(k) - s.I(k) * s.f[k] - sum(s.I(j) * s.f[k] for j in s.others(k)))
        )
        agree(s.truth(), right)


def test_equation_2_line_8(draw):
    """-( I(y_i = k) - sum_j I(y_i = j) f_k )."""
    for s in draw.samples():
        agree(s.truth(), s.right(lambda k, s=s: -(s.I(k) - sum(s.I(j) * s.f[k] for j in range(s.C)))))


def test_equation_2_note_at_line_8(draw):
    """sum_j I(y_i = j) = 1."""
    for s in draw.samples():
        assert sum(s.I(j) for j in range(s.C)) == 1


def test_equation_2_line_9(draw):
    """f_k - I(y_i = k)."""
    for s in draw.samples():
        agree(s.truth(), s.right(lambda k, s=s: s.f[k] - s.I(k)))


def test_equation_3_first_equality(draw):
    """dJ/dw_k = (1/m) sum_i (dJ_i/dz_k) (dz_k/dw_k)."""
    dJ_dz = [OneSample(draw.z[i], draw.y[i]).truth() for i in range(draw.m)]
    dz_dW = [derivative(lambda W, x_i=x_i: scores(W, draw.b, x_i), draw.W) for x_i in draw.X]
    right = entries(
        (draw.C, draw.d),
        lambda k, a: 1 / draw.m * sum(dJ_dz[i][k] * dz_dW[i][k, k, a] for i in range(draw.m)),
    )
    agree(draw.gradient(), right)


def test_equation_3_second_equality(draw):
    """dJ/dw_k = (1/m) sum_i (f_k - I(y_i = k)) x_i."""
    right = np.array(
        [
            1 / draw.m * sum((draw.f[i, k] - indicator(draw.y[i] == k)) * draw.X[i] for i in range(draw.m))
            for k in range(draw.C)
        ]
    )
    agree(draw.gradient(), right)


def test_the_preset_is_the_document(draw):
    W, b, X, y = draw.W, draw.b, draw.X, draw.y
    gradient = PER_CLASS.gradient(W, X, y, b)
    agree(PER_CLASS.value(W, X, y, b), J(W, b, X, y))
    agree(gradient.weights, draw.gradient())
    agree(gradient.intercept, derivative(lambda b: J(W, b, X, y), b))
