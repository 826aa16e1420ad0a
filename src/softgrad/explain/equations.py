"""The derivation: thirteen or fourteen equations from the logits to the descent step, in one convention's letters."""

from collections.abc import Callable
from dataclasses import dataclass

from softgrad.explain.mathml import (
    bold,
    bracket,
    fraction,
    identifier,
    norm_squared,
    number,
    operator,
    partial,
    power,
    row,
    sub,
    total,
    transposed,
)
from softgrad.explain.notation import Notation

__all__ = ["Equation", "equations"]

I, J, K, L = (identifier(name) for name in "ijkl")
ALPHA, ETA, ZERO, ONE, TWO = identifier("&alpha;"), identifier("&eta;"), number("0"), number("1"), number("2")
GRADIENT, INTERCEPT = identifier("G"), identifier("b")
THIN = '<mspace width="0.17em"/>'
EXP, LOG = identifier("e"), THIN + identifier("log")
APPLY = operator("&ApplyFunction;") + THIN  # a screen reader says "of"
MINUS = "&minus;"


@dataclass(frozen=True)
class Equation:
    """One equation: both sides as MathML, and how the page evaluates each of them."""

    key: str
    left: str
    right: str
    left_by: str
    right_by: str


def equations(notation: Notation) -> list[Equation]:
    """The derivation in the given notation, in order; the intercept's equation only where there is one."""
    found = [make(notation) for make in _MAKERS]
    return [equation for equation in found if notation.separate or equation.key != "intercept"]


def _dual(what: str) -> str:
    return f"the derivative of {what}, taken exactly (dual numbers)"


def _mean(notation: Notation, *, negative: bool = False) -> list[str]:
    """The sign and the factor in front of a sum over the samples; nothing for a summed log-likelihood."""
    if notation.maximised:
        return []
    return [*([MINUS] if negative else []), fraction(ONE, notation.count)]


def _logits(n: Notation) -> Equation:
    products = row(total(J, n.n_features), n.weight(K, J), n.feature(J))
    match n.name:
        case "per-class":
            right = row(transposed(sub(bold("w"), K)), sub(bold("x"), I), "+", sub(INTERCEPT, K))
        case "columns":
            right = row(products, "+", sub(INTERCEPT, K))
        case _:
            right = products
    return Equation("logits", n.logit(K), right, "the matrix product", "the sum, written out")


def _softmax(n: Notation) -> Equation:
    right = fraction(power(EXP, n.logit(K)), row(total(L, n.n_classes), power(EXP, n.logit(L))))
    return Equation(
        "softmax",
        n.proba(K),
        right,
        "softmax with the largest logit subtracted first (never overflows)",
        "the fraction, literally",
    )


def _log(n: Notation) -> Equation:
    exponentials = row(total(L, n.n_classes), power(EXP, n.logit(L)))
    return Equation(
        "log",
        row(LOG, APPLY, n.proba(K)),
        row(n.logit(K), MINUS, LOG, APPLY, exponentials),
        "the logarithm of the probability",
        "the logit less the log-sum-exp",
    )


def _loss(n: Notation) -> Equation:
    terms = [total(n.sample, n.count), total(K, n.n_classes), n.label(K), LOG, APPLY, n.proba(K)]
    return Equation(
        "loss",
        n.value,
        row(*_mean(n, negative=True), *terms),
        "log-sum-exp of the logits less the true class's, one a sample",
        "the double sum, literally",
    )


def _jacobian(n: Notation) -> Equation:
    return Equation(
        "jacobian",
        partial(n.proba(K), n.logit(L)),
        row(n.proba(K), bracket(sub(identifier("&delta;"), K, L), MINUS, n.proba(L))),
        _dual("the softmax"),
        "the formula",
    )


def _by_proba(n: Notation) -> Equation:
    ratio = fraction(n.label(K), n.proba(K))
    return Equation(
        "by-proba",
        partial(n.value, n.proba(K)),
        row(*_mean(n, negative=True), ratio),
        _dual("the double sum"),
        "the formula",
    )


def _chain(n: Notation) -> Equation:
    right = row(
        total(K, n.n_classes),
        partial(n.value, n.proba(K)),
        partial(n.proba(K), n.logit(L)),
    )
    return Equation(
        "chain",
        partial(n.value, n.logit(L)),
        right,
        _dual("the double sum through the softmax"),
        "the two derivatives above, multiplied and summed",
    )


