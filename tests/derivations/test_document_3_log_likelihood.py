r"""Document 3, a question on 8x8 pixels and its answer: every equation, nothing false, many slips of notation.

w is (K, D) and W the same matrix, x is (N, D) with rows x_n, y is one-hot (N, K). In the question i counts pixels
and k classes; in the answer i and l count classes too, and j pixels. The displayed equations carry no numbers; they
are counted 1 to 9. Wherever the answer writes x inside a sum over n, x_n is read.
"""

import numpy as np
import pytest

from softgrad.conventions import LOG_LIKELIHOOD
from tests.derivations.sides import SIZES, agree, entries, indicator, one_hot, size_id, weights
from tests.oracles import high_precision
from tests.oracles.complex_step import derivative


def a(w, x_n):
    """Equation 1, for every k."""
    return np.array([sum(w[k, i] * x_n[i] for i in range(len(x_n))) for k in range(len(w))])


def softmax(z):
    return np.array([np.exp(z[k]) / sum(np.exp(other) for other in z) for k in range(len(z))])


def L(w, x, y):
    """Equation 3, with P of equation 2."""
    N, K = y.shape
    P = [softmax(a(w, x[n])) for n in range(N)]
    return sum(sum(y[n, k] * np.log(P[n][k]) for k in range(K)) for n in range(N))


class Draw:
    """Random numbers of one size: pixels are 0 or 1, as in the question."""

    def __init__(self, rng, size):
        self.N, self.D, self.K = size
        self.w = weights(rng, self.K, self.D, features=self.D)
        self.x = rng.integers(0, 2, (self.N, self.D)).astype(float)
        self.x[0] = 1.0
        self.labels, self.y = one_hot(rng, self.N, self.K)
        self.P = np.array([softmax(a(self.w, x_n)) for x_n in self.x])
        self.dP = np.array([derivative(lambda w, x_n=x_n: softmax(a(w, x_n)), self.w) for x_n in self.x])
        self.dL = derivative(lambda w: L(w, self.x, self.y), self.w)

    def by_weight(self, term):
        """An array laid out as w: at (i, j) the sum of term(n, k, i, j) over samples n and classes k."""
        samples = [(n, k) for n in range(self.N) for k in range(self.K)]
        return entries((self.K, self.D), lambda i, j: sum(term(n, k, i, j) for n, k in samples))


@pytest.fixture(params=[*SIZES, (2, 64, 3)], ids=size_id)
def draw(request, rng):
    return Draw(rng, request.param)


def test_equation_1(draw):
    """a_k(x) = sum_{i=1}^D w_ki x_i."""
    agree(LOG_LIKELIHOOD.logits(draw.w, draw.x), np.array([a(draw.w, x_n) for x_n in draw.x]))


def test_equation_2(draw):
    """P(y_k | x) = exp a_k(x) / sum_k' exp a_k'(x)."""
    agree(high_precision.softmax(draw.x @ draw.w.T), draw.P)


def test_equation_3(draw):
    """L(w) = sum_n sum_k y_nk ln P(y_k | x_n)."""
    agree(-high_precision.row_losses(draw.x @ draw.w.T, draw.labels).sum(), L(draw.w, draw.x, draw.y))


def test_equation_4(draw):
    """The gradient is < dL/dw_11, ..., dL/dw_ki, ..., dL/dw_KD >: row by row."""
    names = [(k, i) for k in range(draw.K) for i in range(draw.D)]
    flat = derivative(lambda v: L(v.reshape(draw.K, draw.D), draw.x, draw.y), draw.w.ravel())
    agree(flat, np.array([draw.dL[name] for name in names]))


def test_equation_in_the_comment(draw):
    """P(y_k | x) = softmax_k(a_k(x)), read as softmax_k of the vector a(x)."""
    agree(draw.P, np.array([softmax(a(draw.w, x_n)) for x_n in draw.x]))


