"""A learner as the estimator shows it: a Solution without objective or gap, and its sentence."""

import numpy as np

from softgrad.online.evidence import Evidence
from softgrad.online.learner import Learner
from softgrad.optimize.solution import Solution, Status


def as_solution(learner: Learner) -> Solution:
    """The coefficients so far; objective, gap and decrement are nan, as the rows they would be summed over are gone."""
    coef, intercept = learner.coef_and_intercept()
    passes = learner.work / learner.n_rows
    status = Status("streaming", _sentence(learner))
    return Solution(coef, intercept, np.nan, np.nan, np.nan, passes, learner.n_batches, (), status)


def _sentence(learner: Learner) -> str:
    scores = learner.scores
    batches = "1 batch" if learner.n_batches == 1 else f"{learner.n_batches} batches"
    recent = f", and {_figure(scores.recent)} over the last of them" if scores.recent.weight else ""
    return (
        f"{batches} of {learner.n_rows} rows in all were learned, each once; as they are gone no gap is known, but "
        f"scored before they were learned their log-loss was {_figure(scores.total)}{recent}; call partial_fit with "
        "more rows to go on."
    )


def _figure(evidence: Evidence) -> str:
    error = "" if np.isnan(evidence.error) else f" +- {evidence.error:.2g}"
    return f"{evidence.mean:.4g}{error} nats"
