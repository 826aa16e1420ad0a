"""A convention's value and gradient as NumPy source text, short enough to be handed in and read aloud.

The text subtracts the largest logit, and takes logarithms before exponentials, so that near-certain logits
neither overflow nor give log(0). Its ``P - Y`` is the textbook's: where a label is nearly certain it keeps
fewer digits than softgrad's own residual, which sums the other probabilities.
"""

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from softgrad.maths.convention import Convention


def source_text(convention: "Convention", alpha: float, penalize_intercept: bool) -> str:
    """Source text that defines ``value`` and ``gradient`` for a convention.

    Parameters
    ----------
    convention : Convention
    alpha : float
        Written into the text; 0 leaves the penalty out.
    penalize_intercept : bool
        As in ``Convention.value``.

    Raises
    ------
    ValueError
        If alpha is not finite.
    """
    if not isfinite(alpha):
        raise ValueError(f"alpha={alpha!r} cannot be written as code; pass a finite number.")
    text = NumpyCode(convention, float(alpha), penalize_intercept)
    parts = [text.head(), text.log_softmax(), text.value(), text.gradient()]
    return "\n\n\n".join("\n".join(lines) for lines in parts) + "\n"


@dataclass(frozen=True)
class NumpyCode:
    """The lines of the text. The properties are a convention's expressions, the methods whole functions."""

    convention: "Convention"
    alpha: float
    penalize_intercept: bool

    @property
    def in_rows(self) -> bool:
        return self.convention.samples == "rows"

    @property
    def by_features(self) -> bool:
        return self.convention.weights == "features_by_classes"

    @property
    def separate(self) -> bool:
        return self.convention.intercept == "separate"

    @property
    def is_loss(self) -> bool:
        return self.convention.objective == "loss"

    @property
    def by_index(self) -> bool:
        return self.convention.labels == "index"

    @property
    def by_sample(self) -> str:
        """Shape of logits, probabilities and one-hot labels."""
        return "(n, K)" if self.in_rows else "(K, n)"

    @property
    def shapes(self) -> dict[str, str]:
        """Of the arguments, in their order."""
        W = {"W": "(d, K)" if self.by_features else "(K, d)"}
        b = {"b": "(K,)" if self.in_rows else "(K, 1)"} if self.separate else {}
        X = {"X": ("(n, d)" if self.in_rows else "(d, n)") + self.ones}
        return {**W, **b, **X, "y": "(n,) integers 0..K-1" if self.by_index else f"{self.by_sample} one-hot"}

    @property
    def ones(self) -> str:
        """What is said of X where it holds the constant feature."""
        place = self.convention.intercept
        feature = "column" if self.in_rows else "row"
        return f" whose {place} {feature} is ones" if place in ("first", "last") else ""

    @property
    def arguments(self) -> str:
        return ", ".join(self.shapes)

    @property
    def logits(self) -> str:
        W = "W" if self.in_rows == self.by_features else "W.T"
        return (f"X @ {W}" if self.in_rows else f"{W} @ X") + (" + b" if self.separate else "")

    @property
    def outer(self) -> str:
        """The derivative with respect to the logits carried to W, laid out as W is."""
        if self.in_rows:
            return "X.T @ dZ" if self.by_features else "dZ.T @ X"
        return "X @ dZ.T" if self.by_features else "dZ @ X.T"

    @property
    def over_n(self) -> str:
        if self.convention.reduction == "sum":
            return ""
        return " / len(X)" if self.in_rows else " / X.shape[1]"

    @property
    def labels(self) -> str:
        return "Y" if self.by_index else "y"

    @property
    def sign(self) -> str:
        """Of the penalty."""
        return "+" if self.is_loss else "-"

    @property
    def penalised(self) -> str:
        """The index of W's penalised entries: nothing for all, else all but the folded intercept's."""
        place = {"first": "1:", "last": ":-1"}.get(self.convention.intercept)
        if place is None or self.penalize_intercept or not self.alpha:
            return ""
        return f"[{place}]" if self.by_features else f"[:, {place}]"

    def head(self) -> list[str]:
        alpha = ["", f"alpha = {self.alpha!r}  # penalty: alpha / 2 times the sum of squares"]
        return ["import numpy as np", *(alpha if self.alpha else [])]

    def log_softmax(self) -> list[str]:
        axis = "axis=1, keepdims=True" if self.in_rows else "axis=0"
        return [
            f"def log_softmax(Z):  # Z {self.by_sample}",
            f"    Z = Z - Z.max({axis})  # same probabilities, and exp cannot overflow",
            f"    return Z - np.log(np.exp(Z).sum({axis}))",
        ]

    def value(self) -> list[str]:
        name, sign = ("loss", "-") if self.is_loss else ("log_likelihood", "")
        data = f"{sign}np.sum({self.labels} * log_P){self.over_n}"
        last = [f"{name} = {data}", f"return {name} {self.sign} alpha / 2 * {self.squares()}"]
        return [
            f"def value({self.arguments}):",
            "    # " + ", ".join(f"{name} {shape}" for name, shape in self.shapes.items()),
            *self.one_hot(),
            f"    log_P = log_softmax({self.logits})  # {self.by_sample}",
            *("    " + line for line in (last if self.alpha else [f"return {data}"])),
        ]

    def gradient(self) -> list[str]:
        residual = f"P - {self.labels}" if self.is_loss else f"{self.labels} - P"
        scaled = f"({residual}){self.over_n}" if self.over_n else residual
        return [
            f"def gradient({self.arguments}):",
            *self.one_hot(),
            f"    P = np.exp(log_softmax({self.logits}))  # {self.by_sample}",
            f"    dZ = {scaled}  # {self.by_sample}, derivative with respect to the logits",
            *("    " + line for line in self.carried()),
        ]

    def one_hot(self) -> list[str]:
        """The line that makes index labels one-hot, if they are."""
        n_classes = "W.shape[1]" if self.by_features else "len(W)"
        place = "[y]" if self.in_rows else "[:, y]"
        return [f"    Y = np.eye({n_classes}){place}  # {self.by_sample} one-hot"] if self.by_index else []

    def squares(self) -> str:
        """The penalty's sum of squares."""
        W = f"np.sum(W{self.penalised} ** 2)" if self.penalised else "np.sum(W**2)"
        return f"({W} + np.sum(b**2))" if self.separate and self.penalize_intercept else W

    def carried(self) -> list[str]:
        """From dZ to what is returned."""
        penalty = f" {self.sign} alpha * W" if self.alpha and not self.penalised else ""
        dW = f"{self.outer}{penalty}"
        if self.separate:
            return [f"dW = {dW}  # {self.shapes['W']}", self.intercept_line(), "return dW, db"]
        if not self.penalised:
            return [f"return {dW}  # {self.shapes['W']}"]
        place = "row" if self.by_features else "column"
        return [
            f"dW = {dW}  # {self.shapes['W']}",
            f"dW{self.penalised} {self.sign}= alpha * W{self.penalised}  # not the intercept's {place}",
            "return dW",
        ]

    def intercept_line(self) -> str:
        total = "dZ.sum(axis=0)" if self.in_rows else "dZ.sum(axis=1, keepdims=True)"
        penalty = f" {self.sign} alpha * b" if self.alpha and self.penalize_intercept else ""
        return f"db = {total}{penalty}  # {self.shapes['b']}"
