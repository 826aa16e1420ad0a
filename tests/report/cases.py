"""Fits to report on: small ones of every kind, and one whose names are hostile."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import train_test_split

from softgrad import SoftmaxRegression

HOSTILE = {
    "script": "<script>alert('a')</script>",
    "quotes": "\"><img src=x onerror='alert(1)'>",
    "long": "a very long name " * 20 + "without end" * 30,
    "rtl": "אורך עלה הכותרת \u202e(מ״מ)",
    "template": "{{ 7 * 7 }} {% raw %} &amp; &lt;b&gt;",
    "lines": "a name\nof two lines\tand $\\frac{1}{2}$",
}


def split(X: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """Training and held-out rows, then their classes."""
    return tuple(train_test_split(X, y, test_size=0.25, random_state=0, stratify=y))


def held_out(X: Any, y: Any, **parameters: Any) -> Any:
    """The report of a fit to three quarters of the rows, measured on the rest."""
    train, test, y_train, y_test = split(X, y)
    model = SoftmaxRegression(**parameters).fit(train, y_train)
    return model.report(test, y_test, train=(train, y_train))


def iris() -> Any:
    data = load_iris(as_frame=True)
    return held_out(data.data, data.target_names[data.target])


def cancer() -> Any:
    data = load_breast_cancer(as_frame=True)
    return held_out(data.data, data.target_names[data.target])


def digits() -> Any:
    data = load_digits(as_frame=True)
    return held_out(data.data, data.target)


def hostile() -> Any:
    rng = np.random.default_rng(0)
    names = list(HOSTILE.values())
    y = rng.choice(names, size=240, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    X = rng.normal(size=(240, len(names))) + np.eye(len(names))[[names.index(label) for label in y]]
    return held_out(pd.DataFrame(X, columns=names), pd.Series(y, name=HOSTILE["script"]))


def crowded() -> Any:
    """As much as a page can hold: twelve classes with long names, forty columns, every warning."""
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(12), [60] * 11 + [6])
    X = rng.normal(size=(len(codes), 40)) + 4 * np.eye(40)[codes]
    X[:, 20] = X[:, 21] + 1e-6 * rng.normal(size=len(X))
    X[:, 22] = codes == 3
    X[:, 23] = 1.0
    frame = pd.DataFrame(X, columns=[f"measured quantity number {j}" for j in range(40)])
    return held_out(frame, np.array([f"class with the name {k}" for k in range(12)])[codes])


PAGES = {"iris": iris, "cancer": cancer, "digits": digits, "hostile": hostile, "crowded": crowded}
