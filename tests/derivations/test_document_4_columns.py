r"""Document 4, Zhihan Hu, "Gradient Computation on Multi-class classifier": every equation, six of them false.

X is (d, n) with one sample a column, theta is (L, d), b is (L, 1), Z, A and the one-hot Y are (L, n). i counts
samples (from (14) on: labels), j features (samples), l, k and m labels. False are the third line of the set-up
(printed again as the second form of (20)), (4), what (7) and (8) are said to be, (11), and (21).
"""

import mpmath as mp
import numpy as np
import pytest

from softgrad.conventions import COLUMNS
from tests.derivations.sides import SIZES, agree, entries, indicator, one_hot, refuted, size_id, weights
from tests.oracles import high_precision
from tests.oracles.complex_step import derivative


def affine(theta, b, X):
    """Z = theta X + b, by loops: the form that the shapes allow."""
    labels, d, n = len(theta), len(X), X.shape[1]
    return entries((labels, n), lambda l, i: sum(theta[l, j] * X[j, i] for j in range(d)) + b[l, 0])


def softmax(Z):
    """(1): A_li = e^(Z_li) / sum_l' e^(Z_l'i)."""
    labels = range(len(Z))
    return entries(Z.shape, lambda l, i: np.exp(Z[l, i]) / sum(np.exp(Z[other, i]) for other in labels))


def loss(A, Y):
    """(2): L = -(1/n) sum_i sum_l Y_li log A_li."""
    labels, n = Y.shape
    return -1 / n * sum(sum(Y[l, i] * np.log(A[l, i]) for l in range(labels)) for i in range(n))


class Draw:
    """Arrays of the document and the derivatives on its left sides.

    dA, dZ, dtheta and db hold the loss's derivatives; dA_dZ and dZ_dtheta those of one array by another.
    """

    def __init__(self, theta, b, X, codes):
        self.theta, self.b, self.X, self.codes = theta, b, X, codes
        self.L, self.d, self.n = len(theta), len(X), X.shape[1]
        self.Y = entries((self.L, self.n), lambda l, i: indicator(codes[i] == l))
        self.Z = affine(theta, b, X)
        self.A = softmax(self.Z)
        self.dA = derivative(lambda A: loss(A, self.Y), self.A)
        self.dZ = derivative(lambda Z: loss(softmax(Z), self.Y), self.Z)
        self.dtheta = derivative(lambda theta: loss(softmax(affine(theta, b, X)), self.Y), theta)
        self.db = derivative(lambda b: loss(softmax(affine(theta, b, X)), self.Y), b)

    @property
    def dA_dZ(self):
        """Indexed [l, i, m, i']: dA_li / dZ_mi'."""
        return derivative(softmax, self.Z)

    @property
    def dZ_dtheta(self):
        """Indexed [l, i, k, j]: dZ_li / dtheta_kj."""
        return derivative(lambda theta: affine(theta, self.b, self.X), self.theta)

    def samples(self):
        """(i, its label l, the other labels l') for every sample."""
        return [(i, l, [k for k in range(self.L) if k != l]) for i, l in enumerate(self.codes)]

    def change_of_the_loss(self, theta=0.0, b=0.0):
        """What L gains, to first order, as theta and b move by these."""

        def moved(t):
            return loss(softmax(affine(self.theta + t[0] * theta, self.b + t[0] * b, self.X)), self.Y)

        return derivative(moved, [0.0])[0]

    # What is printed and false, as functions of the indices on the left side.

    def equation_4_printed(self):
        """-(1/n) sum_i sum_l Y_li / A_li: one number for every entry."""
        return (
            -1 / self.n * sum(sum(self.Y[l, i] / self.A[l, i] for l in range(self.L)) for i in range(self.n))
        )

    def equation_7_printed(self, l, i):
        return self.Y[l, i] / self.A[l, i] * (self.A[l, i] * (1 - self.A[l, i]))

    def equation_8_printed(self, l, other, i):
        return self.Y[l, i] / self.A[l, i] * (-self.A[l, i] * self.A[other, i])

    def equation_11_printed(self, l, change):
        """sum_i (dL/dZ)_li X_ji dtheta_li, where theta changes by `change`, in theta_lj only: its row l, column i."""
        j = np.flatnonzero(change[l])[0]
        return sum(self.dZ[l, i] * self.X[j, i] * change[l, i] for i in range(self.n))

    def change(self, l, j, size=1.0):
        """A change of theta_lj and of nothing else."""
        return entries((self.L, self.d), lambda k, m: size * indicator((k, m) == (l, j)))


