"""The objective that was minimised, written out with its numbers."""

from dataclasses import dataclass

import numpy as np

from softgrad.coefficients import dense_coef
from softgrad.estimator import SoftmaxRegression
from softgrad.explain.mathml import (
    bracket,
    fraction,
    identifier,
    math,
    norm_squared,
    number,
    row,
    sub,
    total,
)
from softgrad.report.numbers import count, significant

__all__ = ["Objective", "objective"]


@dataclass(frozen=True)
class Objective:
    """The objective in symbols and in numbers.

    Attributes
    ----------
    symbols, numbers : str
        MathML; `numbers` is empty where the rows' weight is not known, as after loading a model file.
    where : str
        What the symbols mean, in one sentence.
    """

    symbols: str
    numbers: str
    where: str


def objective(estimator: SoftmaxRegression, weight_sum: float | None) -> Objective:
    """Write the objective out.

    Parameters
    ----------
    estimator : SoftmaxRegression
        Fitted.
    weight_sum : float or None
        The sum of the rows' weights, which for unweighted rows is their number.
    """
    two = len(estimator.classes_) == 2
    w, i, n = identifier("w" if two else "W"), identifier("i"), identifier("n")
    unweighted = estimator.class_weight is None and (weight_sum is None or float(weight_sum).is_integer())
    mean = (
        row(fraction(number("1"), n), total(i, n), sub(identifier("&ell;"), i))
        if unweighted
        else row(
            fraction(
                row(total(i, n), sub(identifier("s"), i), sub(identifier("&ell;"), i)),
                row(total(i, n), sub(identifier("s"), i)),
            )
        )
    )
    penalty = row(fraction(identifier("&alpha;"), number("2")), norm_squared(w))
    unpenalised = np.isinf(float(estimator.C))
    left = row(identifier("J"), bracket(w, ",", identifier("b")), "=", mean)
    symbols = math(left if unpenalised else row(left, "+", penalty))
    return Objective(symbols, _numbers(estimator, weight_sum), _where(estimator, two, unweighted, weight_sum))


def _numbers(estimator: SoftmaxRegression, weight_sum: float | None) -> str:
    value = float(estimator.objective_)
    squares = float((dense_coef(estimator) ** 2).sum())
    if np.isinf(float(estimator.C)):
        return math(row(identifier("J"), "=", number(significant(value, 6))))
    if weight_sum is None:
        return ""
    alpha = 1 / (float(estimator.C) * weight_sum)
    penalty = alpha / 2 * squares
    loss = number(significant(value - penalty, 5))
    shrunk = row(fraction(number(significant(alpha)), number("2")), "&times;", number(significant(squares)))
    summed = row("=", loss, "+", number(significant(penalty, 5)), "=", number(significant(value, 5)))
    return math(row(identifier("J"), "=", loss, "+", shrunk)) + math(summed)


def _where(estimator: SoftmaxRegression, two: bool, unweighted: bool, weight_sum: float | None) -> str:
    loss = "ℓᵢ = −log p(yᵢ | xᵢ) is the loss of row i in nats"
    coef = (
        "w holds one coefficient a feature (the second class against the first)"
        if two
        else "W holds one coefficient a class and feature"
    )
    rows = (
        ""
        if weight_sum is None
        else f" = {count(int(weight_sum)) if unweighted else significant(weight_sum, 8)}"
    )
    weights = f"n{rows} rows" if unweighted else f"sᵢ is the weight of row i, and all weights sum to Σs{rows}"
    penalty = "there is no penalty"
    if not np.isinf(float(estimator.C)):
        strength = "" if weight_sum is None else f" = {significant(1 / (float(estimator.C) * weight_sum))}"
        of = "n" if unweighted else "Σs"
        penalty = f"α = 1 / (C·{of}){strength} with C = {significant(float(estimator.C))}"
    intercept = "the intercept b is not penalised" if estimator.fit_intercept else "no intercept b was fitted"
    return f"{loss}; {weights}; {coef}; {penalty}; {intercept}."
