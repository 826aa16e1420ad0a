"""The arithmetic of softgrad.migration: objectives written out, round trips, refusals. The libraries: tests/peers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax

from softgrad import migration
from softgrad.migration import PenaltyConvention, from_reference, to_reference
from tests.unit.refusals import refused

PRESETS = [getattr(migration, name) for name in migration.__all__ if name.isupper()]
MODELS = [
    (preset, K) for preset in PRESETS for K in (2, 3) if K == 2 or preset.two_classes != "only_difference"
]


def slope(function, at, by=1e-6):
    return (function(at + by) - function(at - by)) / (2 * by)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("factor", [0.5, 1.0])
@pytest.mark.parametrize("multiplies", ["penalty", "loss"])
@pytest.mark.parametrize(
    ("two_classes", "n_classes"), [("both_rows", 2), ("both_rows", 3), ("difference", 2)]
)
def test_the_two_objectives_are_proportional(rng, reduction, factor, multiplies, two_classes, n_classes):
    """As functions of the symmetric coefficients, up to a constant factor: what makes their minima the same."""
    X, y, w = rng.normal(size=(20, 3)), rng.integers(0, n_classes, 20), rng.uniform(0.5, 2, 20)
    convention = PenaltyConvention("it", reduction, factor, multiplies, two_classes)
    strength = 0.3
    alpha = convention.to_alpha(strength, weight_sum=w.sum(), n_classes=n_classes)

    def losses(coef):
        return -(w @ log_softmax(X @ coef.T, axis=1)[np.arange(20), y])

    def theirs(coef):
        data = losses(coef) / (w.sum() if reduction == "mean" else 1.0)
        penalised = coef[1:] - coef[:1] if two_classes == "difference" and n_classes == 2 else coef
        penalty = factor * np.sum(penalised**2)
        return strength * data + penalty if multiplies == "loss" else data + strength * penalty

    def ours(coef):
        return losses(coef) / w.sum() + alpha / 2 * np.sum(coef**2)

    start, towards = (symmetric(rng.normal(size=(n_classes, 3))) for _ in range(2))
    ratios = [
        slope(lambda t, other=other: theirs(start + t * other), 0.0)
        / slope(lambda t, other=other: ours(start + t * other), 0.0)
        for other in (towards, start, start + towards)
    ]
    assert_allclose(ratios, ratios[0], rtol=1e-6)


def symmetric(coef):
    return coef - coef.mean(axis=0)


@pytest.mark.parametrize(("preset", "n_classes"), MODELS)
@pytest.mark.parametrize("C", [1e-6, 0.3, 1.0, 1e8, np.inf])
def test_strength_and_back(preset, n_classes, C):
    sizes = {"weight_sum": 71.5, "n_classes": n_classes}
    strength = preset.from_C(C, **sizes)
    assert_allclose(preset.to_C(strength, **sizes), C, rtol=1e-14)
    assert_allclose(preset.from_alpha(preset.to_alpha(strength, **sizes), **sizes), strength, rtol=1e-14)
    assert (preset.to_alpha(strength, **sizes) == 0) == np.isinf(C)


@pytest.mark.parametrize("reference", [0, 1, 3])
def test_reference_coding_keeps_the_probabilities_and_comes_back(rng, reference):
    X, coef, intercept = rng.normal(size=(9, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    log_proba = log_softmax(X @ coef.T + intercept, axis=1)
    beta, constant = to_reference(coef, intercept, reference)
    odds = np.delete(log_proba, reference, axis=1) - log_proba[:, [reference]]
    assert_allclose(X @ beta.T + constant, odds, atol=1e-13)
    back, back_intercept = from_reference(beta, constant, reference)
    assert_allclose(back, symmetric(coef), atol=1e-14)
    assert_allclose(back_intercept, symmetric(intercept), atol=1e-14)
    assert_allclose(log_softmax(X @ back.T + back_intercept, axis=1), log_proba, atol=1e-13)


def test_a_class_without_rows_keeps_probability_zero(rng):
    coef = rng.normal(size=(3, 2))
    coef[1] = 0
    intercept = np.array([0.5, -np.inf, -0.5])
    beta, constant = to_reference(coef, intercept, 2)
    assert constant[1] == -np.inf
    back, back_intercept = from_reference(beta, constant, 2)
    assert_allclose(back[[0, 2]], symmetric(coef[[0, 2]]), atol=1e-15)
    assert_allclose(back[1], 0)
    assert_allclose(back_intercept, [0.5, -np.inf, -0.5])


SIZES = {"weight_sum": 10, "n_classes": 3}


@pytest.mark.parametrize(
    ("function", "args", "sizes", "match"),
    [
        (migration.GLMNET.to_C, [-1.0], SIZES, "lambda=-1.0 was given"),
        (migration.GLMNET.to_C, [np.inf], SIZES, "lambda=inf was given"),
        (migration.SPARK.to_alpha, ["a"], SIZES, "regParam='a' was given"),
        (migration.SCIKIT_LEARN.to_alpha, [0.0], SIZES, "C=0.0 was given; pass a number > 0"),
        (
            migration.SCIKIT_LEARN.to_alpha,
            [1e-320],
            SIZES,
            "C=1e-320 was given, whose counterpart no float can hold",
        ),
        (migration.GLMNET.from_C, [1.0], SIZES | {"weight_sum": 0}, "weight_sum=0 was given"),
        (migration.GLMNET.from_C, [1.0], SIZES | {"n_classes": 1}, "n_classes=1 was given"),
        (migration.GLMNET.from_alpha, [np.nan], SIZES, "alpha=nan was given"),
        (migration.CYANURE_LOGISTIC.to_C, [1.0], SIZES, "belongs to a model of two classes"),
        (PenaltyConvention, ["x", "median"], {}, "no reduction='median'; choose one of 'mean', 'sum'"),
        (PenaltyConvention, ["x", "mean", 0], {}, "factor=0 was given"),
        (to_reference, [[[1.0], [2.0]], [0.0]], {}, "coef of shape"),
        (to_reference, [[[1.0]], [0.0]], {}, "at least two classes"),
        (
            to_reference,
            [[[1.0], [2.0]], [0.0, 0.0], 2],
            {},
            "reference=2 was given; pass the place of a class, 0 to 1",
        ),
        (to_reference, [[[1.0], [2.0]], [0.0, 0.0], -1], {}, "reference=-1 was given"),
        (to_reference, [[[1.0], [0.0]], [0.0, -np.inf], 1], {}, "can be no reference"),
        (from_reference, [[[np.nan]], [0.0]], {}, "NaN or infinite"),
    ],
)
def test_refusals(function, args, sizes, match):
    refused(ValueError, match, function, *args, **sizes)


@pytest.mark.parametrize(("alpha", "weight_sum"), [(1e308, 1e3), (1e-310, 1.0)])
def test_a_strength_that_no_float_holds(alpha, weight_sum):
    with pytest.raises(ValueError, match="no float can hold"):
        migration.SCIKIT_LEARN.from_alpha(alpha, weight_sum=weight_sum, n_classes=3)


@pytest.mark.parametrize("coef", [[["1", "2"], ["3", "4"]], [[1.0], [1.0, 2.0]], [[None, 1.0], [2.0, 3.0]]])
def test_coefficients_that_are_no_numbers(coef):
    with pytest.raises(ValueError, match=r"^coef "):
        to_reference(coef, [0.0, 1.0])
