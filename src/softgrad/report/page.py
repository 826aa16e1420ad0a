"""The page: everything there is to say about one fit, put into one self-contained HTML file."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from softgrad.explain.page import part, policy_hash
from softgrad.extras import required
from softgrad.measures.figures import certificate
from softgrad.measures.reliability import top_label_bins
from softgrad.measures.score import Scores
from softgrad.report import numbers
from softgrad.report.case import Case
from softgrad.report.cautions import cautions
from softgrad.report.charts import convergence, reliability
from softgrad.report.columns import Column, describe, grid_column
from softgrad.report.confusion import confusion
from softgrad.report.effects import class_effects
from softgrad.report.formula import objective
from softgrad.report.grid import picture
from softgrad.report.installation import describe_installation
from softgrad.report.worst import worst_rows
from softgrad.table.atomic import write_atomically

__all__ = ["Report", "report"]

_SHOWN_COLUMNS = 12
_MOST_COLUMNS = 200
_SHOWN_RECORDS = 7


@dataclass(frozen=True)
class Report:
    """A report of a fit.

    Attributes
    ----------
    html : str
        The whole page; it loads nothing from outside and runs no script.
    """

    html: str = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all; a file there is replaced.

        Raises
        ------
        OSError
            If the folder or the disk refuses.
        """
        write_atomically(Path(path), lambda stream: stream.write(self.html.encode()))

    def _repr_html_(self) -> str:
        """The page in a frame of its own, for notebooks."""
        frame = 'sandbox width="100%" height="640" title="softgrad report"'
        return f'<iframe srcdoc="{escape(self.html)}" {frame}></iframe>'


def report(case: Case) -> Report:
    """Make the page of a case.

    Raises
    ------
    ModuleNotFoundError
        If jinja2 is not installed; the sentence names the extra.
    """
    jinja = required("jinja2", "a report")
    environment = jinja.Environment(
        loader=jinja.PackageLoader("softgrad.report"),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in numbers.__all__:
        environment.filters[name] = getattr(numbers, name)
    style = part("palette.css") + files("softgrad.report").joinpath("templates", "style.css").read_text(
        "utf-8"
    )
    text = environment.get_template("page.html").render(
        style=style, style_hash=policy_hash(style), **_content(case)
    )
    return Report(text.encode("utf-8", "backslashreplace").decode())  # no encoding has half a surrogate pair


def _content(case: Case) -> dict[str, Any]:
    estimator = case.estimator
    proba = case.linear.proba(case.measured.X)
    shares = np.bincount(case.fitted.codes, minlength=len(case.labels)) / len(case.fitted.codes)
    measured = Scores(np.asarray(estimator.classes_), shares)
    measured.add(case.measured.codes, proba)
    scores = measured.result()
    rows, weight_sum = _known_rows(case)
    columns = _columns(case)
    return {
        "case": case,
        "date": datetime.now().astimezone().date().isoformat(),
        "rows": rows,
        "scores": scores,
        "certificate": certificate(estimator),
        "certified": estimator.status_ == "converged" and np.isfinite(estimator.gap_),
        "cautions": cautions(case),
        "confusion": confusion(scores["confusion"], case.labels),
        "reliability": reliability(top_label_bins(case.measured.codes, proba)),
        "effects": class_effects(case),
        "picture": picture,
        "largest": float(np.quantile(np.abs(case.linear.coef), 0.99)),
        "worst": worst_rows(case, proba),
        "objective": objective(estimator, weight_sum),
        "convergence": convergence(estimator.history_),
        "history": _some_records(estimator.history_),
        "classes": list(
            zip(case.labels, np.bincount(case.fitted.codes, minlength=len(case.labels)), strict=True)
        ),
        "columns": columns[:_SHOWN_COLUMNS],
        "more_columns": columns[_SHOWN_COLUMNS:_MOST_COLUMNS],
        "n_columns": len(columns),
        "installation": describe_installation(),
    }


def _known_rows(case: Case) -> tuple[int | None, float | None]:
    """How many rows the fit had, and their weight, as the estimator remembers them or else by the case's relation."""
    remembered = getattr(case.estimator, "_rows", None)
    return (None, None) if remembered is None else remembered


def _columns(case: Case) -> list[Column]:
    columns = describe(case.table, case.columns or case.names)
    if case.shape is not None and len(columns) == case.shape[0] * case.shape[1]:
        return [grid_column(columns, case.shape)]
    return columns


def _some_records(history: list[Any]) -> list[Any]:
    places: Any = np.linspace(0, max(len(history) - 1, 0), _SHOWN_RECORDS).round().astype(int)
    return [history[i] for i in np.unique(places)] if history else []
