"""The public names: a frozen list, found without importing anything heavy, and no name that hides a module."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import softgrad

PUBLIC = [
    "Convention",
    "Diagnosis",
    "Gradient",
    "GradientReport",
    "SoftmaxRegression",
    "Solution",
    "__version__",
    "assert_gradient",
    "check_gradient",
    "conventions",
    "fit",
    "fit_path",
    "hessian_product",
    "load",
    "log_softmax",
    "loss_and_gradient",
    "open_rows",
    "softmax",
    "softmax_jacobian",
]
"""A name added here is a promise; one removed is a break."""

HEAVY = ["joblib", "narwhals", "pandas", "polars", "pyarrow", "rich", "scipy", "sklearn", "typer"]

EXTRAS = ["pandas", "polars", "pyarrow", "rich", "typer"]

FITTED = {"classes_", "coef_", "intercept_", "n_iter_", "n_features_in_"} | {
    "objective_",
    "gap_",
    "decrement_",
    "n_passes_",
    "history_",
    "status_",
}


def imported_after(statement):
    """The top-level packages that a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    path = [part for part in sys.path if part]
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.split()


def packages():
    root = importlib.import_module("softgrad")
    yield root
    for module in pkgutil.walk_packages(root.__path__, "softgrad."):
        if module.ispkg:
            yield importlib.import_module(module.name)


def test_names_are_the_frozen_ones():
    assert sorted(softgrad.__all__) == PUBLIC


def test_names_are_written_in_order():
    """Capitals and underscores before small letters, as sorted() has them."""
    assert sorted(softgrad.__all__) == list(softgrad.__all__)


def test_dir_shows_the_public_names():
    assert dir(softgrad) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_name_exists(name):
    assert getattr(softgrad, name) is not None


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_name_is_documented(name):
    assert getattr(softgrad, name).__doc__


def test_star_import_gives_the_public_names():
    found: dict[str, object] = {}
    exec("from softgrad import *", found)
    assert set(PUBLIC) <= set(found)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = softgrad.nothing


def test_version_is_the_distributions():
    assert softgrad.__version__[0].isdigit()


def test_import_is_light():
    assert not set(HEAVY) & set(imported_after("import softgrad"))


def test_maths_needs_numpy_only():
    loaded = imported_after("import softgrad; softgrad.softmax([0.0, 1.0]); softgrad.conventions.NUMPY")
    assert not set(HEAVY) & set(loaded)


def test_a_fit_imports_no_extra():
    """scikit-learn itself may import pandas where that is installed, and pandas pyarrow."""
    theirs = imported_after("import sklearn.linear_model")
    ours = imported_after(
        "import softgrad; softgrad.SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])"
    )
    assert not set(EXTRAS) & (set(ours) - set(theirs))


def test_no_package_exports_a_name_of_its_submodules():
    """`softgrad.conventions` is the module itself."""
    for package in packages():
        submodules = {module.name for module in pkgutil.iter_modules(package.__path__)}
        for name in submodules & (set(vars(package)) | set(getattr(package, "__all__", ()))):
            value = getattr(package, name)
            assert getattr(value, "__name__", None) == f"{package.__name__}.{name}"


def test_parameters_are_the_documented_ones():
    assert softgrad.SoftmaxRegression().get_params() == {
        "C": 1.0,
        "class_weight": None,
        "classes": None,
        "fit_intercept": True,
        "l1_ratio": 0.0,
        "max_iter": 1000,
        "n_jobs": None,
        "random_state": None,
        "solver": "auto",
        "tol": 1e-8,
        "verbose": 0,
        "warm_start": False,
    }


def test_fitted_attributes_are_the_documented_ones():
    model = softgrad.SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    assert {name for name in vars(model) if name.endswith("_") and not name.startswith("_")} == FITTED


def test_only_C_is_positional():
    assert softgrad.SoftmaxRegression(2.0).C == 2.0
    with pytest.raises(TypeError, match="positional"):
        softgrad.SoftmaxRegression(2.0, 0.0)
