"""Slow, plain and independent writings of the formulas, against which the tests judge softgrad."""