def transposed(theta, b, X, codes):
    """For square theta: dL/dtheta of Z = theta' X + b (true), and (13) for it (what the document concludes)."""
    Y = entries((len(theta), len(codes)), lambda l, i: indicator(codes[i] == l))
    truth = derivative(lambda theta: loss(softmax(affine(theta.T, b, X)), Y), theta)
    return 1 / len(codes) * (softmax(affine(theta.T, b, X)) - Y) @ X.T, truth


# The page's example: two labels, two features, two samples (1, 0)' and (1, 1)', the first of label 1, the second of
# label 2; theta = [[0, 0], [ln 3, -ln 3]] makes A = [[1/4, 1/2], [3/4, 1/2]]. Each entry: what is printed, the truth.
EXAMPLE = Draw(
    np.log([[1.0, 1.0], [3.0, 1 / 3]]), np.zeros((2, 1)), np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([0, 1])
)
BY_TRANSPOSE = transposed(EXAMPLE.theta, EXAMPLE.b, EXAMPLE.X, EXAMPLE.codes)
FALSE = {
    "4, set-up and (20)": (BY_TRANSPOSE[0][0, 1], BY_TRANSPOSE[1][0, 1]),
    "4, (4)": (EXAMPLE.equation_4_printed(), EXAMPLE.dA[0, 0]),
    "4, (7)": (EXAMPLE.equation_7_printed(0, 0), EXAMPLE.dZ[0, 0]),
    "4, (8)": (EXAMPLE.equation_8_printed(0, 1, 0), EXAMPLE.dZ[1, 0]),
    "4, (11)": (EXAMPLE.equation_11_printed(0, EXAMPLE.change(0, 0)), EXAMPLE.dtheta[0, 0]),
    "4, (21)": (EXAMPLE.X.T[0, 0], EXAMPLE.dZ_dtheta[0, 0, 1, 0]),
}


@pytest.fixture(params=SIZES, ids=size_id)
def draw(request, rng):
    n, d, labels = request.param
    theta, b, X = (
        weights(rng, labels, d, features=d),
        rng.standard_normal((labels, 1)),
        rng.standard_normal((d, n)),
    )
    return Draw(theta, b, X, one_hot(rng, n, labels)[0])


def test_equation_set_up_z_is_false_as_printed(draw):
    """Z = theta' X + b: no such product for theta in R^(L x d), and for L = d another gradient than (13)."""
    if draw.d != draw.L:
        with pytest.raises(ValueError, match="mismatch"):
            draw.theta.T @ draw.X
    else:
        concluded, truth = transposed(draw.theta, draw.b, draw.X, draw.codes)
        refuted(concluded, truth)
        agree(concluded, truth.T)


def test_equation_set_up_z_corrected(draw):
    """Z = theta X + b, of shape (L, n)."""
    agree(draw.theta @ draw.X + draw.b, draw.Z)
    agree(COLUMNS.logits(draw.theta, draw.X, draw.b), draw.Z)


def test_equation_1(draw):
    """A_li = e^(Z_li) / sum_l' e^(Z_l'i)."""
    agree(high_precision.softmax(draw.Z.T).T, draw.A)


