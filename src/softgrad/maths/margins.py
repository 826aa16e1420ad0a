"""Which rows' margins a change of the logits raises, and which it lowers: pair by pair of classes.

The margin of a row labelled k over class l is ``z_k - z_l``. Where no margin falls, the loss never rises along the
change, however far it is followed; where one rises as well, it falls for ever (Albert and Anderson 1984).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def margin_shares(change: Array, targets: Array, shares: Array, slack: float) -> Array:
    """The weight of the rows whose margins rise, stay and fall, for each pair of classes.

    Parameters
    ----------
    change : ndarray of shape (K, n)
        Of the logits.
    targets : ndarray of shape (n,) or (n, K)
        Codes; or distributions, and a row is one of every class that has part of it, with its whole weight.
    shares : ndarray of shape (n,)
        The rows' weights; those of weight zero count nothing.
    slack : float
        >= 0. A margin that changes by no more stays.

    Returns
    -------
    ndarray of shape (3, K, K)
        Entries [0, k, l], [1, k, l], [2, k, l]: the weight of the rows of class k whose margin over l rises, stays,
        falls. Zero exactly where there is none; the diagonals are zero.
    """
    n_classes = len(change)
    result = np.zeros((3, n_classes, n_classes))
    for k in range(n_classes):
        labelled = targets == k if targets.ndim == 1 else targets[:, k] > 0
        members = np.flatnonzero(labelled & (shares > 0))
        part, weights = change[:, members], shares[members]
        margins = part[k] - part
        rises, falls = margins > slack, ~(margins >= -slack)
        result[:, k] = rises @ weights, ~(rises | falls) @ weights, falls @ weights
        result[:, k, k] = 0
    return result
