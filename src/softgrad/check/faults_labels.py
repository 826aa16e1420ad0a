"""Mistakes in the labels, in the order of rows, and in which rows count."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.pipeline import Hypothesis
from softgrad.check.problem import Problem

Array = npt.NDArray[Any]

SAME_ROWS = (
    "features-differ-everywhere",
    "is right for X with its rows in another order: the same thing as labels in another order",
)


def of_labels(problem: Problem) -> list[Hypothesis]:
    """Labels left out, shifted, or in another order of the classes."""
    missing = "leaves the labels Y out: it uses P in place of P - Y"
    found = [Hypothesis("labels-missing", "labels", np.zeros_like, missing, "residual", "residual")]
    for shift in (1, -1):
        words = f"uses labels off by one (y {'+' if shift > 0 else '-'} 1), the last class lost"
        change = _shifting_out(shift)
        numbers = {"shift": shift}
        found.append(Hypothesis("labels-shifted", "labels", change, words, "labels", "residual", numbers))
    return found + _permuted(problem.n_classes)


def _shifting_out(shift: int) -> Any:
    def change(Y: Array) -> Array:
        moved = np.roll(Y, shift, axis=1)
        moved[:, 0 if shift > 0 else -1] = 0
        return moved

    return change


def _permuted(K: int) -> list[Hypothesis]:
    """Column k of the labels used is column order[k] of the right ones."""
    rotations = [tuple((k - shift) % K for k in range(K)) for shift in range(1, K)]
    others = itertools.permutations(range(K)) if K <= 5 else _simple_permutations(K)
    plain = [order for order in others if order != tuple(range(K)) and order not in rotations]
    swapped = {order for order in plain if sum(k != j for j, k in enumerate(order)) == 2}
    found = [_rotated(order, shift, K) for shift, order in enumerate(rotations, 1)]
    for order in plain:
        words = f"has the classes in another order than the one-hot columns: {list(order)}"
        numbers = {"permutation": list(order)}
        change = _reordering(order)
        rare = K > 3 and order not in swapped and order != tuple(reversed(range(K)))
        found.append(
            Hypothesis(
                "labels-permuted", "labels", change, words, "labels", "residual", numbers, rare=rare or K > 6
            )
        )
    return found


def _rotated(order: tuple[int, ...], shift: int, K: int) -> Hypothesis:
    by = shift if shift <= K // 2 else shift - K
    size, sign = abs(by), "+" if by > 0 else "-"
    words = f"uses labels off by {'one' if size == 1 else size} (y {sign} {size}, wrapped around)"
    tie = (
        "labels-permuted",
        f"has the classes in the order {list(order)}, a rotation, not the one-hot columns'",
    )
    numbers = {"shift": by, "permutation": list(order)}
    return Hypothesis(
        "labels-shifted",
        "labels",
        _reordering(order),
        words,
        "labels",
        "residual",
        numbers,
        ties=(tie,),
        rare=abs(by) > 1,
    )


def _reordering(order: tuple[int, ...]) -> Any:
    return lambda Y: Y[:, list(order)]


def _simple_permutations(K: int) -> list[tuple[int, ...]]:
    """Swaps, reversal, and the order of the classes' names sorted as text ('10' before '2')."""
    by_text = sorted(range(K), key=str)
    inverse = [by_text.index(k) for k in range(K)]
    swaps = [
        tuple(j if k == i else i if k == j else k for k in range(K))
        for i in range(K)
        for j in range(i + 1, K)
    ]
    return list(dict.fromkeys([tuple(reversed(range(K))), tuple(by_text), tuple(inverse), *swaps]))


def of_row_order(problem: Problem) -> list[Hypothesis]:
    """y, X or the X of the outer product in a well-known other order of rows."""
    found = []
    for name, order in _orders(problem).items():
        for what, used in (("the labels' rows", order), ("the rows of X", np.argsort(order))):
            moved = int((np.abs(problem.Y[used] - problem.Y).sum(axis=1) > 0).sum())
            words = f"pairs each sample with another one's label: {what} are {name}"
            numbers = {"rows_moved": moved, "order": name}
            found.append(
                Hypothesis(
                    "rows-misaligned",
                    "labels",
                    _taking(used),
                    words,
                    "labels",
                    "residual",
                    numbers,
                    ties=(SAME_ROWS,),
                )
            )
        words = f"multiplies the residual with rows of X that are {name}"
        numbers = {"which": "rows permuted", "order": name}
        found.append(
            Hypothesis("features-differ", "outer", _taking(order), words, "weights", "weights", numbers)
        )
    return found


def _taking(order: Array) -> Any:
    return lambda rows: rows[order]


def _orders(problem: Problem) -> dict[str, Array]:
    n = problem.n
    rows = np.arange(n)
    orders = {
        "reversed": rows[::-1],
        "moved on by one": np.roll(rows, 1),
        "moved back by one": np.roll(rows, -1),
        "sorted by class": np.argsort(problem.Y.argmax(axis=1), kind="stable"),
    }
    for seed in (0, 1, 42):
        orders[f"shuffled (RandomState({seed}))"] = np.random.RandomState(seed).permutation(n)
        orders[f"shuffled (default_rng({seed}))"] = np.random.default_rng(seed).permutation(n)
    return {name: order for name, order in orders.items() if not np.array_equal(order, rows)}


def of_rows(problem: Problem) -> list[Hypothesis]:
    """Rows that do not count, as far as they have a usual cause; others are recovered."""
    n = problem.n
    if n < 2:
        return []
    cases = {
        "only the last row counts (= for += in the loop, or a return inside it)": np.arange(n) == n - 1,
        "only the first row counts (a return inside the loop)": np.arange(n) == 0,
        "the last row is left out": np.arange(n) < n - 1,
        "the first row is left out": np.arange(n) > 0,
    }
    words = "leaves rows out: "
    return [
        Hypothesis(
            "rows-dropped",
            "rows",
            lambda R, kept=kept: R * kept[:, None],
            words + name,
            "weights",
            "weights",
            {"n_dropped": int(n - kept.sum())},
            scales=(n / float(kept.sum()),),
        )
        for name, kept in cases.items()
    ]
