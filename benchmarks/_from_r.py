"""Real data sets of the R package mlbench, as R itself exports them: numbers, with indicator columns for factors."""

import io
import shutil
import subprocess
from typing import Any

import numpy as np

EXPORT = """
suppressWarnings(library(mlbench)); data(list = "{name}"); set <- na.omit({name})
y <- set[["{label}"]]; X <- set[setdiff(names(set), "{label}")]
X <- model.matrix(~ ., X)[, -1]
X <- X[, apply(X, 2, function(column) length(unique(column)) > 1)]
write.table(cbind(as.integer(factor(y)) - 1, X), sep = ",", row.names = FALSE, col.names = FALSE)
"""


def mlbench(name: str, label: str) -> tuple[Any, Any] | str:
    """(X, codes) of a set's complete rows and its columns of two values or more; or a sentence on what is missing."""
    if shutil.which("Rscript") is None:
        return "needs R and mlbench (Debian: r-base-core r-cran-mlbench)"
    code = EXPORT.format(name=name, label=label)
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"needs R's package mlbench (Debian: r-cran-mlbench); R says {done.stderr.strip()!r}"
    table = np.loadtxt(io.StringIO(done.stdout), delimiter=",")
    return np.ascontiguousarray(table[:, 1:]), table[:, 0].astype(np.int64)
