"""What a fit reached, in figures and in words."""

from typing import Any

import numpy as np

from softgrad.estimator import SoftmaxRegression

__all__ = ["certificate", "figures"]


def figures(estimator: SoftmaxRegression, **more: Any) -> dict[str, Any]:
    """Return what a fit reached: objective, certificate, status and cost."""
    return {
        "objective": float(estimator.objective_),
        "gap": float(estimator.gap_),
        "decrement": float(estimator.decrement_),
        "status": str(estimator.status_),
        "certificate": certificate(estimator),
        "n_iter": int(np.max(estimator.n_iter_)),
        "n_passes": float(estimator.n_passes_),
        **more,
    }


def certificate(estimator: SoftmaxRegression) -> str:
    """Return how near the optimum the fit is proved to be, or why it is not, in words."""
    gap = float(estimator.gap_)
    if estimator.status_ == "converged" and np.isfinite(gap):
        return f"within {gap:.1e} (relative) of the best possible"
    sentence = estimator.status_.sentence.rstrip(".")
    stopped = f"stopped at gap {gap:.1e}: " if np.isfinite(gap) else ""
    return f"{stopped}{sentence}"
