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

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.decision_function([[0.0], [3.0]]).round(3)
        array([ 1.437, -1.437])
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

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.predict([[0.0], [3.0]]).tolist()
        ['low', 'high']
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

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.classes_.tolist(), model.predict_proba([[0.0], [3.0]]).round(3).tolist()
        (['high', 'low'], [[0.192, 0.808], [0.808, 0.192]])
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

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.predict_log_proba([[1e5]]).round(1).tolist()  # of "low": the probability would be 0
        [[0.0, -95827.1]]
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

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.score([[0.0], [3.0]], ["low", "low"])
        0.5
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
        """Turn ``coef_`` into a SciPy CSR matrix, which predicts the same.

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.sparsify().coef_.shape, model.predict([[0.0]]).tolist()
        ((1, 1), ['low'])
        """
        check_is_fitted(self)
        self.coef_ = scipy.sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Turn ``coef_`` back into an array.

        Examples
        --------
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
        >>> model.sparsify().densify().coef_.round(3)
        array([[-0.958]])
        """
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
