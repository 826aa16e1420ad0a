"""The geometry of the page's charts: where lines, dots and ticks go. The templates draw and the style colours them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from softgrad.measures.reliability import Bins
from softgrad.optimize.solution import Record
from softgrad.report.numbers import count, percent, power, significant

__all__ = ["Chart", "Tick", "convergence", "reliability"]

WIDTH, HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 12, 40
_STRIP = 46


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """One chart, in units of its view box.

    Attributes
    ----------
    label : str
        The chart in words, for those who cannot see it.
    line : tuple of (x, y)
    dots : tuple of (x, y, radius)
    bars : tuple of (x, y, width, height)
    diagonal : tuple of float or None
        From x, y to x, y.
    frame : tuple of float
        Left, top, right, bottom of the plot.
    """

    label: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    line: tuple[tuple[float, float], ...] = ()
    dots: tuple[tuple[float, float, float], ...] = ()
    bars: tuple[tuple[float, float, float, float], ...] = ()
    diagonal: tuple[float, float, float, float] | None = None
    frame: tuple[float, float, float, float] = (_LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM)


def convergence(history: Sequence[Record]) -> Chart | None:
    """The certified gap against passes over X; None where there are fewer than two to draw."""
    drawn = [record for record in history if 0 < record.gap < np.inf]
    if len(drawn) < 2:
        return None
    low, high = floor(log10(min(r.gap for r in drawn))), ceil(log10(max(r.gap for r in drawn)))
    every = ceil(max(high - low, 1) / 5)
    low = high - every * ceil(max(high - low, 1) / every)
    most = max(record.n_passes for record in drawn)
    left, top, right, bottom = _LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def y(gap: float) -> float:
        return round(bottom - (log10(gap) - low) / (high - low) * (bottom - top), 1)

    line = tuple((round(left + r.n_passes / most * (right - left), 1), y(r.gap)) for r in drawn)
    powers = range(high, low - 1, -every)
    return Chart(
        label=f"The gap falls from {power(drawn[0].gap)} to {power(drawn[-1].gap)} in {most:.0f} passes over X.",
        x_title="passes over X",
        y_title="certified gap",
        x_ticks=tuple(
            Tick(round(left + value / most * (right - left), 1), significant(value)) for value in _steps(most)
        ),
        y_ticks=tuple(Tick(y(10.0**p), power(10.0**p, 1).removeprefix("1\xa0×\xa0")) for p in powers),
        line=line,
        dots=tuple((x_, y_, 3.0) for x_, y_ in line),
    )


def reliability(bins: Bins) -> Chart:
    """How often the likeliest class was the true one, by its probability; below, how many rows say so."""
    left, top, right, bottom = _LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM - _STRIP
    wide, tall = right - left, bottom - top
    full = np.flatnonzero(bins.counts)
    most = bins.counts.max()
    line = tuple(
        (round(left + bins.predicted[i] * wide, 1), round(bottom - bins.observed[i] * tall, 1)) for i in full
    )
    ticks = (0, 0.25, 0.5, 0.75, 1)
    return Chart(
        label="Share of rows whose likeliest class is the true one, by its probability: "
        + "; ".join(
            f"{percent(bins.predicted[i])} said, {percent(bins.observed[i])} true, {count(int(bins.counts[i]))} rows"
            for i in full
        ),
        x_title="probability of the likeliest class",
        y_title="share true",
        x_ticks=tuple(Tick(left + t * wide, f"{t:g}") for t in ticks),
        y_ticks=tuple(Tick(bottom - t * tall, f"{t:g}") for t in ticks[::2]),
        line=line,
        dots=tuple(
            (x, y, round(2.5 + 3 * float(np.sqrt(bins.counts[i] / most)), 1))
            for i, (x, y) in zip(full, line, strict=True)
        ),
        bars=tuple(_bar(bins, int(i), left, wide) for i in full),
        diagonal=(left, bottom, right, top),
        frame=(left, top, right, bottom),
    )


def _bar(bins: Bins, i: int, left: float, wide: float) -> tuple[float, float, float, float]:
    """The rows of a bin in the strip below: left, top, width and height."""
    height = bins.counts[i] / bins.counts.max() * (_STRIP - 10)
    return (
        round(left + bins.edges[i] * wide + 1, 1),
        round(HEIGHT - _BOTTOM - height, 1),
        round((bins.edges[1] - bins.edges[0]) * wide - 2, 1),
        round(height, 1),
    )


def _steps(most: float) -> list[float]:
    """Round numbers from 0 to `most`, about four of them."""
    rough = most / 4
    size = 10.0 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return [float(value) for value in np.arange(0, most * 1.0001, step)]
