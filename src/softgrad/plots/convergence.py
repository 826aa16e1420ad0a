"""Convergence: the certified gap against passes over X and against seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from softgrad.optimize.solution import Record, Solution
from softgrad.plots.canvas import Canvas, panels

__all__ = ["ConvergenceDisplay"]


@dataclass
class ConvergenceDisplay(Canvas):
    """How fast a fit came near its optimum.

    Parameters
    ----------
    history : sequence of Record
        Without a bound (alpha = 0) the distance of the objective from its lowest takes the gap's place.
    label : str, optional
        For a legend, where several fits are drawn on the same axes.

    Examples
    --------
    >>> import softgrad
    >>> from softgrad.plots import ConvergenceDisplay
    >>> solution = softgrad.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], alpha=0.1)
    >>> display = ConvergenceDisplay.from_solution(solution)
    >>> display.ax_.get_yscale()
    'log'
    """

    history: Sequence[Record]
    label: str | None = None

    @classmethod
    def from_estimator(cls, estimator: Any, *, label: str | None = None, ax: Any = None) -> Self:
        """Draw how a fitted SoftmaxRegression got there.

        Parameters
        ----------
        estimator : SoftmaxRegression
            Fitted in this process: model files do not hold the history.
        label : str, optional
        ax : Axes or array of two Axes, optional
            ``axes_`` of another display, to draw on top of it.

        Raises
        ------
        ValueError
            If there is no history.
        """
        check_is_fitted(estimator)
        return cls(estimator.history_, label).plot(ax)

    @classmethod
    def from_solution(cls, solution: Solution, *, label: str | None = None, ax: Any = None) -> Self:
        """Draw how a Solution of ``softgrad.fit`` came about; arguments as :meth:`from_estimator` has them."""
        return cls(solution.history, label).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the gap against passes and against seconds, on a log scale.

        Raises
        ------
        ValueError
            If there is no history.
        """
        if not self.history:
            raise ValueError("the fit has no history: a model file does not hold it, so draw it after fit.")
        gaps, meaning = _distances(self.history)
        axes = panels(ax, (1, 2), inches=(8.0, 3.4))
        for panel, name, title in zip(
            axes[0], ("n_passes", "seconds"), ("passes over X", "seconds"), strict=True
        ):
            costs = [getattr(record, name) for record in self.history]
            panel.semilogy(costs, gaps, marker="o", markersize=3, linewidth=1.4, label=self.label)
            panel.set(xlabel=title, ylabel=meaning)
            panel.grid(axis="y", color="0.9", linewidth=0.6)
            panel.spines[["top", "right"]].set_visible(False)
        if self.label is not None:
            axes[0, 0].legend(frameon=False, fontsize="small")
        self._keep(axes[0])
        return self


def _distances(history: Sequence[Record]) -> tuple[Any, str]:
    """What falls towards zero, nan where a log scale has no place for it, and what to call it."""
    gaps = np.array([record.gap for record in history], dtype=np.float64)
    meaning = "certified relative gap"
    if np.isnan(gaps).all():
        objective = np.array([record.objective for record in history])
        gaps, meaning = objective - objective.min(), "objective above its lowest (nats)"
    return np.where(np.isfinite(gaps) & (gaps > 0), gaps, np.nan), meaning
