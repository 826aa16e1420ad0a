"""Bytes made out of valid files' bytes: flipped, cut, doubled, overwritten with what parsers trip over."""

import random

from hypothesis import strategies as st

__all__ = ["mutated", "mutations"]

TOKENS = [
    b"\x00",
    b"\xff",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\x00" * 16,
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b'"',
    b'""',
    b"'",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"nan",
    b"inf",
    b"-inf",
    b"1e999",
    b"-1",
    b"0",
    b"9" * 40,
    b"1e-400",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[" * 3000,
    b'{"a":' * 50,
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PAR1",
    b"ARROW1",
    b"\x1f\x8b",
    b"=1+1",
    b"NA",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"1.5.2",
    b"2024-01-01",
    b"%n%s",
    b"../",
    b"a" * 300,
]


def mutated(data: bytes, seed: int, n_changes: int) -> bytes:
    """The bytes after so many random changes; the same for the same seed."""
    draw, changed = random.Random(seed), bytearray(data)
    for _ in range(n_changes):
        place = draw.randrange(len(changed) + 1)
        length = min(draw.choice([1, 1, 2, 4, 8, 64, 1000]), len(changed) - place)
        match draw.randrange(7):
            case 0 if place < len(changed):
                changed[place] ^= 1 << draw.randrange(8)
            case 1 if place < len(changed):
                changed[place] = draw.randrange(256)
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length] * draw.choice([1, 2, 50])
            case 4:
                changed[place:place] = draw.choice(TOKENS)
            case 5:
                token = draw.choice(TOKENS)
                changed[place : place + len(token)] = token
            case 6 if draw.random() < 0.3:
                del changed[place:]
    return bytes(changed)


@st.composite
def mutations(draw, originals):
    """One of the originals, changed a little or much."""
    data = draw(st.sampled_from(originals))
    return mutated(data, draw(st.integers(0, 2**64)), draw(st.sampled_from([1, 1, 2, 3, 8, 30])))
