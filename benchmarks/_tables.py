"""Races as Markdown: for each problem softgrad against the best peer in hindsight, and every peer in detail."""

import math
from collections.abc import Sequence

from _peers import DEFAULTS, OURS
from _race import Entry, Race

LEVELS = (1e-3, 1e-6)


def seconds(value: float) -> str:
    """Three figures, in ms below one second."""
    if math.isnan(value):
        return "-"
    return f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def reached(race: Race, entry: Entry, level: float) -> bool:
    """Whether the oracle finds the point this near to the optimum; for softgrad, whether it has also proved it."""
    if entry.failure or race.excess(entry) > level:
        return False
    return entry.method != OURS or entry.gap <= level


def best(race: Race, level: float, *, ours: bool) -> Entry | None:
    """The fastest entry that reached `level`: softgrad's, or that of any configuration of any peer."""
    entries = [e for e in race.entries if (e.method == OURS) == ours and reached(race, e, level)]
    return min(entries, key=lambda entry: entry.seconds, default=None)


def ratio(race: Race, level: float) -> float:
    """Seconds of the best peer by softgrad's; nan where softgrad or all peers did not arrive."""
    own, peer = best(race, level, ours=True), best(race, level, ours=False)
    return math.nan if own is None or peer is None else peer.seconds / own.seconds


def summary(races: Sequence[Race]) -> str:
    """A line a problem, and the geometric mean of the ratios."""
    lines = [
        "| data | n, d, K | softgrad to 1e-3 | best peer | softgrad to 1e-6 | passes | best peer | passes | faster "
        "| defaults' excess |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for race in races:
        (own3, peer3), (own6, peer6) = (
            [best(race, level, ours=ours) for ours in (True, False)] for level in LEVELS
        )
        size = ", ".join(map(str, race.shape))
        lines.append(
            f"| {race.name} | {size} | {_time(own3)} | {_named(peer3)} | {_time(own6)} | {_passes(own6)} "
            f"| {_named(peer6)} | {_passes(peer6)} | {_factor(race)} "
            f"| {_excess_of_defaults(race)} |"
        )
    known = [ratio(race, 1e-6) for race in races if not math.isnan(ratio(race, 1e-6))]
    if len(known) > 1:
        mean = math.exp(sum(map(math.log, known)) / len(known))
        lines += [
            "",
            f"Geometric mean of {len(known)} ratios to 1e-6: {mean:.2g}, the least {min(known):.2g}.",
        ]
    return "\n".join(lines)


def details(race: Race) -> str:
    """Every method at every tolerance it was run at."""
    n, d, n_classes = race.shape
    lines = [
        f"{race.name}, {n} x {d}, K = {n_classes}: optimum {race.optimum:.12g}, known to {max(race.slack, 0):.0e}",
        "",
        "| solver | tol | time | passes | excess | certified |",
        "|---|---|---|---|---|---|",
    ]
    for entry in race.entries:
        head = f"| {entry.method} | {entry.tolerance:.0e} |"
        if entry.failure:
            lines.append(f"{head} {entry.failure} | | | |")
            continue
        proved = "" if math.isnan(entry.gap) else f"{entry.gap:.0e}"
        lines.append(
            f"{head} {seconds(entry.seconds)} | {entry.passes:.0f} | {max(race.excess(entry), 0):.0e} | {proved} |"
        )
    return "\n".join(lines)


def curve(races: Sequence[Race], level: float = 1e-6) -> str:
    """A line a size, a column a method: the time at which it was within `level`."""
    names = list(dict.fromkeys(entry.method for race in races for entry in race.entries))
    lines = ["| | " + " | ".join(names) + " | softgrad's passes |", "|---" * (len(names) + 2) + "|"]
    for race in races:
        times = [seconds(time_of(race, name, level)) for name in names]
        lines.append(
            f"| {race.name} | " + " | ".join(times) + f" | {_passes(best(race, level, ours=True))} |"
        )
    return "\n".join(lines)


def time_of(race: Race, method: str, level: float) -> float:
    """Seconds of `method`'s fastest entry within `level`; nan where there is none."""
    times = [e.seconds for e in race.entries if e.method == method and reached(race, e, level)]
    return min(times, default=math.nan)


def _factor(race: Race) -> str:
    """How many times faster to 1e-6; a lower bound where every peer hit its limit."""
    value = ratio(race, 1e-6)
    if not math.isnan(value):
        return f"{value:.2g}x"
    alone = all(entry.method == OURS for entry in race.entries)
    return "-" if alone or best(race, 1e-6, ours=True) is None else "no peer arrived"


def _excess_of_defaults(race: Race) -> str:
    """Where scikit-learn without any argument ends."""
    entry = next((entry for entry in race.entries if entry.method == DEFAULTS), None)
    if entry is None or entry.failure:
        return "-"
    return f"{max(race.excess(entry), 0):.1g}"


def _time(entry: Entry | None) -> str:
    return "not reached" if entry is None else seconds(entry.seconds)


def _named(entry: Entry | None) -> str:
    return "not reached" if entry is None else f"{seconds(entry.seconds)} ({entry.method})"


def _passes(entry: Entry | None) -> str:
    return "-" if entry is None else f"{entry.passes:.0f}"