def test_equation_2(draw):
    """L = -(1/n) sum_i sum_l Y_li log A_li."""
    agree(high_precision.row_losses(draw.Z.T, draw.codes).mean(), loss(draw.A, draw.Y))


def test_equation_3(draw):
    """dL/dtheta = (dL/dA) (dA/dZ) (dZ/dtheta), each product a sum over both indices of the array between."""
    dZ = np.tensordot(draw.dA, draw.dA_dZ, axes=2)
    agree(draw.dtheta, np.tensordot(dZ, draw.dZ_dtheta, axes=2))


def test_equation_4_is_false_as_printed(draw):
    """-(1/n) sum_i sum_l Y_li/A_li: the sums belong to L, not to its derivative by one entry of A."""
    printed = np.full((draw.L, draw.n), draw.equation_4_printed())
    refuted(printed, draw.dA)
    agree(printed[0, 0], draw.dA.sum())


def test_equation_4_corrected(draw):
    """dL/dA_li = -(1/n) Y_li/A_li."""
    agree(draw.dA, entries(draw.A.shape, lambda l, i: -1 / draw.n * draw.Y[l, i] / draw.A[l, i]))


def test_equation_5(draw):
    """dA_li/dZ_li = A_li (1 - A_li)."""
    left = entries(draw.A.shape, lambda l, i: draw.dA_dZ[l, i, l, i])
    agree(left, entries(draw.A.shape, lambda l, i: draw.A[l, i] * (1 - draw.A[l, i])))


def test_equation_6(draw):
    """dA_li/dZ_l'i = -A_li A_l'i, for l' != l."""
    cells = [(l, k, i) for l in range(draw.L) for k in range(draw.L) for i in range(draw.n) if k != l]
    dA_dZ = draw.dA_dZ
    agree(
        np.array([dA_dZ[l, i, k, i] for l, k, i in cells]),
        np.array([-draw.A[l, i] * draw.A[k, i] for l, k, i in cells]),
    )


def test_equation_in_the_text_only_column_i_contributes(draw):
    """dA_li/dZ_l'i' = 0 for i' != i."""
    dA_dZ = draw.dA_dZ
    for i in range(draw.n):
        assert (np.delete(dA_dZ[:, i], i, axis=-1) == 0).all()


def test_equation_in_the_text_change_of_a(draw):
    """A change dZ_li leads to a change A_li (1 - A_li) dZ_li in A_li."""
    step = 1e-30
    for i, l, _ in draw.samples():
        moved = draw.Z.astype(complex)
        moved[l, i] += 1j * step
        agree(softmax(moved)[l, i].imag, draw.A[l, i] * (1 - draw.A[l, i]) * step)


def test_equation_7_first_equality(draw):
    """(Y_li/A_li) (A_li (1 - A_li)) = Y_li (1 - A_li)."""
    for i, l, _ in draw.samples():
        agree(draw.equation_7_printed(l, i), draw.Y[l, i] * (1 - draw.A[l, i]))


def test_equation_7_second_equality(draw):
    """Y_li (1 - A_li) = 1 - A_li, where l is the label of sample i."""
    for i, l, _ in draw.samples():
        agree(draw.Y[l, i] * (1 - draw.A[l, i]), 1 - draw.A[l, i])


def test_equation_7_as_the_change_of_the_loss_is_false_as_printed(draw):
    """The loss falls as the true label's logit rises; (7) says that it rises, and by n times too much."""
    printed = np.array([draw.equation_7_printed(l, i) for i, l, _ in draw.samples()])
    truth = np.array([draw.dZ[l, i] for i, l, _ in draw.samples()])
    refuted(printed, truth)
    agree(printed, -draw.n * truth)


def test_equation_7_as_the_change_of_the_loss_corrected(draw):
    """dL/dZ_li = -(1/n) (Y_li/A_li) A_li (1 - A_li) = -(1/n) (1 - A_li)."""
    for i, l, _ in draw.samples():
        agree(draw.dZ[l, i], -1 / draw.n * draw.equation_7_printed(l, i))
        agree(draw.dZ[l, i], -1 / draw.n * (1 - draw.A[l, i]))


