r"""Document 1, a blog post on the gradient of multi-class logistic regression: every equation, nothing false.

w is (features, K) with columns w_k, x is (m, features), y is one-hot (m, K). i counts samples, j features, k and
z classes. The displayed equations carry no numbers; they are counted 1 to 6 in the order of the page, and two
equations stand in the text.
"""

import mpmath as mp
import numpy as np
import pytest

from softgrad.conventions import NUMPY
from tests.derivations.sides import SIZES, agree, entries, one_hot, size_id, weights
from tests.oracles import high_precision
from tests.oracles.complex_step import derivative


def softmax(w, x_i):
    """s_k for one input, as the text before equation 3 has it."""
    K = w.shape[1]
    powers = [np.exp(sum(w[j, k] * x_i[j] for j in range(len(x_i)))) for k in range(K)]
    return np.array([powers[k] / sum(powers[j] for j in range(K)) for k in range(K)])


def J(w, x, y):
    """Equation 1."""
    m, K = y.shape
    s = [softmax(w, x_i) for x_i in x]
    return -1 / m * sum(sum(y[i, k] * np.log(s[i][k]) for k in range(K)) for i in range(m))


class Draw:
    """Random numbers of one size, with the left sides' derivatives."""

    def __init__(self, rng, size):
        self.m, self.features, self.K = size
        self.w = weights(rng, self.features, self.K, features=self.features)
        self.x = rng.standard_normal((self.m, self.features))
        self.labels, self.y = one_hot(rng, self.m, self.K)
        self.s = np.array([softmax(self.w, x_i) for x_i in self.x])
        self.ds = np.array([derivative(lambda w, x_i=x_i: softmax(w, x_i), self.w) for x_i in self.x])
        self.dJ = derivative(lambda w: J(w, self.x, self.y), self.w)

    def by_weight(self, entry):
        """An array laid out as w, from its entry (j, z)."""
        return entries((self.features, self.K), entry)


@pytest.fixture(params=SIZES, ids=size_id)
def draw(request, rng):
    return Draw(rng, request.param)


def test_equation_1(draw):
    """J = -(1/m) sum_i sum_k y_k log s_k: minus the log of the likelihood prod_i P(y_i | x_i, w), over m."""
    proba = high_precision.softmax(draw.x @ draw.w)
    with mp.workdps(50):
        likelihood = mp.fprod(mp.mpf(proba[i, label]) for i, label in enumerate(draw.labels))
        agree(float(-mp.log(likelihood) / draw.m), J(draw.w, draw.x, draw.y))


def test_equation_2_line_1(draw):
    """dJ/dw_jz = -(1/m) sum_i sum_k y_k dlog(s_k)/dw_jz."""
    dlog = np.array([derivative(lambda w, x_i=x_i: np.log(softmax(w, x_i)), draw.w) for x_i in draw.x])
    right = draw.by_weight(
        lambda j, z: (
            -1
            / draw.m
            * sum(sum(draw.y[i, k] * dlog[i, k, j, z] for k in range(draw.K)) for i in range(draw.m))
        )
    )
    agree(draw.dJ, right)


def test_equation_2_line_2(draw):
    """dJ/dw_jz = -(1/m) sum_i sum_k (y_k / s_k) ds_k/dw_jz."""
    y, s, ds = draw.y, draw.s, draw.ds
    right = draw.by_weight(
        lambda j, z: (
            -1
            / draw.m
            * sum(sum(y[i, k] / s[i, k] * ds[i, k, j, z] for k in range(draw.K)) for i in range(draw.m))
        )
    )
    agree(draw.dJ, right)


def test_equation_in_the_text_softmax(draw):
    """s_k = e^(w_k'x) / sum_j e^(w_j'x): the probabilities of the model."""
    agree(high_precision.softmax(draw.x @ draw.w), draw.s)


def test_equation_3_case_k_equals_z(draw):
    """ds_k/dw_jz = x_j s_k (1 - s_z), if k = z."""
    for i in range(draw.m):
        right = draw.by_weight(lambda j, z, i=i: draw.x[i, j] * draw.s[i, z] * (1 - draw.s[i, z]))
        agree(draw.by_weight(lambda j, z, i=i: draw.ds[i, z, j, z]), right)


def test_equation_3_case_k_differs_from_z(draw):
    """ds_k/dw_jz = -x_j s_k s_z, if k != z."""
    pairs = [(k, z) for k in range(draw.K) for z in range(draw.K) if k != z]
    for i in range(draw.m):
        left = np.array([[draw.ds[i, k, j, z] for k, z in pairs] for j in range(draw.features)])
        right = np.array(
            [[-draw.x[i, j] * draw.s[i, k] * draw.s[i, z] for k, z in pairs] for j in range(draw.features)]
        )
        agree(left, right)


def test_equation_4_line_1(draw):
    """dJ/dw_jz = -(1/m) sum_i (y_z x_j (1 - s_z) - sum_{k != z} y_k x_j s_z)."""
    x, y, s = draw.x, draw.y, draw.s
    right = draw.by_weight(
        lambda j, z: (
            -1
            / draw.m
            * sum(
                y[i, z] * x[i, j] * (1 - s[i, z])
                - sum(y[i, k] * x[i, j] * s[i, z] for k in range(draw.K) if k != z)
                for i in range(draw.m)
            )
        )
    )
    agree(draw.dJ, right)


def test_equation_4_line_2(draw):
    """dJ/dw_jz = -(1/m) sum_i (y_z x_j - s_z x_j sum_k y_k)."""
    x, y, s = draw.x, draw.y, draw.s
    right = draw.by_weight(
        lambda j, z: (
            -1
            / draw.m
            * sum(
                y[i, z] * x[i, j] - s[i, z] * x[i, j] * sum(y[i, k] for k in range(draw.K))
                for i in range(draw.m)
            )
        )
    )
    agree(draw.dJ, right)


def test_equation_in_the_text_labels_sum_to_one(draw):
    """sum_k y_k = 1 for every input."""
    agree(np.array([sum(draw.y[i, k] for k in range(draw.K)) for i in range(draw.m)]), np.ones(draw.m))


def test_equation_5(draw):
    """dJ/dw_jz = -(1/m) sum_i x_j (y_z - s_z)."""
    x, y, s = draw.x, draw.y, draw.s
    right = draw.by_weight(
        lambda j, z: -1 / draw.m * sum(x[i, j] * (y[i, z] - s[i, z]) for i in range(draw.m))
    )
    agree(draw.dJ, right)


def test_equation_6(draw):
    """dJ/dw = -(1/m) x' (y - s), x with one input a row."""
    agree(draw.dJ, -1 / draw.m * draw.x.T @ (draw.y - draw.s))


def test_the_preset_is_the_document(draw):
    agree(NUMPY.value(draw.w, draw.x, draw.y), J(draw.w, draw.x, draw.y))
    agree(NUMPY.gradient(draw.w, draw.x, draw.y).weights, draw.dJ)
