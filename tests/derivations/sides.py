"""What the documents' tests share: the sizes of the draws, and how two sides are written and compared.

A right side is written as the document prints it, entry by entry with plain sums; a left side that is a
derivative is the complex step (or 50-digit difference) of the value. Indices count from 0, ranges are the
document's.
"""

import numpy as np

# (samples, features, classes): all different, more features than samples, all equal (so that a wrong orientation
# fits and must be refuted by its numbers), and the smallest.
SIZES = [(7, 4, 3), (3, 5, 4), (4, 4, 4), (1, 3, 2)]
RTOL = 1e-13


def size_id(size):
    return "x".join(map(str, size))


def entries(shape, entry):
    """The array whose entry at each index is entry(*index)."""
    return np.array([entry(*index) for index in np.ndindex(*shape)]).reshape(shape)


def weights(rng, *shape, features):
    """Random weights that give logits of about one.

    The documents' 1 - s loses digits to cancellation where s is nearly 1: true equations would need a wide RTOL.
    """
    return rng.standard_normal(shape) / np.sqrt(features)


def indicator(condition):
    """1 where the condition holds, else 0: the documents' I(.) and Kronecker delta."""
    return 1 if condition else 0


def one_hot(rng, n_samples, n_classes):
    """(labels 0..K-1 in random order, every class among them where there are samples enough; rows of 0 and 1)."""
    labels = rng.permutation(np.arange(n_samples) % n_classes)
    return labels, entries((n_samples, n_classes), lambda i, k: indicator(labels[i] == k))


def distance(left, right):
    """Largest difference of two arrays of one shape, relative to the largest entry of both."""
    left, right = np.asarray(left), np.asarray(right)
    assert left.shape == right.shape
    largest = max(np.abs(left).max(), np.abs(right).max())
    return 0.0 if largest == 0 else np.abs(left - right).max() / largest


def agree(left, right):
    """Both sides are the same numbers, to RTOL of the largest."""
    assert distance(left, right) <= RTOL


def refuted(printed, truth):
    """The printed side is another number altogether."""
    assert distance(printed, truth) > 1e-3
