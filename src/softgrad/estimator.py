"""SoftmaxRegression: scikit-learn's face of the model. Validation and attributes; no arithmetic."""

import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import metadata_routing

from softgrad.coefficients import dense_coef
from softgrad.fitting import fit as fit_rows
from softgrad.jsonvalues import digest
from softgrad.labelledrows import KnownRows, check_rows
from softgrad.labels import check_labels, check_row_weights
from softgrad.migration import SCIKIT_LEARN
from softgrad.optimize.driver import Callback
from softgrad.optimize.solution import Record, Solution, Status
from softgrad.outputs import Outputs
from softgrad.parameters import check_params
from softgrad.partial import PartialFit
from softgrad.prediction import Prediction
from softgrad.presence import with_absent
from softgrad.rows.wrap import is_collection, is_rows
from softgrad.scalars import check_callback
from softgrad.validation import all_or_nothing, check_features, refuse_huge

Array = npt.NDArray[Any]


class SoftmaxRegression(PartialFit, Prediction, Outputs, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Softmax (multinomial logistic) regression with a certified fit.

    Minimises ``sum_i w_i loss_i / sum_i w_i + alpha/2 ||coef||^2`` with ``alpha = 1 / (C sum_i w_i)``, which is
    scikit-learn's LogisticRegression objective divided by ``C sum_i w_i``; w_i is sample_weight times class_weight,
    losses are in nats, and the intercept is not penalised. With two classes ``coef_`` has one row, the second
    class's minus the first's, and the objective is scikit-learn's binary one.

    Parameters
    ----------
    C : float, default 1.0
        Inverse strength of the penalty, as scikit-learn's; ``np.inf`` for none.
    l1_ratio : float, default 0.0
        Only 0 for now.
    fit_intercept : bool, default True
    class_weight : dict, "balanced" or None, default None
        Factors of the classes' weights; "balanced" is ``sum w / (K * the class's weight)``.
    tol : float, default 1e-8
        The fit ends when (objective - optimum) / objective is proved to be at most this.
    max_iter : int, default 1000
        Outer iterations of the solver.
    solver : str, default "auto"
        "newton", "newton-pcg", "lbfgs", "gradient-descent" or "accelerated-gradient"; "auto" is newton for a handful
        of parameters, else newton-pcg. "newton-cholesky" is newton, "newton-cg" newton-pcg, "sag" and "saga" are auto.
    warm_start : bool, default False
        Start from the last fit, which must have had the same classes and features.
    classes : array_like, optional
        All labels there may be, in the order of ``classes_``; without, the sorted labels in y. Labels without rows
        get probability 0 (coef 0, intercept ``-inf``).
    n_jobs : int, optional
        Threads; None is all the process may use, one for small work.
    random_state : int, optional
        For interface compatibility: the fit is deterministic.
    verbose : int, default 0
        1 prints how the fit ended, 2 each iteration too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes; float64
    intercept_ : ndarray of shape (n_classes,) or (1,); float64
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Only where X had string column names.
    n_iter_ : int
    objective_ : float
        In nats, at the returned coefficients.
    gap_ : float
        Certified relative gap; nan where ``1 / (C sum w)`` is 0, as for C = inf.
    decrement_ : float
        Relative Newton decrement, where it was computed; else nan.
    n_passes_ : float
        Work in passes over X, all included.
    history_ : list of Record
        (iteration, objective, gap, n_passes, seconds).
    status_ : Status
        "converged", "max_iter", "stalled", "no_optimum", "stopped", or "streaming" after partial_fit;
        ``status_.sentence`` says it in words. Of "no_optimum" ``status_.separation`` is the direction and which
        classes it separates; a model file holds the words alone.
    progressive_log_loss_, progressive_log_loss_se_, recent_log_loss_, recent_log_loss_se_ : float
        After :meth:`partial_fit` only: the rows' log-loss before they were learned, and its standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softgrad import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.gap_ <= 1e-8, round(model.objective_, 6), round(model.score(X, y), 4)
    (True, 0.192575, 0.9733)
    """

    __metadata_request__fit: ClassVar[dict[str, str]] = dict.fromkeys(
        ("callback", "checkpoint", "resume"), metadata_routing.UNUSED
    )

    classes_: Array
    coef_: Any
    intercept_: Array
    n_features_in_: int
    feature_names_in_: Array
    n_iter_: int
    objective_: float
    gap_: float
    decrement_: float
    n_passes_: float
    history_: list[Record]
    status_: Status

    def __init__(
        self,
        C: float = 1.0,
        *,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
        solver: str = "auto",
        warm_start: bool = False,
        classes: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.solver = solver
        self.warm_start = warm_start
        self.classes = classes
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        callback: Callback | None = None,
        checkpoint: Any = None,
        resume: bool = False,
        **options: Any,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array_like, sparse array or data frame of shape (n_samples, n_features), or a Dask collection of these
            Any real type, kept as it is; pandas, polars and Arrow frames give their column names. Dask arrays and
            frames are read and fitted by the workers of their cluster; all predictions are then put off as well. Rows
            on disk (:func:`softgrad.open_rows`) have their labels and weights with them: y and sample_weight are None.
        y : array_like of shape (n_samples,), or (n_samples, n_classes) of floats
            Labels, or soft labels whose rows sum to 1.
        sample_weight : array_like of shape (n_samples,), optional
            Finite and not negative.
        callback : callable, optional
            Called with a Record after each iteration; a true result stops the fit.
        checkpoint : path, optional
            For rows on disk: a file that is replaced before each iteration.
        resume : bool, default False
            Go on from the checkpoint, which must be of the same rows and parameters, to the same bits as if the fit
            had never been interrupted.

        Returns
        -------
        SoftmaxRegression

        Raises
        ------
        ValueError
            If a parameter, X, y or a weight is not usable, or a checkpoint cannot be gone on from; the sentence says
            why.
        TypeError
            If an unknown option is given.

        Warns
        -----
        ConvergenceWarning
            Once, where the fit ended above tol: with the achieved gap, the cause and the remedy.
        """
        self._check_options(options)
        check_params(self)
        check_callback(callback)
        with all_or_nothing(self):
            self._forget_stream()
            if is_rows(X):
                self._fit_rows(
                    check_rows(X, y, sample_weight, self.classes, self.class_weight),
                    callback,
                    checkpoint,
                    resume,
                )
            elif checkpoint is not None or resume:
                raise ValueError(
                    "checkpoint or resume was given, but only fits of rows on disk have checkpoints; pass what "
                    "softgrad.open_rows returns as X."
                )
            else:
                self._fit(X, y, sample_weight, callback)
        sentence = f"softgrad: {self.status_}: {self.status_.sentence}"
        if self.verbose:
            print(sentence)
        if self.status_ not in ("converged", "stopped"):
            warnings.warn(sentence, ConvergenceWarning, stacklevel=2)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any, callback: Callback | None) -> None:
        if is_collection(X):
            self._fit_lazily(X, y, sample_weight, callback)
            return
        features = check_features(self, X, reset=not self._warm())
        refuse_huge(features)
        labels = check_labels(y, self.classes, features.shape[0])
        if len(labels.classes) < 2:
            raise ValueError(
                f"y holds one class only, {labels.classes.tolist()[0]!r}; a fit needs rows of at least two classes."
            )
        weights = check_row_weights(labels, sample_weight, self.class_weight)
        total = float(features.shape[0] if weights is None else weights.sum())
        solution = fit_rows(
            features,
            labels.targets,
            alpha=SCIKIT_LEARN.to_alpha(self.C, weight_sum=total, n_classes=len(labels.classes)),
            sample_weight=weights,
            n_classes=len(labels.classes),
            start=self._start(labels.classes),
            **self._request(callback),
        )
        self._keep(labels.classes, solution, (features.shape[0], total))

    def _fit_lazily(self, X: Any, y: Any, sample_weight: Any, callback: Callback | None) -> None:
        from softgrad.lazy import check_columns, labelled
        from softgrad.rows.dask import close

        check_columns(self, X, reset=not self._warm())
        data = labelled(X, y, sample_weight, self.classes, self.class_weight)
        try:
            self._fit_known(data, self._start(data.classes), callback)
        finally:
            close(data.rows)

    def _fit_rows(self, data: KnownRows, callback: Callback | None, checkpoint: Any, resume: bool) -> None:
        from softgrad.checkpointfile import CheckpointFile

        rows, start = data.rows, self._start(data.classes)
        if self._warm() and rows.n_features != self.n_features_in_:
            raise ValueError(
                f"X has {rows.n_features} features, but the fit to start from had {self.n_features_in_}."
            )
        if resume and checkpoint is None:
            raise ValueError(
                "resume=True was given, but no checkpoint to go on from; pass its path as checkpoint."
            )
        file = (
            None if checkpoint is None else CheckpointFile(Path(checkpoint), self._fingerprint(data, start))
        )
        self.n_features_in_ = rows.n_features
        self.__dict__.pop("feature_names_in_", None)
        if rows.feature_names is not None:
            self.feature_names_in_ = np.array(rows.feature_names, dtype=object)
        self._fit_known(
            data,
            start,
            callback,
            checkpoint=None if file is None else file.save,
            resume=file.load() if file is not None and resume else None,
        )

    def _fit_known(self, data: Any, start: Any, callback: Callback | None, **stages: Any) -> None:
        """Fit rows that hold their labels; `data` says which of its classes have weight."""
        rows = data.rows
        solution = fit_rows(
            rows,
            alpha=SCIKIT_LEARN.to_alpha(self.C, weight_sum=rows.weight_sum, n_classes=len(data.classes)),
            start=None if start is None else (start[0][data.present], start[1][data.present]),
            **stages,
            **self._request(callback),
        )
        solution = with_absent(solution, data.present, len(data.classes))
        self._keep(data.classes, solution, (rows.n_rows, rows.weight_sum))

    def _fingerprint(self, data: KnownRows, start: Any) -> dict[str, str]:
        """What the iterates of a fit depend on, part by part."""
        parameters = [getattr(self, name) for name in ("C", "fit_intercept", "tol", "solver")]
        return {
            "rows or memory limit": data.rows.fingerprint,
            "classes": digest([data.classes, data.present]),
            "parameters": digest(parameters),
            "start": digest(None if start is None else [part.tolist() for part in start]),
        }

    def _request(self, callback: Callback | None) -> dict[str, Any]:
        """What is asked of the fit, wherever its rows are."""
        return {
            "fit_intercept": bool(self.fit_intercept),
            "solver": self.solver,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "callback": self._reporting(callback),
            "n_threads": None if self.n_jobs is None else effective_n_jobs(self.n_jobs),
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _keep(self, classes: Array, solution: Solution, rows: tuple[int, float]) -> None:
        two = len(classes) == 2
        self.classes_ = classes
        self._rows = rows
        self.coef_ = solution.coef[1:] - solution.coef[:1] if two else solution.coef
        self.intercept_ = solution.intercept[1:] - solution.intercept[:1] if two else solution.intercept
        self.n_iter_ = solution.n_iter
        self.objective_, self.gap_, self.decrement_ = solution.objective, solution.gap, solution.decrement
        self.n_passes_, self.history_ = solution.n_passes, list(solution.history)
        self.status_ = solution.status.named(classes.tolist(), getattr(self, "feature_names_in_", None))

    def _warm(self) -> bool:
        return bool(self.warm_start) and hasattr(self, "coef_")

    def _start(self, classes: Array) -> tuple[Array, Array] | None:
        if not self._warm():
            return None
        if not np.array_equal(self.classes_, classes):
            raise ValueError(
                f"warm_start=True starts from a fit of the classes {self.classes_.tolist()}, but y has "
                f"{classes.tolist()}; declare them all with classes=, or fit with warm_start=False."
            )
        coef, intercept = dense_coef(self), self.intercept_
        if len(self.classes_) == 2:
            coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        return coef, np.where(np.isneginf(intercept), 0.0, intercept)

    def _reporting(self, callback: Callback | None) -> Callback | None:
        if self.verbose < 2:
            return callback

        def report(record: Record) -> Any:
            print(
                f"softgrad: iteration {record.iteration}: objective {record.objective:.12g}, gap {record.gap:.2g}, "
                f"{record.n_passes:.1f} passes, {record.seconds:.2f} s"
            )
            return callback is not None and callback(record)

        return report

    def _check_options(self, options: dict[str, Any]) -> None:
        if options:
            name = next(iter(options))
            reason = "offsets are not there yet" if name == "offset" else "there is no such option"
            raise TypeError(
                f"fit was given {name}=, but {reason}; it takes X, y, sample_weight, callback, checkpoint and resume."
            )
