"""Time of every method on a few problems, drawn where matplotlib is installed."""

import math
from collections.abc import Sequence
from pathlib import Path

from _peers import DEFAULTS, OURS
from _race import Race
from _tables import best, time_of

LEVEL = 1e-6


def draw(races: Sequence[Race], path: Path) -> str:
    """A line a problem, a dot a method that came within `LEVEL`, the time on a logarithmic axis; what was done.

    softgrad's dot is black, the fastest peer's is named, and the margin counts the methods that did not arrive.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "matplotlib is not installed (pip install matplotlib): no image was drawn."
    figure = Figure(figsize=(7, 1.0 + 0.5 * len(races)), layout="constrained")
    panel = figure.subplots()
    for line, race in enumerate(races):
        _line(panel, line, race)
    panel.set_xscale("log")
    panel.margins(x=0.15)
    panel.set_yticks(range(len(races)), [_label(race) for race in races])
    panel.set_ylim(len(races) - 0.4, -0.6)
    panel.set_xlabel(f"seconds to {LEVEL:.0e} of the optimum; softgrad, in black, has proved it")
    panel.grid(axis="x", alpha=0.3)
    panel.spines[["top", "right", "left"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=160, metadata={"Software": None})
    return f"The times are drawn in {path}."


def _line(panel, line: int, race: Race) -> None:
    names = {entry.method for entry in race.entries} - {OURS, DEFAULTS}
    times = [time_of(race, name, LEVEL) for name in names]
    arrived = [time for time in times if not math.isnan(time)]
    panel.plot(arrived, [line] * len(arrived), "o", color="#3a7ebf", alpha=0.6, ms=6, mec="none")
    panel.plot(time_of(race, OURS, LEVEL), line, "o", color="black", ms=8, zorder=3)
    peer = best(race, LEVEL, ours=False)
    if peer is not None:
        above = {"xytext": (-3, 7), "textcoords": "offset points", "ha": "left", "fontsize": 7}
        panel.annotate(peer.method, (peer.seconds, line), color="#235d94", **above)
    late = len(names) - len(arrived)
    if late:
        beside = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 7}
        panel.annotate(f"{late} of {len(names)}\nnot in time", (1.01, line), **beside)


def _label(race: Race) -> str:
    n, d, n_classes = race.shape
    return f"{race.name}\n{n} x {d}, {n_classes} classes"
