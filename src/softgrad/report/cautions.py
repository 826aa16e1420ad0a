"""What a reader should be warned of: separation, rare classes, columns that repeat others, a fit that ended early."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.report.case import Case
from softgrad.report.numbers import count, percent, power, short, significant

__all__ = ["Caution", "cautions"]

Array = NDArray[Any]

RARE = 10
NEARLY = 0.99
INFLATED = 100.0
_MOST_ROWS = 20_000
_MOST_COLUMNS = 2000
_NAMED = 4


@dataclass(frozen=True)
class Caution:
    """A heading and what follows from it."""

    title: str
    text: str


def cautions(case: Case) -> list[Caution]:
    """All that there is to be careful about, the weightiest first.

    Separation, rare classes and collinear columns are looked for in the rows of the fit; the last in at most 20,000 of
    them, evenly spaced, and in at most 2000 columns.
    """
    sample = case.fitted.some(_MOST_ROWS)
    X = sample.dense() if case.fitted.X.shape[1] <= _MOST_COLUMNS else None
    found = [_unfinished(case), _separation(case), None if X is None else _telltale(case, X, sample.codes)]
    found += [
        _rare(case),
        None if X is None else _collinear(case, X),
        None if X is None else _constant(case, X),
    ]
    return [caution for caution in found if caution is not None]


def _unfinished(case: Case) -> Caution | None:
    status = case.estimator.status_
    if status == "converged":
        return None
    return Caution("The fit did not end at its optimum", f"It says: {status.sentence}")


def _separation(case: Case) -> Caution | None:
    """Where every row is predicted right, larger coefficients are always better: only the penalty holds them."""
    proba = case.linear.proba(case.fitted.X)
    right = proba.argmax(axis=1) == case.fitted.codes
    share = float(right.mean())
    if share < NEARLY:
        return None
    consequence = (
        "without the penalty there would be no optimum: the sizes of the coefficients, and how sure the "
        f"probabilities are, follow from C = {significant(float(case.estimator.C))} more than from the rows."
    )
    if share == 1:
        return Caution(
            "The classes are separated",
            f"All {count(len(right))} rows of the fit are predicted right, so {consequence}",
        )
    return Caution(
        "The classes are nearly separated",
        f"{percent(share)} of the {count(len(right))} rows of the fit are predicted right. But for the other "
        f"{count(int((~right).sum()))}, {consequence}",
    )


def _telltale(case: Case, X: Array, codes: Array) -> Caution | None:
    """Columns that tell one class from all others by themselves."""
    found = []
    for k, label in enumerate(case.labels):
        of, others = X[codes == k], X[codes != k]
        if len(of) < RARE or not len(others):
            continue
        apart = (of.min(axis=0) > others.max(axis=0)) | (of.max(axis=0) < others.min(axis=0))
        found += [(case.names[j], label) for j in np.flatnonzero(apart)]
    if not found:
        return None
    named = "; ".join(
        f"{short(name)} tells {short(label, 24)} from all others" for name, label in found[:_NAMED]
    )
    return Caution(
        "A single column gives a class away",
        f"{named}{_more(found)}. If it is known only after the class is, leave it out.",
    )


def _rare(case: Case) -> Caution | None:
    counts = np.bincount(case.fitted.codes, minlength=len(case.labels))
    rare = [(case.labels[k], int(n)) for k, n in enumerate(counts) if n < RARE]
    if not rare:
        return None
    named = ", ".join(f"{short(label, 24)} ({count(n)})" for label, n in rare[:_NAMED])
    return Caution(
        "Rare classes" if len(rare) > 1 else "A rare class",
        f"Fewer than {RARE} rows: {named}{_more(rare)}. What is said of them rests on these rows.",
    )


def _collinear(case: Case, X: Array) -> Caution | None:
    """Columns that the others nearly determine, by their variance inflation; of categories all but one count."""
    dropped = {group[0] for group in case.levels}
    kept = np.array([j for j in np.flatnonzero(X.std(axis=0) > 0) if j not in dropped], dtype=np.intp)
    if len(kept) < 2 or len(X) <= len(kept):
        return None
    values, vectors = np.linalg.eigh(np.corrcoef(X[:, kept], rowvar=False))
    inflation = (vectors**2 / np.maximum(values, 1e-12)).sum(axis=1)
    order = [i for i in np.argsort(-inflation, kind="stable") if inflation[i] > INFLATED]
    if not order:
        return None
    named = ", ".join(f"{short(case.names[kept[i]])} ({_inflation(inflation[i])})" for i in order[:_NAMED])
    return Caution(
        "Columns that others nearly determine",
        f"Variance inflation above {INFLATED:.0f}: {named}{_more(order)}. Predictions do not suffer, but their "
        "single coefficients say little: the penalty decides how they share what they have in common.",
    )


def _inflation(value: float) -> str:
    return "exactly determined" if value > 1e9 else power(value) if value > 1e6 else significant(value, 3)


def _constant(case: Case, X: Array) -> Caution | None:
    constant = [short(case.names[j]) for j in np.flatnonzero(X.min(axis=0) == X.max(axis=0))]
    if not constant:
        return None
    return Caution("Constant columns", f"Without effect: {', '.join(constant[:_NAMED])}{_more(constant)}.")


def _more(found: list[Any]) -> str:
    return f" and {count(len(found) - _NAMED)} more" if len(found) > _NAMED else ""
