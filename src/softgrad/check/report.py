"""GradientReport and Diagnosis: the verdict, in numbers and as a page that a student understands."""

import html
import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]

WIDTH = 98


@dataclass(frozen=True)
class Diagnosis:
    """One mistake.

    Attributes
    ----------
    code : str
        Stable; see docs/checker.md.
    severity : {"error", "warning"}
    summary : str
        The mistake in words.
    evidence : str
        The numbers that show it.
    fix : str
        A line of code in the user's convention.
    derivation : str
        The right line of the derivation, with the document's equation.
    numbers : dict
        The evidence for programs, for example ``{"factor": 150.0}``.

    Examples
    --------
    >>> import softgrad
    >>> from softgrad.conventions import NUMPY
    >>> X, Y = [[1.0], [2.0]], [[1, 0], [0, 1]]
    >>> report = softgrad.check_gradient(lambda W, X, y: -NUMPY.gradient(W, X, y).weights, X=X, y=Y)
    >>> diagnosis = report.diagnoses[0]
    >>> diagnosis.code, diagnosis.severity
    ('sign', 'error')
    >>> print(diagnosis.summary)
    The whole gradient has the wrong sign: the log-likelihood's was taken for the loss's, or the reverse.
    """

    code: str
    severity: Severity
    summary: str
    evidence: str
    fix: str
    derivation: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GradientReport:
    """What :func:`softgrad.check_gradient` found.

    Attributes
    ----------
    ok : bool
        No diagnosis is an error.
    max_relative_error : float
        Largest ``max|G - reference| / max|reference|`` over the blocks (weights, intercept) and places.
    diagnoses : list of Diagnosis
        The best explanation first.
    n_calls : int
        How often the user's functions were called.
    problem : str
        What was checked, in words.
    ruled_out : tuple of str
        Codes whose hypotheses were computed and did not match; given where the mistake is unknown.
    notes : tuple of str

    Examples
    --------
    >>> import softgrad
    >>> from softgrad.conventions import NUMPY
    >>> X, Y = [[1.0], [2.0]], [[1, 0], [0, 1]]
    >>> report = softgrad.check_gradient(lambda W, X, y: NUMPY.gradient(W, X, y).weights, X=X, y=Y)
    >>> report.ok, report.diagnoses, report.max_relative_error < 1e-6
    (True, [], True)
    >>> sorted(report.to_dict())[:3]
    ['diagnoses', 'max_relative_error', 'n_calls']
    """

    ok: bool
    max_relative_error: float
    diagnoses: list[Diagnosis]
    n_calls: int
    problem: str
    ruled_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain lists, dicts, numbers and strings."""
        return asdict(self)

    def __str__(self) -> str:
        """The page, 98 columns wide but for lines of code."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [self._verdict(), *_wrapped(f"  {self.problem}", "  ")]
        for number, found in enumerate(self.diagnoses, 1):
            lines += ["", *_wrapped(f"{number}. {found.code} ({found.severity}): {found.summary}", "   ")]
            for label, text in _parts(found):
                lines += (
                    [f"   {label:11}{text}"]
                    if label == "fix:"
                    else _wrapped(f"   {label:11}{text}", " " * 14)
                )
        if self.ruled_out:
            lines += ["", *_wrapped("Ruled out: " + ", ".join(self.ruled_out) + ".", "  ")]
        return lines + ([""] if self.notes else []) + [f"  {note}" for note in self.notes]

    def _verdict(self) -> str:
        if self.ok:
            extra = "; see the warnings" if self.diagnoses else ""
            return f"The gradient is right (largest relative error {self.max_relative_error:.1e}){extra}."
        first = self.diagnoses[0]
        subject = "The value is wrong" if first.code == "value-mismatch" else "The gradient is wrong"
        more = f", and {len(self.diagnoses) - 1} more" if len(self.diagnoses) > 1 else ""
        return f"{subject} (largest relative error {self.max_relative_error:.1e}): {first.code}{more}."

    def __rich__(self) -> Any:
        """For terminals: the same page with emphasis."""
        from rich.text import Text

        text = Text()
        for line in self._lines():
            heading = line[:1].isdigit() or line.startswith("The ")
            style = ("bold green" if self.ok else "bold red") if line.startswith("The ") else "bold"
            text.append(line + "\n", style=style if heading else None)
        return text

    def _repr_html_(self) -> str:
        """For notebooks."""
        blocks = [f"<p><strong>{html.escape(self._verdict())}</strong><br>{html.escape(self.problem)}</p>"]
        for found in self.diagnoses:
            title = f"<code>{html.escape(found.code)}</code> ({found.severity}): {html.escape(found.summary)}"
            rows = "".join(_row(label, text) for label, text in _parts(found))
            blocks.append(f"<p>{title}</p><table>{rows}</table>")
        return "<div>" + "".join(blocks) + "</div>"


def _row(label: str, text: str) -> str:
    shown = f"<code>{html.escape(text)}</code>" if label == "fix:" else html.escape(text)
    return f"<tr><th style='text-align:left;vertical-align:top'>{label}</th><td>{shown}</td></tr>"


def _wrapped(text: str, indent: str) -> list[str]:
    wrapped = textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [""]


def _parts(found: Diagnosis) -> list[tuple[str, str]]:
    parts = [("evidence:", found.evidence), ("fix:", found.fix), ("right:", found.derivation)]
    return [(label, text) for label, text in parts if text]
