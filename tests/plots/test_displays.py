"""What is drawn is what was computed: the artists' numbers against the model's, scikit-learn's and by hand."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import softgrad
from softgrad import SoftmaxRegression
from softgrad.plots import (
    CalibrationDisplay,
    CoefficientsDisplay,
    ConfusionDisplay,
    ConvergenceDisplay,
    PathDisplay,
    RegionsDisplay,
    SimplexDisplay,
)


def test_images_of_coefficients_are_the_coefficients(digits):
    model = digits[0]
    display = CoefficientsDisplay.from_estimator(model, shape=(8, 8))
    assert len(display.axes_) == 10
    limits = {panel.images[0].get_clim() for panel in display.axes_}
    assert limits == {(-np.abs(model.coef_).max(), np.abs(model.coef_).max())}
    for k, panel in enumerate(display.axes_):
        np.testing.assert_array_equal(panel.images[0].get_array(), model.coef_[k].reshape(8, 8))
        assert panel.get_title() == str(k)


def test_bars_are_the_largest_coefficients_in_order(cancer):
    model = cancer[0]
    panel = CoefficientsDisplay.from_estimator(model, top=6).ax_
    widths = [bar.get_width() for bar in panel.patches]
    assert widths == sorted(widths)
    assert sorted(np.abs(widths)) == sorted(np.abs(model.coef_[0]))[-6:]
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == [f"feature {np.flatnonzero(model.coef_[0] == width)[0]}" for width in widths]
    assert panel.get_title() == "1 against 0"


def test_a_shape_that_does_not_hold_the_features_is_refused(digits):
    with pytest.raises(ValueError, match="shape=\\(8, 9\\) was given for 64 features"):
        CoefficientsDisplay.from_estimator(digits[0], shape=(8, 9))


def test_confusion_is_scikit_learns(digits):
    model, X, y = digits
    display = ConfusionDisplay.from_estimator(model, X, y)
    np.testing.assert_array_equal(display.counts, confusion_matrix(y, model.predict(X)))
    theirs = ConfusionMatrixDisplay.from_estimator(model, X, y).confusion_matrix
    written = np.zeros_like(theirs)
    for text in display.ax_.texts:
        m, k = text.get_position()
        written[int(k), int(m)] = int(text.get_text())
    np.testing.assert_array_equal(written, theirs)
    other = ConfusionDisplay.from_predictions(y, model.predict(X), classes=model.classes_)
    np.testing.assert_array_equal(other.counts, theirs)


def test_calibration_draws_the_bins_and_the_counts(digits):
    model, X, y = digits
    display = CalibrationDisplay.from_estimator(model, X, y)
    proba = model.predict_proba(X)
    upper, lower = display.axes_
    assert sum(bar.get_height() for bar in lower.patches) == len(y)
    top, right = proba.max(axis=1), model.predict(X) == y
    x, share = upper.lines[-1].get_data()
    inside = (top > 0.9) & (top <= 1)
    assert (x[-1], share[-1]) == pytest.approx((top[inside].mean(), right[inside].mean()), rel=1e-12)
    assert len(upper.collections) == 10
    names = [text.get_text() for text in upper.get_legend().get_texts()]
    assert names == [*map(str, range(10)), "likeliest class"]


def test_convergence_is_the_history(iris):
    model = iris[0]
    display = ConvergenceDisplay.from_estimator(model, label="one")
    for panel, name in zip(display.axes_, ("n_passes", "seconds"), strict=True):
        x, gaps = panel.lines[0].get_data()
        np.testing.assert_array_equal(x, [getattr(record, name) for record in model.history_])
        np.testing.assert_array_equal(gaps, [record.gap for record in model.history_])
    ConvergenceDisplay.from_estimator(model, label="two", ax=display.axes_)
    assert len(display.ax_.lines) == 2


def test_convergence_without_a_bound_shows_the_objective(rng):
    X, y = rng.normal(size=(60, 2)), rng.integers(3, size=60)
    solution = softgrad.fit(X, y, alpha=0.0)
    display = ConvergenceDisplay.from_solution(solution)
    gaps = display.ax_.lines[0].get_ydata()
    assert gaps[0] == solution.history[0].objective - min(r.objective for r in solution.history)
    assert np.isnan(gaps[-1])
    assert "objective" in display.ax_.get_ylabel()


def test_a_loaded_model_has_no_convergence_to_draw(iris, tmp_path):
    iris[0].save(tmp_path / "m.softgrad")
    with pytest.raises(ValueError, match="no history"):
        ConvergenceDisplay.from_estimator(softgrad.load(tmp_path / "m.softgrad"))


@pytest.mark.parametrize("frame", ["pandas", "polars", "array"])
def test_regions_are_the_predictions_with_the_others_at_their_medians(iris, frame):
    X, y = iris[1], iris[2]
    given = {"pandas": X, "polars": pl.from_pandas(X), "array": X.to_numpy()}[frame]
    model = SoftmaxRegression().fit(given, y)
    display = RegionsDisplay.from_estimator(model, given, y, features=(2, 3), resolution=30)
    row = np.median(X.to_numpy(), axis=0)
    row[2], row[3] = display.extent[1], display.extent[2]  # the lower right corner
    expected = SoftmaxRegression().fit(X.to_numpy(), y).predict_proba(row[None])[0]
    np.testing.assert_allclose(display.proba[0, -1], expected, rtol=1e-7)
    np.testing.assert_array_equal(display.points, X.to_numpy()[:, 2:])


def test_regions_by_name_and_of_other_classifiers(iris):
    X, y = iris[1], iris[2]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    names = ("petal width (cm)", "sepal length (cm)")
    display = RegionsDisplay.from_estimator(pipeline, X, y, features=names, resolution=10)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == names
    with pytest.raises(ValueError, match="there is no feature 'petal'"):
        RegionsDisplay.from_estimator(pipeline, X, y, features=("petal", names[0]))


def test_simplex_places_rows_by_their_probabilities(iris):
    model, X, y = iris
    display = SimplexDisplay.from_estimator(model, X, y)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(display.points[:, 0], proba[:, 1] + proba[:, 2] / 2, rtol=1e-13)
    np.testing.assert_allclose(display.points[:, 1], proba[:, 2] * np.sqrt(3) / 2, rtol=1e-13)
    drawn = np.vstack([points.get_offsets() for points in display.ax_.collections])
    assert len(drawn) == len(y)


def test_simplex_takes_three_classes_only(digits):
    with pytest.raises(ValueError, match="10 classes were given"):
        SimplexDisplay.from_estimator(*digits)


@pytest.mark.parametrize("weight", [None, "balanced"])
def test_every_fit_on_the_path_is_the_estimators(iris, cancer, weight):
    for _, X, y in (iris, cancer):
        X, y = np.asarray(X)[::3], np.asarray(y)[::3]
        display = PathDisplay.from_estimator(
            SoftmaxRegression(class_weight=weight), X, y, Cs=[10.0, 0.1], top=2
        )
        assert display.Cs.tolist() == [0.1, 10.0]
        for C, coef in zip(display.Cs, display.coefs, strict=True):
            expected = SoftmaxRegression(C=C, class_weight=weight, tol=1e-12).fit(X, y).coef_
            np.testing.assert_allclose(coef, expected, atol=1e-3 * np.abs(expected).max())
        np.testing.assert_array_equal(display.ax_.lines[0].get_xdata(), display.Cs)
        largest = np.abs(display.coefs).max(axis=(0, 1)).argmax()
        np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), display.coefs[:, 0, largest])


def test_a_wrong_C_is_refused(iris):
    with pytest.raises(ValueError, match="pass at least one finite number > 0"):
        PathDisplay.from_estimator(*iris, Cs=[1.0, -1.0])


def test_one_axes_is_divided_and_an_array_is_used(iris):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    divided = CalibrationDisplay.from_estimator(*iris, ax=axes[0])
    assert divided.figure_ is figure
    assert not axes[0].axison
    figure, axes = plt.subplots(2, 1)
    assert list(CalibrationDisplay.from_estimator(*iris, ax=axes).axes_) == list(axes)
    assert ConfusionDisplay.from_estimator(*iris, ax=axes[0]).ax_ is axes[0]
    with pytest.raises(ValueError, match="2 axes were given; pass 3"):
        CoefficientsDisplay.from_estimator(iris[0], ax=axes)


def test_names_are_text_whatever_they_hold(rng):
    names = ["_hidden", "$\\frac{", "a\nb", "x" * 300, "שלום"]
    y = rng.choice(names, 80)
    X = rng.normal(size=(80, 3))
    model = SoftmaxRegression().fit(X, y)
    for display in (
        ConfusionDisplay.from_estimator(model, X, y),
        CalibrationDisplay.from_estimator(model, X, y),
        CoefficientsDisplay.from_estimator(model),
        RegionsDisplay.from_estimator(model, X, y, resolution=10),
        PathDisplay.from_estimator(model, X, y, Cs=[1.0]),
    ):
        display.figure_.canvas.draw()
    legend = RegionsDisplay.from_estimator(model, X, y, resolution=10).ax_.get_legend()
    assert len(legend.get_texts()) == len(names)


def test_without_matplotlib_one_sentence_names_the_extra():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from softgrad.plots import SimplexDisplay\n"
        "try: SimplexDisplay.from_predictions([0], [[1.0, 0.0, 0.0]])\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == (
        "softgrad.plots needs the package matplotlib, which is not installed: run pip install 'softgrad[report]'\n"
    )
