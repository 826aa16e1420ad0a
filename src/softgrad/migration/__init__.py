"""Coming from another library, or going to one: the strength of the L2 (ridge) penalty, and the reference class.

==================== ================= ================================================================== ===========
preset               its parameter     what the library minimises (losses in nats)                        two classes
==================== ================= ================================================================== ===========
``SCIKIT_LEARN``     ``C``             ``C sum_i w_i loss_i + 1/2 ||coef||^2``                            difference
``SGD_CLASSIFIER``   ``alpha``         ``mean_i loss_i + alpha/2 ||coef||^2``                             only these
``GLMNET``           ``lambda``        ``mean_i w_i loss_i + lambda/2 ||beta||^2`` (w_i of mean 1)        both rows
``GLMNET_BINOMIAL``  ``lambda``        the same of one row                                                only these
``SPARK``            ``regParam``      ``sum_i w_i loss_i / sum_i w_i + regParam/2 ||coefficients||^2``   difference
``CYANURE``          ``lambda_1``      ``mean_i loss_i + lambda_1/2 ||w||^2``                             both rows
``CYANURE_LOGISTIC`` ``lambda_1``      the same of one row                                                only these
``PYTORCH``          ``weight_decay``  ``mean_i loss_i + weight_decay/2 ||weight||^2``                    both rows
``STATSMODELS_GLM``  ``alpha``         ``-llf/nobs + alpha/2 ||params||^2`` of one row                    only these
==================== ================= ================================================================== ===========

None of them penalises the intercept where it is used as docs/migration.md says, which also has what the numbers do not
tell: glmnet and Spark scale the columns unless told not to, PyTorch decays the bias unless told not to. Every row of
the table is tested against the library itself.
"""

from softgrad.migration.reference import from_reference, to_reference
from softgrad.migration.strength import (
    CYANURE,
    CYANURE_LOGISTIC,
    GLMNET,
    GLMNET_BINOMIAL,
    PYTORCH,
    SCIKIT_LEARN,
    SGD_CLASSIFIER,
    SPARK,
    STATSMODELS_GLM,
    PenaltyConvention,
)

__all__ = [
    "CYANURE",
    "CYANURE_LOGISTIC",
    "GLMNET",
    "GLMNET_BINOMIAL",
    "PYTORCH",
    "SCIKIT_LEARN",
    "SGD_CLASSIFIER",
    "SPARK",
    "STATSMODELS_GLM",
    "PenaltyConvention",
    "from_reference",
    "to_reference",
]
