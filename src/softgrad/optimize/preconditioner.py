"""Which preconditioner, built from how many rows and at what cost, and the building itself."""

from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.optimize.block_preconditioner import block_preconditioner
from softgrad.optimize.conjugate_gradients import Preconditioner
from softgrad.optimize.diagonal_preconditioner import diagonal_preconditioner
from softgrad.optimize.full_preconditioner import full_preconditioner
from softgrad.optimize.kronecker_preconditioner import kronecker_preconditioner
from softgrad.optimize.objective import Iterate, Objective
from softgrad.rows.base import Point

Array = npt.NDArray[Any]

DIAGONAL, KRONECKER, BLOCKS, ALL_BLOCKS, FULL, ALL_FULL = range(6)
"""The forms, from the cheapest to the closest; two are from all rows where the ones before them are from a sample."""

OF_ALL_ROWS = {BLOCKS: ALL_BLOCKS, FULL: ALL_FULL}
OF_SAMPLE = {whole: sampled for sampled, whole in OF_ALL_ROWS.items()}

LARGEST_FULL = 2000
"""K d up to which the whole Hessian is factored: 32 MB, and 9 MB that stay."""
LARGEST_BLOCKS = 2e7
"""Entries of the K blocks up to which they are built: of each class in turn, 46 MB that stay."""
WIDEST = 3000
"""Features up to which a d x d matrix is factored."""
SPARSEST = 0.1
"""The share of stored entries below which the diagonal is taken: a Gram matrix would not stay sparse."""
NEGLIGIBLE = 1e-4
"""The curvature in each class, relative to the class's mean, of rows that are left out of the matrices."""
ROWS_A_PARAMETER = 10
FEWEST_ROWS = 2000


def forms(objective: Objective) -> tuple[int, ...]:
    """The forms that fit, the cheapest first: by memory for the matrices, and rows that are not sparse."""
    n_classes, width = objective.shape
    if width > WIDEST or objective.density < SPARSEST:
        return (DIAGONAL,)
    fits = {
        KRONECKER: True,
        BLOCKS: n_classes * width**2 <= LARGEST_BLOCKS,
        FULL: n_classes * width <= LARGEST_FULL,
    }
    fitting = [form for form, true in fits.items() if true]
    sampled = [
        form
        for form in fitting
        if form in OF_ALL_ROWS and sample_size(objective, form) < objective.rows.n_rows
    ]
    return tuple(sorted(fitting + [OF_ALL_ROWS[form] for form in sampled]))


def closest(objective: Objective) -> int:
    """The closest form that needs no more than a sample of the rows."""
    return max(form for form in forms(objective) if form not in OF_SAMPLE)


def sample_size(objective: Objective, form: int) -> int:
    """How many rows a preconditioner is built from: ten a parameter of its largest system, or all of them."""
    n_classes, width = objective.shape
    if form in OF_SAMPLE:
        return objective.rows.n_rows
    wanted = max(ROWS_A_PARAMETER * width * (n_classes if form == FULL else 1), FEWEST_ROWS)
    return wanted if wanted < 0.7 * objective.rows.n_rows else objective.rows.n_rows


def cost(objective: Objective, form: int) -> float:
    """About how many passes building the form takes, its factors included, where no row is left out."""
    n_classes, width = objective.shape
    share = sample_size(objective, form) / objective.rows.n_rows
    pairs = 0.5 * n_classes * (n_classes - 1)
    grams = {KRONECKER: 1, BLOCKS: n_classes, FULL: pairs}.get(OF_SAMPLE.get(form, form), 0)
    return share * (1 + grams * width / (4 * n_classes)) + cost_of_factors(objective, form)


def cost_of_factors(objective: Objective, form: int) -> float:
    """The part of :func:`cost` that reads no row."""
    n_classes, width = objective.shape
    flop = {
        KRONECKER: 10.0 * (width**3 + n_classes**3),
        BLOCKS: n_classes * width**3,
        FULL: (n_classes * width) ** 3,
    }
    return flop.get(OF_SAMPLE.get(form, form), 0.0) / (4.0 * n_classes * objective.rows.n_rows * width)


def build(objective: Objective, params: Array, form: int) -> Preconditioner:
    """The preconditioner of this form for the Hessian at `params`, from so many rows as :func:`sample_size` says."""
    size = sample_size(objective, form)
    if form == DIAGONAL or size == objective.rows.n_rows:
        return _from(objective.at(params).point, objective, form)
    sample = objective.rows.sample(size, seed=0)
    return _from(sample.at(*objective.split(params)), objective, form)


def _from(whole: Point, objective: Objective, form: int) -> Preconditioner:
    point = whole if form == DIAGONAL else whole.curved(NEGLIGIBLE)
    alpha, fit_intercept = objective.penalty.curvature, objective.fit_intercept
    kind = OF_SAMPLE.get(form, form)
    if kind == FULL:
        hessian = Iterate(
            objective, objective.join(point.coef, point.intercept), point, np.nan, np.empty(0)
        ).hessian
        return full_preconditioner(hessian, objective.shape[0], fit_intercept=fit_intercept)
    if kind == BLOCKS:
        grams, n_features = point.class_grams(NEGLIGIBLE), objective.rows.n_features
        return block_preconditioner(grams, len(point.coef), n_features, alpha, fit_intercept=fit_intercept)
    if kind == KRONECKER:
        between = whole.intercept_system()[1]
        return kronecker_preconditioner(point.gram(), between, alpha, fit_intercept=fit_intercept)
    diagonal = point.diagonal()[:, : objective.shape[1]] + objective.penalty_diagonal
    return diagonal_preconditioner(diagonal)
