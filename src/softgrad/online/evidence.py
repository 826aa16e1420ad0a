"""Progressive validation: each row's loss before it was learned, as a weighted mean with its standard error."""

from dataclasses import dataclass, field

import numpy as np

from softgrad.rows.kept import KeptPoint
from softgrad.rows.memory import MemoryRows


@dataclass(frozen=True)
class Evidence:
    """Losses l_i of rows that no parameter had seen when they were scored, with weights w_i.

    As each is an unbiased look at the model of its moment, their mean estimates the mean loss of these models on
    new rows (Blum, Kalai and Langford 1999).

    Attributes
    ----------
    weight : float
        ``W = sum w_i``.
    mean : float
        ``L = sum w_i l_i / W``, in nats.
    squares : tuple of three floats
        ``sum w_i^2 (l_i - L)^m`` for m = 0, 1, 2.
    """

    weight: float = 0.0
    mean: float = np.nan
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def error(self) -> float:
        """The mean's standard error ``sqrt(sum w_i^2 (l_i - L)^2) / W``, times ``sqrt(m / (m - 1))``.

        ``m = W^2 / sum w_i^2`` is the number of rows of equal weight that would count as much; nan where it is
        one. The rows are taken as independent, and what the model learned between them counts as spread.
        """
        count = self.weight**2 / self.squares[0] if self.squares[0] else 0.0
        if count <= 1 + 1e-9:
            return np.nan
        return float(np.sqrt(max(self.squares[2], 0.0) / (1 - 1 / count)) / self.weight)

    def plus(self, other: "Evidence") -> "Evidence":
        """The evidence of both lots of rows."""
        if not self.weight:
            return other
        if not other.weight:
            return self
        weight = self.weight + other.weight
        mean = self.mean + (other.mean - self.mean) * (other.weight / weight)
        lots = self._about(mean), other._about(mean)
        zeroth, first, second = (float(a + b) for a, b in zip(*lots, strict=True))
        return Evidence(weight, mean, (zeroth, first, second))

    def _about(self, mean: float) -> tuple[float, float, float]:
        shift = self.mean - mean
        zeroth, first, second = self.squares
        return zeroth, first + shift * zeroth, second + shift * (2 * first + shift * zeroth)


@dataclass(frozen=True)
class Scores:
    """The evidence of all rows, and of the last ones: of between the last half and three quarters of the weight.

    The first batch, scored when nothing was known, is never among the last ones.

    Attributes
    ----------
    total : Evidence
    before, now : Evidence
        Each begun when the weight had doubled since the one before it began.
    doubled : float
        The weight at which `now` becomes `before`.
    """

    total: Evidence = field(default_factory=Evidence)
    before: Evidence = field(default_factory=Evidence)
    now: Evidence = field(default_factory=Evidence)
    doubled: float = 0.0

    @property
    def recent(self) -> Evidence:
        return self.before.plus(self.now)

    def plus(self, batch: Evidence) -> "Scores":
        total = self.total.plus(batch)
        if not self.total.weight:
            return Scores(total, doubled=2 * total.weight)
        if total.weight < self.doubled:
            return Scores(total, self.before, self.now.plus(batch), self.doubled)
        return Scores(total, self.now, batch, 2 * total.weight)


def scored(point: KeptPoint, rows: MemoryRows) -> Evidence:
    """The evidence of a batch, from its point at parameters that it has not been learned into."""
    weight = rows.weight_sum
    zeroth, first, second = (weight**2 * moment for moment in point.loss_moments())
    return Evidence(weight, point.loss, (zeroth, first, second))
