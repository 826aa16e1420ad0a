"""One check from hygiene to verdict: the order in which the gradient, then the value, are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from softgrad.check.call import Refusal, UserFunctions
from softgrad.check.diagnose import Search
from softgrad.check.explanation import Explanation
from softgrad.check.hygiene import arithmetic, mutation, overflow, repeated
from softgrad.check.inputs import Inputs
from softgrad.check.mixture import Finding
from softgrad.check.probe import Probe
from softgrad.check.problem import Blocks, Problem
from softgrad.check.report import Diagnosis, GradientReport
from softgrad.check.unknown import unknown
from softgrad.check.values import agreement, agrees, check_value
from softgrad.check.write import write, write_all, written_refusal

Array = npt.NDArray[Any]

SPREADS = (1.0, 0.3, 2.0, 3.0, 0.7)
"""Standard deviations of the logits at the random places: never W = 0, where many mistakes are right."""

MODERATE = (1.0, 0.3, 0.7, 0.5, 0.9)
"""The same for the user's value."""

NEGLIGIBLE = 1e-7
"""A difference, relative to each entry's terms, that an epsilon in a denominator makes."""


@dataclass(eq=False)
class Check:
    """One check on its way: the diagnoses and notes so far."""

    inputs: Inputs
    user: UserFunctions
    rng: np.random.Generator
    with_value: bool
    diagnoses: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ruled_out: tuple[str, ...] = ()
    largest: float = np.nan

    @property
    def problem(self) -> Problem:
        return self.inputs.problem

    def report(self) -> GradientReport:
        """The whole check."""
        try:
            with threadpool_limits(limits=1, user_api="blas"):  # many small products: threads only wait there
                self._run()
        except Refusal as refusal:
            self.diagnoses.insert(0, written_refusal(refusal, self.problem))
        errors = sorted(self.diagnoses, key=lambda found: found.severity != "error")
        return GradientReport(
            ok=not any(found.severity == "error" for found in errors),
            max_relative_error=float(self.largest),
            diagnoses=errors,
            n_calls=self.user.n_calls,
            problem=_described(self.problem),
            ruled_out=self.ruled_out,
            notes=tuple(self.notes),
        )

    def _run(self) -> None:
        places = self.inputs.params or [self.problem.place(self.rng, spread) for spread in SPREADS]
        gradients = [self.user.gradient(place) for place in places]
        self.largest = _largest_error(self.problem, places, gradients)
        eps = arithmetic(self.user, self.inputs.data[0], gradients)
        state = repeated(self.user, places, gradients, eps)
        changed = mutation(self.user)
        if state is not None:
            self._add(state)
        elif not all(np.isfinite(gradient.vector()).all() for gradient in gradients):
            self._add(_not_finite(self.problem, places, gradients))
        else:
            self._judge(places, gradients, eps)
        if changed is not None:
            self._add(changed)
        self._note_layout()

    def _add(self, finding: Finding) -> None:
        self.diagnoses.append(write(finding, self.problem))

    def _judge(self, places: list[Blocks], gradients: list[Blocks], eps: float) -> None:
        """The gradient, then the value, then how both do at large logits."""
        right = not self.user.transposed and not self.user.summed and self._right(places, gradients, eps)
        probe = Probe(self.problem, self.user, *self._generic(places, gradients), eps, self.rng)
        explained = [] if right else self._explanations(probe, places, gradients)
        value = self._value(eps) if self.with_value else None
        slope = self._slope(probe) if value is not None and explained else None
        together = value is not None and bool(explained) and agrees(slope)
        if explained:
            more = (
                "your value agrees with your gradient: both are right, but for another objective"
                if together
                else ""
            )
            self.diagnoses += write_all(explained, self.problem, more)
        if value is not None and not together:
            constant = value.numbers.get("factor") == 1.0 and "penalty" not in value.numbers
            self.diagnoses.append(write(value, self.problem, "warning" if constant else "error"))
        large = overflow(self.user, places[0], with_value=self.with_value)
        if large is not None:
            self.diagnoses.append(write(large, self.problem, "warning"))

    def _value(self, eps: float) -> Finding | None:
        """At moderate logits, where an epsilon inside a logarithm does not show."""
        places = [self.problem.place(self.rng, spread) for spread in MODERATE]
        return check_value(self.problem, self.user.value, places, eps)

    def _right(self, places: list[Blocks], gradients: list[Blocks], eps: float) -> bool:
        pairs = zip(places, gradients, strict=True)
        return all(
            (_differences(self.problem, *pair) <= self.problem.rounding(pair[0], eps)).all() for pair in pairs
        )

    def _generic(self, places: list[Blocks], gradients: list[Blocks]) -> tuple[list[Blocks], list[Blocks]]:
        """The places of the diagnosis: random ones, also where params were given."""
        if self.inputs.params is None:
            return places, gradients
        more = [self.problem.place(self.rng, spread) for spread in SPREADS]
        return more, [self.user.gradient(place) for place in more]

    def _explanations(self, probe: Probe, places: list[Blocks], gradients: list[Blocks]) -> list[Explanation]:
        """What explains a gradient that is not within rounding of the right one."""
        shape = _shape_findings(self.user)
        if not shape and self._negligible(probe, places, gradients):
            return []
        if not np.isfinite(np.concatenate([gradient.vector() for gradient in probe.gradients])).all():
            return [Explanation((*shape, _not_finite(self.problem, probe.places, probe.gradients)))]
        search = Search(probe)
        if shape and search.nothing_else():
            return [Explanation(shape)]
        best = search.best()
        if not best:
            found = unknown(probe)
            self.ruled_out = tuple(dict.fromkeys(search.tried))
            self.notes += [
                "Error by class (rows) and feature (columns), the darker the larger:",
                *(f"  |{row}|" for row in found.numbers["map"]),
            ]
            best = [Explanation((found,))]
        return [Explanation((*shape, *explanation.found)) for explanation in best]

    def _negligible(self, probe: Probe, places: list[Blocks], gradients: list[Blocks]) -> bool:
        """Differences beyond rounding that no mistake makes; said in a note."""
        pairs = zip([*places, *probe.places], [*gradients, *probe.gradients], strict=True)
        shares = [(_differences(self.problem, *pair) / self.problem.terms(pair[0])).max() for pair in pairs]
        if not max(shares) <= NEGLIGIBLE or Search(probe).amounts_alone():
            return False
        self.notes.append(
            f"It differs from the closed form by up to {max(shares):.1e} of the terms: more than rounding, but as "
            "little as an epsilon in a denominator makes."
        )
        return True

    def _slope(self, probe: Probe) -> float | None:
        step = self.problem.place(self.rng)
        return agreement(self.problem, self.user.value, self.user.gradient, probe.places[0], step)

    def _note_layout(self) -> None:
        if self.user.flat:
            self.notes.append("The gradient came back flat; it was read in the order of Convention.flatten.")


