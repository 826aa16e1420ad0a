"""Findings written up as diagnoses, with the fix in the user's convention."""

from collections.abc import Sequence

from softgrad.check.call import Refusal
from softgrad.check.explanation import Explanation
from softgrad.check.lines import equation, right_lines
from softgrad.check.mixture import Finding
from softgrad.check.problem import Problem
from softgrad.check.report import Diagnosis, Severity

REFUSALS = {
    "raises": ("the function fails when it is called with your own X and y", "make it run on these X and y"),
    "wrong-shape": (
        "what came back does not have the shape of the parameters",
        "return arrays of W's (and b's) shape",
    ),
    "integer-dtype": (
        "the gradient is of an integer type",
        "compute in floats: np.zeros(W.shape), no dtype=int",
    ),
    "value-mismatch": ("the value is not a number", "return one number"),
}

ALGEBRA = frozenset(
    {
        frozenset({"jacobian-diagonal", "true-class-only"}),
        frozenset({"intercept-missing", "intercept-summed"}),
        frozenset({"labels-shifted", "labels-permuted"}),
        frozenset({"rows-misaligned", "features-differ-everywhere"}),
    }
)
"""Mistakes that are the same function, whatever the data."""

FIXES = {
    "penalty-unexpected": "remove the penalty, or pass alpha= to check_gradient",
    "mutates-input": "work on a copy: {name} = {name}.copy()",
    "non-deterministic": "give the same result for the same arguments: all rows, no random numbers, no kept state",
    "integer-dtype": "dW = np.zeros(W.shape)  # floats, whatever the type of X is",
    "stale-weights": "{logits}  # with the W that is passed in",
    "clipped": "{weights}  # without np.clip or a limit on the norm; clip in the training loop",
    "labels-permuted": "{labels}  # class k in column k",
    "rows-misaligned": "use X and y as they are passed in, or shuffle both with the same permutation",
    "features-differ": "{weights}  # with the same X as in {logits}",
    "features-differ-everywhere": "{logits}  # with the X that is passed in",
    "feature-factor-missing": "{weights}  # each residual times its x_j",
    "column-zeroed": "{weights}  # for every class, without dW[...] = 0",
    "rows-dropped": "{weights}  # in a loop: dW += ..., over all rows, and return after the loop",
    "batch-average": "{weights}  # sum over the batches, and divide by n once",
    "class-weights": "{weights}  # without weights",
    "row-weights": "{weights}  # without weights",
    "weights-on-labels-only": "{residual}  # weights, where the objective has them, multiply P and Y alike",
    "layout-transposed": "{weights}  # in W's own shape",
    "layout-reshaped": "{weights}  # flatten and reshape in the same order (C, NumPy's own)",
    "unknown": "compare with {residual}; {weights}",
}
"""Where the fix is not just the right line; names in braces are fields of the right lines."""


def write(finding: Finding, problem: Problem, severity: Severity = "error", more: str = "") -> Diagnosis:
    """The diagnosis of one finding; `more` is added to its evidence."""
    lines = right_lines(problem.convention, problem.alpha)
    known = {
        **vars(lines),
        **{name: str(number) for name, number in finding.numbers.items() if name == "name"},
    }
    pattern = FIXES.get(finding.code)
    fix = pattern.format(**known) if pattern else str(known[finding.line])
    starts = finding.words.split(" ", 1)[0] in ("the", "a", "it", "only")
    words = finding.words if starts else f"the gradient {finding.words}"
    derivation = equation(problem.convention, finding.equation, problem.alpha)
    evidence = "; ".join(part for part in (finding.evidence, more) if part)
    return Diagnosis(
        finding.code, severity, _sentence(words), _sentence(evidence), fix, derivation, dict(finding.numbers)
    )


def write_all(explanations: Sequence[Explanation], problem: Problem, more: str = "") -> list[Diagnosis]:
    """The first explanation's mistakes, then what is tied with them."""
    best = explanations[0]
    others = [tie for tie in explanations[1:] if not set(tie.codes) <= set(best.codes)]
    tied = {code for finding in best.found for code, _ in finding.ties}
    tied |= {code for other in others for code in other.codes if code not in best.codes}
    written = []
    for finding in best.found:
        mine = sorted({code for code, _ in finding.ties} | (tied if finding is best.found[0] else set()))
        parts = [more if finding is best.found[0] else "", _tie(finding.code, mine)]
        written.append(write(finding, problem, more="; ".join(part for part in parts if part)))
    for finding in _alternatives(best, others):
        if finding.code not in {diagnosis.code for diagnosis in written}:
            partner = next(
                (f.code for f in best.found if finding.code in {c for c, _ in f.ties}), best.found[0].code
            )
            written.append(write(finding, problem, more=_tie(finding.code, [partner])))
    return written


def _alternatives(best: Explanation, others: Sequence[Explanation]) -> list[Finding]:
    """The findings that are in other explanations only."""
    found = []
    for finding in best.found:
        for code, words in finding.ties:
            found.append(
                Finding(code, words, finding.evidence, finding.line, finding.equation, finding.numbers)
            )
    return found + [finding for other in others for finding in other.found if finding.code not in best.codes]


def _tie(code: str, others: Sequence[str]) -> str:
    if not others:
        return ""
    if all(frozenset({code, other}) in ALGEBRA for other in others):
        return f"tied with {', '.join(others)}: the same function on any data"
    advice = "other data could: more rows than n = K or d, generic features, classes of unequal size in mixed order"
    return f"tied with {', '.join(others)}: these data cannot tell them apart; {advice}"


def written_refusal(refusal: Refusal, problem: Problem) -> Diagnosis:
    """The diagnosis of a call that could not be judged."""
    summary, fix = REFUSALS[refusal.code]
    if refusal.code in ("wrong-shape", "integer-dtype"):
        fix += ": " + right_lines(problem.convention, problem.alpha).weights
    numbers = {name: list(n) if isinstance(n, tuple) else n for name, n in refusal.numbers.items()}
    return Diagnosis(refusal.code, "error", _sentence(summary), _sentence(refusal.words), fix, "", numbers)


def _sentence(words: str) -> str:
    """With a full stop, and a capital unless it starts with a name such as db."""
    if not words:
        return ""
    first = words.split(" ", 1)[0]
    name = first in ("db", "dW")
    return (words if name else words[:1].upper() + words[1:]) + (
        "" if words.endswith((".", "?", "!")) else "."
    )
