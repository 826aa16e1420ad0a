"""Time and passes to 1e-3 and 1e-6 of the optimum: softgrad, every multinomial solver of scikit-learn, and cyanure.

    python benchmarks/fits.py                     the quick problems
    python benchmarks/fits.py --full              all of them, and the curves over n, d and K
    python benchmarks/fits.py --only digits       those whose name holds a word
    python benchmarks/fits.py --methods softgrad  these solvers alone, their names with commas between them
    python benchmarks/fits.py --from FILE         the tables of a run that was kept with --keep FILE

One objective for all, raw data, C = 1. A peer runs at three tolerances, loosest first, until one ends within 1e-6 of
the optimum, and counts with its fastest configuration in hindsight; softgrad counts where it has *proved* to be as
near. Objectives are recomputed in plain NumPy at the returned coefficients, and the optimum is known to the digits
that the tables give. Each fit has a process of its own, killed at the time limit: the one asked for, and no more than
five times what the best peer took.
"""

import argparse
import json
import platform
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import _chart
import _curves
from _peers import Method, methods, missing
from _problems import CURVES, PROBLEMS, Problem
from _race import Entry, Race, race
from _tables import curve, details, summary

from softgrad.kernels.choice import backend

QUICK_LIMIT, FULL_LIMIT = 4.0, 120.0


def main() -> None:
    options = _options()
    print(_versions())
    for line in missing():
        print(line)
    races = _kept(options.kept) if options.kept else _run(options)
    for group in dict.fromkeys(done.group for done in races):
        members = [done for done in races if done.group == group]
        if group in CURVES:
            print(f"\n### Growing {group}, time to 1e-6\n\n{curve(members)}")
        else:
            print(f"\n### {group[0].upper()}{group[1:]}\n\n{summary(members)}")
    curves = [done for done in races if done.group in CURVES]
    if curves and options.image:
        print(_curves.draw(curves, options.image))
    if options.chart:
        print(_chart.draw([done for done in races if done.group not in CURVES], options.chart))
    if options.details:
        for done in races:
            print(f"\n{details(done)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all problems, and the curves")
    parser.add_argument("--only", metavar="WORD", help="problems and groups whose name holds this")
    parser.add_argument("--methods", metavar="NAMES", help="these solvers only, as softgrad,lbfgs")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="time limit of a fit")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="append each result to this file, a JSON a line"
    )
    parser.add_argument("--from", type=Path, dest="kept", metavar="FILE", help="print what --keep wrote")
    parser.add_argument("--image", type=Path, metavar="FILE", help="draw the curves (needs matplotlib)")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the times (needs matplotlib)")
    parser.add_argument("--details", action="store_true", help="also every solver at every tolerance")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> list[Race]:
    limit = options.limit or (FULL_LIMIT if options.full else QUICK_LIMIT)
    taking_part = _methods(options.methods)
    races = []
    for problem in _chosen(options):
        print(f"{problem.group}: {problem.name} ...", end=" ", flush=True, file=sys.stderr)
        done = race(problem, taking_part, limit)
        if isinstance(done, str):
            print(f"{problem.name} {done}: left out.")
            continue
        print(f"{done.shape}", flush=True, file=sys.stderr)
        races.append(done)
        if options.keep:
            with options.keep.open("a") as file:
                file.write(done.to_json() + "\n")
    return races


def _methods(names: str | None) -> list[Method]:
    known = {method.name: method for method in methods()}
    wanted = list(known) if names is None else names.split(",")
    for name in wanted:
        if name not in known:
            raise SystemExit(f"--methods {name!r} is no solver here; there are {', '.join(known)}.")
    return [known[name] for name in wanted]


def _chosen(options: argparse.Namespace) -> list[Problem]:
    listed = [*PROBLEMS, *(problem for curve in CURVES.values() for problem in curve)]
    if options.only:
        found = [p for p in listed if options.only in (p.name, p.group)] or [
            p for p in listed if options.only in p.name
        ]
        if not found:
            names = "; ".join(dict.fromkeys(p.name for p in listed))
            raise SystemExit(f"--only {options.only!r} names no problem and no group; there are {names}.")
        return found
    return listed if options.full else [problem for problem in PROBLEMS if problem.quick]


def _kept(path: Path) -> list[Race]:
    """The last result of each problem in a file."""
    races = {}
    for line in path.read_text().splitlines():
        fields = json.loads(line)
        fields["entries"] = [Entry(**entry) for entry in fields["entries"]]
        races[fields["group"], fields["name"], *fields["shape"]] = replace(
            Race(**fields), shape=tuple(fields["shape"])
        )
    return list(races.values())


def _versions() -> str:
    names = ("softgrad", "scikit-learn", "cyanure", "NumPy", "SciPy")
    parts = [f"{name} {version(name)}" for name in names if _installed(name)]
    machine = f"Python {platform.python_version()}, {platform.machine()}"
    return f"{', '.join(parts)}, {backend()} kernels, {machine}"


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