def test_equation_8_first_equality(draw):
    """(Y_li/A_li) (-A_li A_l'i) = -Y_li A_l'i."""
    for i, l, others in draw.samples():
        for other in others:
            agree(draw.equation_8_printed(l, other, i), -draw.Y[l, i] * draw.A[other, i])


def test_equation_8_second_equality(draw):
    """-Y_li A_l'i = -A_l'i, where l is the label of sample i."""
    for i, l, others in draw.samples():
        for other in others:
            agree(-draw.Y[l, i] * draw.A[other, i], -draw.A[other, i])


def test_equation_8_as_the_change_of_the_loss_is_false_as_printed(draw):
    """The loss rises with another label's logit; (8) says that it falls, and by n times too much."""
    cells = [(l, other, i) for i, l, others in draw.samples() for other in others]
    printed = np.array([draw.equation_8_printed(*cell) for cell in cells])
    truth = np.array([draw.dZ[other, i] for _, other, i in cells])
    refuted(printed, truth)
    agree(printed, -draw.n * truth)


def test_equation_8_as_the_change_of_the_loss_corrected(draw):
    """dL/dZ_l'i = -(1/n) (Y_li/A_li) (-A_li A_l'i) = (1/n) A_l'i."""
    for i, l, others in draw.samples():
        for other in others:
            agree(draw.dZ[other, i], -1 / draw.n * draw.equation_8_printed(l, other, i))
            agree(draw.dZ[other, i], 1 / draw.n * draw.A[other, i])


def test_equation_9(draw):
    """dL/dZ_i = (1/n) [A_1i, ..., A_li - 1, ..., A_Li]', l the label of sample i, Z_i the i-th column."""
    for i, l, _ in draw.samples():
        column = [draw.A[k, i] - 1 if k == l else draw.A[k, i] for k in range(draw.L)]
        agree(draw.dZ[:, i], 1 / draw.n * np.array(column))


def test_equation_10(draw):
    """dL/dZ = (1/n) (A - Y)."""
    agree(draw.dZ, 1 / draw.n * (draw.A - draw.Y))


def test_equation_11_is_false_as_printed(draw):
    """sum_i (dL/dZ)_li X_ji dtheta_li: i counts samples, so other entries of theta are taken, or none exists."""
    printed, truth = np.zeros((draw.L, draw.d)), np.zeros((draw.L, draw.d))
    for l, j in np.ndindex(draw.L, draw.d):
        change = draw.change(l, j)
        if draw.n > draw.d:
            with pytest.raises(IndexError):
                draw.equation_11_printed(l, change)
        else:
            printed[l, j], truth[l, j] = (
                draw.equation_11_printed(l, change),
                draw.change_of_the_loss(theta=change),
            )
    if draw.n <= draw.d:
        refuted(printed, truth)


def test_equation_11_corrected(draw, rng):
    """The change of L is sum_i (dL/dZ)_li X_ji dtheta_lj."""
    sizes = rng.standard_normal((draw.L, draw.d))
    left = entries(sizes.shape, lambda l, j: draw.change_of_the_loss(theta=draw.change(l, j, sizes[l, j])))
    right = entries(
        sizes.shape, lambda l, j: sum(draw.dZ[l, i] * draw.X[j, i] * sizes[l, j] for i in range(draw.n))
    )
    agree(left, right)


def test_equation_12(draw):
    """dL/dtheta_lj = (dL/dZ)_l (X_j)': row l of dL/dZ times column j of X', as the sentence below it says."""
    agree(draw.dtheta, entries(draw.theta.shape, lambda l, j: draw.dZ[l, :] @ draw.X.T[:, j]))


