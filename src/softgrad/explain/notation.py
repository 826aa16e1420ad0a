"""The letters of the four founding documents: what each calls a weight, a logit, a probability and a label."""

from collections.abc import Callable
from dataclasses import dataclass

from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS
from softgrad.explain.mathml import bold, identifier, power, row, sub, subsup
from softgrad.maths.convention import Convention

__all__ = ["NOTATIONS", "Notation"]

Entry = Callable[[str], str]
I, J, K, L, N = (identifier(name) for name in "ijkln")
INDICATOR = '<mn class="indicator">1</mn>'


@dataclass(frozen=True)
class Notation:
    """How one convention is written. The functions take the markup of an index (class k, feature j)."""

    name: str
    convention: Convention
    source: str
    count: str
    n_classes: str
    n_features: str
    sample: str
    value: str
    value_of_sample: str
    objective: str
    weights: str
    features: str
    weight: Callable[[str, str], str]
    feature: Entry
    logit: Entry
    proba: Entry
    label: Entry
    letters: dict[str, str]

    @property
    def maximised(self) -> bool:
        """Whether the objective is a log-likelihood."""
        return self.convention.objective == "log_likelihood"

    @property
    def separate(self) -> bool:
        """Whether there is an intercept of its own."""
        return self.convention.intercept == "separate"


def _of_sample(letter: str) -> Entry:
    return lambda index: subsup(identifier(letter), index, row("(", I, ")"))


def _indexed(letter: str, *, by_sample: str = "", first: bool = False) -> Entry:
    def entry(index: str) -> str:
        if not by_sample:
            return sub(identifier(letter), index)
        return sub(identifier(letter), *((by_sample, index) if first else (index, by_sample)))

    return entry


NOTATIONS: dict[str, Notation] = {
    "numpy": Notation(
        name="numpy",
        convention=NUMPY,
        source="Rows are samples, weights are features &times; classes, no intercept; mean loss, minimised.",
        count=identifier("m"),
        n_classes=identifier("K"),
        n_features=identifier("d"),
        sample=I,
        value=identifier("J"),
        value_of_sample=power(identifier("J"), row("(", I, ")")),
        objective=identifier("F"),
        weights=identifier("w"),
        features=identifier("x"),
        weight=lambda k, j: sub(identifier("w"), j, k),
        feature=_of_sample("x"),
        logit=_of_sample("z"),
        proba=_of_sample("s"),
        label=_of_sample("y"),
        letters={
            "d": "d",
            "K": "K",
            "X": "x",
            "W": "w",
            "b": "",
            "Z": "z",
            "P": "s",
            "Y": "y",
            "n": "m",
            "value": "J",
        },
    ),
    "per-class": Notation(
        name="per-class",
        convention=PER_CLASS,
        source="Rows are samples, a weight vector and an intercept a class, integer labels; mean loss, minimised.",
        count=identifier("m"),
        n_classes=identifier("C"),
        n_features=identifier("d"),
        sample=I,
        value=identifier("J"),
        value_of_sample=sub(identifier("J"), I),
        objective=identifier("F"),
        weights=bold("W"),
        features=bold("X"),
        weight=lambda k, j: sub(identifier("w"), k, j),
        feature=_indexed("x", by_sample=I, first=True),
        logit=_indexed("z"),
        proba=_indexed("f"),
        label=lambda k: row(INDICATOR, "[", sub(identifier("y"), I), "=", k, "]"),
        letters={
            "d": "d",
            "K": "C",
            "X": "X",
            "W": "W",
            "b": "b",
            "Z": "z",
            "P": "f",
            "Y": "Y",
            "n": "m",
            "value": "J",
        },
    ),
    "log-likelihood": Notation(
        name="log-likelihood",
        convention=LOG_LIKELIHOOD,
        source="Rows are samples, weights are classes &times; features, no intercept; a summed log-likelihood.",
        count=identifier("N"),
        n_classes=identifier("K"),
        n_features=identifier("D"),
        sample=N,
        value=identifier("L"),
        value_of_sample=sub(identifier("L"), N),
        objective=identifier("F"),
        weights=identifier("w"),
        features=identifier("x"),
        weight=lambda k, j: sub(identifier("w"), k, j),
        feature=_indexed("x", by_sample=N, first=True),
        logit=_indexed("a"),
        proba=_indexed("P"),
        label=_indexed("y", by_sample=N, first=True),
        letters={
            "d": "D",
            "K": "K",
            "X": "x",
            "W": "w",
            "b": "",
            "Z": "a",
            "P": "P",
            "Y": "y",
            "n": "N",
            "value": "L",
        },
    ),
    "columns": Notation(
        name="columns",
        convention=COLUMNS,
        source="Columns are samples, weights are classes &times; features, an intercept; mean loss, minimised.",
        count=identifier("n"),
        n_classes=identifier("L"),
        n_features=identifier("d"),
        sample=I,
        value=identifier("&Lscr;"),
        value_of_sample=sub(identifier("&Lscr;"), I),
        objective=identifier("F"),
        weights=identifier("&theta;"),
        features=identifier("X"),
        weight=lambda k, j: sub(identifier("&theta;"), k, j),
        feature=_indexed("X", by_sample=I),
        logit=_indexed("Z", by_sample=I),
        proba=_indexed("A", by_sample=I),
        label=_indexed("Y", by_sample=I),
        letters={
            "d": "d",
            "K": "L",
            "X": "X",
            "W": "&theta;",
            "b": "b",
            "Z": "Z",
            "P": "A",
            "Y": "Y",
            "n": "n",
            "value": "&Lscr;",
        },
    ),
}
"""The four presets by the names of the command line."""
