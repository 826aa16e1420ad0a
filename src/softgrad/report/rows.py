"""The case of a fitted estimator and rows as Python has them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.estimator import SoftmaxRegression
from softgrad.measures.codes import class_codes
from softgrad.report.case import Case, Linear, Sample
from softgrad.report.grid import grid_of_names
from softgrad.validation import check_features

__all__ = ["case_of_rows"]

_SAME = 1e-9


def case_of_rows(
    estimator: SoftmaxRegression,
    X: Any,
    y: Any,
    train: tuple[Any, Any] | None,
    shape: tuple[int, int] | None,
) -> Case:
    """What a report of these rows is about; arguments as ``SoftmaxRegression.report`` has them.

    Raises
    ------
    ValueError
        If X does not have the columns that were fitted, y is not one of the classes a row, or `shape` does not hold
        the features.
    """
    measured = _sample(estimator, X, y)
    fitted = measured if train is None else _sample(estimator, *train)
    names = getattr(estimator, "feature_names_in_", None)
    known = (
        tuple(f"feature {j}" for j in range(estimator.n_features_in_))
        if names is None
        else tuple(map(str, names))
    )
    _check_shape(shape, len(known))
    relation = (
        "held out" if train is not None else "of the fit" if _of_the_fit(estimator, measured) else "given"
    )
    return Case(
        estimator=estimator,
        names=known,
        table=X if train is None else train[0],
        fitted=fitted,
        measured=measured,
        relation=relation,
        row_numbers=np.arange(len(measured.codes)),
        counted="rows are counted from 0, as X[row] has them",
        command=f"from softgrad import SoftmaxRegression\n\nmodel = {estimator!r}\nmodel.fit(X, y)",
        target=_name_of(y),
        shape=shape or grid_of_names(known),
    )


def _sample(estimator: SoftmaxRegression, X: Any, y: Any) -> Sample:
    features = check_features(estimator, X, reset=False)
    return Sample(features, class_codes(y, estimator.classes_, features.shape[0]))


def _name_of(y: Any) -> str:
    name = getattr(y, "name", None)
    return name if isinstance(name, str) else ""


def _check_shape(shape: tuple[int, int] | None, n_features: int) -> None:
    if shape is not None and np.prod(shape) != n_features:
        raise ValueError(
            f"shape={shape} was given for {n_features} features; pass rows and columns whose product that is."
        )


def _of_the_fit(estimator: SoftmaxRegression, sample: Sample) -> bool:
    """Whether the fit's objective comes out on these rows, which then are those of the fit."""
    rows, weight_sum = getattr(estimator, "_rows", (None, None))
    if rows != len(sample.codes) or estimator.class_weight is not None or weight_sum != rows:
        return False
    linear = Linear.of(estimator)
    loss = _loss(linear.logits(sample.X), sample.codes)
    coef = linear.coef[1:] if len(estimator.classes_) == 2 else linear.coef
    objective = loss + (coef**2).sum() / (2 * float(estimator.C) * rows)
    return bool(abs(objective - estimator.objective_) <= _SAME * objective)


def _loss(logits: NDArray[Any], codes: NDArray[Any]) -> float:
    from softgrad.maths.logits import log_softmax

    return float(-np.asarray(log_softmax(logits))[np.arange(len(codes)), codes].mean())
