"""Save a fitted `SoftmaxRegression` to one file, and load it again. No pickle: loading never runs code.

The file is a zip archive of three uncompressed members, so that NumPy and every zip tool can read it, and the
archive's CRC-32 guards every byte of their content:

``model.json``
    The format's name and version, the estimator's parameters, the labels with their type, the feature names,
    the fit's figures, and the column schema (null where the model was not fitted on a data table).
``coef.npy``, ``intercept.npy``
    The coefficients as float64, in NumPy's own format.

The same model always gives the same bytes. ``history_`` is not stored: it is ``[]`` in a loaded estimator. Nor is what
``partial_fit`` knows of earlier rows, so that a loaded model predicts but does not go on learning.
"""

import json
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import numpy as np

import softgrad
from softgrad.coefficients import dense_coef
from softgrad.jsonvalues import decode, encode
from softgrad.labels import declared
from softgrad.optimize.solution import Status
from softgrad.parameters import check_params
from softgrad.partial import EVIDENCE
from softgrad.storedzip import array_bytes, check_stored, read_array, write_stored
from softgrad.table.atomic import write_atomically
from softgrad.table.columns import Columns
from softgrad.table.errors import quote

if TYPE_CHECKING:
    from softgrad.estimator import SoftmaxRegression

__all__ = ["ModelFileError", "describe", "load", "load_with_columns", "metadata", "save"]

_FORMAT, _VERSION = "softgrad-model", 1
_MEMBERS = ["coef.npy", "intercept.npy", "model.json"]
_MAX_JSON = 64 * 2**20
_FITTED = ("objective_", "gap_", "decrement_", "n_iter_", "n_passes_")
DAMAGE = (
    zipfile.BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)
"""What zipfile, json and numpy raise on bytes that are not what they expect."""


class ModelFileError(ValueError):
    """A model that cannot be saved, or a file that is not a whole softgrad model; told in one sentence."""


def save(
    path: str | os.PathLike[str], estimator: "SoftmaxRegression", columns: Columns | None = None
) -> None:
    """Write a fitted estimator to a file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Where to write; a file there is replaced.
    estimator : SoftmaxRegression
        Fitted.
    columns : Columns, optional
        The schema of the data table that the estimator was fitted on.

    Raises
    ------
    ModelFileError
        If the estimator is not fitted, has a parameter out of its range, or its labels or a parameter (a
        `RandomState`, say) cannot be stored without pickle.
    OSError
        If the folder or the disk refuses.
    """
    if not hasattr(estimator, "coef_"):
        raise ModelFileError("the estimator is not fitted, so there is no model to save: call fit first")
    try:
        check_params(estimator)
    except ValueError as error:
        raise ModelFileError(f"the estimator has a parameter that no fit takes: {error}") from error
    coef = dense_coef(estimator)
    sparse = hasattr(estimator.coef_, "toarray")
    described = metadata(estimator, columns) | {"coef_shape": list(coef.shape), "sparse": sparse}
    members = {
        "model.json": _to_json(described),
        "coef.npy": array_bytes(np.asarray(coef, dtype="<f8")),
        "intercept.npy": array_bytes(np.asarray(estimator.intercept_, dtype="<f8")),
    }
    write_atomically(path, lambda stream: write_stored(stream, members))


def load(path: str | os.PathLike[str]) -> "SoftmaxRegression":
    """Read a fitted estimator from a model file.

    No more is read than the file is long, and every size that it states is checked before it is believed.

    Parameters
    ----------
    path : str or path-like
        A file that `save`, ``SoftmaxRegression.save`` or ``softgrad fit --model`` wrote.

    Returns
    -------
    SoftmaxRegression
        Predicts bit for bit as the one that was saved; ``history_`` is ``[]``.

    Raises
    ------
    ModelFileError
        If the file is missing, not a softgrad model, cut short, damaged, or of a newer format.

    Examples
    --------
    >>> import tempfile
    >>> import softgrad
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = softgrad.SoftmaxRegression().fit(X, ["low", "low", "high", "high"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/heights.softgrad")
    ...     again = softgrad.load(f"{folder}/heights.softgrad")
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    return load_with_columns(path)[0]


def load_with_columns(path: str | os.PathLike[str]) -> tuple["SoftmaxRegression", Columns | None]:
    """Read a fitted estimator, and the schema of the data table that it was fitted on (None if on arrays).

    Raises
    ------
    ModelFileError
        As `load`.
    """
    restored: tuple[SoftmaxRegression, Columns | None] = _read(path, _restore)
    return restored


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the format version and the softgrad version that a model file was written with.

    Raises
    ------
    ModelFileError
        As `load`.
    """
    found: dict[str, Any] = _read(
        path, lambda meta, _: {key: meta[key] for key in ("format_version", "softgrad_version")}
    )
    return found


# ------------------------------------------------------------------------------------------------- writing


