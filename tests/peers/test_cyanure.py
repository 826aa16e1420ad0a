"""cyanure's lambda_1, of its softmax and of its logistic loss."""

import pytest

from softgrad.migration import CYANURE, CYANURE_LOGISTIC
from tests.peers.rows import check_same_fit, proba, rows

estimators = pytest.importorskip("cyanure.estimators")

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.filterwarnings("default::UserWarning")]


def theirs(data, loss, lambda_1):
    model = estimators.Classifier(
        loss=loss,
        penalty="l2",
        lambda_1=lambda_1,
        tol=1e-13,
        max_iter=100_000,
        verbose=False,
        fit_intercept=True,
    )
    model.fit(data.X, data.y)
    rows_of = model.coef_.reshape(1, -1) if loss == "logistic" else model.coef_.T
    return proba(rows_of, model.intercept_.ravel(), data.X)


def test_lambda_of_the_softmax_loss():
    check_same_fit(CYANURE, 0.02, rows(3), theirs(rows(3), "multiclass-logistic", 0.02), 1e-6)


def test_lambda_of_the_logistic_loss():
    check_same_fit(CYANURE_LOGISTIC, 0.02, rows(2), theirs(rows(2), "logistic", 0.02), 1e-6)
