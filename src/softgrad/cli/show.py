"""Print what a command found: text for people, or one JSON object."""

from typing import Any

from rich.console import Console
from rich.table import Table

from softgrad.cli.printing import all_printable, new_console, print_json
from softgrad.cli.show_scores import show_scores
from softgrad.table.formats import said

__all__ = ["show_evaluation", "show_fit", "show_info"]

Report = dict[str, Any]
_FEW = 5


def show_fit(report: Report, *, as_json: bool) -> None:
    """Print what ``softgrad fit`` found."""
    if as_json:
        print_json(report)
        return
    console, report = new_console(), all_printable(report)
    _show_data(console, report["data"])
    held_out = report["held_out"]
    if held_out is None:
        console.print("Held-out metrics: none, as --test-size 0 holds out no rows.")
    else:
        _show_fit_figures(console, "Training rows", held_out["fit"])
        split = held_out["split"]
        rows = held_out["scores"]["rows"]
        drawn = "drawn row by row" if report["data"]["streamed"] else "stratified"
        console.print(f"Held out: {rows} rows ({drawn}, --seed {split['seed']})")
        show_scores(console, held_out["scores"], "the class shares of the training rows")
    if report["fit"] is not None:
        _show_fit_figures(console, "All rows", report["fit"])
    _show_model(console, report)
    if report["report"] is not None:
        console.print(f"Report: {report['report']}; open it in a browser")


def show_evaluation(report: Report, *, as_json: bool) -> None:
    """Print what ``softgrad evaluate`` found."""
    if as_json:
        print_json(report)
        return
    console, report = new_console(), all_printable(report)
    console.print(
        f"Evaluated: {report['scores']['rows']} rows of {said(report['data'])}, target {report['target']}"
    )
    show_scores(console, report["scores"], "the class shares of these rows")


def show_info(report: Report, *, as_json: bool) -> None:
    """Print what ``softgrad info`` found."""
    if as_json:
        print_json(report)
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _info_lines(all_printable(report)):
        table.add_row(name, value)
    new_console().print(table)


def _show_data(console: Console, data: Report) -> None:
    console.print(
        f"Data: {said(data['path'])}, {data['rows']} rows, {len(data['columns'])} columns, "
        f"{data['features']} features ({_some(data['columns'])})"
    )
    classes = _some([f"{item['class']} ({item['rows']})" for item in data["classes"]])
    console.print(f"Target: {data['target']}, {len(data['classes'])} classes: {classes}")
    if data["target_was_float"]:
        console.print("  its values are whole numbers stored as floats; taken as whole numbers")
    for item in data["one_hot"]:
        console.print(f"  {item['column']} is text, one feature for each of {len(item['levels'])} categories: "
                      f"{_some(item['levels'])}")  # fmt: skip
    for item in data["imputed"]:
        console.print(f"  {item['column']}: {item['rows']} missing values filled with {item['value']}")
    if data["streamed"]:
        console.print(f"  streamed from disk: {_streamed(data['streamed'])}")
    if data["constant"]:
        console.print(f"  constant, so without effect: {_some(data['constant'])}")


def _streamed(how: Report) -> str:
    copy = f", from the copy in {how['cache']}" if how["cache"] else ""
    limit = f"{how['memory_limit'] / 1e6:.0f} MB"
    return f"blocks of {how['block_rows']} rows, within {limit}, logits {how['logits']}{copy}"


def _show_fit_figures(console: Console, title: str, figures: Report) -> None:
    console.print(
        f"\n{title}: {figures['rows']} rows fitted in {figures['seconds']:.2f} s, "
        f"{figures['n_iter']} iterations, {figures['n_passes']:.1f} passes over the data"
    )
    console.print(f"  objective  {figures['objective']:.10g}, {figures['certificate']}")


def _show_model(console: Console, report: Report) -> None:
    if report["model"] is None:
        console.print("\nThe model was not saved; --model FILE fits it again on all rows and saves it.")
        return
    how = "fitted again on all rows" if report["held_out"] else "fitted on all rows"
    console.print(f"\nModel, {how}: {report['model']}")


def _info_lines(report: Report) -> list[tuple[str, str]]:
    if "model" not in report:
        packages = [(name, number or "not installed") for name, number in report["packages"].items()]
        first = [(name, str(report[name])) for name in ("softgrad", "kernels", "threads", "python")]
        return [*first, *packages]
    target = report["columns"]["target"]["name"] if report["columns"] else "not recorded"
    parameters = [f"{name}={value}" for name, value in report["parameters"].items()]
    return [
        ("model", f"{report['model']}, {report['bytes']} bytes"),
        ("written by", f"softgrad {report['softgrad_version']}, model format {report['format_version']}"),
        ("target", target),
        ("classes", f"{len(report['classes'])}: {_some(report['classes'])}"),
        ("features", f"{report['features']}: {_some(report['feature_names'] or ['not named'])}"),
        ("parameters", ", ".join(parameters)),
        ("objective", f"{report['fit']['objective']:.10g}"),
        ("certificate", report["fit"]["certificate"]),
    ]


def _some(values: list[Any]) -> str:
    shown = [str(value) for value in values]
    if len(shown) <= 2 * _FEW:
        return ", ".join(shown)
    return f"{', '.join(shown[:_FEW])}, ... {shown[-1]}"
