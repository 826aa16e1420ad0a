"""What a fit returns: Solution, its Status in words, and one Record an iteration."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from softgrad.optimize.separation import Separation

Array = npt.NDArray[np.float64]

STATUSES = ("converged", "max_iter", "stalled", "no_optimum", "stopped", "streaming")


class Status(str):
    """Why a fit ended: one of "converged", "max_iter", "stalled", "no_optimum", "stopped"; or "streaming".

    Attributes
    ----------
    sentence : str
        The same for people: the gap that was reached, why the fit ended, and what to do.
    separation : softgrad.optimize.separation.Separation or None
        Of "no_optimum" the direction and the classes that it separates, where that could be shown; its words are part
        of the sentence.
    """

    sentence: str
    separation: Separation | None

    def __new__(cls, name: str, sentence: str, separation: Separation | None = None) -> Self:
        if name not in STATUSES:
            raise ValueError(f"{name!r} is not a status; use one of {', '.join(STATUSES)}.")
        status = super().__new__(cls, name)
        status.sentence, status.separation = sentence, separation
        return status

    def retold(self, separation: Separation) -> Self:
        """The same of this separation in place of its own: in other columns, among more classes, or with names."""
        if self.separation is None:
            return self
        sentence = self.sentence.replace(self.separation.words, separation.words)
        return type(self)(str(self), sentence, separation)

    def named(self, classes: Sequence[Any] | None = None, features: Sequence[Any] | None = None) -> Self:
        """The same with labels for the classes and names for the columns; None leaves them as they are."""
        return self if self.separation is None else self.retold(self.separation.named(classes, features))

    def __getnewargs__(self) -> Any:
        return str(self), self.sentence, self.separation


class Record(NamedTuple):
    """One outer iteration: the state reached, and what it had cost by then.

    Attributes
    ----------
    iteration : int
        0 is the start.
    objective : float
        In nats.
    gap : float
        The best certified relative gap so far; nan where there is none.
    n_passes : float
        Full reads of X, or 4 * nnz * K flop, whichever is more.
    seconds : float
        Since the fit began.
    """

    iteration: int
    objective: float
    gap: float
    n_passes: float
    seconds: float


@dataclass(frozen=True)
class Solution:
    """A fitted softmax regression.

    Attributes
    ----------
    coef : ndarray of shape (n_classes, n_features)
    intercept : ndarray of shape (n_classes,)
        Zeros where none was fitted; ``-inf`` for a class without weight.
    objective : float
        Loss + penalty at (coef, intercept), in nats.
    gap : float
        Certified: ``(objective - optimum) / max(objective, 1e-12 log K)`` is at most this; nan where alpha = 0.
    decrement : float
        ``(1/2) g' H^+ g`` relative to the same; nan where it was not computed.
    n_passes : float
    n_iter : int
        Outer iterations.
    history : tuple of Record
    status : Status
    n_rounds, n_bytes : int
        For rows on a cluster, how often its workers were asked, and the bytes that this moved between machines, at
        most; else 0.

    Examples
    --------
    >>> import softgrad
    >>> solution = softgrad.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], alpha=0.1)
    >>> solution.coef.shape, str(solution.status), solution.gap <= 1e-8
    ((2, 1), 'converged', True)
    >>> len(solution.history) == solution.n_iter + 1  # with the start
    True
    """

    coef: Array
    intercept: Array
    objective: float
    gap: float
    decrement: float
    n_passes: float
    n_iter: int
    history: tuple[Record, ...]
    status: Status
    n_rounds: int = 0
    n_bytes: int = 0

    @property
    def separation(self) -> Separation | None:
        """Which classes are separated, and the direction: ``status.separation``.

        Examples
        --------
        >>> import softgrad
        >>> solution = softgrad.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1], alpha=0.0)
        >>> str(solution.status), solution.separation.coef.round(3).tolist()
        ('no_optimum', [[-0.894], [0.894]])
        """
        return self.status.separation

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        n_classes, n_features = self.coef.shape
        facts = {
            "status": f"{self.status}: {self.status.sentence}",
            "objective": f"{self.objective:.10g} nats",
            "certified gap": f"{self.gap:.2g}",
            "cost": f"{self.n_iter} iterations, {self.n_passes:.1f} passes over X",
            "coef": f"{n_classes} classes, {n_features} features",
        }
        rows = (
            f"<tr><th scope='row'>{name}</th><td>{escape(fact)}</td></tr>" for name, fact in facts.items()
        )
        return f"<table><caption>softgrad Solution</caption><tbody>{''.join(rows)}</tbody></table>"
