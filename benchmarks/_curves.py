"""Curves of time against size, drawn where matplotlib is installed."""

from collections.abc import Sequence
from pathlib import Path

from _peers import OURS
from _race import Race
from _tables import time_of

AXES = {"n": "rows", "d": "columns", "K": "classes"}
LEVEL = 1e-6


def draw(races: Sequence[Race], path: Path) -> str:
    """One panel a size that grows, one line a method, both axes logarithmic; what was done, in a sentence."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "matplotlib is not installed (pip install matplotlib): no image was drawn."
    groups = list(dict.fromkeys(race.group for race in races))
    figure = Figure(figsize=(4 * len(groups), 3.6), layout="constrained")
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for panel, group in zip(panels, groups, strict=True):
        members = [race for race in races if race.group == group]
        sizes = [int(race.name.rpartition(" ")[2]) for race in members]
        for method in dict.fromkeys(entry.method for race in members for entry in race.entries):
            times = [time_of(race, method, LEVEL) for race in members]
            ours = method == OURS
            panel.loglog(
                sizes, times, "o-", label=method, lw=2.5 if ours else 1, color="black" if ours else None
            )
        panel.set_xlabel(f"{group} ({AXES[group]})")
    panels[0].set_ylabel(f"seconds to {LEVEL:.0e} of the optimum")
    panels[-1].legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return f"The curves are drawn in {path}."
