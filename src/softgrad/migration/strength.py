"""The strength of the L2 (ridge) penalty, as other libraries write it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from softgrad.maths.choices import check_choices
from softgrad.scalars import check_number, check_whole

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
]

Reduction = Literal["mean", "sum"]
Multiplied = Literal["penalty", "loss"]
TwoClasses = Literal["both_rows", "difference", "only_difference"]


@dataclass(frozen=True)
class PenaltyConvention:
    """How a library writes its L2 penalty, and the exact maps of its strength to and from softgrad's.

    Parameters
    ----------
    parameter : str, default "strength"
        What the library calls the strength; for messages.
    reduction : {"mean", "sum"}, default "mean"
        Of the weighted losses: ``sum_i w_i loss_i / sum_i w_i`` or ``sum_i w_i loss_i``.
    factor : float, default 0.5
        In front of the penalty: 0.5 for ``1/2 ||coef||^2``, 1.0 for ``||coef||^2``.
    multiplies : {"penalty", "loss"}, default "penalty"
        What the strength multiplies: the penalty, as most have it, or the losses, as scikit-learn's C.
    two_classes : {"both_rows", "difference", "only_difference"}, default "both_rows"
        What is penalised where there are two classes: both rows of coefficients as with more classes, or the one row
        that is their difference; "only_difference" where the library has no softmax model for more.

    Examples
    --------
    A fit of ``glmnet(x, y, family = "multinomial", alpha = 0, lambda = 0.02, standardize = FALSE)`` on 150 rows:

    >>> round(GLMNET.to_C(0.02, weight_sum=150, n_classes=3), 6)
    0.333333

    A library that is not here, with ``sum_i loss_i + decay ||W||^2``:

    >>> PenaltyConvention("decay", reduction="sum", factor=1.0).to_alpha(0.3, weight_sum=150, n_classes=3)
    0.004
    """

    parameter: str = "strength"
    reduction: Reduction = "mean"
    factor: float = 0.5
    multiplies: Multiplied = "penalty"
    two_classes: TwoClasses = "both_rows"

    def __post_init__(self) -> None:
        check_number("factor", self.factor, "a finite number > 0", positive=True)
        check_choices(self)

    def to_alpha(self, strength: float, *, weight_sum: float, n_classes: int) -> float:
        """The alpha of :func:`softgrad.fit`, ``sum_i w_i loss_i / sum_i w_i + alpha/2 ||coef||^2``, for a strength.

        ``alpha = 2 factor strength``, or ``2 factor / strength`` where the strength multiplies the losses; divided by
        ``weight_sum`` where these are summed; doubled for two classes where their difference is penalised, whose
        square is twice that of both symmetric rows together.

        Parameters
        ----------
        strength : float
            >= 0, the library's number; where it multiplies the losses, > 0 and ``np.inf`` for no penalty.
        weight_sum : float
            ``sum_i w_i``: the number of rows where there are no weights.
        n_classes : int

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If a number is out of its range, the library has no such model, or the result overflows.

        Examples
        --------
        >>> SCIKIT_LEARN.to_alpha(1.0, weight_sum=200, n_classes=3)   # 1 / (C sum w)
        0.005
        >>> SCIKIT_LEARN.to_alpha(1.0, weight_sum=200, n_classes=2)
        0.01
        >>> GLMNET.to_alpha(0.01, weight_sum=200, n_classes=3)        # lambda
        0.01
        """
        factor, divisor = self._factors(weight_sum, n_classes)
        if self.multiplies == "penalty":
            check_number(self.parameter, strength, "a finite number >= 0")
            alpha = factor * float(strength) / divisor
        else:
            expected = "a number > 0, np.inf for no penalty"
            check_number(self.parameter, strength, expected, positive=True, infinite=True)
            alpha = _quotient(factor, float(strength) * divisor)
        return _finite(alpha, f"{self.parameter}={strength!r}")

    def from_alpha(self, alpha: float, *, weight_sum: float, n_classes: int) -> float:
        """The library's strength for the alpha of :func:`softgrad.fit`: the inverse of :meth:`to_alpha`.

        Parameters
        ----------
        alpha : float
            >= 0.
        weight_sum : float
            As :meth:`to_alpha`.
        n_classes : int

        Returns
        -------
        float
            inf for alpha = 0 where the strength multiplies the losses.

        Raises
        ------
        ValueError
            As :meth:`to_alpha`.

        Examples
        --------
        >>> SPARK.from_alpha(0.25, weight_sum=1000, n_classes=3)
        0.25
        >>> SCIKIT_LEARN.from_alpha(0.0, weight_sum=1000, n_classes=3)
        inf
        """
        factor, divisor = self._factors(weight_sum, n_classes)
        check_number("alpha", alpha, "a finite number >= 0")
        if self.multiplies == "loss":
            strength = _quotient(factor, float(alpha) * divisor)
            return strength if alpha == 0 else _finite(strength or np.inf, f"alpha={alpha!r}")
        return _finite(float(alpha) * divisor / factor, f"alpha={alpha!r}")

    def to_C(self, strength: float, *, weight_sum: float, n_classes: int) -> float:  # noqa: N802
        """The C of :class:`softgrad.SoftmaxRegression` and of scikit-learn's LogisticRegression for a strength.

        ``C = 1 / (alpha sum_i w_i)`` with the alpha of :meth:`to_alpha`, for two classes ``2 / (alpha sum_i w_i)``.

        Parameters
        ----------
        strength : float
            As :meth:`to_alpha`.
        weight_sum : float
            ``sum_i w_i``, the weights being sample_weight times class_weight; the number of rows where there are none.
        n_classes : int

        Returns
        -------
        float
            inf where there is no penalty.

        Raises
        ------
        ValueError
            As :meth:`to_alpha`.

        Examples
        --------
        >>> SPARK.to_C(0.005, weight_sum=1000, n_classes=3)
        0.2
        >>> GLMNET_BINOMIAL.to_C(0.005, weight_sum=1000, n_classes=2)
        0.2
        """
        alpha = self.to_alpha(strength, weight_sum=weight_sum, n_classes=n_classes)
        return SCIKIT_LEARN.from_alpha(alpha, weight_sum=weight_sum, n_classes=n_classes)

    def from_C(self, C: float, *, weight_sum: float, n_classes: int) -> float:  # noqa: N802
        """The library's strength for the C of :class:`softgrad.SoftmaxRegression`: the inverse of :meth:`to_C`.

        Parameters
        ----------
        C : float
            > 0; ``np.inf`` for no penalty.
        weight_sum : float
            As :meth:`to_C`.
        n_classes : int

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As :meth:`to_alpha`.

        Examples
        --------
        >>> GLMNET.from_C(1.0, weight_sum=200, n_classes=3)   # LogisticRegression's default
        0.005
        """
        alpha = SCIKIT_LEARN.to_alpha(C, weight_sum=weight_sum, n_classes=n_classes)
        return self.from_alpha(alpha, weight_sum=weight_sum, n_classes=n_classes)

    def _factors(self, weight_sum: float, n_classes: int) -> tuple[float, float]:
        """What alpha has above, beside the strength of a penalty, and below, beside that of the losses."""
        check_number("weight_sum", weight_sum, "the sum of the rows' weights, > 0", positive=True)
        check_whole("n_classes", n_classes, "the number of classes, >= 2", least=2)
        if self.two_classes == "only_difference" and n_classes != 2:
            raise ValueError(
                f"n_classes={n_classes} was given, but this {self.parameter} belongs to a model of two classes; "
                "take the convention of the library's softmax model."
            )
        rows = 2.0 if n_classes == 2 and self.two_classes != "both_rows" else 1.0
        return 2 * self.factor * rows, float(weight_sum) if self.reduction == "sum" else 1.0


def _quotient(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else np.inf


def _finite(value: float, given: str) -> float:
    if not np.isfinite(value):
        raise ValueError(f"{given} was given, whose counterpart no float can hold; pass one nearer to 1.")
    return value


SCIKIT_LEARN = PenaltyConvention("C", reduction="sum", multiplies="loss", two_classes="difference")
"""``LogisticRegression(C=)``, and so :class:`softgrad.SoftmaxRegression`: ``C sum_i w_i loss_i + 1/2 ||coef||^2``."""

SGD_CLASSIFIER = PenaltyConvention("alpha", two_classes="only_difference")
"""``SGDClassifier(loss="log_loss", alpha=)`` of scikit-learn; its mean is over rows, so for rows without weights.

