"""What sums over rows cannot depend on: splits, order, copies against weights, names of classes and features."""

import numpy as np
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from softgrad.fitting import fit
from softgrad.rows.dense import DenseRows
from softgrad.rows.sparse import SparseRows
from tests.blocked_rows import BlockedRows

EXAMPLES = settings(max_examples=40)


@st.composite
def labelled_rows(draw):
    """(X, targets, K, weights, coef, intercept, generator): small whole weights, some zero; codes or soft labels."""
    n, d, K = draw(st.integers(1, 30)), draw(st.integers(1, 4)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X = rng.normal(size=(n, d)) * 10.0 ** draw(st.integers(-3, 2))
    X[rng.random(size=X.shape) < draw(st.sampled_from([0.0, 0.5]))] = 0
    soft = draw(st.booleans())
    targets = rng.dirichlet(np.ones(K), size=n) if soft else rng.integers(K, size=n)
    weights = rng.integers(0, 4, size=n)
    weights[rng.integers(n)] = 1
    coef = rng.normal(size=(K, d)) * 10.0 ** draw(st.integers(-2, 1))
    return X, targets, K, weights.astype(float), coef, rng.normal(size=K), rng


def everything(rows, coef, intercept):
    """All sums at a point, as one list; the gradient and the curvatures once more after a move there."""
    origin = rows.at(np.zeros_like(coef), np.zeros_like(intercept))
    moved = origin.move(origin.direction(2 * coef, 2 * intercept), 0.5)
    point = rows.at(coef, intercept)
    product = point.product(coef, intercept)[:2]
    return [
        point.loss,
        point.grad_coef,
        point.grad_intercept,
        point.hessian(),
        np.stack(list(point.class_grams())),
        point.diagonal(),
        *product,
        moved.loss,
        moved.grad_coef,
        *moved.intercept_system(),
        *rows.moments(),
        rows.class_weights / rows.weight_sum,
    ]


ORDERS = (0, 1, 0, 2, 2, 2, 1, 0, 0, 1, 0, 0, 1, 1, 0)
"""How many factors of X each of these has."""


def assert_same(ours, theirs, X, coef, orders=ORDERS):
    """Up to rounding, which is relative to the terms of a sum: sums may cancel, and logits carry their own."""
    size = max(1.0, float(np.abs(X).max()))
    logits = max(1.0, size * float(np.abs(coef).max()))
    for one, other, order in zip(ours, theirs, orders, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-14 * logits**2 * size**order)


@EXAMPLES
@given(labelled_rows(), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.booleans())
def test_any_split(case, sizes, keep):
    X, targets, K, weights, coef, intercept, _ = case
    whole = everything(DenseRows(X, targets, K, weights), coef, intercept)
    split = BlockedRows(X, targets, K, weights, sizes=sizes, keep=keep)
    assert_same(whole, everything(split, coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows(), st.sampled_from([np.int32, np.int64]))
def test_dense_is_sparse(case, index):
    X, targets, K, weights, coef, intercept, _ = case
    csr = scipy.sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype(index), csr.indptr.astype(index)
    whole = everything(DenseRows(X, targets, K, weights), coef, intercept)
    assert_same(whole, everything(SparseRows(csr, targets, K, weights), coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows())
def test_weight_k_is_k_copies_and_weight_zero_none(case):
    X, targets, K, weights, coef, intercept, _ = case
    copies = np.repeat(np.arange(len(X)), weights.astype(int))
    whole = everything(DenseRows(X, targets, K, weights), coef, intercept)
    assert_same(whole, everything(DenseRows(X[copies], targets[copies], K), coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows(), st.floats(1e-6, 1e6))
def test_the_weights_scale_does_not_matter(case, factor):
    X, targets, K, weights, coef, intercept, _ = case
    whole = everything(DenseRows(X, targets, K, weights), coef, intercept)
    scaled = DenseRows(X, targets, K, factor * weights)
    assert_same(whole, everything(scaled, coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows())
def test_the_order_of_rows_does_not_matter(case):
    X, targets, K, weights, coef, intercept, rng = case
    order = rng.permutation(len(X))
    whole = everything(DenseRows(X, targets, K, weights), coef, intercept)
    moved = DenseRows(X[order], targets[order], K, weights[order])
    assert_same(whole, everything(moved, coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows())
def test_permuted_classes_and_features(case):
    X, targets, K, weights, coef, intercept, rng = case
    classes, features = rng.permutation(K), rng.permutation(X.shape[1])
    named = targets[:, classes] if targets.ndim == 2 else np.argsort(classes)[targets]
    point = DenseRows(X, targets, K, weights).at(coef, intercept)
    other = DenseRows(X[:, features], named, K, weights).at(
        coef[np.ix_(classes, features)], intercept[classes]
    )
    both = np.append(features, X.shape[1])
    whole = point.hessian().reshape(K, len(both), K, len(both))
    expected = [
        point.loss,
        point.grad_coef[np.ix_(classes, features)],
        point.grad_intercept[classes],
        whole[np.ix_(classes, both, classes, both)].reshape(K * len(both), -1),
    ]
    found = [other.loss, other.grad_coef, other.grad_intercept, other.hessian()]
    assert_same(expected, found, X, coef, (0, 1, 0, 2))


@EXAMPLES
@given(labelled_rows())
def test_one_hot_labels_are_codes(case):
    X, targets, K, weights, coef, intercept, _ = case
    codes = targets if targets.ndim == 1 else targets.argmax(axis=1)
    whole = everything(DenseRows(X, codes, K, weights), coef, intercept)
    assert_same(whole, everything(DenseRows(X, np.eye(K)[codes], K, weights), coef, intercept), X, coef)


@EXAMPLES
@given(labelled_rows(), st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_subsets_are_nested(case, one, other):
    """Each row is known by its weight, a power of two."""
    X, targets, K, *_ = case
    rows = DenseRows(X, targets, K, 2.0 ** -np.arange(len(X)))
    small, large = rows.subset(min(one, other)), rows.subset(max(one, other))
    kept = [np.log2(part.weights).astype(int) for part in (small, large)]
    assert set(kept[0]) <= set(kept[1])
    assert small.n_rows <= large.n_rows <= rows.n_rows


@settings(max_examples=15)
@given(labelled_rows(), st.floats(1e-3, 1.0), st.booleans())
def test_a_fit_sees_weights_as_copies(case, alpha, fit_intercept):
    X, targets, K, weights, *_ = case
    X = X / max(np.abs(X).max(), 1e-3)
    targets = np.arange(len(X)) % K if targets.ndim == 1 else targets
    copies = np.repeat(np.arange(len(X)), weights.astype(int))
    if targets.ndim == 1 and len(np.unique(targets[copies])) < 2:
        return
    options = {"alpha": alpha, "fit_intercept": fit_intercept, "n_classes": K, "tol": 1e-12}
    one = fit(X, targets, sample_weight=weights, **options)
    two = fit(X[copies], targets[copies], **options)
    assert abs(one.objective - two.objective) <= 3e-12 * one.objective
    assert one.gap <= 1e-12
