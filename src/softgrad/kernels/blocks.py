"""How a product's result is cut for the threads: by its shape alone, so that their number changes no bit."""

from itertools import pairwise, product

Block = tuple[slice, slice]

FEWEST, SHORTEST = 4, 48
"""Blocks of a matrix, and rows or columns of a block that is made for their sake."""


def blocks(shape: tuple[int, ...], size: tuple[int, int]) -> list[Block]:
    """Blocks of about this size that cover a matrix; four at least where it is not small, so that threads have work."""
    counts = [max(round(whole / part), 1) for whole, part in zip(shape, size, strict=True)]
    while counts[0] * counts[1] < FEWEST:
        lengths = [whole / count for whole, count in zip(shape, counts, strict=True)]
        longer = int(lengths[1] > lengths[0])
        if lengths[longer] < 2 * SHORTEST:
            break
        counts[longer] *= 2
    return list(product(pieces(shape[0], counts[0]), pieces(shape[1], counts[1])))


def pieces(size: int, count: int) -> list[slice]:
    """As many slices of nearly equal lengths that cover `size`."""
    ends = [size * i // count for i in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]