With more than two classes it fits one against the rest, which is another model.
"""

GLMNET = PenaltyConvention("lambda")
"""``glmnet(family = "multinomial", alpha = 0, lambda =, standardize = FALSE)`` of R."""

GLMNET_BINOMIAL = PenaltyConvention("lambda", two_classes="only_difference")
"""``glmnet(family = "binomial", alpha = 0, lambda =, standardize = FALSE)`` of R."""

SPARK = PenaltyConvention("regParam", two_classes="difference")
"""``LogisticRegression(regParam=, elasticNetParam=0, standardization=False)`` of pyspark.ml, ``family="auto"``."""

CYANURE = PenaltyConvention("lambda_1")
"""``Classifier(loss="multiclass-logistic", penalty="l2", lambda_1=)`` of cyanure."""

CYANURE_LOGISTIC = PenaltyConvention("lambda_1", two_classes="only_difference")
"""``Classifier(loss="logistic", penalty="l2", lambda_1=)`` of cyanure."""

PYTORCH = PenaltyConvention("weight_decay")
"""``weight_decay`` of SGD and Adam in torch.optim on ``Linear(...).weight`` alone, with ``CrossEntropyLoss()``.

AdamW's weight_decay is no penalty: it shrinks the weights beside the gradient, and its end depends on the steps.
"""

STATSMODELS_GLM = PenaltyConvention("alpha", two_classes="only_difference")
"""``GLM(..., Binomial()).fit_regularized(alpha=, L1_wt=0)`` of statsmodels, with an alpha of 0 for the constant."""
