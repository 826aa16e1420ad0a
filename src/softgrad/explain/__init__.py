"""The derivation one can touch: one self-contained HTML page, made by :func:`softgrad.explain.page.page`."""
