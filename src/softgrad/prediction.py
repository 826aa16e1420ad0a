"""Prediction: the fitted estimator's face. Validation and shapes; the arithmetic is maths/ and the kernels'."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from softgrad.coefficients import dense_coef
from softgrad.labelledrows import blocks_of
from softgrad.labels import as_array, of_one_kind
from softgrad.maths.logits import log_softmax, softmax
from softgrad.rows.wrap import is_collection, is_rows, logits
from softgrad.validation import check_features

Array = npt.NDArray[Any]


class Prediction:
    """Scores, classes and probabilities of an estimator with ``classes_``, ``coef_`` and ``intercept_``."""

    classes_: Array
    coef_: Any
    intercept_: Array
    n_features_in_: int

    def decision_function(self, X: Any) -> Any:
        """Logits of shape (n, n_classes), or the second class's minus the first's, (n,), for two classes.

        Raises
        ------
        ValueError
            If X does not have the columns that were fitted.
        """
        if is_collection(X):
            return self._put_off("decision_function", X)
        scores = self._scores(X)[0]
        return np.asarray(scores[:, 0]) if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> Any:
        """The likeliest class of each row, (n,).

        Raises
        ------
        ValueError
            As :meth:`decision_function`.
        """
        if is_collection(X):
            return self._put_off("predict", X)
        scores = self.decision_function(X)
        places = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[places])

    def predict_proba(self, X: Any) -> Any:
        """Probabilities (n, n_classes), columns as ``classes_``; float32 for float32 X, else float64.

        Raises
        ------
        ValueError
            As :meth:`decision_function`.
        """
        if is_collection(X):
            return self._put_off("predict_proba", X)
        return self._probabilities(X, softmax)

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithms of the probabilities, computed as such: they do not underflow. Type as :meth:`predict_proba`.

        Raises
        ------
        ValueError
            As :meth:`decision_function`.
        """
        if is_collection(X):
            return self._put_off("predict_log_proba", X)
        return self._probabilities(X, log_softmax)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the weighted share of rows whose likeliest class is their label.

        Raises
        ------
        ValueError
            If X does not have the columns that were fitted, or y is no label a row.
        """
        if is_collection(X):
            from softgrad.lazy import accuracy

            return accuracy(self, X, y, sample_weight)
        given = as_array(y, "y")
        if given.ndim == 2 and given.shape[1] > 1:
            raise ValueError(
                f"y of shape {given.shape} was given; accuracy needs one label a row, as y.argmax(axis=1)."
            )
        labels = of_one_kind(given.ravel())
        return float(accuracy_score(labels, self.predict(X), sample_weight=sample_weight))

    def sparsify(self) -> Self:
        """Turn ``coef_`` into a SciPy CSR matrix, which predicts the same."""
        check_is_fitted(self)
        self.coef_ = scipy.sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Turn ``coef_`` back into an array."""
        check_is_fitted(self)
        self.coef_ = dense_coef(self)
        return self

    def _put_off(self, method: str, X: Any) -> Any:
        """The method's result as a dask.array."""
        from softgrad.lazy import predicted

        return predicted(self, method, X)

    def _scores(self, X: Any) -> tuple[Array, Any]:
        check_is_fitted(self)
        if is_rows(X):
            blocks = blocks_of(X, self.n_features_in_, getattr(self, "feature_names_in_", None))
            coef = dense_coef(self)
            return np.concatenate([logits(block, coef, self.intercept_) for block in blocks]), np.float64
        features = check_features(self, X, reset=False)
        return logits(features, dense_coef(self), self.intercept_), features.dtype

    def _probabilities(self, X: Any, function: Any) -> Array:
        scores, dtype = self._scores(X)
        if len(self.classes_) == 2:
            scores = np.column_stack([np.zeros(len(scores)), scores])
        result: Array = function(scores)
        return result.astype(np.float32) if dtype == np.float32 else result
