"""docs/derivations.md: its own equations, both sides evaluated, and its tables against the documents' tests."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from softgrad.maths import regression
from tests.derivations import (
    test_document_1_numpy,
    test_document_2_per_class,
    test_document_3_log_likelihood,
    test_document_4_columns,
)
from tests.derivations.sides import SIZES, agree, entries, indicator, one_hot, size_id, weights
from tests.oracles.complex_step import derivative

PAGE = (Path(__file__).parents[2] / "docs" / "derivations.md").read_text(encoding="utf-8")
DOCUMENTS = {
    1: test_document_1_numpy,
    2: test_document_2_per_class,
    3: test_document_3_log_likelihood,
    4: test_document_4_columns,
}
FALSE = {**test_document_2_per_class.FALSE, **test_document_4_columns.FALSE}
VERDICT = re.compile(r"_(is|are)_false_as_printed$|_corrected$")


# The tables.


def rows(heading):
    """The cells of the table under the header that starts with this cell."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def equations(module):
    """(names of the equations tested, names of those that are false) in a document's module."""
    tests = [name for name in vars(module) if name.startswith("test_equation_")]
    names = {re.sub(VERDICT, "", name) for name in tests}
    false = {re.sub(VERDICT, "", name) for name in tests if name.endswith("false_as_printed")}
    return names, false


def test_every_false_equation_stands_in_the_table_with_the_numbers_that_refute_it():
    table = {row[0]: row for row in rows("document, equation")}
    assert list(table) == list(FALSE)
    for name, (printed, truth) in FALSE.items():
        assert printed == pytest.approx(float(Fraction(table[name][3])), rel=1e-15, abs=1e-15)
        assert truth == pytest.approx(float(Fraction(table[name][4])), rel=1e-15, abs=1e-15)
        assert table[name][3] != table[name][4]


def test_every_false_equation_has_its_reason():
    reasons = PAGE[PAGE.index("Why each is an error") : PAGE.index("## 7.")]
    assert re.findall(r"- \*\*(.*?)\.\*\*", reasons) == [
        "2, (2) line 2", "2, (2) lines 4-5", "4, set-up", "4, (4)", "4, (7) and (8)", "4, (11)", "4, (21)"
    ]  # fmt: skip


def test_the_counts_are_those_of_the_tests():
    for document, tested, false in rows("document number"):
        names, wrong = equations(DOCUMENTS[int(document)])
        assert (len(names), len(wrong)) == (int(tested), int(false))
        assert int(false) == sum(name.startswith(f"{document},") for name in FALSE)


def test_every_false_equation_is_refuted_and_corrected():
    for module in DOCUMENTS.values():
        for name in equations(module)[1]:
            assert hasattr(module, f"{name}_corrected")


def test_the_examples_are_as_the_page_says():
    agree(test_document_2_per_class.EXAMPLE.f, np.array([1 / 4, 1 / 2, 1 / 4]))
    example = test_document_4_columns.EXAMPLE
    agree(example.X, np.array([[1.0, 1.0], [0.0, 1.0]]))
    agree(example.theta, np.array([[0.0, 0.0], [np.log(3), -np.log(3)]]))
    agree(example.A, np.array([[1 / 4, 1 / 2], [3 / 4, 1 / 2]]))
    agree(example.dZ, np.array([[-3 / 8, 1 / 4], [3 / 8, -1 / 4]]))


# The page's equations, in its notation. theta holds W and b beside each other, as x~ holds x and 1.


