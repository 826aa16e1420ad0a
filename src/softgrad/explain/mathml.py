"""MathML from small functions: every one takes and returns markup. Characters are written as HTML names (&alpha;)."""

from html import escape

__all__ = [
    "bold",
    "bracket",
    "fraction",
    "identifier",
    "math",
    "norm_squared",
    "number",
    "operator",
    "partial",
    "power",
    "row",
    "sub",
    "subsup",
    "total",
    "transposed",
]


def identifier(name: str) -> str:
    """A variable; several letters are set upright, as for log."""
    return f"<mi>{name}</mi>"


def bold(name: str) -> str:
    """A vector."""
    return f'<mi class="vector">{name}</mi>'


def number(text: str) -> str:
    """A number."""
    return f"<mn>{text}</mn>"


def operator(text: str) -> str:
    """An operator, written as its character."""
    return f"<mo>{text}</mo>"


def row(*parts: str) -> str:
    """Parts beside each other; a part without markup is an operator."""
    return "<mrow>" + "".join(part if part.startswith("<") else operator(part) for part in parts) + "</mrow>"


def sub(base: str, *below: str) -> str:
    """A base with indices below."""
    return f"<msub>{base}{row(*below)}</msub>"


def power(base: str, above: str) -> str:
    """A base with something above."""
    return f"<msup>{base}{above}</msup>"


def subsup(base: str, below: str, above: str) -> str:
    """A base with an index below and one above."""
    return f"<msubsup>{base}{below}{above}</msubsup>"


def fraction(above: str, below: str) -> str:
    """A fraction."""
    return f"<mfrac>{above}{below}</mfrac>"


def partial(above: str, below: str) -> str:
    """The partial derivative of one by the other."""
    return fraction(row("&part;", above), row("&part;", below))


def total(index: str, last: str) -> str:
    """The sum sign from index = 1 to last."""
    return f"<munderover><mo>&sum;</mo>{row(index, '=', number('1'))}{last}</munderover>"


def bracket(*parts: str) -> str:
    """Parts in parentheses."""
    return row("(", *parts, ")")


def transposed(base: str) -> str:
    """The transpose of a matrix."""
    return power(base, '<mi mathvariant="normal">T</mi>')


def norm_squared(base: str) -> str:
    """The squared Frobenius norm."""
    return power(row("&Vert;", base, "&Vert;"), number("2"))


def math(content: str, label: str = "") -> str:
    """A displayed formula, with words for those who cannot see it where the markup alone would not do."""
    words = f' aria-label="{escape(label)}"' if label else ""
    return f'<math display="block"{words}>{content}</math>'
