"""How a product's result is cut for the threads: by its shape alone, so that their number changes no bit."""

from itertools import pairwise, product

Block = tuple[slice, slice]


def blocks(shape: tuple[int, ...], size: tuple[int, int]) -> list[Block]:
    """Blocks of about this size that cover a matrix; two at least, so that two threads have work."""
    counts = [max(round(whole / part), 1) for whole, part in zip(shape, size, strict=True)]
    if counts == [1, 1]:
        counts[int(shape[1] > shape[0])] = min(2, max(shape))
    return list(product(pieces(shape[0], counts[0]), pieces(shape[1], counts[1])))


def pieces(size: int, count: int) -> list[slice]:
    """As many slices of nearly equal lengths that cover `size`."""
    ends = [size * i // count for i in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]