class Draw:
    """A problem of one size, and the derivatives of its loss."""

    def __init__(self, rng, size):
        self.n, self.d, self.K = size
        self.X, self.Xt = self.features(rng)
        self.Y = rng.dirichlet(np.ones(self.K), self.n)
        self.Y[: self.n // 2] = one_hot(rng, self.n, self.K)[1][: self.n // 2]
        self.theta = weights(rng, self.K, self.d + 1, features=self.d + 1)
        self.W, self.b = self.theta[:, :-1], self.theta[:, -1]
        self.Z = self.X @ self.W.T + self.b
        self.P = softmax(self.Z)
        self.R = self.P - self.Y

    def features(self, rng):
        X = rng.standard_normal((self.n, self.d))
        return X, np.column_stack([X, np.ones(self.n)])

    def loss(self, theta):
        """-(1/n) sum_i sum_k Y_ik log P_ik."""
        return -(self.Y * np.log(softmax(self.Xt @ theta.T))).sum() / self.n

    def hessian(self):
        """(1/n) sum_i (diag(P_i) - P_i P_i') (x) x~_i x~_i'."""
        pairs = zip(self.P, self.Xt, strict=True)
        return sum(np.kron(curvature(p), np.outer(x, x)) for p, x in pairs) / self.n


def softmax(Z):
    powers = np.exp(Z)
    return powers / powers.sum(axis=-1, keepdims=True)


def curvature(p):
    return np.diag(p) - np.outer(p, p)


@pytest.fixture(params=SIZES, ids=size_id)
def draw(request, rng):
    return Draw(rng, request.param)


def test_loss_of_one_sample_by_the_log_of_the_sum_of_exponentials(draw):
    for z, p, y in zip(draw.Z, draw.P, draw.Y, strict=True):
        agree(-sum(y * np.log(p)), np.log(sum(np.exp(z))) - sum(y * z))


def test_softmax_is_the_gradient_of_the_log_of_the_sum_of_exponentials(draw):
    for z, p in zip(draw.Z, draw.P, strict=True):
        agree(derivative(lambda z: np.log(np.exp(z).sum()), z), p)


def test_jacobian_of_the_softmax(draw):
    for z, p in zip(draw.Z, draw.P, strict=True):
        agree(derivative(softmax, z), curvature(p))
        agree(curvature(p), entries((draw.K, draw.K), lambda k, l, p=p: p[k] * (indicator(k == l) - p[l])))


def test_the_long_way_meets_the_short_one(draw):
    classes = range(draw.K)
    for z, p, y in zip(draw.Z, draw.P, draw.Y, strict=True):
        left = derivative(lambda z, y=y: -(y * np.log(softmax(z))).sum(), z)
        chain = [-sum(y[k] / p[k] * p[k] * (indicator(k == l) - p[l]) for k in classes) for l in classes]
        between = [-sum(y[k] * indicator(k == l) for k in classes) + p[l] * sum(y) for l in classes]
        for right in (chain, between, p - y):
            agree(left, np.array(right))


def test_only_the_diagonal_gives_zero_for_the_other_classes(draw):
    for p, label in zip(draw.P, np.arange(draw.n) % draw.K, strict=True):
        y = np.eye(draw.K)[label]
        agree(-(y / p) @ np.diag(np.diag(curvature(p))), -y * (1 - p))


def test_gradients(draw):
    left = derivative(draw.loss, draw.theta)
    single = entries(
        (draw.K, draw.d), lambda k, j: sum(draw.R[i, k] * draw.X[i, j] for i in range(draw.n)) / draw.n
    )
    agree(left[:, :-1], single)
    agree(left[:, :-1], draw.R.T @ draw.X / draw.n)
    agree(left[:, -1], draw.R.T @ np.ones(draw.n) / draw.n)
    by_logits = derivative(lambda Z: -(draw.Y * np.log(softmax(Z))).sum() / draw.n, draw.Z)
    agree(by_logits, draw.R / draw.n)
    assert np.abs(left.sum(axis=0)).max() < 1e-15


def test_logits_depend_on_their_own_row_only(draw):
    left = derivative(lambda W: draw.X @ W.T + draw.b, draw.W)
    agree(left, entries(left.shape, lambda i, l, k, j: indicator(k == l) * draw.X[i, j]))
    by_b = derivative(lambda b: draw.X @ draw.W.T + b, draw.b)
    agree(by_b, entries(by_b.shape, lambda i, l, k: float(indicator(k == l))))


def test_penalty(draw):
    agree(derivative(lambda W: 0.3 / 2 * (W**2).sum(), draw.W), 0.3 * draw.W)


def gradient(draw, theta):
    return (softmax(draw.Xt @ theta.T) - draw.Y).T @ draw.Xt / draw.n


def test_hessian(draw):
    left = derivative(lambda theta: gradient(draw, theta), draw.theta)
    x, P = draw.Xt, draw.P
    right = entries(
        left.shape,
        lambda k, j, l, m: sum(
            P[i, k] * (indicator(k == l) - P[i, l]) * x[i, j] * x[i, m] for i in range(draw.n)
        ) / draw.n,
    )  # fmt: skip
    agree(left, right)
    agree(left.reshape(draw.theta.size, draw.theta.size), draw.hessian())
    agree(regression.hessian(draw.W, draw.b, draw.X) / draw.n, draw.hessian())


def test_hessian_times_a_direction(draw, rng):
    V, v, alpha = rng.standard_normal((draw.K, draw.d)), rng.standard_normal(draw.K), 0.3
    A = draw.X @ V.T + np.outer(np.ones(draw.n), v)
    S = draw.P * (A - (draw.P * A).sum(axis=1, keepdims=True))
    H = draw.hessian() + alpha * np.diag(np.tile([1.0] * draw.d + [0.0], draw.K))
    left = (H @ np.column_stack([V, v]).ravel()).reshape(draw.K, draw.d + 1)
    agree(left[:, :-1], S.T @ draw.X / draw.n + alpha * V)
    agree(left[:, -1], S.T @ np.ones(draw.n) / draw.n)


def test_curvature_is_a_variance_between_zero_and_half_the_square(draw, rng):
    for p in draw.P:
        a = rng.standard_normal(draw.K)
        variance = sum(p * a**2) - sum(p * a) ** 2
        agree(a @ curvature(p) @ a, variance)
        agree(sum(p * (a - sum(p * a)) ** 2), variance)
        assert 0 <= variance <= (max(a) - min(a)) ** 2 / 4 <= sum(a**2) / 2
    a, p = np.array([1.0, -1.0]), np.array([0.5, 0.5])
    assert a @ curvature(p) @ a == sum(a**2) / 2 == 1


def test_flat_directions_and_rank(draw, rng):
    H, shift = draw.hessian(), rng.standard_normal(draw.d + 1)
    flat = np.tile(shift, draw.K)
    agree(softmax(draw.Xt @ (draw.theta + shift).T), draw.P)
    assert np.abs(H @ flat).max() < 1e-14 * np.abs(H).max() * np.abs(flat).sum()
    eigenvalues = np.linalg.eigvalsh(H)
    assert eigenvalues[0] > -1e-14 * eigenvalues[-1]
    if draw.n > draw.d:
        assert (eigenvalues > 1e-12 * eigenvalues[-1]).sum() == (draw.K - 1) * (draw.d + 1)


def test_bound_of_the_hessian(draw):
    gram = draw.Xt.T @ draw.Xt / draw.n
    gap = np.linalg.eigvalsh(np.kron(np.eye(draw.K), gram) / 2 - draw.hessian())
    assert gap[0] > -1e-14 * gap[-1]


def test_each_document_s_gradient_is_the_canonical_one(draw, rng):
    """Section 5: the documents' last lines on the left, R'X on the right."""
    n, X, P = draw.n, draw.X, draw.P
    labels, Y = one_hot(rng, n, draw.K)
    R = P - Y
    agree(-1 / n * X.T @ (Y - P), (R.T @ X / n).T)
    per_class = [
        sum((P[i, k] - indicator(labels[i] == k)) * X[i] for i in range(n)) / n for k in range(draw.K)
    ]
    agree(np.array(per_class), R.T @ X / n)
    by_weight = entries(
        (draw.K, draw.d),
        lambda c, j: sum(
            Y[i, k] * (indicator(k == c) - P[i, c]) * X[i, j] for i in range(n) for k in range(draw.K)
        ),
    )
    agree(by_weight, -R.T @ X)
    agree(1 / n * (P.T - Y.T) @ X, R.T @ X / n)
    agree((1 / n * (P.T - Y.T)).sum(axis=1), R.sum(axis=0) / n)