def _shape_findings(user: UserFunctions) -> tuple[Finding, ...]:
    """Mistakes that the shapes alone show."""
    found = []
    if user.transposed:
        words = "has the shape of W' instead of W"
        found.append(Finding("layout-transposed", words, "the shape of what came back", "weights", "weights"))
    if user.summed:
        words = "the intercept's gradient is one number for all classes: it was summed over the classes too"
        found.append(Finding("intercept-summed", words, "db has one entry", "intercept", "intercept"))
    return tuple(found)


def _not_finite(problem: Problem, places: Sequence[Blocks], gradients: Sequence[Blocks]) -> Finding:
    bad = next(i for i, gradient in enumerate(gradients) if not np.isfinite(gradient.vector()).all())
    largest = float(np.abs(problem.logits(places[bad])).max())
    words = "the gradient is not finite"
    evidence = f"NaN or inf where the logits are at most {largest:.4g} in size"
    return Finding("overflow", words, evidence, "softmax", "softmax", {"logits": largest})


def _differences(problem: Problem, place: Blocks, gradient: Blocks) -> Array:
    return np.asarray(np.abs(gradient.vector() - problem.gradient(place).vector()))


def _largest_error(problem: Problem, places: Sequence[Blocks], gradients: Sequence[Blocks]) -> float:
    """``max |G - reference| / max |reference|`` over the blocks and places."""
    errors = []
    for place, given in zip(places, gradients, strict=True):
        right = problem.gradient(place)
        errors.append(_relative(given.weights, right.weights))
        if given.intercept is not None and right.intercept is not None:
            errors.append(_relative(given.intercept, right.intercept))
    return float(np.max(errors))


def _relative(given: Array, right: Array) -> float:
    difference = float(np.abs(given - right).max(initial=0.0))
    return 0.0 if difference == 0 else difference / max(float(np.abs(right).max(initial=0.0)), 1e-300)


def _described(problem: Problem) -> str:
    convention = problem.convention
    goal = "loss" if convention.objective == "loss" else "log-likelihood"
    intercept = {"none": "no intercept", "separate": "separate intercept"}.get(
        convention.intercept, f"intercept folded in ({convention.intercept})"
    )
    size = f"{problem.n} samples, {problem.n_features} features, {problem.n_classes} classes"
    kind = f"{convention.reduction} {goal}, samples in {convention.samples}"
    weights = f"W {convention.weights.replace('_', ' ')}"
    return (
        f"{size}; {kind}, {weights}, {intercept}"
        + (f", alpha = {problem.alpha:g}" if problem.alpha else "")
        + "."
    )
