"""Plots, in scikit-learn's Display convention: ``XDisplay.from_estimator(...)`` computes, ``plot(ax=None)`` draws.

Every display has, once it is drawn, ``figure_``, ``ax_`` (the axes, the first of them where there are several) and
``axes_`` (all of them). Where several are needed, one given axes is divided among them. matplotlib is imported when
something is drawn.
"""

from softgrad.plots.calibration import CalibrationDisplay
from softgrad.plots.coefficients import CoefficientsDisplay
from softgrad.plots.confusion import ConfusionDisplay
from softgrad.plots.convergence import ConvergenceDisplay
from softgrad.plots.path import PathDisplay
from softgrad.plots.regions import RegionsDisplay
from softgrad.plots.simplex import SimplexDisplay

__all__ = [
    "CalibrationDisplay",
    "CoefficientsDisplay",
    "ConfusionDisplay",
    "ConvergenceDisplay",
    "PathDisplay",
    "RegionsDisplay",
    "SimplexDisplay",
]
