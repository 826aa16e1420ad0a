"""R's glmnet: lambda of its multinomial and its binomial family, with weights, and its scaling of the columns."""

import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softgrad import SoftmaxRegression
from softgrad.migration import GLMNET, GLMNET_BINOMIAL
from tests.peers.rows import Rows, check_same_fit, proba, rows

LAMBDA = 0.05
SCRIPT = """
library(glmnet)
rows <- as.matrix(read.csv("rows.csv", header = FALSE))
d <- ncol(rows) - 2
fit <- glmnet(rows[, 1:d], factor(rows[, d + 1]), weights = rows[, d + 2], family = "FAMILY", alpha = 0,
              lambda = LAMBDA, standardize = STANDARDIZE, thresh = 1e-20, maxit = 1e8)
found <- coef(fit)
if (!is.list(found)) found <- list(found)
write.table(sapply(found, as.vector), "coef.csv", sep = ",", row.names = FALSE, col.names = FALSE)
cat(as.character(packageVersion("glmnet")))
"""


def has_glmnet() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True, check=False)
    return asked.returncode == 0


pytestmark = pytest.mark.skipif(
    not has_glmnet(), reason="needs R with glmnet: r-base-core and r-cran-glmnet on Debian"
)


def theirs(folder, data: Rows, family: str, *, weights=None, standardize=False):
    """glmnet's coefficients, (K, d) or (1, d), and intercepts."""
    weights = np.ones(len(data.y)) if weights is None else weights
    np.savetxt(folder / "rows.csv", np.column_stack([data.X, data.y, weights]), delimiter=",", fmt="%.17g")
    script = SCRIPT.replace("FAMILY", family).replace("LAMBDA", str(LAMBDA))
    (folder / "fit.R").write_text(script.replace("STANDARDIZE", str(standardize).upper()))
    done = subprocess.run(["Rscript", "fit.R"], cwd=folder, capture_output=True, text=True, check=True)
    print("glmnet", done.stdout)
    found = np.loadtxt(folder / "coef.csv", delimiter=",", ndmin=2)
    return found[1:].T, found[0]


@pytest.mark.parametrize("weighted", [False, True])
def test_lambda_of_the_multinomial_family(tmp_path, weighted):
    data = rows(3)
    weights = data.weights if weighted else None
    coef, intercept = theirs(tmp_path, data, "multinomial", weights=weights)
    check_same_fit(GLMNET, LAMBDA, data, proba(coef, intercept, data.X), 1e-7, weights)


def test_multinomial_family_of_two_classes_penalises_both_rows(tmp_path):
    data = rows(2)
    coef, intercept = theirs(tmp_path, data, "multinomial")
    check_same_fit(GLMNET, LAMBDA, data, proba(coef, intercept, data.X), 1e-7)


def test_lambda_of_the_binomial_family(tmp_path):
    data = rows(2)
    coef, intercept = theirs(tmp_path, data, "binomial")
    check_same_fit(GLMNET_BINOMIAL, LAMBDA, data, proba(coef, intercept, data.X), 1e-7)


def test_coefficients_are_in_the_same_gauge(tmp_path):
    data = rows(3)
    coef, intercept = theirs(tmp_path, data, "multinomial")
    ours = SoftmaxRegression(C=GLMNET.to_C(LAMBDA, **data.sizes), tol=1e-13).fit(data.X, data.y)
    assert_allclose(ours.coef_, coef, rtol=0, atol=1e-7)
    assert_allclose(ours.intercept_, intercept, rtol=0, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_its_standardised_columns_are_those_of_standard_scaler(tmp_path, weighted):
    """glmnet's default; the coefficients that it reports are of the raw columns again."""
    data = rows(3)
    weights = data.weights if weighted else np.ones(len(data.y))
    coef, intercept = theirs(tmp_path, data, "multinomial", weights=weights, standardize=True)
    model = SoftmaxRegression(C=GLMNET.to_C(LAMBDA, weight_sum=weights.sum(), n_classes=3), tol=1e-13)
    given = {f"{step}__sample_weight": weights for step in ("standardscaler", "softmaxregression")}
    pipeline = make_pipeline(StandardScaler(), model).fit(data.X, data.y, **given)
    assert_allclose(pipeline.predict_proba(data.X), proba(coef, intercept, data.X), rtol=0, atol=1e-7)
    assert_allclose(model.coef_ / pipeline[0].scale_, coef, rtol=0, atol=1e-6)
