"""Numbers and names as the page writes them."""

import math

__all__ = ["count", "percent", "points", "power", "ratio", "sentence", "short", "significant"]

_MINUS = "\N{MINUS SIGN}"
_SPACE = "\N{NO-BREAK SPACE}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: int) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def significant(value: float, digits: int = 4) -> str:
    """A number to so many digits.

    >>> significant(-12.34567), significant(1234567.0)
    ('−12.35', '1,234,567')
    """
    if not math.isfinite(value):
        return "none" if math.isnan(value) else f"{_MINUS if value < 0 else ''}∞"
    size = abs(value)
    if size and not 1e-4 <= size < 1e9:
        return power(value, digits)
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace("-", _MINUS)
    return f"{value:.{digits}g}".replace("-", _MINUS)


def power(value: float, digits: int = 2) -> str:
    """A number times a power of ten.

    >>> power(6.44e-10).split()
    ['6.4', '×', '10⁻¹⁰']
    """
    if value == 0 or not math.isfinite(value):
        return significant(value) if value else "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}{_SPACE}×{_SPACE}10{str(int(exponent)).translate(_RAISED)}".replace("-", _MINUS)


def percent(share: float) -> str:
    """A share of one in percent.

    >>> percent(0.9611).split(), percent(0.0004).split(), percent(1.0).split()
    (['96.1', '%'], ['0.04', '%'], ['100', '%'])
    """
    value = 100 * share
    if value == 0 or value == 100:
        return f"{value:.0f}{_SPACE}%"
    if value < 1:
        return f"{significant(value, 1)}{_SPACE}%"
    return f"{min(value, 99.9) if value < 100 else value:.1f}{_SPACE}%"


def points(change: float) -> str:
    """A change of a probability, in percentage points with its sign.

    >>> points(0.1234), points(-0.0501)
    ('+12.3', '−5.0')
    """
    return f"{100 * change:+.1f}".replace("-", _MINUS)


def ratio(value: float) -> str:
    """A factor.

    >>> ratio(2.345).split(), ratio(0.01234).split(), ratio(12345.0).split()
    (['×', '2.35'], ['×', '0.012'], ['×', '12,345'])
    """
    return f"×{_SPACE}{significant(value, 2 if value < 1 else 3)}"


def sentence(words: str) -> str:
    """Words with a capital and a full stop.

    >>> sentence("it ended early")
    'It ended early.'
    """
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def short(text: str, most: int = 48) -> str:
    """A name, cut in the middle where it is too long to be read.

    >>> short("a" * 30 + "b" * 30, 12)
    'aaaaaa…bbbbb'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"
