"""Every public name as a typed program uses it: `make check` has mypy read this, with ``assert_type`` as the oracle."""

from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import softgrad
from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS

X: npt.NDArray[np.float64] = np.array([[0.0], [1.0], [2.0], [3.0]])
y = np.array([0, 1, 0, 1])
Array = npt.NDArray[np.float64]

assert_type(softgrad.__version__, str)

# The estimator.
model = softgrad.SoftmaxRegression(C=2.0, solver="newton")
assert_type(model.fit(X, y), softgrad.SoftmaxRegression)
assert_type(model.partial_fit(X, y, classes=[0, 1]), softgrad.SoftmaxRegression)
assert_type(model.save("model.softgrad"), None)
assert_type(softgrad.load("model.softgrad"), softgrad.SoftmaxRegression)
assert_type(model.score(X, y), float)
labels: npt.NDArray[Any] = model.predict(X)
proba: npt.NDArray[Any] = model.predict_proba(X)
logits: npt.NDArray[Any] = model.decision_function(X)
page: str = model.report(X, y).html

# Functions.
solution = softgrad.fit(X, y, alpha=0.1)
assert_type(solution, softgrad.Solution)
assert_type(solution.coef, Array)
assert_type(solution.gap, float)
assert_type(solution.status.sentence, str)
assert_type(softgrad.fit_path(X, y, [0.1, 1.0]), list[softgrad.Solution])
objective, by_coef, by_intercept = softgrad.loss_and_gradient(solution.coef, solution.intercept, X, y)
assert_type(objective, float)
product = softgrad.hessian_product(solution.coef, solution.intercept, by_coef, by_intercept, X)
rows = softgrad.open_rows("table.parquet", target="y", memory_limit="64MB")
assert_type(softgrad.SoftmaxRegression().fit(rows), softgrad.SoftmaxRegression)
softmax: npt.NDArray[Any] = softgrad.softmax(X)
log_softmax: npt.NDArray[Any] = softgrad.log_softmax(X, axis=0)
jacobian: npt.NDArray[Any] = softgrad.softmax_jacobian(X)

# Conventions.
assert_type(NUMPY, softgrad.Convention)
own = softgrad.Convention(samples="columns", intercept="separate", labels="one_hot")
for convention in (own, COLUMNS, PER_CLASS, LOG_LIKELIHOOD, softgrad.conventions.NUMPY):
    assert_type(convention.numpy_code(alpha=0.1), str)
    assert_type(convention.gradient(X, X, X), softgrad.Gradient)


# The checker.
def gradient(W: Array, X: Array, y: Array) -> Array:
    return NUMPY.gradient(W, X, y).weights


report = softgrad.check_gradient(gradient, X=X, y=np.eye(2)[y])
assert_type(report, softgrad.GradientReport)
assert_type(report.ok, bool)
assert_type(report.diagnoses, list[softgrad.Diagnosis])
assert_type([found.code for found in report.diagnoses], list[str])
assert_type(report.to_dict(), dict[str, Any])
assert_type(softgrad.assert_gradient(gradient, X=X, y=np.eye(2)[y]), None)
