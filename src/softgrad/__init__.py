"""softgrad: softmax regression. The gradient, checked; the fit, certified."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softgrad import conventions
    from softgrad.check.checker import assert_gradient, check_gradient
    from softgrad.check.report import Diagnosis, GradientReport
    from softgrad.estimator import SoftmaxRegression
    from softgrad.fitting import fit, fit_path
    from softgrad.functional import hessian_product, loss_and_gradient
    from softgrad.maths.convention import Convention, Gradient
    from softgrad.maths.logits import log_softmax, softmax, softmax_jacobian
    from softgrad.modelfile import load
    from softgrad.optimize.solution import Solution
    from softgrad.streaming.opening import open_rows

__all__ = [
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

_HOMES = {
    "Convention": "softgrad.maths.convention",
    "Diagnosis": "softgrad.check.report",
    "Gradient": "softgrad.maths.convention",
    "GradientReport": "softgrad.check.report",
    "SoftmaxRegression": "softgrad.estimator",
    "Solution": "softgrad.optimize.solution",
    "assert_gradient": "softgrad.check.checker",
    "check_gradient": "softgrad.check.checker",
    "fit": "softgrad.fitting",
    "fit_path": "softgrad.fitting",
    "hessian_product": "softgrad.functional",
    "load": "softgrad.modelfile",
    "log_softmax": "softgrad.maths.logits",
    "loss_and_gradient": "softgrad.functional",
    "open_rows": "softgrad.streaming.opening",
    "softmax": "softgrad.maths.logits",
    "softmax_jacobian": "softgrad.maths.logits",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that ``import softgrad`` stays light."""
    if name == "__version__":
        from importlib.metadata import version

        return version("softgrad")
    if name == "conventions":
        return import_module("softgrad.conventions")
    if name not in _HOMES:
        raise AttributeError(f"module 'softgrad' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
