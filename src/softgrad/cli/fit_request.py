"""What ``softgrad fit`` is asked for, and the one way in which it fits."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from softgrad.checkpointfile import CheckpointError
from softgrad.cli.exits import UserError
from softgrad.estimator import SoftmaxRegression
from softgrad.measures.figures import figures
from softgrad.table.errors import TableError

__all__ = ["Request", "fitted", "listed"]


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line; `parameters` are the estimator's, `memory_limit` is in bytes."""

    data: str
    target: str
    features: tuple[str, ...]
    exclude: tuple[str, ...]
    parameters: dict[str, Any]
    model: str | None
    report: str | None
    test_size: float
    seed: int
    impute: bool
    memory_limit: int | None = None
    cache: str | None = None
    checkpoint: str | None = None
    resume: bool = False

    def begun(self, data: dict[str, Any]) -> dict[str, Any]:
        """What there is to tell before any fit."""
        return {
            "command": "fit",
            "data": data,
            "parameters": self.parameters,
            "held_out": None,
            "fit": None,
            "model": self.model,
            "report": self.report,
        }


def fitted(
    parameters: dict[str, Any], rows: int, fit: Callable[[SoftmaxRegression], Any]
) -> tuple[SoftmaxRegression, dict[str, Any]]:
    """Fit an estimator with these parameters, and say what it reached.

    Raises
    ------
    UserError
        For what the estimator refuses.
    """
    from sklearn.exceptions import ConvergenceWarning

    estimator = SoftmaxRegression(**parameters)
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the status below says it
        try:
            fit(estimator)
        except (TableError, CheckpointError):
            raise
        except ValueError as error:
            raise UserError(f"cannot fit: {' '.join(str(error).split())}") from error
    return estimator, figures(estimator, seconds=perf_counter() - began, rows=rows)


def listed(values: tuple[str, ...], known: Sequence[str]) -> list[str]:
    """Split at commas, except where the whole is the name of a column."""
    parts = [[value] if value in known else value.split(",") for value in values]
    return [name.strip() if name not in known else name for part in parts for name in part if name.strip()]