def metadata(estimator: "SoftmaxRegression", columns: Columns | None) -> dict[str, Any]:
    """Describe a fitted estimator in plain JSON values: all of it but the coefficients.

    Raises
    ------
    ModelFileError
        If its labels or a parameter have no JSON form.
    """
    names = getattr(estimator, "feature_names_in_", None)
    parameters = estimator.get_params(deep=False).items()
    return {
        "format": _FORMAT,
        "format_version": _VERSION,
        "softgrad_version": softgrad.__version__,
        "parameters": {name: _encode(value, f"the parameter {name}") for name, value in parameters},
        "classes": _encode(np.asarray(estimator.classes_), "the labels in classes_"),
        "feature_names": None if names is None else [str(name) for name in names],
        "fitted": {
            name: _encode(getattr(estimator, name), name)
            for name in (*_FITTED, *EVIDENCE)
            if name in _FITTED or hasattr(estimator, name)
        },
        "status": {"name": str(estimator.status_), "sentence": estimator.status_.sentence},
        "columns": None if columns is None else columns.to_dict(),
    }


def _encode(value: Any, what: str) -> Any:
    try:
        return encode(value)
    except TypeError as error:
        raise ModelFileError(
            f"{what} cannot be saved: it is or holds {error}, and a model file holds numbers, booleans, text and "
            "arrays of these, so change it before saving"
        ) from error


def _to_json(metadata: dict[str, Any]) -> bytes:
    data = json.dumps(metadata, sort_keys=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(data) > _MAX_JSON:
        raise ModelFileError("the labels and names take more than 64 MB, which a model file does not hold")
    return data


# ------------------------------------------------------------------------------------------------- reading


def _read(path: str | os.PathLike[str], use: Callable[[dict[str, Any], zipfile.ZipFile], Any]) -> Any:
    name = quote(os.fspath(path))
    with _open(Path(path), name) as stream:
        head = stream.read(4)
        if head != b"PK\3\4":
            what = "is empty" if not head else "is not a softgrad model file"
            raise ModelFileError(f"{name} {what}: give a file that softgrad fit or estimator.save wrote")
        try:
            with zipfile.ZipFile(stream) as archive:
                return use(_read_metadata(archive, stream, name), archive)
        except ModelFileError:
            raise
        except DAMAGE as error:
            raise ModelFileError(
                f"{name} is damaged or cut short: copy it again from where it was written, or fit again"
            ) from error


def _open(path: Path, name: str) -> BinaryIO:
    if not path.exists():
        raise ModelFileError(f"there is no model file {name}")
    if not path.is_file():
        raise ModelFileError(f"{name} is not a file, but a model file is expected")
    try:
        return path.open("rb")
    except OSError as error:
        raise ModelFileError(f"cannot read {name}: {error.strerror}") from error


def _read_metadata(archive: zipfile.ZipFile, stream: BinaryIO, name: str) -> dict[str, Any]:
    if sorted(archive.namelist()) != _MEMBERS:
        raise ModelFileError(f"{name} is a zip archive, but not a softgrad model file")
    check_stored(archive, stream)
    if archive.getinfo("model.json").file_size > _MAX_JSON:
        raise ValueError("model.json is too large")
    meta = json.loads(archive.read("model.json"), parse_constant=_refuse_constant)
    if meta["format"] != _FORMAT:
        raise ModelFileError(f"{name} is a zip archive, but not a softgrad model file")
    if meta["format_version"] != _VERSION:
        raise ModelFileError(
            f"{name} is of model format {quote(meta['format_version'])}, but this softgrad reads "
            f"format {_VERSION}: upgrade softgrad"
        )
    result: dict[str, Any] = meta
    return result


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _restore(meta: dict[str, Any], archive: zipfile.ZipFile) -> tuple["SoftmaxRegression", Columns | None]:
    from softgrad.estimator import SoftmaxRegression  # it imports this module to save

    classes = decode(meta["classes"])
    if not isinstance(classes, np.ndarray) or len(declared(classes)) != len(classes):
        raise ValueError("the labels are no array of labels")
    n_rows, n_features = meta["coef_shape"]
    if n_rows not in (len(classes), len(classes) - 1 if len(classes) == 2 else None) or n_features < 1:
        raise ValueError("the shape of coef_ does not fit the labels")
    names, columns = _restored_names(meta, n_features)
    estimator = SoftmaxRegression(**{name: decode(value) for name, value in meta["parameters"].items()})
    check_params(estimator)
    evidence = [name for name in EVIDENCE if name in meta["fitted"]]
    fitted = {name: _figure(decode(meta["fitted"][name])) for name in (*_FITTED, *evidence)} | {
        "classes_": classes,
        "n_features_in_": n_features,
        "coef_": read_array(archive, "coef.npy", (n_rows, n_features)),
        "intercept_": read_array(archive, "intercept.npy", (n_rows,)),
        "status_": Status(meta["status"]["name"], str(meta["status"]["sentence"])),
        "history_": [],
    }
    if names is not None:
        fitted["feature_names_in_"] = np.array([str(name) for name in names], dtype=object)
    for name, value in fitted.items():
        setattr(estimator, name, value)
    if meta["sparse"]:
        estimator.sparsify()
    return estimator, columns


def _restored_names(meta: dict[str, Any], n_features: int) -> tuple[list[Any] | None, Columns | None]:
    """The names of the features and the schema of the table, as far as the model has them."""
    columns = None if meta["columns"] is None else Columns.from_dict(meta["columns"])
    names = meta["feature_names"]
    if not (names is None or isinstance(names, list)):
        raise ValueError("the feature names are no list")
    if len(columns.encoded_names if columns else names or range(n_features)) != n_features:
        raise ValueError("the names do not fit the shape of coef_")
    return names, columns


def _figure(value: Any) -> float:
    if not isinstance(value, int | float):
        raise ValueError("a figure is no number")
    return value
