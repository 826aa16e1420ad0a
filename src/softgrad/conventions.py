"""The four founding documents' conventions, as presets of :class:`softgrad.Convention`.

==================  =======  ====================  =========  =======  ==============================
preset              samples  weights               intercept  labels   objective
==================  =======  ====================  =========  =======  ==============================
``NUMPY``           rows     features x classes    none       one-hot  mean loss
``PER_CLASS``       rows     classes x features    separate   index    mean loss
``LOG_LIKELIHOOD``  rows     classes x features    none       one-hot  sum of the log-likelihood
``COLUMNS``         columns  classes x features    separate   one-hot  mean loss
==================  =======  ====================  =========  =======  ==============================
"""

from softgrad.maths.convention import Convention

__all__ = ["COLUMNS", "LOG_LIKELIHOOD", "NUMPY", "PER_CLASS"]

NUMPY = Convention(labels="one_hot")
"""The first document: ``dJ/dw = -(1/m) x' (y - s)``."""

PER_CLASS = Convention(weights="classes_by_features", intercept="separate")
"""The second document: ``dJ/dw_k = (1/m) sum_i (f_k - 1[y_i = k]) x_i``, equation (3)."""

LOG_LIKELIHOOD = Convention(
    weights="classes_by_features", objective="log_likelihood", reduction="sum", labels="one_hot"
)
"""The third document: ``dL/dw_ij = sum_n (y_ni - softmax_i) x_j``, to be maximised."""

COLUMNS = Convention(samples="columns", weights="classes_by_features", intercept="separate", labels="one_hot")
"""The fourth document: ``dL/dtheta = (1/n) (A - Y) X'``, equation (13), and ``dL/db``, equation (16)."""
