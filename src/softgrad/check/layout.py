"""The blocks of a gradient in the convention's own layout, and what other orders make of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[Any]


def laid_out(blocks: Blocks, problem: Problem) -> Array:
    """The weights as the convention has them, a folded intercept among them."""
    weights = blocks.weights
    if problem.folded and blocks.intercept is not None:
        constant = blocks.intercept[:, None]
        parts = [constant, weights] if problem.convention.intercept == "first" else [weights, constant]
        weights = np.concatenate(parts, axis=1)
    return weights if problem.convention.weights == "classes_by_features" else weights.T


def taken_apart(array: Array, problem: Problem, intercept: Array | None = None) -> Blocks:
    """The inverse of :func:`laid_out`; a separate intercept is passed along."""
    weights = array if problem.convention.weights == "classes_by_features" else array.T
    if not problem.folded:
        return Blocks(weights, intercept)
    column = 0 if problem.convention.intercept == "first" else weights.shape[1] - 1
    return Blocks(np.delete(weights, column, axis=1), weights[:, column])


def transposed(blocks: Blocks, problem: Problem) -> Blocks | None:
    """W' for W where it is square, else None."""
    array = laid_out(blocks, problem)
    if array.shape[0] != array.shape[1] or array.size == 1:
        return None
    return taken_apart(array.T, problem, blocks.intercept)


def other_orders(problem: Problem) -> list[Callable[[Blocks, Problem], Blocks]]:
    """Flattened in one order and read in another, as far as that moves anything."""
    moves: list[Callable[[Blocks, Problem], Blocks]] = [_reader("F", "C"), _reader("C", "F")]
    if problem.convention.intercept == "separate":
        moves += [_intercept_first, _class_by_class]
    start = problem.place(np.random.default_rng(0))
    return [move for move in moves if not np.array_equal(move(start, problem).vector(), start.vector())]


def _reader(written: Any, read: Any) -> Callable[[Blocks, Problem], Blocks]:
    def change(blocks: Blocks, problem: Problem) -> Blocks:
        array = laid_out(blocks, problem)
        return taken_apart(array.ravel(written).reshape(array.shape, order=read), problem, blocks.intercept)

    return change


def _from_vector(vector: Array, blocks: Blocks, problem: Problem) -> Blocks:
    """A flat gradient read in the convention's order: the weights, then the intercept."""
    shape = laid_out(blocks, problem).shape
    size = shape[0] * shape[1]
    return taken_apart(vector[:size].reshape(shape), problem, vector[size:])


def _intercept_first(blocks: Blocks, problem: Problem) -> Blocks:
    assert blocks.intercept is not None
    flat = np.concatenate([blocks.intercept, laid_out(blocks, problem).ravel()])
    return _from_vector(flat, blocks, problem)


def _class_by_class(blocks: Blocks, problem: Problem) -> Blocks:
    assert blocks.intercept is not None
    flat = np.concatenate([blocks.weights, blocks.intercept[:, None]], axis=1).ravel()
    return _from_vector(flat, blocks, problem)
