"""The report of a fit: one self-contained page. ``SoftmaxRegression.report`` and ``softgrad fit --report`` make it."""
