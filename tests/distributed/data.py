"""What the tests on a cluster fit."""

N_WORKERS = 4


def table(rng, n=4000, d=6, n_classes=4, offset=0.0):
    """X and codes of a softmax model, in blocks of unequal rows when cut at `CHUNKS`."""
    X = rng.normal(size=(n, d))
    codes = (X @ rng.normal(size=(d, n_classes)) + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    return X + offset, codes


CHUNKS = (700, 100, 400, 900, 1, 899, 500, 300, 200)
"""4000 rows in nine partitions: more than one node of the sums' tree has room for."""