def test_equation_13(draw):
    """dL/dtheta = (1/n) (A - Y) X'."""
    agree(draw.dtheta, 1 / draw.n * (draw.A - draw.Y) @ draw.X.T)


def test_equation_14(draw, rng):
    """As b_i changes by db, L changes by sum_j (dL/dZ_ij) db."""
    db = rng.standard_normal(draw.L)
    left = [draw.change_of_the_loss(b=db[i] * np.eye(draw.L)[:, i : i + 1]) for i in range(draw.L)]
    agree(left, np.array([sum(draw.dZ[i, j] * db[i] for j in range(draw.n)) for i in range(draw.L)]))


def test_equation_15(draw):
    """dL/db_i = sum(dL/dZ)_i, the sum of the i-th row."""
    agree(draw.db[:, 0], np.array([sum(draw.dZ[i, j] for j in range(draw.n)) for i in range(draw.L)]))


def test_equation_16(draw):
    """dL/db = sum((1/n) (A - Y), axis=1): right numbers; NumPy's array needs keepdims=True for the shape of b."""
    total = np.sum(1 / draw.n * (draw.A - draw.Y), axis=1)
    agree(draw.db, total[:, None])
    assert (draw.b - total).shape == (draw.L, draw.L)
    agree(draw.db, np.sum(1 / draw.n * (draw.A - draw.Y), axis=1, keepdims=True))


def test_equation_17(draw):
    """(13) once more, against the preset."""
    agree(
        COLUMNS.gradient(draw.theta, draw.X, draw.Y, draw.b).weights,
        1 / draw.n * (draw.A - draw.Y) @ draw.X.T,
    )


def test_equation_18(draw):
    """(16) once more, against the preset."""
    preset = COLUMNS.gradient(draw.theta, draw.X, draw.Y, draw.b).intercept
    agree(preset, np.sum(1 / draw.n * (draw.A - draw.Y), axis=1, keepdims=True))


def test_equation_19(draw):
    """(10) once more, against the preset."""
    agree(COLUMNS.gradient(draw.theta, draw.X, draw.Y, draw.b).logits, 1 / draw.n * (draw.A - draw.Y))


def test_equation_20_first_form(draw):
    """Z = theta X + b."""
    agree(draw.Z, draw.theta @ draw.X + draw.b)


def test_equation_20_second_form(draw, rng):
    """Z = theta' X + b: a model too, but of a theta in R^(d x L), not the R^(L x d) of the set-up."""
    theta = rng.standard_normal((draw.d, draw.L))
    right = entries(
        (draw.L, draw.n), lambda l, i: sum(theta[j, l] * draw.X[j, i] for j in range(draw.d)) + draw.b[l, 0]
    )
    agree(theta.T @ draw.X + draw.b, right)


def test_equation_21_is_false_as_printed(draw):
    """dZ/dtheta = X': as an array of derivatives it lacks a delta; as a factor it is wrong for the second form."""
    printed = entries(draw.dZ_dtheta.shape, lambda l, i, k, j: draw.X.T[i, j])
    refuted(printed, draw.dZ_dtheta)
    theta = draw.theta.T
    truth = derivative(lambda theta: loss(softmax(affine(theta.T, draw.b, draw.X)), draw.Y), theta)
    by_factor = draw.dZ @ draw.X.T
    if draw.d == draw.L:
        refuted(by_factor, truth)
    else:
        assert by_factor.shape != theta.shape


def test_equation_21_corrected(draw):
    """dZ_li/dtheta_kj = delta_lk (X')_ij; so dL/dtheta = (dL/dZ) X' for theta X, X (dL/dZ)' for theta' X."""
    right = entries(draw.dZ_dtheta.shape, lambda l, i, k, j: indicator(l == k) * draw.X.T[i, j])
    agree(draw.dZ_dtheta, right)
    agree(draw.dtheta, draw.dZ @ draw.X.T)
    theta = draw.theta.T
    agree(
        derivative(lambda theta: loss(softmax(affine(theta.T, draw.b, draw.X)), draw.Y), theta),
        draw.X @ draw.dZ.T,
    )


