"""The labels of a data table as codes, once the classes are known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.rows.flat import FlatFile
from softgrad.streaming.census import Census, Wanted, weights_of
from softgrad.streaming.dataset import Batch, Dataset
from softgrad.table.target import coded_target

__all__ = ["code_type", "codes_of", "write_labels"]


def code_type(n_classes: int) -> str:
    """The narrowest of the kernels' types that holds all codes."""
    return "u1" if n_classes <= 256 else "i4"


def codes_of(batch: Batch, census: Census) -> NDArray[Any]:
    """The index into the classes of each row."""
    target = census.columns.target
    labels, found = coded_target(batch.table.column(target.name), target)
    codes: NDArray[Any] = np.searchsorted(census.classes, labels).astype(code_type(len(census.classes)))[
        found
    ]
    return codes


def write_labels(
    dataset: Dataset, census: Census, wanted: Wanted, rows: int, codes: FlatFile, weights: FlatFile | None
) -> None:
    """Write the codes and the weights of all rows, from a pass over these two columns."""
    names = [wanted.target] if wanted.sample_weight is None else [wanted.target, wanted.sample_weight]
    for batch in dataset.batches(names, rows):
        codes.append(codes_of(batch, census))
        given = weights_of(batch, wanted.sample_weight)
        if weights is not None and given is not None:
            weights.append(given)
