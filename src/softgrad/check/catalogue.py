"""The bank of exact hypotheses: one declaration each.

To add one, add its declaration to the file of its step (``faults_*.py``) and its planted fault to tests/check.
"""

from softgrad.check.faults_features import of_features
from softgrad.check.faults_labels import of_labels, of_row_order, of_rows
from softgrad.check.faults_model import of_logits, of_output, of_place, of_proba, of_residual
from softgrad.check.pipeline import Hypothesis
from softgrad.check.problem import Problem


def catalogue(problem: Problem) -> list[Hypothesis]:
    """All hypotheses that make sense on the problem's data; of equal ones, the likelier first."""
    return [
        *of_proba(),
        *of_logits(),
        *of_residual(),
        *of_labels(problem),
        *of_rows(problem),
        *of_row_order(problem),
        *of_features(problem),
        *of_output(problem),
        *of_place(problem),
    ]