def test_equation_5(draw):
    """L(w) = sum_{n,k} y_nk ln softmax_k(W x_n), W made of the rows w_k'."""
    W = np.vstack([draw.w[k] for k in range(draw.K)])
    right = sum(
        draw.y[n, k] * np.log(softmax(W @ draw.x[n])[k]) for n in range(draw.N) for k in range(draw.K)
    )
    agree(L(draw.w, draw.x, draw.y), right)


def test_equation_6(draw):
    """dL/dw_ij = sum_{n,k} y_nk (1 / softmax_k(W x_n)) dsoftmax_k(W x_n)/dw_ij."""
    y, P, dP = draw.y, draw.P, draw.dP
    agree(draw.dL, draw.by_weight(lambda n, k, i, j: y[n, k] * (1 / P[n, k]) * dP[n, k, i, j]))


def test_equation_7(draw):
    """dsoftmax_k(z)/dz_l = softmax_k(z) (delta_kl - softmax_l(z))."""
    for n in range(draw.N):
        s = draw.P[n]
        right = entries((draw.K, draw.K), lambda k, l, s=s: s[k] * (indicator(k == l) - s[l]))
        agree(derivative(softmax, a(draw.w, draw.x[n])), right)


def test_equation_in_the_text_z(draw):
    """z = Wx, which is the question's a(x)."""
    for x_n in draw.x:
        agree(a(draw.w, x_n), draw.w @ x_n)


def test_equation_8_line_1(draw):
    """dsoftmax_k(z)/dw_ij = sum_l softmax_k(z) (delta_kl - softmax_l(z)) dz_l/dw_ij."""
    for n in range(draw.N):
        s, dz = draw.P[n], derivative(lambda w, n=n: a(w, draw.x[n]), draw.w)
        jacobian = entries((draw.K, draw.K), lambda k, l, s=s: s[k] * (indicator(k == l) - s[l]))
        agree(draw.dP[n], sum(jacobian[:, l, None, None] * dz[l] for l in range(draw.K)))


def test_equation_8_line_2(draw):
    """dsoftmax_k(z)/dw_ij = softmax_k(z) (delta_ki - softmax_i(z)) x_j."""
    for n in range(draw.N):
        s, x_n = draw.P[n], draw.x[n]
        right = entries(
            (draw.K, draw.K, draw.D), lambda k, i, j, s=s, x_n=x_n: s[k] * (indicator(k == i) - s[i]) * x_n[j]
        )
        agree(draw.dP[n], right)


def test_equation_9_line_1(draw):
    """dL/dw_ij = sum_{n,k} y_nk (1 / softmax_k(W x_n)) softmax_k(z) (delta_ki - softmax_i(z)) x_j."""
    x, y, P = draw.x, draw.y, draw.P
    right = draw.by_weight(
        lambda n, k, i, j: y[n, k] * (1 / P[n, k]) * P[n, k] * (indicator(k == i) - P[n, i]) * x[n, j]
    )
    agree(draw.dL, right)


def test_equation_9_line_2(draw):
    """dL/dw_ij = sum_{n,k} y_nk (delta_ki - softmax_i(W x_n)) x_j."""
    x, y, P = draw.x, draw.y, draw.P
    agree(draw.dL, draw.by_weight(lambda n, k, i, j: y[n, k] * (indicator(k == i) - P[n, i]) * x[n, j]))


def test_the_preset_is_the_document(draw):
    gradient = LOG_LIKELIHOOD.gradient(draw.w, draw.x, draw.y)
    agree(LOG_LIKELIHOOD.value(draw.w, draw.x, draw.y), L(draw.w, draw.x, draw.y))
    agree(gradient.weights, draw.dL)
    agree(LOG_LIKELIHOOD.flatten(gradient), draw.dL.ravel())


def test_the_mistake_of_the_question_is_no_gradient(draw, rng):
    """Its author's gradient had used other features than the likelihood: sum_n (y_n - P_n) f_n' with f for x."""
    features = draw.x + rng.standard_normal(draw.x.shape)
    assert np.abs((draw.y - draw.P).T @ features - draw.dL).max() > 1e-3 * np.abs(draw.dL).max()
