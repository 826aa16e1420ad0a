"""A tile of thousands of classes, panel by panel of them: its loss and gradient, or a product with its Hessian.

The logits of such a tile outgrow the cache; sweeps over its rows would read them from memory, a page for each class.
A panel of classes stays in it from its product on: it becomes ``e_k = exp(z_k - top_p)`` at once, with its own largest
logit of each row, and leaves four sums a row, or of a product its part of ``p'a``. Those of all panels make what a row
has in common, an online log-sum-exp, and each panel needs one more look, before its part of the backward product::

    top    = max_p top_p          rest = sum_p exp(top_p - top) (sum_k e_k) - 1
    r_k    = share exp(top_p - top) e_k / (1 + rest)         the label's: minus the sum of the others'
    loss   = share (log1p(rest) - (z_label - top))

2 n d K flop for each product, n K exponentials, and memory for the tile's logits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.kernels import fused
from softgrad.kernels.blocks import pieces
from softgrad.kernels.choice import instruction_set
from softgrad.kernels.job import Job, Step, Sums, Targets
from softgrad.kernels.threads import Team

Array = npt.NDArray[Any]

MANY = 2048
"""Classes from which a tile is taken in panels."""

PANEL = 512
"""Classes of a panel, about."""


def takes(job: Job) -> bool:
    """Whether the job is a loss by codes, or a product at kept probabilities, of so many classes on dense rows."""
    if job.n_classes < MANY or not isinstance(job.X, np.ndarray) or job.targets is None or job.overwrites:
        return False
    if job.step == Step.CURVED:
        return job.directions == 1 and job.other is not None
    return job.step == Step.RESIDUAL and job.targets.codes is not None and instruction_set() is not None


def run(job: Job, part: slice, X: Array, team: Team, by_coef: Array | None) -> Sums | None:
    """The sums of the tile X, some of the job's rows; r X is added to `by_coef`. None where a sum is not finite.

    Parameters
    ----------
    job : Job
        That :func:`takes` accepts, its coef of the job's type.
    part : slice
        The tile's rows.
    X : ndarray of shape (t, d)
        Of the job's type.
    team : Team
    by_coef : ndarray of shape (K, d), or None
    """
    assert job.targets is not None
    tile = _Tile.of(job, part, X, by_coef)
    of_step = _residual if job.step == Step.RESIDUAL else _curved
    return of_step(tile, job.targets.part(part), team)


@dataclass(frozen=True)
class _Tile:
    """A tile in panels: its logits (K, t), which become r, and where the sums go."""

    job: Job
    part: slice
    X: Array
    panels: list[slice]
    z: Array
    by_intercept: Array
    by_coef: Array | None

    @classmethod
    def of(cls, job: Job, part: slice, X: Array, by_coef: Array | None) -> "_Tile":
        panels = pieces(job.n_classes, round(job.n_classes / PANEL))
        z = np.empty((job.n_classes, len(X)), job.dtype)
        return cls(job, part, X, panels, z, np.empty(job.n_classes), by_coef)

    def logits(self, p: int) -> Array:
        """A panel's logits (c, t), now computed; where they are kept, the job has a copy."""
        job, classes, z = self.job, self.panels[p], self.z[self.panels[p]]
        if job.coef is not None:
            np.matmul(job.coef[classes], self.X.T, out=z)
        else:
            assert job.logits is not None
            z[...] = job.logits[classes, self.part]
        if job.start is not None:
            z += job.start[classes, None].astype(z.dtype)
        if job.coef is not None and job.logits is not None:
            job.logits[classes, self.part] = z
        return z

    def pull_back(self, p: int, r: Array) -> None:
        """Sets and adds to the sums of a panel from its r (c, t)."""
        self.by_intercept[self.panels[p]] = r @ np.ones(len(self.X), r.dtype)
        if self.by_coef is not None:
            self.by_coef[self.panels[p]] += r @ self.X


def _residual(tile: _Tile, targets: Targets, team: Team) -> Sums | None:
    codes, shares, count = targets.labels.astype(np.int64), targets.each_share, len(tile.panels)
    sums = np.empty((count, 4, len(tile.X)), tile.z.dtype)

    def forward(p: int) -> None:
        _exponentials(tile.logits(p), codes - tile.panels[p].start, shares, sums[p])

    team(forward, range(count))
    if not np.isfinite(sums).all():
        return None
    label_panels = np.searchsorted([panel.stop for panel in tile.panels], codes, side="right")
    rows = _Rows.of(sums.astype(np.float64), label_panels, shares)

    def backward(p: int) -> None:
        r = tile.z[tile.panels[p]]
        r *= rows.factors[p].astype(r.dtype)
        own = np.flatnonzero(label_panels == p)
        r[codes[own] - tile.panels[p].start, own] = rows.of_label[own]
        tile.pull_back(p, r)

    team(backward, range(count))
    return Sums(rows.loss, tile.by_intercept, None)


def _curved(tile: _Tile, targets: Targets, team: Team) -> Sums:
    """``r = share p (a - p'a)`` for a direction's logits a; rows of no share are left out, even where p is NaN."""
    other, shares, count = tile.job.other, targets.each_share.astype(tile.z.dtype), len(tile.panels)
    assert other is not None
    means = np.empty((count, len(tile.X)), tile.z.dtype)

    def forward(p: int) -> None:
        np.einsum("ki,ki->i", other[tile.panels[p], tile.part], tile.logits(p), out=means[p])

    team(forward, range(count))
    mean = means.sum(axis=0)

    def backward(p: int) -> None:
        r = tile.z[tile.panels[p]]
        r -= mean
        r *= other[tile.panels[p], tile.part]
        r *= shares
        r[:, shares == 0] = 0
        tile.pull_back(p, r)

    team(backward, range(count))
    return Sums(0.0, tile.by_intercept, None)


def _exponentials(z: Array, codes: Array, shares: Array, sums: Array) -> None:
    """Puts e in the place of a panel's logits (c, t), whose classes `codes` count; `sums` (4, t) are set."""
    nothing = np.empty((z.shape[1], 0))
    fused.run(
        Job(
            nothing,
            Step.EXPONENTIALS,
            len(z),
            targets=Targets(shares, codes, None),
            logits=z,
            overwrites=True,
            single=z.dtype == np.float32,
            rows=sums,
        )
    )


@dataclass(frozen=True)
class _Rows:
    """What the panels' sums make: the loss, the factors of e (P, t), and the labels' residuals (t,)."""

    loss: float
    factors: Array
    of_label: Array

    @classmethod
    def of(cls, sums: Array, label_panels: Array, shares: Array) -> "_Rows":
        """From the sums (P, 4, t), the panels that the rows' labels lie in, and the rows' shares."""
        tops, totals, others, own = sums.transpose(1, 0, 2)
        top, each = tops.max(axis=0), np.arange(len(shares))
        factors = np.exp(tops - top)
        of_others = (factors * others).sum(axis=0)
        label = own[label_panels, each] + (tops[label_panels, each] - top)
        rest = np.where(label == 0, of_others, (factors * totals).sum(axis=0) - 1)
        scale = shares / (1 + rest)
        return cls(float(shares @ (np.log1p(rest) - label)), factors * scale, -of_others * scale)
