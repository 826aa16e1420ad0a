"""matplotlib without a screen, and fitted models to draw."""

from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

from softgrad import SoftmaxRegression

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def iris() -> tuple[Any, Any, Any]:
    data = load_iris(as_frame=True)
    y = data.target_names[data.target]
    return SoftmaxRegression().fit(data.data, y), data.data, y


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any, Any]:
    X, y = load_digits(return_X_y=True)
    return SoftmaxRegression(C=0.01).fit(X, y), X, y


@pytest.fixture(scope="session")
def cancer() -> tuple[Any, Any, Any]:
    X, y = load_breast_cancer(return_X_y=True)
    return SoftmaxRegression().fit(X, y), X, y
