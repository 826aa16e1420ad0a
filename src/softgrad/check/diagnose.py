"""From a wrong gradient to its mistakes: the cheapest explanation that fits every number."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.catalogue import catalogue
from softgrad.check.explanation import Explanation
from softgrad.check.fit import Amounts, Target
from softgrad.check.mixture import Finding, Mixture
from softgrad.check.pipeline import FORWARD, STEPS, Hypothesis, forward, residual_after
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks
from softgrad.check.recover_features import affine_features, features_everywhere, outer_features
from softgrad.check.recover_labels import constant_part
from softgrad.check.recover_rows import class_weights, row_weights
from softgrad.check.special import clipped, cut_off, temperature

Array = npt.NDArray[Any]

SPECIALS = {
    "integer-dtype": cut_off,
    "stale-weights, label-smoothing, rows-misaligned": constant_part,
    "clipped": clipped,
    "class-weights": class_weights,
    "temperature": temperature,
    "features-differ-everywhere": features_everywhere,
    "row-weights": row_weights,
    "features-differ": outer_features,
}
"""Recoveries, the cheap ones first."""

BESIDE = (class_weights, affine_features, constant_part, row_weights)
"""Recoveries that are also tried together with another mistake."""

MOST_ROWS_BESIDE = 100


class Search:
    """One search over the hypotheses for what a probe saw; `tried` collects the codes."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.tried: list[str] = []
        self.target = Target.of(probe.problem, probe.places, probe.gradients)
        self.hypotheses = catalogue(probe.problem)
        self.quick = Quick(probe)

    def best(self) -> list[Explanation]:
        """The cheapest explanations, the likeliest first; empty where nothing fits."""
        found: list[Explanation] = []
        stages = (
            (self._alone, 1.0),
            (self._single, 2.0),
            (self._special, 2.6),
            (self._pairs, 9.0),
            (self._beside, 9.0),
        )
        for stage, enough in stages:
            found += [explanation for explanation in stage() if explanation.found]
            least = min((explanation.cost for explanation in found), default=np.inf)
            if least <= enough:
                return [explanation for explanation in found if explanation.cost <= least + 1e-9]
        return []

    def amounts_alone(self) -> list[Explanation]:
        """Scale, sign, penalty and intercept mistakes only."""
        return [explanation for explanation in self._alone() if explanation.found]

    def nothing_else(self) -> bool:
        """Whether the gradient is right but for what its shapes show."""
        return any(not explanation.found for explanation in self._alone())

    def _alone(self) -> Iterator[Explanation]:
        self.tried += ["scale", "sign", "penalty-missing", "penalty-factor", "intercept-scale"]
        fitted = self._fitted(self.probe.data_terms({}), self.probe.places)
        if fitted is not None:
            yield Explanation(tuple(Mixture(fitted, self.probe.problem).findings()))

    def _single(self) -> Iterator[Explanation]:
        for hypothesis in self.hypotheses:
            self.tried.append(hypothesis.code)
            if self.quick.may_fit((hypothesis,)):
                yield from self._explained((hypothesis,))

    def _special(self) -> Iterator[Explanation]:
        for codes, recovery in SPECIALS.items():
            self.tried += codes.split(", ")
            found = recovery(self.probe, {})
            if found:
                yield Explanation(tuple(found))
                return

    def _beside(self) -> Iterator[Explanation]:
        """Recoveries of rows and features together with another mistake in the residual."""
        common: dict[Any, Hypothesis] = {}
        for hypothesis in self.hypotheses:
            if (
                hypothesis.step in ("place", "logits", "proba", "residual", "labels")
                and hypothesis.code != "rows-misaligned"
            ):
                order = None if hypothesis.rare else str(hypothesis.numbers.get("permutation"))
                key = (hypothesis.code, hypothesis.step, hypothesis.numbers.get("shift"), order)
                common.setdefault(key, hypothesis)
        recoveries = BESIDE if self.probe.problem.n <= MOST_ROWS_BESIDE else BESIDE[:3]
        for recovery, hypothesis in itertools.product(recoveries, common.values()):
            if recovery is constant_part and hypothesis.step not in ("place", "logits", "proba"):
                continue
            found = recovery(self.probe, {hypothesis.step: hypothesis.change})
            if found:
                yield Explanation((as_finding(hypothesis), *found))
                return

    def _pairs(self) -> Iterator[Explanation]:
        common = [hypothesis for hypothesis in self.hypotheses if not hypothesis.rare]
        common.sort(key=lambda hypothesis: STEPS.index(hypothesis.step))
        for pair in itertools.combinations(common, 2):
            if pair[0].step != pair[1].step and self.quick.may_fit(pair):
                yield from self._explained(pair)

    def _explained(self, hypotheses: tuple[Hypothesis, ...]) -> Iterator[Explanation]:
        """The explanation by some hypotheses and amounts, where it fits; a changed output may change the penalty."""
        changes = {h.step: h.change for h in hypotheses if h.step != "output"}
        output = next((h.change for h in hypotheses if h.step == "output"), None)
        data, places = self.probe.data_terms(changes), self.probe.places
        moved = [data] if output is None else [[output(term, self.probe.problem) for term in data]]
        penalties = [places] if output is None else [[output(p, self.probe.problem) for p in places], places]
        for penalty in penalties:
            fitted = self._fitted(moved[0], penalty)
            if fitted is not None:
                scales = tuple(scale for h in hypotheses for scale in h.scales)
                further = Mixture(fitted, self.probe.problem, scales).findings()
                yield Explanation((*(as_finding(h) for h in hypotheses), *further))
                return

    def _fitted(self, data: list[Blocks], penalties: list[Blocks]) -> Amounts | None:
        """The amounts with which `data` reproduces the gradient, or None where it does not."""
        problem, tolerance = self.probe.problem, self.probe.tolerance
        if self.probe.user.summed:
            data = [_summed(term) for term in data]
        misfit = self.target.misfit(data, penalties)
        if misfit <= tolerance and misfit <= 1e-3 * abs(problem.alpha) + tolerance * (problem.alpha == 0):
            on_b = 1.0 if problem.has_intercept else np.nan
            return Amounts(1.0, on_b, problem.alpha, problem.alpha_on_intercept)
        fitted = self.target.amounts(data, penalties)
        return fitted if fitted is not None and fitted.residual <= tolerance else None


