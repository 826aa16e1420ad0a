"""Which classes have weight: a fit sees only those, its result tells of all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.solution import Solution
from softgrad.rows.base import Rows
from softgrad.rows.wrap import (
    as_given,
    as_rows,
    as_table,
    check_present,
    checked_targets,
    is_collection,
    is_rows,
    present,
    restricted,
)

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class PresentRows:
    """Rows of the classes that have weight, which of all the classes these are, and how many there are."""

    rows: Rows
    present: Array
    n_classes: int


@contextmanager
def present_rows(
    X: Any, y: npt.ArrayLike | None, sample_weight: npt.ArrayLike | None, n_classes: int | None
) -> Iterator[PresentRows]:
    """The rows of what was given; what a cluster keeps for them goes when the body ends, unless they came as Rows."""
    if is_collection(X):
        from softgrad.rows.dask import close, dask_rows

        rows = dask_rows(X, y, sample_weight=sample_weight, n_classes=n_classes)
        try:
            yield _given(rows)
        finally:
            close(rows)
    elif is_rows(X):
        given = as_given(X, y, sample_weight)
        if n_classes not in (None, given.n_classes):
            raise ValueError(
                f"n_classes={n_classes} was given, but these Rows have {given.n_classes} classes; leave it out."
            )
        yield _given(given)
    else:
        yield _arrays(as_table(X), y, sample_weight, n_classes)


def _given(rows: Rows) -> PresentRows:
    _check_all_present(rows)
    return PresentRows(rows, np.arange(rows.n_classes), rows.n_classes)


def _arrays(
    X: Any, y: npt.ArrayLike | None, sample_weight: npt.ArrayLike | None, n_classes: int | None
) -> PresentRows:
    targets, total = checked_targets(y, X.shape[0], n_classes)
    kept = present(targets, sample_weight)
    check_present(kept, total)
    seen = restricted(targets, kept, total)
    return PresentRows(as_rows(X, seen, sample_weight=sample_weight, n_classes=len(kept)), kept, total)


def _check_all_present(rows: Rows) -> None:
    """Arrays can leave classes without weight out; Rows hold theirs."""
    absent = np.flatnonzero(rows.class_weights <= 0)
    if absent.size:
        raise ValueError(
            f"the classes {absent.tolist()[:10]} of the {rows.n_classes} in these Rows have no weight; "
            "leave them out of the Rows' labels."
        )


def with_absent(solution: Solution, present: Array, n_classes: int) -> Solution:
    """The solution of the present classes among `n_classes`: the others at their exact limit, coef 0, intercept -inf.

    Parameters
    ----------
    solution : Solution
    present : ndarray of int
        Which class each of its rows belongs to.
    n_classes : int
    """
    if np.array_equal(present, np.arange(n_classes)):
        return solution
    coef = np.zeros((n_classes, solution.coef.shape[1]))
    intercept = np.full(n_classes, -np.inf)
    coef[present], intercept[present] = solution.coef, solution.intercept
    status = solution.status
    if status.separation is not None:
        status = status.retold(status.separation.among(present, n_classes))
    return replace(solution, coef=coef, intercept=intercept, status=status)
