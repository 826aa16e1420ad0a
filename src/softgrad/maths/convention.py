"""Convention: how a textbook lays out, scales and signs softmax regression, and what it then computes."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from softgrad.maths import regression
from softgrad.maths.choices import check_choices
from softgrad.maths.cross_entropy import check_targets, cross_entropy_gradient
from softgrad.maths.layout import Intercept, Labels, Layout, Samples, Weights, entries, numbers
from softgrad.maths.logits import softmax

Array = npt.NDArray[Any]

Goal = Literal["loss", "log_likelihood"]
Reduction = Literal["mean", "sum"]


class Gradient(NamedTuple):
    """A gradient in a convention's own layout.

    Attributes
    ----------
    weights : ndarray
        With respect to W, in W's shape.
    intercept : ndarray or None
        With respect to b, of shape (K,) or, where samples are columns, (K, 1); None without a separate intercept.
    logits : ndarray or None
        Of the data term with respect to the logits, (n, K) or (K, n), with the objective's scale and sign.

    Examples
    --------
    >>> from softgrad.conventions import NUMPY
    >>> gradient = NUMPY.gradient([[0.0, 0.0]], X=[[1.0], [3.0]], y=[[1, 0], [0, 1]])
    >>> gradient.weights, gradient.intercept
    (array([[ 0.5, -0.5]]), None)
    >>> gradient.logits
    array([[-0.25,  0.25],
           [ 0.25, -0.25]])
    """

    weights: Array
    intercept: Array | None
    logits: Array | None


@dataclass(frozen=True)
class Convention:
    """One way to write softmax regression down; the founding documents' four are in :mod:`softgrad.conventions`.

    The value is ``s * data + s * alpha/2 * ||W||^2``, where `data` is the loss, reduced over the rows, and s is +1
    for a loss (minimised) and -1 for a log-likelihood (maximised). alpha is never multiplied by n.

    Parameters
    ----------
    samples : {"rows", "columns"}
        X is (n, d), with logits and one-hot labels (n, K); or X is (d, n), with logits and labels (K, n).
    weights : {"features_by_classes", "classes_by_features"}
        W is (d, K) or (K, d).
    intercept : {"none", "separate", "first", "last"}
        No intercept; b beside W; or folded: X already holds the constant feature of ones in the first (last)
        place and W its row or column there. The intercept is penalised only with ``penalize_intercept=True``.
    objective : {"loss", "log_likelihood"}
    reduction : {"mean", "sum"}
    labels : {"index", "one_hot"}
        Integers 0..K-1 of shape (n,), or one distribution a sample (one-hot, or soft labels).

    Raises
    ------
    ValueError
        If a field has another value.

    Examples
    --------
    >>> import numpy as np
    >>> from softgrad.conventions import COLUMNS
    >>> X = np.array([[1.0, 2.0, -3.0]])  # one feature, three samples
    >>> Y = np.array([[1, 0, 0], [0, 1, 1]])
    >>> W, b = np.zeros((2, 1)), np.zeros(2)
    >>> COLUMNS.logits(W, X, b).shape, COLUMNS.proba(W, X, b)[0]
    ((2, 3), array([0.5, 0.5, 0.5]))
    >>> round(float(COLUMNS.value(W, X, Y, b)), 6)  # log 2
    0.693147
    >>> gradient = COLUMNS.gradient(W, X, Y, b)
    >>> gradient.weights
    array([[-0.33333333],
           [ 0.33333333]])

    As an optimiser takes it, and as the rest of softgrad has the same problem:

    >>> vector = COLUMNS.flatten(gradient)  # the weights, then b
    >>> vector.shape, COLUMNS.hessian(W, X, Y, b).shape, COLUMNS.unflatten(vector, n_classes=2).weights.shape
    ((4,), (4, 4), (2, 1))
    >>> coef, intercept, rows, labels, alpha = COLUMNS.to_canonical(W, X, Y, b)
    >>> rows.shape, labels.shape
    ((3, 1), (3, 2))
    >>> bool((COLUMNS.from_canonical(coef, intercept, rows, labels)[1] == X).all())
    True
    """

    samples: Samples = "rows"
    weights: Weights = "features_by_classes"
    intercept: Intercept = "none"
    objective: Goal = "loss"
    reduction: Reduction = "mean"
    labels: Labels = "index"

    def __post_init__(self) -> None:
        check_choices(self)

    def logits(self, W: npt.ArrayLike, X: npt.ArrayLike, b: npt.ArrayLike | None = None) -> Array:
        """The logits, (n, K) where samples are rows and (K, n) where they are columns.

        Raises
        ------
        ValueError
            If shapes do not fit, or b is missing or given against the convention.
        """
        coef, intercept, features = self._layout.model(W, X, b)
        return self._layout.by_sample(regression.logits(features, coef, intercept))

    def proba(self, W: npt.ArrayLike, X: npt.ArrayLike, b: npt.ArrayLike | None = None) -> Array:
        """The probabilities, laid out as :meth:`logits`.

        Raises
        ------
        ValueError
            As :meth:`logits`.
        """
        return softmax(self.logits(W, X, b), axis=-1 if self.samples == "rows" else 0)

    def value(
        self,
        W: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        b: npt.ArrayLike | None = None,
        *,
        alpha: float = 0.0,
        penalize_intercept: bool = False,
    ) -> Any:
        """The objective: the loss or log-likelihood, reduced, with its penalty; in nats.

        Raises
        ------
        ValueError
            If shapes or labels do not fit the convention, or there is no sample.
        """
        coef, intercept, features, targets = self._layout.problem(W, X, y, b)
        data = regression.loss(coef, intercept, features, targets) * self._scale(len(targets))
        penalty = (coef**2).sum()
        if penalize_intercept and intercept is not None:
            penalty = penalty + (intercept**2).sum()
        return data + self._sign * alpha / 2 * penalty

    def gradient(
        self,
        W: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        b: npt.ArrayLike | None = None,
        *,
        alpha: float = 0.0,
        penalize_intercept: bool = False,
    ) -> Gradient:
        """Gradient of :meth:`value` with respect to W, to a separate b, and of its data term to the logits.

        Raises
        ------
        ValueError
            As :meth:`value`.
        """
        coef, intercept, features, targets = self._layout.problem(W, X, y, b)
        scale, penalty = self._scale(len(targets)), self._sign * alpha
        z = regression.logits(features, coef, intercept)
        by_logits = cross_entropy_gradient(z, targets, reduction="sum") * scale
        by_coef = by_logits.T @ features + penalty * coef
        by_intercept = by_logits.sum(axis=0)
        if penalize_intercept and intercept is not None:
            by_intercept = by_intercept + penalty * intercept
        weights, b_part = self._layout.parameters(by_coef, by_intercept)
        return Gradient(weights, b_part, self._layout.by_sample(by_logits))

    def hessian(
        self,
        W: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        b: npt.ArrayLike | None = None,
        *,
        alpha: float = 0.0,
        penalize_intercept: bool = False,
    ) -> Array:
        """Hessian of :meth:`value`, (P, P), its parameters in the order of :meth:`flatten`. O(n P^2) time.

        Raises
        ------
        ValueError
            As :meth:`value`.
        """
        coef, intercept, features, targets = self._layout.problem(W, X, y, b)
        n_classes, n_features = coef.shape
        full = regression.hessian(coef, intercept, features) * self._scale(len(targets))
        penalised = np.ones((n_classes, n_features + 1))
        penalised[:, -1] = penalize_intercept
        full[np.diag_indices_from(full)] += self._sign * alpha * penalised.ravel()
        places = np.arange(full.shape[0]).reshape(n_classes, n_features + 1)
        order = self.flatten(Gradient(*self._layout.parameters(places[:, :-1], places[:, -1]), None))
        ordered: Array = full[np.ix_(order, order)]
        return ordered

    def flatten(self, gradient: Gradient | tuple[Any, ...]) -> Array:
        """One vector: the weights in C order of their own layout, then the separate intercept.

        Parameters
        ----------
        gradient : Gradient, or tuple (weights, intercept, ...)

        Returns
        -------
        ndarray of shape (P,)
        """
        weights, intercept = np.asarray(gradient[0]), gradient[1]
        if self.intercept != "separate":
            return weights.ravel()
        return np.concatenate([weights.ravel(), np.ravel(np.asarray(intercept))])

    def unflatten(self, vector: npt.ArrayLike, n_classes: int) -> Gradient:
        """The inverse of :meth:`flatten`, for parameters and gradients alike.

        Parameters
        ----------
        vector : array_like of shape (P,)
        n_classes : int

        Returns
        -------
        Gradient
            Its `logits` is None.

        Raises
        ------
        ValueError
            If the vector's length is no multiple of the classes.
        """
        v = numbers("the vector", vector)
        if v.ndim != 1 or n_classes < 1 or v.size % n_classes or v.size == 0:
            raise ValueError(
                f"a vector of shape {v.shape} cannot hold the parameters of {n_classes} classes; "
                "its length must be n_classes times the parameters of one class."
            )
        intercept = None
        if self.intercept == "separate":
            v, b = v[:-n_classes], v[-n_classes:]
            intercept = b[:, None] if self.samples == "columns" else b
        shape = (-1, n_classes) if self.weights == "features_by_classes" else (n_classes, -1)
        return Gradient(v.reshape(shape), intercept, None)

    def to_canonical(
        self,
        W: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        b: npt.ArrayLike | None = None,
        *,
        alpha: float = 0.0,
    ) -> tuple[Array, Array | None, Array, Array, float]:
        """The same problem in the canonical convention (mean loss, rows, classes x features).

        Returns
        -------
        coef : ndarray of shape (K, d)
        intercept : ndarray of shape (K,), or None
        X : ndarray of shape (n, d)
            Without the constant feature.
        y : ndarray of shape (n,) or (n, K)
            Codes for index labels, rows of distributions for one-hot labels.
        alpha : float
            ``alpha / n`` where the convention sums, so that the optimum is the same.

        Raises
        ------
        ValueError
            As :meth:`value`.
        """
        coef, intercept, features, targets = self._layout.problem(W, X, y, b)
        return coef, intercept, features, targets, alpha if self.reduction == "mean" else alpha / len(targets)

    def from_canonical(
        self,
        coef: npt.ArrayLike,
        intercept: npt.ArrayLike | None,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        alpha: float = 0.0,
    ) -> tuple[Array, Array, Array, Array | None, float]:
        """The inverse of :meth:`to_canonical`: ``(W, X, y, b, alpha)`` in this convention.

        Parameters
        ----------
        coef : array_like of shape (K, d)
        intercept : array_like of shape (K,), or None
            None where the convention has no intercept.
        X : array_like of shape (n, d)
        y : array_like of shape (n,) or (n, K)
            Codes or distributions; written as the convention has them.
        alpha : float, default 0.0
            On the mean scale.

        Raises
        ------
        ValueError
            If shapes do not fit, an intercept is missing or not wanted, or index labels are asked of soft ones.
        """
        coef, features = numbers("coef", coef), numbers("X", X)
        n_classes = coef.shape[0]
        if (intercept is None) != (self.intercept == "none"):
            raise ValueError(
                f"this convention has intercept={self.intercept!r}, but "
                f"{'no intercept' if intercept is None else 'an intercept'} was given; "
                f"pass {'one of shape (K,)' if intercept is None else 'None'}."
            )
        layout = self._layout
        weights, b = layout.parameters(coef, None if intercept is None else entries(intercept, n_classes))
        targets = layout.targets(check_targets(y, len(features), n_classes), n_classes)
        scaled = alpha if self.reduction == "mean" else alpha * len(features)
        return weights, layout.features(features), targets, b, scaled

    def numpy_code(self, *, alpha: float = 0.0, penalize_intercept: bool = False) -> str:
        """Plain NumPy source text of this convention's ``value`` and ``gradient``.

        They are called as :func:`softgrad.check_gradient` calls a user's: ``gradient(W, X, y)`` returns dW, or,
        with a separate intercept, ``gradient(W, b, X, y)`` returns (dW, db); ``value`` takes the same arguments.

        Parameters
        ----------
        alpha : float, default 0.0
            Of :meth:`value`; written into the text.
        penalize_intercept : bool, default False

        Raises
        ------
        ValueError
            If alpha is not finite.

        Examples
        --------
        >>> print(Convention(labels="one_hot").numpy_code())
        import numpy as np
        <BLANKLINE>
        <BLANKLINE>
        def log_softmax(Z):  # Z (n, K)
            Z = Z - Z.max(axis=1, keepdims=True)  # same probabilities, and exp cannot overflow
            return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
        <BLANKLINE>
        <BLANKLINE>
        def value(W, X, y):
            # W (d, K), X (n, d), y (n, K) one-hot
            log_P = log_softmax(X @ W)  # (n, K)
            return -np.sum(y * log_P) / len(X)
        <BLANKLINE>
        <BLANKLINE>
        def gradient(W, X, y):
            P = np.exp(log_softmax(X @ W))  # (n, K)
            dZ = (P - y) / len(X)  # (n, K), derivative with respect to the logits
            return X.T @ dZ  # (d, K)
        <BLANKLINE>
        """
        from softgrad.maths.numpy_code import source_text

        return source_text(self, alpha, penalize_intercept)

    @property
    def _layout(self) -> Layout:
        return Layout(self.samples, self.weights, self.intercept, self.labels)

    @property
    def _sign(self) -> int:
        return 1 if self.objective == "loss" else -1

    def _scale(self, n_samples: int) -> float:
        """The factor that turns the summed loss into this convention's data term."""
        return self._sign / n_samples if self.reduction == "mean" else float(self._sign)