class Quick:
    """Whether one hypothesis or two may fit, judged at one place, up to a factor and any penalty."""

    def __init__(self, probe: Probe) -> None:
        self.probe, self.place = probe, probe.places[0]
        self.weighing = 1 / probe.problem.terms(self.place)[: self.place.weights.size]
        self.target = probe.gradients[0].weights.ravel() * self.weighing
        self.allowed = max(1e-6, probe.tolerance) * np.abs(self.target).max()
        self.plain = self._without(self.place.weights)
        self.forward: dict[tuple[int, ...], tuple[Array, Array, Array]] = {}
        self.cached: dict[tuple[int, ...], tuple[Array, Array]] = {}

    def may_fit(self, hypotheses: tuple[Hypothesis, ...]) -> bool:
        """False only where they cannot reproduce the gradient's weights."""
        late = [h for h in hypotheses if h.step in ("rows", "outer", "output")]
        with np.errstate(all="ignore"):
            R, X = self._steps(tuple(h for h in hypotheses if h not in late))
            for h in late:
                R, X = (h.change(R) if h.step == "rows" else R), (h.change(X) if h.step == "outer" else X)
            term = Blocks(R.T @ X, R.sum(axis=0) if self.place.intercept is not None else None)
            second = hypotheses[-1]
            beside = [self.plain]
            if second.step == "output":
                term = second.change(term, self.probe.problem)
                beside.append(self._without(second.change(self.place, self.probe.problem).weights))
            return any(self._matches(term.weights, *penalty) for penalty in beside)

    def _steps(self, hypotheses: tuple[Hypothesis, ...]) -> tuple[Array, Array]:
        """Residual and features; what one hypothesis gives is kept for its pairs."""
        key = tuple(id(hypothesis) for hypothesis in hypotheses)
        if key in self.cached:
            return self.cached[key]
        passed = self._passed(tuple(h for h in hypotheses if h.step in FORWARD))
        steps = residual_after(self.probe.problem, passed, {h.step: h.change for h in hypotheses})
        if len(key) <= 1:
            self.cached[key] = steps
        return steps

    def _passed(self, hypotheses: tuple[Hypothesis, ...]) -> tuple[Array, Array, Array]:
        key = tuple(id(hypothesis) for hypothesis in hypotheses)
        if key in self.forward:
            return self.forward[key]
        passed = forward(self.probe.problem, self.place, {h.step: h.change for h in hypotheses})
        if len(key) <= 1:
            self.forward[key] = passed
        return passed

    def _without(self, penalty: Array) -> tuple[Array, Array]:
        """The penalty's direction, and the gradient's part at right angles to it."""
        held = penalty.ravel() * self.weighing
        held = held / max(float(np.linalg.norm(held)), 1e-300)
        return held, self.target - (self.target @ held) * held

    def _matches(self, weights: Array, held: Array, target: Array) -> bool:
        vector = weights.ravel() * self.weighing
        vector = vector - (vector @ held) * held
        size = float(vector @ vector)
        if not np.isfinite(size) or size == 0:
            return False
        return bool(np.abs(target - (vector @ target) / size * vector).max() <= self.allowed)


def _summed(blocks: Blocks) -> Blocks:
    assert blocks.intercept is not None
    return Blocks(blocks.weights, np.full_like(blocks.intercept, blocks.intercept.sum()))


def as_finding(hypothesis: Hypothesis) -> Finding:
    """A hypothesis that fits, with the numbers that it names."""
    numbers = dict(hypothesis.numbers)
    shown = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
    evidence = "computed so, the gradient equals yours at every place" + (f" ({shown})" if shown else "")
    return Finding(
        hypothesis.code,
        hypothesis.words,
        evidence,
        hypothesis.line,
        hypothesis.equation,
        numbers,
        hypothesis.ties,
    )
