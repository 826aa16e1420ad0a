"""How a fit ended, for people: what was reached, why it ended, and what to do."""

from softgrad.optimize.separation import Separation
from softgrad.optimize.solution import Status


def by_gap(gap: float) -> str:
    """What the certificate proves."""
    if gap >= 1:
        return "no useful bound on the distance to the optimum was found"
    return f"the objective is proved to be within {gap:.2g} (relative) of the lowest possible"


def by_decrement(decrement: float) -> str:
    """What takes its place without a penalty."""
    return f"one more Newton step would gain {decrement:.2g} (relative; no bound exists without a penalty)"


def ended(name: str, steps: str, reached: str, tol: float, max_iter: int) -> Status:
    """The status of a fit that has an optimum, as far as is known.

    Parameters
    ----------
    name : {"converged", "max_iter", "stalled", "stopped"}
    steps : str
        How many iterations of which solver.
    reached : str
        :func:`by_gap` or :func:`by_decrement`.
    tol : float
    max_iter : int
    """
    asked = f"{reached}, where tol={tol:g} was asked for"
    endings = {
        "converged": f"{reached}, after {steps}.",
        "max_iter": f"{asked}: max_iter={max_iter} ended {steps}; "
        "raise max_iter, take solver='newton-pcg', or bring the columns to one scale.",
        "stalled": f"{asked}: after {steps} no step lowers the objective any more "
        "in floating point; raise tol, centre and scale the columns, or take a smaller C (a larger alpha).",
        "stopped": f"{asked}: the callback stopped the fit after {steps}.",
    }
    return Status(name, endings[name])


def no_optimum(steps: str, separation: Separation | None) -> Status:
    """The status of a fit without an optimum, and what was shown of the reason."""
    if separation is None:
        why = "Newton's steps lead to infinity, as where classes are separated, but which ones could not be shown"
    else:
        why = separation.words
    sentence = (
        f"without a penalty there is no optimum: {why}; after {steps} the loss still falls along a direction that has "
        "no end; fit with a finite C (alpha > 0)."
    )
    return Status("no_optimum", sentence, separation)
