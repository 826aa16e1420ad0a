"""Time to a fitted optimum on raw data, side by side with scikit-learn on the same objective.

Each row is one data set at C = 1 with its columns as they come. The excess is a solver's objective above the best
one found, relative; softgrad's is at its default tol. Times are medians of several fits, interleaved. Run it alone:

    python benchmarks/fits.py
"""

import platform
import statistics
import time
import warnings

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import softgrad
from softgrad.kernels.choice import backend

REPEATS = 5
DATA = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}
MODELS = {
    "softgrad (auto)": lambda: softgrad.SoftmaxRegression(),
    "softgrad lbfgs": lambda: softgrad.SoftmaxRegression(solver="lbfgs"),
    "sklearn defaults (lbfgs)": lambda: LogisticRegression(),
    "sklearn lbfgs, 1000 iterations": lambda: LogisticRegression(max_iter=1000, tol=1e-8),
    "sklearn newton-cg, tol 1e-8": lambda: LogisticRegression(solver="newton-cg", max_iter=1000, tol=1e-8),
    "sklearn newton-cholesky, tol 1e-8": lambda: LogisticRegression(
        solver="newton-cholesky", max_iter=1000, tol=1e-8
    ),
}


def objective(model, X, y):
    """Mean loss + penalty, from the fitted coefficients, for both libraries alike."""
    codes = np.searchsorted(model.classes_, y)
    loss = -model.predict_log_proba(X)[np.arange(len(y)), codes].mean()
    return loss + 0.5 * (model.coef_**2).sum() / len(y)


def measure(X, y):
    """Median seconds and the objective reached, for each model."""
    seconds = {name: [] for name in MODELS}
    reached = {}
    for _ in range(REPEATS):
        for name, make in MODELS.items():
            if seconds[name] and seconds[name][0] > 5:
                continue
            began = time.perf_counter()
            model = make().fit(X, y)
            seconds[name].append(time.perf_counter() - began)
            reached[name] = objective(model, X, y)
    return {name: statistics.median(times) for name, times in seconds.items()}, reached


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"softgrad {softgrad.__version__} ({backend()} kernels), scikit-learn {sklearn.__version__},")
    print(f"NumPy {np.__version__}, Python {platform.python_version()}, {platform.machine()}")
    for name, load in DATA.items():
        X, y = load(return_X_y=True)
        seconds, reached = measure(X, y)
        best = min(reached.values())
        print(f"\n{name}: {X.shape[0]} x {X.shape[1]}, K = {len(np.unique(y))}, optimum {best:.10f}")
        print(f"  {'':36}{'ms':>10}{'excess':>12}")
        for model, value in reached.items():
            print(f"  {model:36}{1e3 * seconds[model]:10.1f}{value / best - 1:12.1e}")


if __name__ == "__main__":
    main()
