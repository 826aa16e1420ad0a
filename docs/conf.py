"""How the documents become a site: ``make docs``. Every warning is an error; the pages load nothing from elsewhere."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_site"))

project = "softgrad"
author = "the softgrad developers"
project_copyright = author
release = version = version_of("softgrad")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "mathml", "commands"]
nitpicky = True

source_suffix = {".md": "markdown"}
exclude_patterns = ["images"]
default_role = "code"
highlight_language = "none"
smartquotes = False  # quotes and dashes are code here: "newton", --model

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]  # as code hosts write display formulas
myst_heading_anchors = 3
myst_dmath_double_inline = False

autodoc_typehints = "none"  # numpydoc's sections hold types, shapes and units
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autosummary_generate = False  # numpydoc loads it for tables of members, which are not made
numpydoc_show_class_members = False

html_theme = "furo"
html_title = "softgrad"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_math_renderer = "mathml"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "github-dark"
