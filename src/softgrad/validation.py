"""The estimator's door for X: whatever users have as a table, made into what a fit takes, or refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from softgrad.maths.arrays import LARGEST

Array = npt.NDArray[Any]


def check_features(estimator: Any, X: Any, *, reset: bool) -> Any:
    """X as a NumPy or CSR array of the type it has; its columns are remembered (`reset`) or compared with the fit's.

    Raises
    ------
    ValueError
        If X is not a table of finite numbers, or its columns differ from those seen in fit.
    """
    with _one_sentence():
        X = _as_table(X)
        if nw.dependencies.is_into_dataframe(X):
            validate_data(estimator, X=X, y="no_validation", reset=reset, skip_check_array=True)
            values = _frame_values(nw.from_native(X, eager_only=True))
            features = check_array(values, dtype="numeric", input_name="X", estimator=estimator)
        else:
            features = validate_data(
                estimator, X=X, y="no_validation", reset=reset, accept_sparse="csr", dtype="numeric"
            )
    return features


def _as_table(X: Any) -> Any:
    """X, an Arrow record batch as a table; what only looks like a table is refused."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            "X has masked entries; fill them first, for example with X.filled or sklearn.impute.SimpleImputer."
        )
    if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame):
        raise ValueError(f"X is a {type(X).__name__}, which holds no rows yet; pass X.collect().")
    if type(X).__module__.startswith("pyarrow") and type(X).__name__ == "RecordBatch":
        import pyarrow as pa

        return pa.Table.from_batches([X])
    return X


@contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """Give the estimator back its attributes as they were where the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def _one_sentence() -> Iterator[None]:
    """scikit-learn's refusals of X in one sentence: what was given, and what to do."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error)
        advice = next((advice for start, advice in ADVICE.items() if start in text), None)
        if advice is None:
            raise
        first, *rest = text.split("\n")
        if "unique column names" in first:
            first += " " + ", ".join(line.strip("- ") for line in rest)
        raise type(error)(f"{first.split('. ')[0].rstrip(':. ')}; {advice}.") from error


SHAPE = "pass numbers of shape (n_samples, n_features) as X"
ENCODE = "encode the text in X first, for example with sklearn.preprocessing.OneHotEncoder"
ADVICE = {
    "contains NaN": "fill the missing values first, for example with sklearn.impute.SimpleImputer",
    "contains infinity": "mend or drop these values",
    "Expected 2D array": f"{SHAPE} (Reshape your data: X.reshape(-1, 1) is one feature)",
    "Expected a 2-dimensional container": SHAPE,
    "Complex data not supported": "pass real numbers as X",
    "Expected unique column names": "rename the columns of X",
    "inhomogeneous shape": f"the rows of X have unequal lengths; {SHAPE}",
    "could not convert string to float": ENCODE,
    "dtype='numeric' is not compatible": ENCODE,
    "float() argument must be": "pass numbers as X",
}


def refuse_huge(features: Any) -> None:
    """Squares and products of the entries that a fit sees must not overflow float64.

    Raises
    ------
    ValueError
    """
    values: Array = features if isinstance(features, np.ndarray) else features.data
    if values.dtype == np.float64 and values.size and max(values.max(), -values.min()) > LARGEST:
        raise ValueError(
            f"X holds numbers as large as {max(values.max(), -values.min()):.3g}, whose squares overflow; "
            "scale the columns of X so that no entry exceeds 1e100."
        )


def _frame_values(frame: nw.DataFrame[Any]) -> Array:
    """A data frame's numbers, in their common type; text and missing values are refused by the column's name."""
    columns = list(frame.iter_columns())
    if not columns:
        raise ValueError(
            f"Found array with 0 feature(s) (shape=({len(frame)}, 0)) while a minimum of 1 is required."
        )
    for column in columns:
        _check_column(column)
    if len({column.dtype for column in columns}) == 1 and columns[0].dtype != nw.Object:
        return frame.to_numpy()
    return np.column_stack([_column_values(column) for column in columns])


def _column_values(column: nw.Series[Any]) -> Array:
    values = column.to_numpy()
    if values.dtype != object:
        return values
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"column {column.name!r} of X holds objects that are not numbers ({error}); {ENCODE}."
        ) from error


def _check_column(column: nw.Series[Any]) -> None:
    name, dtype = column.name, column.dtype
    if not (dtype.is_numeric() or dtype in (nw.Boolean, nw.Object)):
        kind = "values of an unknown type" if dtype == nw.Unknown else f"{dtype} values"
        raise ValueError(
            f"column {name!r} of X holds {kind}, not numbers; encode it first, for example with "
            "sklearn.preprocessing.OneHotEncoder."
        )
    missing = int(column.is_null().sum())
    if dtype.is_float() and not missing:
        missing = int(column.is_nan().sum())
    if missing:
        raise ValueError(
            f"Input X contains NaN: column {name!r} has {missing} missing values of {len(column)}; "
            "fill them first, for example with sklearn.impute.SimpleImputer."
        )
    infinite = int((~column.is_finite()).sum()) if dtype.is_float() else 0
    if infinite:
        raise ValueError(
            f"Input X contains infinity: column {name!r} has {infinite} infinite values; mend or drop them."
        )
