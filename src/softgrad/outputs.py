"""Outputs: what a fitted estimator is written as. A model file, an ONNX file, a report, a notebook's diagram."""

from html import escape
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from softgrad.report.page import Report


class Outputs:
    """The methods of a classifier that write it; each imports what it needs when it is called."""

    def save(self: Any, path: Any) -> None:
        """Write the fitted model to one file, without pickle; :func:`softgrad.load` reads it.

        Raises
        ------
        softgrad.modelfile.ModelFileError
            If the model is not fitted or cannot be written.

        Examples
        --------
        >>> import os, tempfile
        >>> from sklearn.datasets import load_iris
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit(*load_iris(return_X_y=True))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/iris.softgrad")
        ...     os.listdir(folder)
        ['iris.softgrad']
        """
        from softgrad import modelfile

        modelfile.save(path, self)

    def to_onnx(self: Any, path: Any, *, dtype: str = "float64") -> None:
        """Write the fitted model as an ONNX file, which predicts without softgrad.

        Its input is ``X`` of shape (n, n_features), its outputs are ``label``, (n,), and ``probabilities``,
        (n, n_classes). ``softgrad export`` writes one with the columns of the data table that a model file knows.

        Parameters
        ----------
        path : str or path-like
            A file there is replaced.
        dtype : {"float64", "float32"}, default "float64"
            Of X and of the probabilities; inside, the arithmetic is in float64.

        Raises
        ------
        ValueError
            If the model is not fitted, its labels are not numbers, booleans or text, or `dtype` is another.
        ModuleNotFoundError
            If onnx is not installed: ``pip install 'softgrad[onnx]'``.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import os, tempfile
        >>> from sklearn.datasets import load_iris
        >>> from softgrad import SoftmaxRegression
        >>> model = SoftmaxRegression().fit(*load_iris(return_X_y=True))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.to_onnx(f"{folder}/iris.onnx")
        ...     os.listdir(folder)
        ['iris.onnx']
        """
        from softgrad.onnxfile import save_onnx

        save_onnx(path, self, dtype=dtype)

    def report(
        self: Any,
        X: Any,
        y: Any,
        *,
        train: tuple[Any, Any] | None = None,
        shape: tuple[int, int] | None = None,
    ) -> "Report":
        """Describe the fit in one self-contained page: how well it predicts, why, what to be careful about.

        Parameters
        ----------
        X : array_like, sparse array or data frame of shape (n_samples, n_features)
            Rows to measure on; rows that the model was not fitted on, for honest metrics.
        y : array_like of shape (n_samples,)
            Their classes.
        train : tuple of (X, y), optional
            The rows of the fit, which the columns' table, the baseline and the warnings are then about; without, they
            are about the rows that are measured on.
        shape : tuple of int, optional
            Rows and columns of the grid whose pixels the features are, to draw them as images; without, names such as
            pixel_0_0 tell.

        Returns
        -------
        softgrad.report.page.Report
            ``save(path)`` writes it; a notebook shows it.

        Raises
        ------
        ValueError
            If X does not have the columns that were fitted, y is not one of ``classes_`` a row, or `shape` does not
            hold the features.
        ModuleNotFoundError
            If jinja2 is not installed: ``pip install 'softgrad[report]'``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from softgrad import SoftmaxRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> report = SoftmaxRegression().fit(X[::2], y[::2]).report(X[1::2], y[1::2], train=(X[::2], y[::2]))
        >>> report.html.startswith("<!doctype html>")  # report.save("iris.html") writes it
        True
        """
        check_is_fitted(self)
        from softgrad.report.page import report
        from softgrad.report.rows import case_of_rows

        return report(case_of_rows(self, X, y, train, shape))

    def _html_repr(self) -> str:
        """scikit-learn's diagram; of a fitted estimator, its certificate below."""
        diagram = str(super()._html_repr())  # type: ignore[misc]
        status = getattr(self, "status_", None)
        return diagram if status is None else f"{diagram}<p>{escape(f'{status}: {status.sentence}')}</p>"
