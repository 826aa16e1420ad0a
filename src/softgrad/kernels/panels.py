"""A tile's loss and gradient where classes are thousands: panel by panel of them, through an online log-sum-exp.

The logits of such a tile outgrow the cache; sweeps over its rows would read them from memory, a page for each class.
A panel of classes stays in it from its product on: it becomes ``e_k = exp(z_k - top_p)`` at once, with its own largest
logit of each row, and leaves four sums a row. Those of all panels make the row's factors, and each panel needs one more
look, before its part of the backward product::

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
    """Whether the job is the loss of so many classes on dense rows labelled by codes, and its r is not kept."""
    return (
        job.n_classes >= MANY
        and job.step == Step.RESIDUAL
        and isinstance(job.X, np.ndarray)
        and job.targets is not None
        and job.targets.codes is not None
        and not job.overwrites
        and instruction_set() is not None
    )


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
    targets = job.targets.part(part)
    codes, shares = targets.labels.astype(np.int64), targets.each_share
    panels = pieces(job.n_classes, round(job.n_classes / PANEL))
    count = len(panels)
    z, sums = np.empty((job.n_classes, len(X)), job.dtype), np.empty((count, 4, len(X)), job.dtype)

    def forward(p: int) -> None:
        _put_logits(job, part, X, panels[p], z[panels[p]])
        _exponentials(z[panels[p]], codes - panels[p].start, shares, sums[p])

    team(forward, range(count))
    if not np.isfinite(sums).all():
        return None
    label_panels = np.searchsorted([panel.stop for panel in panels], codes, side="right")
    rows = _Rows.of(sums.astype(np.float64), label_panels, shares)
    by_intercept, ones = np.empty(job.n_classes), np.ones(len(X), job.dtype)

    def backward(p: int) -> None:
        r = z[panels[p]]
        r *= rows.factors[p].astype(job.dtype)
        own = np.flatnonzero(label_panels == p)
        r[codes[own] - panels[p].start, own] = rows.of_label[own]
        by_intercept[panels[p]] = r @ ones
        if by_coef is not None:
            by_coef[panels[p]] += r @ X

    team(backward, range(count))
    return Sums(rows.loss, by_intercept, None)


def _put_logits(job: Job, part: slice, X: Array, classes: slice, z: Array) -> None:
    """A panel's logits (c, t) into `z`, and where they are kept, into the job's."""
    if job.coef is not None:
        np.matmul(job.coef[classes], X.T, out=z)
    else:
        assert job.logits is not None
        z[...] = job.logits[classes, part]
    if job.start is not None:
        z += job.start[classes, None].astype(z.dtype)
    if job.coef is not None and job.logits is not None:
        job.logits[classes, part] = z


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
