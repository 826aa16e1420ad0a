"""The page of ``softgrad explain``: its parts, put together into one self-contained HTML file."""

import base64
import hashlib
import json
from dataclasses import fields
from html import escape, unescape
from importlib.resources import files
from string import Template
from typing import Any

import softgrad
from softgrad.explain.equations import Equation, equations
from softgrad.explain.mathml import math, row
from softgrad.explain.notation import NOTATIONS, Notation

__all__ = ["CONVENTIONS", "EXAMPLE", "page", "part", "policy_hash"]

CONVENTIONS = tuple(NOTATIONS)
"""The names of the conventions that the page can switch between."""

CLASSES = ("setosa", "versicolor", "virginica")
FEATURES = ("petal length", "petal width")
EXAMPLE: dict[str, Any] = {
    "X": [[1.4, 0.2], [4.7, 1.4], [6.0, 2.5], [5.0, 1.7]],
    "y": [0, 1, 2, 1],
    "W": [[-0.3, 0.2], [0.4, -0.2], [0.1, 0.5]],
    "b": [1.0, 0.0, -1.0],
    "alpha": 0.1,
    "step": 0.1,
}
"""Rows 0, 50, 100 and 77 of the iris data; weights are classes x features, alpha and the step on the mean scale."""

_MARKS = ("&#x25cf;", "&#x25b2;", "&#x25a0;")
_SCRIPTS = (
    "maths.js",
    "duals.js",
    "example.js",
    "sides.js",
    "mistakes.js",
    "widgets.js",
    "view.js",
    "main.js",
)
_SOME_ALPHA = 0.5  # the page writes the reader's alpha over the line that sets it


def page(convention: str = "numpy") -> str:
    """The whole page, which opens in the given convention.

    Parameters
    ----------
    convention : {"numpy", "per-class", "log-likelihood", "columns"}

    Returns
    -------
    str
        HTML in UTF-8 that loads nothing from outside.

    Raises
    ------
    ValueError
        If the convention is unknown.

    Examples
    --------
    >>> "From logits to gradient" in page("columns")
    True
    """
    if convention not in NOTATIONS:
        raise ValueError(
            f"the convention {convention!r} is unknown; choose one of {', '.join(map(repr, CONVENTIONS))}."
        )
    style = part("palette.css") + part("style.css")
    script = "(() => {\n" + '"use strict";\n' + "\n".join(part(name) for name in _SCRIPTS) + "})();\n"
    values = {
        "style": style,
        "style_hash": policy_hash(style),
        "script": script,
        "script_hash": policy_hash(script),
        "data": _embedded(_data(convention)),
        "version": escape(softgrad.__version__),
        "convention_switch": _choices("convention", [(name, name) for name in CONVENTIONS], convention),
        "sample_switch": _choices("sample", [(str(i), str(i + 1)) for i in range(len(EXAMPLE["y"]))], "2"),
        "n_rows": "Four",
        "class_legend": _class_legend(),
        "feature_1": FEATURES[0],
        "feature_2": FEATURES[1],
    }
    return Template(part("page.html")).substitute(values | _figures(convention))


def part(name: str) -> str:
    """One of the files that the page is made of."""
    return files("softgrad.explain").joinpath("parts", name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """What a page's security policy asks of the one style and the one script it lets run."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _data(convention: str) -> dict[str, Any]:
    return {
        "start": convention,
        "classes": CLASSES,
        "features": FEATURES,
        "example": EXAMPLE,
        "conventions": {name: _described(notation) for name, notation in NOTATIONS.items()},
    }


def _described(notation: Notation) -> dict[str, Any]:
    convention = notation.convention
    return {
        **{field.name: getattr(convention, field.name) for field in fields(convention)},
        "source": unescape(notation.source),
        "letters": {name: unescape(letter) for name, letter in notation.letters.items()},
        "how": {equation.key: [equation.left_by, equation.right_by] for equation in equations(notation)},
        "code": {
            "plain": convention.numpy_code(),
            "penalised": convention.numpy_code(alpha=_SOME_ALPHA),
        },
    }


def _choices(name: str, choices: list[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if value == chosen else ""}>'
        f"<span>{shown}</span></label>"
        for value, shown in choices
    )


def _class_legend() -> str:
    marked = [
        f'<span class="mark class-{k}" aria-hidden="true">{mark}</span>&nbsp;{name}'
        for k, (mark, name) in enumerate(zip(_MARKS, CLASSES, strict=True))
    ]
    return ", ".join(marked[:-1]) + " and " + marked[-1]


def _figures(convention: str) -> dict[str, str]:
    """Every equation in all four notations, of which the page shows one; by the names of the template."""
    formulas: dict[str, list[str]] = {}
    for name, notation in NOTATIONS.items():
        for number, equation in enumerate(equations(notation), start=1):
            formulas.setdefault(equation.key, []).append(
                _formula(name, number, equation, hidden=name != convention)
            )
    return {key.replace("-", "_"): _figure(key, "".join(parts)) for key, parts in formulas.items()}


def _figure(key: str, inside: str) -> str:
    only = ' data-intercept="separate"' if key == "intercept" else ""
    return (
        f'<div class="equation" id="equation-{key}"{only}>{inside}'
        f'<div class="sides" data-equation="{key}"></div></div>'
    )


def _formula(name: str, number: int, equation: Equation, *, hidden: bool) -> str:
    markup = math(row(equation.left, "=", equation.right))
    return (
        f'<div class="formula" data-for="{name}"{" hidden" if hidden else ""}>'
        f'<span class="number">({number})</span>{markup}</div>'
    )