def _residual(n: Notation) -> Equation:
    if n.name == "columns":
        left, right = partial(n.value, identifier("Z")), _difference(n, identifier("A"), identifier("Y"))
    else:
        left, right = partial(n.value, n.logit(L)), _difference(n, n.proba(L), n.label(L))
    return Equation(
        "residual",
        left,
        right,
        _dual("the double sum through the softmax") + ", every sample",
        "the residual; the true class's entry is minus the sum of the others",
    )


def _difference(n: Notation, proba: str, label: str) -> str:
    """The residual with its factor, in the order that the document has it."""
    if n.maximised:
        return row(label, MINUS, proba)
    if n.name == "numpy":
        return row(*_mean(n, negative=True), bracket(label, MINUS, proba))
    return row(*_mean(n), bracket(proba, MINUS, label))


def _by_weight(n: Notation) -> Equation:
    return Equation(
        "by-weight",
        partial(n.logit(K), n.weight(K, J)),
        n.feature(J),
        _dual("the logit"),
        "the feature (other classes' logits do not change)",
    )


def _outer(n: Notation) -> Equation:
    above = row("(", I, ")")
    s, y, x = (power(bold(letter), above) for letter in "syx")
    match n.name:
        case "numpy":
            left = partial(n.value_of_sample, n.weights)
            right = row(MINUS, x, transposed(bracket(y, MINUS, s)))
        case "per-class":
            left = partial(n.value_of_sample, sub(bold("w"), K))
            right = row(bracket(n.proba(K), MINUS, n.label(K)), sub(bold("x"), I))
        case "columns":
            a, t, x = (sub(bold(letter), I) for letter in "ayx")
            left = partial(n.value_of_sample, n.weights)
            right = row(bracket(a, MINUS, t), transposed(x))
        case _:
            left = partial(n.value_of_sample, n.weight(K, J))
            right = row(bracket(n.label(K), MINUS, n.proba(K)), n.feature(J))
    return Equation(
        "outer", left, right, _dual("this sample's own term by every weight"), "the outer product"
    )


def _gradient(n: Notation) -> Equation:
    every = total(n.sample, n.count)
    match n.name:
        case "numpy":
            left = partial(n.value, n.weights)
            product = row(transposed(n.features), bracket(identifier("y"), MINUS, identifier("s")))
            right = row(*_mean(n, negative=True), product)
        case "per-class":
            left = partial(n.value, sub(bold("w"), K))
            right = row(*_mean(n), every, bracket(n.proba(K), MINUS, n.label(K)), sub(bold("x"), I))
        case "columns":
            left = partial(n.value, n.weights)
            residual = bracket(identifier("A"), MINUS, identifier("Y"))
            right = row(*_mean(n), residual, transposed(n.features))
        case _:
            left = partial(n.value, n.weight(K, J))
            right = row(every, bracket(n.label(K), MINUS, n.proba(K)), n.feature(J))
    return Equation("gradient", left, right, _dual("the double sum by every weight"), "the matrix product")


def _intercept(n: Notation) -> Equation:
    difference = bracket(n.proba(K), MINUS, n.label(K))
    return Equation(
        "intercept",
        partial(n.value, sub(INTERCEPT, K)),
        row(*_mean(n), total(n.sample, n.count), difference),
        _dual("the double sum by every intercept"),
        "the residuals, averaged over the samples",
    )


def _penalty(n: Notation) -> Equation:
    sign = MINUS if n.maximised else "+"
    half = fraction(ALPHA, TWO)
    inside = bracket(n.value, sign, half, norm_squared(n.weights))
    left = row(fraction(operator("&part;"), row("&part;", n.weights)), inside)
    right = row(partial(n.value, n.weights), sign, ALPHA, n.weights)
    return Equation(
        "penalty",
        left,
        right,
        _dual("the penalised value"),
        "the gradient above and the penalty's; the intercept is not penalised"
        if n.separate
        else "the gradient above and the penalty's",
    )


def _slope(n: Notation) -> Equation:
    sign = "+" if n.maximised else MINUS
    moved = row(n.objective, bracket(n.weights, sign, ETA, GRADIENT))
    at_zero = sub(row(fraction(identifier("d"), row(identifier("d"), ETA)), moved, "|"), ETA, "=", ZERO)
    right = norm_squared(GRADIENT) if n.maximised else row(MINUS, norm_squared(GRADIENT))
    return Equation(
        "slope",
        at_zero,
        right,
        _dual("the penalised value along the step"),
        "the squared length of the gradient",
    )


_MAKERS: list[Callable[[Notation], Equation]] = [
    _logits,
    _softmax,
    _log,
    _loss,
    _jacobian,
    _by_proba,
    _chain,
    _residual,
    _by_weight,
    _outer,
    _gradient,
    _intercept,
    _penalty,
    _slope,
]
