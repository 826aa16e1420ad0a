"""A math renderer for Sphinx: formulas become MathML as the pages are made, so that they need no script and no font."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

SPACE = '<mspace width="0.17em"/>'
AFTER = re.compile(r"(<mi>(?:exp|log|ln)</mi>)(?!<mo[^>]*>&#x00028;)")
BEFORE = re.compile(r"(</mi>|</mn>|</msub>)(<mi>(?:exp|log|ln)</mi>)")


def mathml(formula: str, display: str) -> str:
    """The formula, with TeX's thin spaces beside the names of functions: after them where no bracket follows."""
    made = AFTER.sub(rf"\1{SPACE}", convert(formula, display=display))
    return BEFORE.sub(rf"\1{SPACE}\2", made)


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula" tabindex="0">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
