"""The amounts of data term and penalty in words: scale, sign, penalty and intercept mistakes, also two at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from softgrad.check.factors import CLOSE, described, names_of
from softgrad.check.fit import NAMES, Amounts
from softgrad.check.problem import Problem

SUMMED = ("intercept-summed", "sums the intercept's gradient over the classes too, which gives zero")


@dataclass(frozen=True)
class Finding:
    """A mistake before it is written up: `line` and `equation` name the right line.

    `ties` are other mistakes, as (code, words), that give the same numbers; `odd` marks an amount without a name.
    """

    code: str
    words: str
    evidence: str
    line: str
    equation: str
    numbers: dict[str, Any] = field(default_factory=dict)
    ties: tuple[tuple[str, str], ...] = ()
    odd: bool = False


@dataclass(frozen=True)
class Mixture:
    """The amounts found in the gradient of a problem; `scales` are factors that another mistake brings along."""

    amounts: Amounts
    problem: Problem
    scales: tuple[float, ...] = ()

    def findings(self) -> list[Finding]:
        """What is wrong with the amounts; empty where they are right."""
        found = self._scaled() + self._on_intercept()
        return found if self._whole() else found + self._penalty()

    @property
    def _right(self) -> dict[str, float]:
        alpha = self.problem.alpha
        right = {"data": 1.0, "on_b": 1.0, "penalty": alpha, "penalty_b": self.problem.alpha_on_intercept}
        return right if self.problem.has_intercept else {name: right[name] for name in ("data", "penalty")}

    @property
    def _known(self) -> dict[str, float]:
        amounts = {name: float(getattr(self.amounts, name)) for name in self._right}
        return {name: amount for name, amount in amounts.items() if not math.isnan(amount)}

    @property
    def factor(self) -> float:
        """Of the data term."""
        return self._known.get("data", self._known.get("on_b", math.nan))

    @property
    def close(self) -> float:
        """How well the factor is known, relatively."""
        return max(CLOSE, 10 * self._error("data") / max(abs(self.factor), 1e-300))

    def _error(self, name: str) -> float:
        return self.amounts.errors[NAMES.index(name)]

    def _is(self, name: str, expected: float, size: float = 1.0) -> bool:
        """Whether an amount is what is expected, `size` being that of its kind."""
        tolerance = max(1e-5 * max(abs(expected), size), 10 * self._error(name))
        return abs(self._known.get(name, expected) - expected) <= tolerance

    def _whole(self) -> bool:
        """Whether all terms have the one factor of the data term."""
        factor, alpha = self.factor, self.problem.alpha
        if math.isnan(factor) or self._zero(factor):
            return False
        penalties = ("penalty", "penalty_b") if self.problem.has_intercept else ("penalty",)
        size = abs(factor) * max(abs(alpha), 1e-6)
        return all(self._is(name, factor * self._right[name], size) for name in penalties)

    def _zero(self, factor: float) -> bool:
        return abs(factor) <= 1e-7

    def _scaled(self) -> list[Finding]:
        factor = self.factor
        natural = (1.0, *self.scales)
        if math.isnan(factor) or any(abs(factor - one) <= self.close * abs(one) for one in natural):
            return []
        whole = self.problem.alpha == 0 or self._whole()
        prefix, subject = ("", "the whole gradient") if whole else ("data-", "the data term")
        if self._zero(factor):
            words = f"{subject} is zero"
            return [
                Finding(prefix + "scale", words, "G = 0 * reference", "weights", "weights", {"factor": 0.0})
            ]
        found = [] if abs(abs(factor) - 1) <= self.close else [self._scale(prefix, subject)]
        return found + ([self._sign(prefix, subject)] if factor < 0 else [])

    def _scale(self, prefix: str, subject: str) -> Finding:
        factor, names = self.factor, names_of(self.factor, self.problem, self.close)
        shown = described(factor, self.problem, self.close)
        numbers = {"factor": factor, "names": names}
        words = f"{subject} is off by a factor {shown}{_meaning(names)}"
        evidence = f"{'data term' if prefix else 'G'} = {shown} times the right one, in every entry and at every place"
        return Finding(prefix + "scale", words, evidence, "weights", "weights", numbers, odd=not names)

    def _sign(self, prefix: str, subject: str) -> Finding:
        words = f"{subject} has the wrong sign: the log-likelihood's was taken for the loss's, or the reverse"
        evidence = f"{'data term' if prefix else 'G'} = {self.factor:.6g} times the right one"
        return Finding(prefix + "sign", words, evidence, "residual", "residual", {"factor": self.factor})

    def _on_intercept(self) -> list[Finding]:
        factor = self.factor
        on_b = self._known.get("on_b", math.nan)
        if not self.problem.has_intercept or math.isnan(on_b) or self._is("on_b", factor, abs(factor)):
            return []
        if self._zero(on_b):
            words = "the intercept's gradient is zero: it was left out"
            evidence = "db = 0 at every place"
            return [
                Finding(
                    "intercept-missing", words, evidence, "intercept", "intercept", {"factor": 0.0}, (SUMMED,)
                )
            ]
        relative = on_b / factor if not self._zero(factor) else on_b
        names = names_of(relative, self.problem, self.close)
        shown = described(relative, self.problem, self.close)
        words = f"the intercept's gradient is off by a factor {shown} against the weights'{_meaning(names)}"
        evidence = f"db = {shown} times what goes with dW, in every entry and at every place"
        numbers = {"factor": relative, "names": names}
        return [Finding("intercept-scale", words, evidence, "intercept", "intercept", numbers, odd=not names)]

    def _penalty(self) -> list[Finding]:
        found = []
        alpha, amount = self.problem.alpha, self._known.get("penalty", math.nan)
        size = max(abs(alpha), 1e-6)
        if not math.isnan(amount) and not self._is("penalty", alpha, size):
            found.append(self._penalty_on_weights(amount))
        if "penalty_b" in self._known and not self._is("penalty_b", self.problem.alpha_on_intercept, size):
            found += self._penalty_on_intercept(amount)
        return found

    def _penalty_on_intercept(self, on_weights: float) -> list[Finding]:
        on_b, right = self._known["penalty_b"], self.problem.alpha_on_intercept
        evidence = f"db holds {on_b:.6g} * b, where {right:.6g} * b belongs"
        numbers = {"amount": on_b}
        if not self.problem.penalize_intercept:
            words = "the penalty is applied to the intercept too"
            if self.problem.alpha == 0 and not self._is("penalty", 0.0, 1e-6):
                return []  # named by penalty-unexpected already
            return [Finding("penalty-on-intercept", words, evidence, "penalty", "penalty", numbers)]
        if self._is("penalty_b", on_weights, max(abs(right), 1e-6)):
            return []  # the same mistake as on the weights
        words = "the penalty on the intercept, which penalize_intercept=True asks for, is wrong"
        return [Finding("penalty-on-intercept", words, evidence, "penalty_b", "penalty", numbers)]

    def _penalty_on_weights(self, amount: float) -> Finding:
        alpha = self.problem.alpha
        held = 0.0 if self._is("penalty", 0.0, max(abs(alpha), 1e-9)) else amount
        evidence = f"G holds {held:.6g} * W, where {alpha:.6g} * W belongs"

        def finding(code: str, words: str, **numbers: Any) -> Finding:
            return Finding(code, words, evidence, "penalty", "penalty", {"amount": amount, **numbers})

        if alpha == 0:
            return finding("penalty-unexpected", f"a penalty of {amount:.6g} * W is in it, though alpha = 0")
        factor, close = amount / alpha, max(CLOSE, 10 * self._error("penalty") / max(abs(amount), 1e-300))
        if self._is("penalty", 0.0, abs(alpha)):
            return finding("penalty-missing", "the penalty's gradient alpha * W is missing", factor=0.0)
        if self._is("penalty", -alpha, abs(alpha)):
            return finding("penalty-sign", "the penalty has the wrong sign", factor=-1.0)
        names = names_of(factor, self.problem, close)
        if math.isclose(factor, 1 / alpha, rel_tol=close):
            names.append("1/alpha")
        shown = f"{factor:.6g}" + "".join(f" = {'-' if factor < 0 else ''}{name}" for name in names[:3])
        return finding(
            "penalty-factor", f"the penalty is off by a factor {shown}", factor=factor, names=names
        )


def _meaning(names: Sequence[str]) -> str:
    """What usually causes a factor of that name."""
    usual = {
        "n": ": the division by n is missing",
        "1/n": ": it is divided by n, and should not be once (more)",
        "2": ": a 2 stands in it that does not belong to the model",
        "1/2": ": a 1/2 stands in it that does not belong to the model",
        "n/K": ": it is divided by the number of classes where the number of samples belongs",
        "n/d": ": it is divided by the number of features where the number of samples belongs",
        "1/K": ": it is averaged over the classes as well",
    }
    return usual.get(names[0], "") if names else ""


def cost(findings: Sequence[Finding]) -> float:
    """The cost of findings: one each, more for an amount without a name."""
    return len(findings) + 0.6 * sum(finding.odd for finding in findings)
