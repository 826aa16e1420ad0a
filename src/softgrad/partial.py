"""partial_fit: the estimator's face of learning from a stream. Validation and attributes; no arithmetic."""

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs

from softgrad.kernels.threads import limited
from softgrad.labels import Labels, check_labels, check_row_weights, declared
from softgrad.migration import SCIKIT_LEARN
from softgrad.online.learner import Learner
from softgrad.online.report import as_solution
from softgrad.parameters import check_params
from softgrad.validation import all_or_nothing, check_features, refuse_huge

Array = npt.NDArray[Any]

EVIDENCE = (
    "progressive_log_loss_",
    "progressive_log_loss_se_",
    "recent_log_loss_",
    "recent_log_loss_se_",
)


class PartialFit:
    """The method partial_fit, for an estimator with ``C``, ``fit_intercept``, ``class_weight`` and ``classes``."""

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Score a batch of rows, then learn it, in memory that does not grow with the number of batches.

        Each batch is learned with the true softmax loss: its own losses, plus a quadratic for all rows before it and
        the penalty, are minimised by Newton's method. There is no step size, no schedule and nothing to tune, on raw
        columns of any scale: the past's curvature grows with the rows, so that steps shrink like one over their
        number, and every row counts the same, which is what averaging is for. The first call gives the exact
        optimum of its rows. What is approached is fit's objective on all rows so far, with the same C, plus a term
        that fades like one over the rows: the curvature of one row about which nothing is known
        (``softgrad.online.learner`` has the formulas and sources).

        As the rows are gone there is no gap: ``gap_``, ``decrement_`` and ``objective_`` are nan. The evidence is
        the log-loss of each batch, scored before it is learned.

        Parameters
        ----------
        X : array_like, sparse array or data frame of shape (n_samples, n_features)
            One row or many. The first call fixes the columns; for dense rows their means in it become the centre.
        y : array_like of shape (n_samples,), or (n_samples, n_classes) of floats
            Labels or soft labels, as for fit. Labels may first appear in any batch.
        classes : array_like, optional
            All labels there may be. Needed in the first call, unless the model has ``classes=``.
        sample_weight : array_like of shape (n_samples,), optional
            Finite and not negative, with a sum from 1e-150 to 1e150. ``class_weight="balanced"`` goes by the rows so
            far.

        Returns
        -------
        SoftmaxRegression
            With fit's attributes (``n_iter_`` counts batches, ``history_`` is empty) and these:

            ``progressive_log_loss_``, ``progressive_log_loss_se_`` : float
                Weighted mean, in nats, of each row's loss before it was learned, and its standard error; the first
                batch's are log K. nan for the error of one row.
            ``recent_log_loss_``, ``recent_log_loss_se_`` : float
                The same over the last batches only, which have between a half and three quarters of the weight;
                nan after the first batch.

        Raises
        ------
        ValueError
            If a parameter, X, y, classes or a weight is not usable, or differs from what earlier calls had.

        Warns
        -----
        UserWarning
            Where the model was fitted by fit or loaded from a file, which keep no curvature: it begins anew. A
            pickled model goes on.

        Notes
        -----
        A matrix of d x d is kept for each class while these have at most 1e7 entries, one for all classes up to 1500
        columns, and one number a coefficient beyond that and for sparse rows of more than 300 columns. A call takes
        some ten to fifty passes over its rows, as many products with what is kept, and milliseconds at least:
        hundreds of rows at once are learned a hundred times faster than one by one. ``tol``, ``max_iter``,
        ``solver`` and ``warm_start`` are fit's alone.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from softgrad import SoftmaxRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxRegression(classes=[0, 1, 2])
        >>> for batch in range(5):
        ...     model = model.partial_fit(X[batch::5], y[batch::5])
        >>> str(model.status_), model.n_iter_, round(model.score(X, y), 2)
        ('streaming', 5, 0.96)
        >>> model.recent_log_loss_ < 0.3
        True
        """
        check_params(self)
        with all_or_nothing(self):
            self._learn(X, y, classes, sample_weight)
        if self.verbose:  # type: ignore[attr-defined]
            print(f"softgrad: {self.status_}: {self.status_.sentence}")  # type: ignore[attr-defined]
        return self

    def _learn(self: Any, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        first = not hasattr(self, "_learner")
        named = self._named_at_first(classes) if first else self._named_before(classes)
        features = check_features(self, X, reset=first)
        refuse_huge(features)
        labels = check_labels(y, named, features.shape[0])
        weights = self._stream_weights(labels, sample_weight)
        _refuse_extreme(weights)
        n_classes = len(named)
        learner = (
            Learner.begun(features, weights, n_classes, fit_intercept=bool(self.fit_intercept))
            if first
            else self._learner
        )
        n_threads = None if self.n_jobs is None else effective_n_jobs(self.n_jobs)
        with limited(n_threads, 4.0 * n_classes * features.size + learner.curvature.product_flop):
            self._learner = learner.learned(
                features,
                labels.targets,
                weights,
                SCIKIT_LEARN.to_alpha(self.C, weight_sum=1.0, n_classes=n_classes),
            )
        learned = self._learner
        self._keep(labels.classes, as_solution(learned), (learned.n_rows, learned.weight))
        total, recent = learned.scores.total, learned.scores.recent
        self.progressive_log_loss_, self.progressive_log_loss_se_ = total.mean, total.error
        self.recent_log_loss_, self.recent_log_loss_se_ = recent.mean, recent.error

    def _named_at_first(self: Any, classes: Any) -> Array:
        if hasattr(self, "coef_"):
            warnings.warn(
                "partial_fit begins anew: the model was fitted by fit or loaded from a file, which keep no curvature "
                "of their rows to learn against, so what they learned is dropped; to keep it, pass all rows to "
                "partial_fit, and pickle a model that is to go on later.",
                UserWarning,
                stacklevel=4,
            )
            classes = self.classes_ if classes is None and self.classes is None else classes
        if classes is None and self.classes is None:
            raise ValueError(
                "partial_fit was called for the first time without classes; pass classes=, all labels there may be."
            )
        named = declared(self.classes if classes is None else classes)
        if self.classes is not None and not np.array_equal(named, declared(self.classes)):
            raise ValueError(
                f"partial_fit was given classes={named.tolist()[:20]}, but the model has "
                f"classes={declared(self.classes).tolist()[:20]}; pass one of them."
            )
        return named

    def _named_before(self: Any, classes: Any) -> Array:
        for given in (classes, self.classes):
            if given is not None and not np.array_equal(declared(given), self.classes_):
                raise ValueError(
                    f"classes={declared(given).tolist()[:20]} was given, but the first partial_fit had "
                    f"{self.classes_.tolist()[:20]}; keep them, or begin a new model that names all labels."
                )
        if bool(self.fit_intercept) != self._learner.fit_intercept:
            raise ValueError(
                f"fit_intercept={self.fit_intercept!r} was set between two calls of partial_fit; begin a new model."
            )
        return np.asarray(self.classes_)

    def _stream_weights(self: Any, labels: Labels, sample_weight: Any) -> Array | None:
        """As :func:`softgrad.labels.check_row_weights`; "balanced" by the weights of all rows so far."""
        if not (isinstance(self.class_weight, str) and self.class_weight == "balanced"):
            return check_row_weights(labels, sample_weight, self.class_weight)
        check_row_weights(labels, sample_weight, self.class_weight)
        weights = check_row_weights(labels, sample_weight, None)
        here = np.bincount(labels.targets, weights, minlength=len(labels.classes))
        self._class_sums = getattr(self, "_class_sums", 0.0) + here
        factors = self._class_sums.sum() / (
            np.count_nonzero(self._class_sums) * np.maximum(self._class_sums, 1e-300)
        )
        by_row: Array = factors[labels.targets]
        return by_row if weights is None else by_row * weights

    def _forget_stream(self) -> None:
        for name in ("_learner", "_class_sums", *EVIDENCE):
            self.__dict__.pop(name, None)


def _refuse_extreme(weights: Array | None) -> None:
    """The standard errors hold the squares of the weights' sums, which must neither overflow nor vanish."""
    total = 1.0 if weights is None else float(weights.sum())
    if not 1e-150 <= total <= 1e150:
        raise ValueError(
            f"the weights of these rows sum to {total:.3g}; scale them so that sums are from 1e-150 to 1e150."
        )
