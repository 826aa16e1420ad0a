"""partial_fit: the optimum by SciPy of what one call minimises, one epoch against the optimum, and its invariances."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from scipy.special import logsumexp
from sklearn.datasets import load_digits

import softgrad
from softgrad import SoftmaxRegression
from softgrad.online import curvature
from softgrad.online.learner import Learner
from tests.unit.refusals import refused


def drawn(rng, n, d, n_classes, strength=1.0):
    """Correlated columns and labels from a softmax model."""
    X = rng.normal(size=(n, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d))) + rng.normal(size=(n, 1))
    z = strength * X @ rng.normal(size=(d, n_classes)) / np.sqrt(d) + rng.normal(size=n_classes)
    return X, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def streamed(X, y, size, labels=None, weights=None, **params):
    model = SoftmaxRegression(classes=np.unique(y) if labels is None else labels, **params)
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        model.partial_fit(X[part], y[part], sample_weight=None if weights is None else weights[part])
    return model


def log_loss(model, X, y):
    log_proba = model.predict_log_proba(X)
    return -log_proba[np.arange(len(y)), np.searchsorted(model.classes_, y)].mean()


def optimum_by_scipy(X, y, n_classes, C, weights=None):
    """Of ``sum w loss + |coef|^2 / (2 C) + the one row about which nothing is known``, written from the docstring."""
    w = np.ones(len(y)) if weights is None else weights
    centre = (w @ X) / w.sum()
    scale = np.sqrt(w @ (X - centre) ** 2 / w.sum())
    Z = (X - centre) / scale
    ridge = np.append(1 / (C * scale**2) + 1 / n_classes, 1 / n_classes)

    def value(flat):
        W = flat.reshape(n_classes, -1)
        logits = Z @ W[:, :-1].T + W[:, -1]
        log_proba = logits - logsumexp(logits, axis=1, keepdims=True)
        residual = np.exp(log_proba)
        residual[np.arange(len(y)), y] -= 1
        residual *= w[:, None]
        loss = -(w * log_proba[np.arange(len(y)), y]).sum()
        gradient = np.column_stack([residual.T @ Z, residual.sum(axis=0)]) + ridge * W
        return loss + 0.5 * (ridge * W**2).sum(), gradient.ravel()

    start = np.zeros(n_classes * (X.shape[1] + 1))
    found = scipy.optimize.minimize(
        value, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 5000}
    )
    W = found.x.reshape(n_classes, -1)
    coef = W[:, :-1] / scale
    return coef, W[:, -1] - coef @ centre


# What one call minimises.


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_first_batch_gives_the_stated_optimum(rng, n_classes, weighted):
    X, y = drawn(rng, 200, 5, n_classes)
    X = X * [1, 10, 0.1, 3, 1] + [0, 50, 0, -3, 1]
    weights = rng.uniform(0, 3, 200) if weighted else None
    model = streamed(X, y, 200, np.arange(n_classes), weights, C=0.5)
    penalty = 0.25 if n_classes == 2 else 0.5  # two symmetric rows carry half of |coef_|^2
    coef, intercept = optimum_by_scipy(X, y, n_classes, penalty, weights)
    logits = X @ coef.T + intercept
    expected = logits - logsumexp(logits, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=0, atol=2e-5)


def test_tends_to_fit_of_all_rows(rng):
    X, y = drawn(rng, 4000, 6, 3)
    exact = SoftmaxRegression(C=0.1).fit(X, y)
    for size in (4000, 100):
        distance = np.abs(streamed(X, y, size, C=0.1).predict_proba(X) - exact.predict_proba(X)).mean()
        assert distance < 0.005
    assert np.abs(streamed(X, y, 100, C=1e-4).predict_proba(X) - exact.predict_proba(X)).mean() > 0.05


# One epoch.


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("size", [30, 300])
def test_raw_digits_in_one_epoch_are_within_a_tenth_of_the_optimum(order, size):
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(order).permutation(len(y))
    held, kept = np.split(rows, [450])
    optimum = log_loss(SoftmaxRegression().fit(X[kept], y[kept]), X[held], y[held])
    assert log_loss(streamed(X[kept], y[kept], size), X[held], y[held]) <= 1.1 * optimum


def test_sparse_words_in_one_epoch_are_within_a_tenth_of_the_optimum(rng):
    shares = 1 / np.arange(1, 3001)
    words = rng.choice(3000, size=(6000, 8), p=shares / shares.sum())
    X = scipy.sparse.csr_array(
        (np.ones(words.size), (np.repeat(np.arange(6000), 8), words.ravel())), (6000, 3000)
    )
    z = X @ rng.normal(size=(3000, 6))
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    kept, held = slice(0, 4500), slice(4500, None)
    optimum = log_loss(SoftmaxRegression().fit(X[kept], y[kept]), X[held], y[held])
    model = streamed(X[kept], y[kept], 500)
    assert isinstance(model._learner.curvature, curvature.Diagonal)
    assert log_loss(model, X[held], y[held]) <= 1.1 * optimum


@pytest.mark.parametrize("form", ["blocks", "shared", "diagonal"])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_each_form_of_curvature_learns(rng, monkeypatch, form, n_classes):
    if form != "blocks":
        monkeypatch.setattr(curvature, "LARGEST_BLOCKS", 0)
    if form == "diagonal":
        monkeypatch.setattr(curvature, "WIDEST", 0)
    X, y = drawn(rng, 4000, 8, n_classes)
    optimum = log_loss(SoftmaxRegression().fit(X[:3000], y[:3000]), X[3000:], y[3000:])
    reached = log_loss(streamed(X[:3000], y[:3000], 100), X[3000:], y[3000:])
    assert reached <= {"blocks": 1.01, "shared": 1.02, "diagonal": 1.1}[form] * optimum


def test_single_rows_do_as_well_as_batches(rng):
    X, y = drawn(rng, 900, 5, 3)
    by_row, by_hundred = streamed(X[:400], y[:400], 1), streamed(X[:400], y[:400], 100)
    assert by_row.n_iter_ == 400
    assert log_loss(by_row, X[400:], y[400:]) <= 1.01 * log_loss(by_hundred, X[400:], y[400:])


# Invariances.


@pytest.mark.parametrize("size", [1, 7, 60])
def test_scales_of_the_columns_do_not_matter(rng, size):
    X, y = drawn(rng, 120, 4, 3)
    scales = np.array([1e-8, 1.0, 3e3, 1e8])
    plain, scaled = (streamed(Z, y, size, [0, 1, 2], C=np.inf) for Z in (X, X * scales))
    np.testing.assert_allclose(scaled.coef_ * scales, plain.coef_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(scaled.predict_proba(X * scales), plain.predict_proba(X), rtol=0, atol=1e-10)
    assert scaled.progressive_log_loss_ == pytest.approx(plain.progressive_log_loss_, rel=1e-10)


@pytest.mark.parametrize("wide", [False, True])
def test_powers_of_two_change_no_bit(rng, monkeypatch, wide):
    if wide:
        monkeypatch.setattr(curvature, "WIDEST", 0)
    X, y = drawn(rng, 60, 4, 3)
    scales = 2.0 ** np.array([-26, 0, 12, 26])
    plain, scaled = (streamed(Z, y, 6, [0, 1, 2], C=np.inf) for Z in (X, X * scales))
    assert (scaled.coef_ * scales).tobytes() == plain.coef_.tobytes()


def test_a_column_that_wakes_late_is_learned_at_any_scale(rng):
    X, y = drawn(rng, 300, 4, 3)
    X[:200, 0] = 0
    scales = np.array([1e7, 1, 1, 1e-7])
    plain, scaled = (streamed(Z, y, 5, [0, 1, 2], C=np.inf) for Z in (X, X * scales))
    np.testing.assert_allclose(scaled.coef_ * scales, plain.coef_, rtol=0, atol=1e-9)


def test_columns_far_from_zero_do_as_well(rng):
    X, y = drawn(rng, 300, 3, 3)
    near, far = (streamed(X + offset, y, 10, C=np.inf) for offset in (0, np.array([1e7, 0, -1e5])))
    assert far.progressive_log_loss_ == pytest.approx(near.progressive_log_loss_, rel=1e-4)


def test_the_order_of_the_classes_does_not_matter(rng):
    X, y = drawn(rng, 200, 4, 3)
    first, second = streamed(X, y, 20, [0, 1, 2]), streamed(X, y, 20, [2, 0, 1])
    np.testing.assert_allclose(
        second.predict_proba(X)[:, [1, 2, 0]], first.predict_proba(X), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["sparse", "float32", "integer", "frame"])
def test_kinds_of_tables_give_the_same(rng, kind):
    pandas = pytest.importorskip("pandas")
    X, y = drawn(rng, 200, 4, 3)
    X = np.round(4 * X)
    other = {
        "sparse": scipy.sparse.csr_array(X),
        "float32": X.astype(np.float32),
        "integer": X.astype(np.int64),
        "frame": pandas.DataFrame(X, columns=list("abcd")),
    }[kind]
    params = {"fit_intercept": kind != "sparse"}  # sparse columns are not centred
    first = streamed(X, y, 40, **params)
    second = SoftmaxRegression(classes=[0, 1, 2], **params)
    for start in range(0, 200, 40):
        rows = slice(start, start + 40)
        second.partial_fit(other.iloc[rows] if kind == "frame" else other[rows], y[rows])
    np.testing.assert_allclose(second.coef_, first.coef_, rtol=0, atol=1e-6)


def test_sparse_batches_in_a_stream_that_began_dense(rng):
    X, y = drawn(rng, 200, 4, 3)
    mixed = SoftmaxRegression(classes=[0, 1, 2]).partial_fit(X[:100], y[:100])
    mixed.partial_fit(scipy.sparse.csr_array(X[100:]), y[100:])
    np.testing.assert_allclose(mixed.coef_, streamed(X, y, 100).coef_, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1, 30])
def test_a_weight_is_as_many_copies(rng, size):
    X, y = drawn(rng, 60, 3, 3)
    counts = rng.integers(1, 4, 60)
    weighted, copied = (SoftmaxRegression(classes=[0, 1, 2]) for _ in range(2))
    for start in range(0, 60, size):
        rows = np.arange(start, start + size)
        again = np.repeat(rows, counts[rows])
        weighted.partial_fit(X[rows], y[rows], sample_weight=counts[rows])
        copied.partial_fit(X[again], y[again])
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), rtol=0, atol=1e-6)
    assert weighted.progressive_log_loss_ == pytest.approx(copied.progressive_log_loss_, rel=1e-8)


def test_rows_of_weight_zero_are_as_good_as_dropped(rng):
    X, y = drawn(rng, 80, 3, 3)
    kept = np.arange(80) % 4 > 0
    spoiled = np.where(kept[:, None], X, 1e6)
    first = streamed(spoiled, y, 20, weights=kept.astype(float))
    second = streamed(X[kept], y[kept], 15)
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=0, atol=1e-6)
    assert first.progressive_log_loss_se_ == pytest.approx(second.progressive_log_loss_se_, rel=1e-8)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0}])
def test_class_weights_raise_the_rare_class(rng, class_weight):
    X, y = drawn(rng, 1000, 3, 2)
    kept = (y == 1) | (np.arange(1000) % 5 == 0)
    plain = streamed(X[kept], y[kept], 20)
    raised = streamed(X[kept], y[kept], 20, class_weight=class_weight)
    assert raised.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean() + 0.1


def test_balanced_goes_by_all_rows_so_far(rng):
    X, y = drawn(rng, 40, 2, 2)
    balanced = streamed(X, y, 20, [0, 1], class_weight="balanced")
    weights = np.concatenate([(end / (2 * np.bincount(y[:end])))[y[end - 20 : end]] for end in (20, 40)])
    np.testing.assert_allclose(balanced.coef_, streamed(X, y, 20, [0, 1], weights).coef_, rtol=1e-9)


def test_the_same_bits_every_time(rng):
    X, y = drawn(rng, 100, 4, 3)
    first, second = streamed(X, y, 9), streamed(X, y, 9)
    assert first.coef_.tobytes() == second.coef_.tobytes()
    assert first.progressive_log_loss_ == second.progressive_log_loss_


# Classes that come late, or never; separable rows; no penalty.


def test_a_class_that_comes_late_is_learned(rng):
    X = np.concatenate([rng.normal(size=(400, 2)), rng.normal([6, 0], 1, size=(40, 2))])
    y = np.concatenate([rng.integers(0, 2, 400), np.full(40, 2)])
    model = streamed(X[:400], y[:400], 10, [0, 1, 2, 3])
    before = model.predict_proba(X)
    assert np.isfinite(model.intercept_).all()
    assert 0 < before[:400, 2].mean() < 0.02
    np.testing.assert_allclose(before[:, 2], before[:, 3], rtol=1e-6)
    for start in range(400, 440, 10):
        model.partial_fit(X[start : start + 10], y[start : start + 10])
    assert (model.predict(X[400:]) == 2).mean() > 0.9
    assert np.isfinite(model.progressive_log_loss_)


@pytest.mark.parametrize("size", [1, 5, 40])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_separable_rows_without_penalty_stay_finite(rng, size, fit_intercept):
    X = np.repeat(np.eye(3), [14, 13, 13], axis=0)[rng.permutation(40)] * [1e-6, 1, 1e6]
    y = X.argmax(axis=1)
    y[X[:, 0] > 0] = 0
    model = streamed(X, y, size, [0, 1, 2], C=np.inf, fit_intercept=fit_intercept)
    assert np.isfinite(model.coef_).all()
    assert (model.predict(X) == y).all()


def test_constant_and_all_zero_columns_do_no_harm(rng):
    X, y = drawn(rng, 100, 3, 3)
    wide = np.column_stack([X, np.zeros(100), np.full(100, 7.0)])
    first, second = streamed(X, y, 10, C=np.inf), streamed(wide, y, 10, C=np.inf)
    np.testing.assert_allclose(second.predict_proba(wide), first.predict_proba(X), rtol=0, atol=1e-6)


# The evidence.


def test_progressive_log_loss_is_each_row_scored_before_it_is_learned(rng):
    X, y = drawn(rng, 90, 3, 3)
    weights = rng.uniform(0.5, 2, 90)
    model, losses = SoftmaxRegression(classes=[0, 1, 2]), []
    for start in range(0, 90, 15):
        rows = slice(start, start + 15)
        proba = model.predict_proba(X[rows]) if start else np.full((15, 3), 1 / 3)
        losses.extend(-np.log(proba[np.arange(15), y[rows]]))
        model.partial_fit(X[rows], y[rows], sample_weight=weights[rows])
    mean = np.average(losses, weights=weights)
    count = weights.sum() ** 2 / (weights**2).sum()
    variance = (weights**2 * (losses - mean) ** 2).sum() / weights.sum() ** 2 * count / (count - 1)
    assert model.progressive_log_loss_ == pytest.approx(mean, rel=1e-10)
    assert model.progressive_log_loss_se_ == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_recent_log_loss_is_of_the_last_batches(rng):
    X, y = drawn(rng, 100, 3, 3)
    model, losses = SoftmaxRegression(classes=[0, 1, 2]), []
    for start in range(0, 100, 10):
        rows = slice(start, start + 10)
        if start:
            losses.append(log_loss(model, X[rows], y[rows]))
        model.partial_fit(X[rows], y[rows])
    # The weights at which a lot began: 10, 20, 40, 80; the last two lots hold the rows from 20 on at 80 to 100.
    assert model.recent_log_loss_ == pytest.approx(np.mean(losses[-7:]), rel=1e-10)


def test_one_row_has_no_standard_error(rng):
    model = SoftmaxRegression(classes=[0, 1, 2]).partial_fit(rng.normal(size=(1, 2)), [0])
    assert model.progressive_log_loss_ == pytest.approx(np.log(3))
    assert np.isnan(model.progressive_log_loss_se_)


def test_the_status_says_what_is_known(rng, capsys):
    X, y = drawn(rng, 60, 3, 3)
    model = streamed(X, y, 20, verbose=1)
    assert model.status_ == "streaming"
    assert "3 batches of 60 rows" in model.status_.sentence
    assert (
        f"{model.progressive_log_loss_:.4g} +- {model.progressive_log_loss_se_:.2g} nats"
        in model.status_.sentence
    )
    assert np.isnan([model.gap_, model.decrement_, model.objective_]).all()
    assert model.n_iter_ == 3
    assert model.history_ == []
    assert capsys.readouterr().out.count("softgrad: streaming: ") == 3


def test_memory_does_not_grow(rng):
    X, y = drawn(rng, 300, 5, 3)
    model = SoftmaxRegression(classes=[0, 1, 2])
    sizes = [len(pickle.dumps(model.partial_fit(X[i : i + 10], y[i : i + 10]))) for i in range(0, 300, 10)]
    assert max(sizes[1:]) - min(sizes[1:]) < 100


# Going on, and beginning anew.


def test_a_pickled_model_goes_on_bit_for_bit(rng):
    X, y = drawn(rng, 60, 3, 3)
    model = streamed(X[:40], y[:40], 10, [0, 1, 2])
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.partial_fit(X[40:], y[40:])
    assert model.coef_.tobytes() == other.coef_.tobytes()


def test_a_model_file_predicts_and_shows_but_begins_anew(rng, tmp_path):
    X, y = drawn(rng, 60, 3, 3)
    model = streamed(X, y, 20)
    model.save(tmp_path / "stream.softgrad")
    loaded = softgrad.load(tmp_path / "stream.softgrad")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.status_ == "streaming"
    assert loaded.recent_log_loss_se_ == model.recent_log_loss_se_
    with pytest.warns(UserWarning, match="begins anew"):
        loaded.partial_fit(X[:20], y[:20])
    assert loaded.coef_.tobytes() == streamed(X[:20], y[:20], 20, [0, 1, 2]).coef_.tobytes()


def test_fit_after_partial_fit_is_fit(rng):
    X, y = drawn(rng, 60, 3, 3)
    model = streamed(X, y, 20).fit(X, y)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression(classes=[0, 1, 2]).fit(X, y).coef_)
    assert not hasattr(model, "progressive_log_loss_")
    assert not hasattr(model, "_learner")


def test_soft_labels(rng):
    X, y = drawn(rng, 60, 3, 3)
    soft = SoftmaxRegression().partial_fit(X, np.eye(3)[y], classes=[0, 1, 2])
    np.testing.assert_allclose(soft.coef_, streamed(X, y, 60).coef_, rtol=0, atol=1e-9)


def test_C_may_change_between_calls(rng):
    X, y = drawn(rng, 200, 3, 3)
    model = streamed(X[:100], y[:100], 100, [0, 1, 2])
    free = np.abs(model.coef_).sum()
    model.set_params(C=1e-4).partial_fit(X[100:], y[100:])
    assert np.abs(model.coef_).sum() < free / 4


# What is refused, and that nothing is left of it.

X_GOOD, Y_GOOD = np.arange(12.0).reshape(6, 2) % 5, np.array([0, 1, 2, 0, 1, 2])
FIRST = {
    "no classes": (X_GOOD, Y_GOOD, {}, "pass classes="),
    "unseen label": (X_GOOD, Y_GOOD, {"classes": [0, 1]}, "which classes does not name"),
    "one class": (X_GOOD, Y_GOOD, {"classes": [0]}, "at least two labels"),
    "no labels": (X_GOOD, None, {"classes": [0, 1, 2]}, "the target y is None"),
    "short labels": (X_GOOD, Y_GOOD[:4], {"classes": [0, 1, 2]}, "X has 6 rows"),
    "missing value": (X_GOOD * np.nan, Y_GOOD, {"classes": [0, 1, 2]}, "contains NaN"),
    "too large": (X_GOOD * 1e120, Y_GOOD, {"classes": [0, 1, 2]}, "overflow"),
    "negative weight": (X_GOOD, Y_GOOD, {"classes": [0, 1, 2], "sample_weight": [-1.0] * 6}, "weight"),
}
LATER = {
    "other columns": (X_GOOD[:, :1], Y_GOOD, {}, "2 features"),
    "other classes": (X_GOOD, Y_GOOD, {"classes": [0, 1, 3]}, "the first partial_fit had"),
    "unseen label": (X_GOOD, Y_GOOD + 1, {}, "which classes does not name"),
}


@pytest.mark.parametrize(("X", "y", "options", "words"), FIRST.values(), ids=FIRST)
def test_a_bad_first_batch_is_refused(X, y, options, words):
    model = SoftmaxRegression()
    before = dict(vars(model))
    refused(ValueError, words, model.partial_fit, X, y, **options)
    assert vars(model) == before


@pytest.mark.parametrize(("X", "y", "options", "words"), LATER.values(), ids=LATER)
def test_a_bad_later_batch_is_refused_and_leaves_the_model(X, y, options, words):
    model = SoftmaxRegression().partial_fit(X_GOOD, Y_GOOD, classes=[0, 1, 2])
    learner, bits = model._learner, model.coef_.tobytes()
    refused(ValueError, words, model.partial_fit, X, y, **options)
    assert model._learner is learner
    assert model.coef_.tobytes() == bits


def test_parameters_that_no_longer_fit_are_refused():
    model = SoftmaxRegression().partial_fit(X_GOOD, Y_GOOD, classes=[0, 1, 2])
    refused(
        ValueError, "begin a new model", model.set_params(fit_intercept=False).partial_fit, X_GOOD, Y_GOOD
    )
    named = SoftmaxRegression(classes=[2, 1, 0])
    refused(ValueError, "pass one of them", named.partial_fit, X_GOOD, Y_GOOD, classes=[0, 1, 2])
    refused(ValueError, "C=0", SoftmaxRegression(C=0).partial_fit, X_GOOD, Y_GOOD, classes=[0, 1, 2])


def test_no_warning_where_all_is_well(rng):
    X, y = drawn(rng, 50, 3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        streamed(X, y, 1)


@pytest.mark.parametrize(
    ("width", "n_classes", "sparse", "form"),
    [
        (65, 10, False, curvature.Blocks),
        (785, 10, False, curvature.Blocks),
        (769, 100, False, curvature.Shared),
        (2000, 3, False, curvature.Diagonal),
        (200, 3, True, curvature.Blocks),
        (301, 3, True, curvature.Diagonal),
    ],
)
def test_the_form_follows_the_size(width, n_classes, sparse, form):
    assert isinstance(curvature.no_curvature(n_classes, width, sparse=sparse), form)


def test_a_learner_is_never_changed(rng):
    X, y = drawn(rng, 40, 3, 3)
    first = Learner.begun(X, None, 3, fit_intercept=True).learned(X[:20], y[:20], None, 1.0)
    bits = first.params.tobytes(), first.slope.tobytes(), first.curvature.grams.tobytes()
    first.learned(X[20:], y[20:], None, 1.0)
    assert bits == (first.params.tobytes(), first.slope.tobytes(), first.curvature.grams.tobytes())
