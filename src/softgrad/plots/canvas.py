"""What the plots draw on: axes given or made, the classes' colours, and users' names as text."""

from typing import Any

import numpy as np

from softgrad.extras import required

__all__ = ["Canvas", "class_colour", "class_marker", "key", "literal", "panels", "pyplot", "scatter_classes"]

# Okabe and Ito's colours, which colour-blind readers tell apart, darkened where they were too light for lines.
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b0578d",
    "#c78a00",
    "#3a9bd1",
    "#5b4b9a",
    "#8c5a3c",
    "#4d4d4d",
    "#8a8a00",
)
_MARKERS = "o^sDvPX<>*"
_LONGEST = 32


def pyplot() -> Any:
    """matplotlib.pyplot.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed; the sentence names the extra.
    """
    return required("matplotlib.pyplot", "softgrad.plots")


def class_colour(k: int) -> str:
    """The colour of class k; after ten classes they begin again."""
    return _COLOURS[k % len(_COLOURS)]


def class_marker(k: int) -> str:
    """The marker of class k; unlike the colours', its cycle is shifted every ten classes."""
    return _MARKERS[(k + k // len(_COLOURS)) % len(_MARKERS)]


def literal(name: Any) -> str:
    """A user's name on one line, cut in the middle, with nothing that matplotlib would read as mathematics.

    >>> literal("the distance of the second row from the first, in metres")
    'the distance o...rst, in metres'
    """
    text = " ".join(str(name).split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST // 2 - 2] + "..." + text[1 - _LONGEST // 2 :]
    return text.replace("$", r"\$")


class Canvas:
    """Base of the displays: it keeps what was drawn on.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        The first one.
    axes_ : ndarray of Axes
    """

    figure_: Any
    ax_: Any
    axes_: Any

    def _keep(self, axes: Any) -> None:
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object))
        self.ax_ = self.axes_.flat[0]
        self.figure_ = self.ax_.figure


def panels(ax: Any, shape: tuple[int, int], *, inches: tuple[float, float], heights: Any = None) -> Any:
    """Axes in rows and columns.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        Where to draw: nothing gives a new figure, one axes is divided, an array is used as it is.
    shape : tuple of int
        Rows and columns.
    inches : tuple of float
        Width and height of a new figure.
    heights : sequence of float, optional
        The rows' relative heights.

    Returns
    -------
    ndarray of Axes of the given shape

    Raises
    ------
    ValueError
        If an array of axes has too few.
    """
    plt = pyplot()
    if ax is None:
        figure = plt.figure(figsize=inches, layout="constrained")
        return figure.subplots(*shape, squeeze=False, height_ratios=heights)
    if isinstance(ax, np.ndarray | list | tuple):
        given = np.asarray(ax, dtype=object).ravel()
        if len(given) < shape[0] * shape[1]:
            raise ValueError(
                f"{len(given)} axes were given; pass {shape[0] * shape[1]}, or one to be divided."
            )
        return given[: shape[0] * shape[1]].reshape(shape)
    if shape == (1, 1):
        return np.array([[ax]], dtype=object)
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(*shape, height_ratios=heights)
    return grid.subplots(squeeze=False)


def key(ax: Any, handles: list[Any], names: list[str], **options: Any) -> None:
    """A legend; matplotlib leaves names out that begin with an underscore, unless a letterless sign goes before."""
    shown = ["\N{WORD JOINER}" + name if name.startswith("_") else name for name in names]
    ax.legend(handles, shown, frameon=False, fontsize="small", **options)


def scatter_classes(panel: Any, points: Any, codes: Any, names: list[str], **style: Any) -> list[Any]:
    """Rows as points with the colour and the marker of their class; the handles for a legend."""
    return [
        panel.scatter(
            *points[codes == k].T,
            s=20,
            color=class_colour(k),
            marker=class_marker(k),
            edgecolor="white",
            linewidth=0.4,
            **style,
        )
        for k in range(len(names))
    ]