# Appendix A: y is the softmax of one vector x of n entries. Its derivatives are differences at 50 digits.


def one_softmax(x, i):
    """(22)."""
    return mp.exp(x[i]) / mp.fsum(mp.exp(x_j) for x_j in x)


def by_difference(x, i, j):
    """dy_i/dx_j."""

    def along(t):
        return one_softmax([entry + (t if place == j else 0) for place, entry in enumerate(x)], i)

    with mp.workdps(50):
        return float(mp.diff(along, mp.mpf(0)))


class Vector:
    """One random vector x, its exponentials' sum, its softmax, and its pairs of indices."""

    def __init__(self, x):
        self.x, self.n = x, len(x)
        self.e, self.total = np.exp(x), sum(np.exp(x_j) for x_j in x)
        self.y = np.array([float(one_softmax([mp.mpf(x_j) for x_j in x], i)) for i in range(self.n)])
        self.own = np.array([by_difference(x, i, i) for i in range(self.n)])
        self.pairs = [(i, j) for i in range(self.n) for j in range(self.n) if i != j]
        self.crossed = np.array([by_difference(x, i, j) for i, j in self.pairs])


@pytest.fixture(params=[2, 3, 5, 8])
def v(request, rng):
    return Vector(rng.standard_normal(request.param))


def test_equation_22(v):
    """y_i = e^(x_i) / sum_j e^(x_j)."""
    agree(high_precision.softmax(v.x)[0], np.array([v.e[i] / v.total for i in range(v.n)]))


def test_equation_appendix_1_equality_1(v):
    """dy_i/dx_i = ( (sum_j e^(x_j)) e^(x_i) - e^(x_i) e^(x_i) ) / (sum_j e^(x_j))^2."""
    agree(v.own, np.array([(v.total * e_i - e_i * e_i) / v.total**2 for e_i in v.e]))


def test_equation_appendix_1_equality_2(v):
    """... = e^(x_i) / sum_j e^(x_j) - (e^(x_i) / sum_j e^(x_j))^2."""
    agree(v.own, np.array([e_i / v.total - (e_i / v.total) ** 2 for e_i in v.e]))


def test_equation_appendix_1_equality_3(v):
    """... = y_i - y_i^2."""
    agree(v.own, np.array([y_i - y_i**2 for y_i in v.y]))


def test_equation_appendix_1_equality_4(v):
    """... = y_i (1 - y_i)."""
    agree(v.own, np.array([y_i * (1 - y_i) for y_i in v.y]))


def test_equation_appendix_2_equality_1(v):
    """dy_i/dx_j = -e^(x_i) e^(x_j) / (sum_j e^(x_j))^2, for j != i."""
    agree(v.crossed, np.array([-v.e[i] * v.e[j] / v.total**2 for i, j in v.pairs]))


def test_equation_appendix_2_equality_2(v):
    """... = -(e^(x_i) / sum_j e^(x_j)) (e^(x_j) / sum_j e^(x_j))."""
    agree(v.crossed, np.array([-(v.e[i] / v.total) * (v.e[j] / v.total) for i, j in v.pairs]))


def test_equation_appendix_2_equality_3(v):
    """... = -y_i y_j."""
    agree(v.crossed, np.array([-v.y[i] * v.y[j] for i, j in v.pairs]))


def test_the_preset_is_the_document(draw):
    gradient = COLUMNS.gradient(draw.theta, draw.X, draw.Y, draw.b)
    agree(COLUMNS.value(draw.theta, draw.X, draw.Y, draw.b), loss(draw.A, draw.Y))
    agree(gradient.weights, draw.dtheta)
    agree(gradient.intercept, draw.db)
    agree(gradient.logits, draw.dZ)
