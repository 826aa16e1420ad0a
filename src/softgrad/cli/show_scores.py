"""Print metrics: against the baseline, class by class, and which classes are confused."""

from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["show_scores"]

_WIDEST_MATRIX = 20
_MOST_PAIRS = 10
_MOST_CLASSES = 60
_METRICS = (
    ("accuracy", "accuracy"),
    ("log-loss (nats)", "log_loss"),
    ("Brier score (0 to 2)", "brier"),
    ("macro-F1", "macro_f1"),
    ("calibration error", "calibration_error"),
)
_Scores = dict[str, Any]


def show_scores(console: Console, scores: _Scores, baseline: str) -> None:
    """Print the metrics of `softgrad.measures.score.Scores`; `baseline` says what the model is compared with."""
    console.print(_summary(scores))
    console.print(f"  (baseline: {baseline})")
    if len(scores["labels"]) > _WIDEST_MATRIX:
        _show_pairs(console, scores)
    else:
        console.print("\nConfusion matrix (rows: true class, columns: predicted)")
        console.print(_matrix(scores))
    console.print("\nClass by class")
    console.print(_per_class(scores))
    hidden = len(scores["per_class"]) - _MOST_CLASSES
    if hidden > 0:
        console.print(f"  and {hidden} more classes: --json has them all")


def _table(*names: str) -> Table:
    """A table without lines: names to the left, figures to the right."""
    table = Table(box=None, padding=(0, 1, 0, 1))
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table


def _summary(scores: _Scores) -> Table:
    table = _table("", "model", "95 % interval", "baseline")
    for title, key in _METRICS:
        interval = scores["intervals"][key]
        reach = "" if interval is None else "{:.4f} to {:.4f}".format(*interval)
        table.add_row(title, f"{scores[key]:.4f}", reach, f"{scores['baseline'][key]:.4f}")
    return table


def _matrix(scores: _Scores) -> Table:
    labels = [_short(label) for label in scores["labels"]]
    table = _table("", *labels)
    for label, counts in zip(labels, scores["confusion"], strict=True):
        table.add_row(label, *(str(count) if count else "." for count in counts))
    return table


def _show_pairs(console: Console, scores: _Scores) -> None:
    labels = scores["labels"]
    pairs = [
        (count, labels[k], labels[m])
        for k, counts in enumerate(scores["confusion"])
        for m, count in enumerate(counts)
        if count and k != m
    ]
    pairs.sort(key=lambda pair: -pair[0])
    console.print(f"\nMost confused of {len(labels)} classes")
    table = _table("true class", "predicted", "rows")
    for count, true, predicted in pairs[:_MOST_PAIRS]:
        table.add_row(_short(true), _short(predicted), str(count))
    console.print(table if pairs else "  none: every row is predicted right")


def _per_class(scores: _Scores) -> Table:
    table = _table("class", "precision", "recall", "F1", "rows")
    for item in scores["per_class"][:_MOST_CLASSES]:
        figures = (f"{item[key]:.3f}" for key in ("precision", "recall", "f1"))
        table.add_row(_short(item["class"]), *figures, str(item["support"]))
    return table


def _short(label: Any) -> str:
    text = " ".join(str(label).split())
    return text if len(text) <= 24 else text[:21] + "..."
