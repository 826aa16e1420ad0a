"""Reliability, confidence intervals and scores, against scikit-learn, plain loops and resampling of another kind."""

import numpy as np
import pytest
from scipy.stats import binom, bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score, log_loss

from softgrad.measures.codes import class_codes
from softgrad.measures.facts import RowFacts
from softgrad.measures.intervals import intervals
from softgrad.measures.reliability import class_bins, top_label_bins
from softgrad.measures.score import Scores


@pytest.fixture
def predictions(rng):
    proba = rng.dirichlet([0.6, 0.5, 0.7], size=400)
    codes = np.array([rng.choice(3, p=p**0.7 / (p**0.7).sum()) for p in proba])
    return codes, proba


@pytest.mark.parametrize("k", [0, 1, 2])
def test_bins_of_a_class_are_scikit_learns(predictions, k):
    codes, proba = predictions
    observed, predicted = calibration_curve(codes == k, proba[:, k], n_bins=10)
    bins = class_bins(codes, proba, k)
    full = bins.counts > 0
    np.testing.assert_allclose(bins.observed[full], observed, rtol=1e-13)
    np.testing.assert_allclose(bins.predicted[full], predicted, rtol=1e-13)
    assert np.isnan(bins.observed[~full]).all()


def test_calibration_error_is_the_textbooks_sum(predictions):
    codes, proba = predictions
    top, right = proba.max(axis=1), proba.argmax(axis=1) == codes
    error = 0.0
    for b in range(10):
        inside = (top > b / 10) & (top <= (b + 1) / 10)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    assert top_label_bins(codes, proba).error == pytest.approx(error, rel=1e-12)


def test_certain_and_impossible_rows_have_bins():
    bins = class_bins(np.array([0, 1]), np.array([[1.0, 0.0], [0.0, 1.0]]), 0)
    assert (bins.counts[0], bins.counts[-1], bins.error) == (1, 1, 0.0)


def test_accuracy_interval_is_where_the_score_test_turns(predictions):
    """Wilson's ends solve (share - p)^2 = z^2 p (1 - p) / n."""
    codes, proba = predictions
    n, share = len(codes), (proba.argmax(axis=1) == codes).mean()
    for end in intervals(RowFacts.of(codes, proba), proba.shape[1])["accuracy"]:
        assert (share - end) ** 2 * n / (end * (1 - end)) == pytest.approx(1.959963984540054**2, rel=1e-9)


def test_all_right_still_leaves_doubt():
    found = intervals(RowFacts.of(np.array([0, 1] * 15), np.tile(np.eye(2), (15, 1)) * 0.98 + 0.01), 2)
    assert 0.8 < found["accuracy"][0] < 0.9
    assert found["accuracy"][1] == 1.0
    assert found["macro_f1"] is None
    assert intervals(RowFacts.of(np.array([0]), np.array([[0.9, 0.1]])), 2)["log_loss"] is None


def test_intervals_cover_as_often_as_they_say(rng):
    """The share of intervals that hold the truth, over draws whose truth is known."""
    n, draws = 150, 80
    held = dict.fromkeys(("accuracy", "log_loss", "brier"), 0)
    values = np.array([0.55, 0.7, 0.9])
    truth = {
        "accuracy": values.mean(),
        "log_loss": np.mean(-values * np.log(values) - (1 - values) * np.log(1 - values)),
        "brier": np.mean(2 * values * (1 - values)),
    }
    for _ in range(draws):
        p = rng.choice(values, n)
        found = intervals(RowFacts.of((rng.random(n) > p).astype(int), np.column_stack([p, 1 - p])), 2)
        for name in held:
            held[name] += found[name][0] <= truth[name] <= found[name][1]
    for count in held.values():
        assert binom.ppf(1e-4, draws, 0.93) <= count


def test_macro_f1_interval_is_that_of_resampled_rows(predictions, rng):
    codes, proba = predictions
    guess = proba.argmax(axis=1)
    drawn = [rng.integers(len(codes), size=len(codes)) for _ in range(400)]
    values = [f1_score(codes[i], guess[i], average="macro") for i in drawn]
    low, high = intervals(RowFacts.of(codes, proba), proba.shape[1])["macro_f1"]
    reach = np.std(values)
    assert [low, high] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.35 * reach)


def test_calibration_interval_is_that_of_resampled_rows(predictions):
    codes, proba = predictions
    found = bootstrap(
        (np.arange(len(codes)),),
        lambda i: top_label_bins(codes[i], proba[i]).error,
        n_resamples=600,
        vectorized=False,
        method="basic",
        random_state=np.random.default_rng(1),
    )
    low, high = intervals(RowFacts.of(codes, proba), proba.shape[1])["calibration_error"]
    expected = [max(found.confidence_interval.low, 0), found.confidence_interval.high]
    assert [low, high] == pytest.approx(expected, abs=0.35 * found.standard_error)


def test_intervals_are_the_same_every_time(predictions):
    assert intervals(RowFacts.of(*predictions), 3) == intervals(RowFacts.of(*predictions), 3)


def test_scores_are_scikit_learns(predictions):
    codes, proba = predictions
    measured = Scores(np.array(["a", "b", "c"]), np.full(3, 1 / 3))
    measured.add(codes[:7], proba[:7])
    measured.add(codes[7:], proba[7:])
    scores = measured.result()
    assert scores["macro_f1"] == f1_score(codes, proba.argmax(axis=1), average="macro")
    assert scores["log_loss"] == pytest.approx(log_loss(codes, proba), rel=1e-13)
    assert scores["baseline"]["log_loss"] == pytest.approx(np.log(3), rel=1e-13)
    for name in ("accuracy", "log_loss", "brier", "macro_f1"):
        low, high = scores["intervals"][name]
        assert low < scores[name] < high


def test_labels_that_the_model_does_not_know_are_refused():
    with pytest.raises(ValueError, match="which classes does not name"):
        class_codes(["a", "z"], np.array(["a", "b"]), 2)
    with pytest.raises(ValueError, match="one label a row"):
        class_codes(np.array([[0.5, 0.5]]), np.array(["a", "b"]), 1)
