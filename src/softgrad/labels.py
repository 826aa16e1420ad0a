"""The estimator's door for labels and weights: as users have them, made into codes or distributions, or refused."""

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.class_weight import compute_class_weight

from softgrad.maths.cross_entropy import check_targets, check_weights, weight_sum
from softgrad.scalars import check_number

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Labels:
    """Targets of a fit.

    Attributes
    ----------
    classes : ndarray of shape (K,)
        As the user names them.
    targets : ndarray of shape (n,) or (n, K)
        Codes into `classes`, or soft labels.
    """

    classes: Array
    targets: Array


def check_labels(y: Any, classes: Any, n_rows: int) -> Labels:
    """Labels of any sortable kind, or soft labels, as codes or distributions over the classes.

    Raises
    ------
    ValueError
        If labels are missing, continuous, more than one a row, not among `classes`, or no distributions.
    """
    if y is None:
        raise ValueError(
            "SoftmaxRegression requires y to be passed, but the target y is None; pass one label a row."
        )
    named = None if classes is None else declared(classes)
    values = as_array(y, "y")
    if values.ndim == 2 and values.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; its one column is taken as the labels.",
            DataConversionWarning,
            stacklevel=4,
        )
        values = values[:, 0]
    if values.ndim not in (1, 2):
        raise ValueError(
            f"y of shape {values.shape} was given; pass one label a row, or one row of soft labels."
        )
    if len(values) != n_rows:
        raise ValueError(
            f"y of shape {values.shape} was given, but X has {n_rows} rows; pass one label a row."
        )
    if values.ndim == 2:
        return _soft(values, named)
    found, codes = _unique(of_one_kind(values))
    return Labels(found, codes) if named is None else _among(named, found, codes)


def check_row_weights(labels: Labels, sample_weight: Any, class_weight: Any) -> Array | None:
    """``sample_weight * class_weight``, (n,), or None for ones.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, all are zero, or class_weight is unusable.
    """
    weights = None if sample_weight is None else _sample_weights(sample_weight, len(labels.targets))
    if class_weight is None:
        return weights
    by_row: Array = class_factors(labels, class_weight, weights)[labels.targets]
    product = by_row if weights is None else by_row * weights
    if not product.any():
        raise ValueError(
            "sample_weight and class_weight leave every row with weight zero; give one a positive weight."
        )
    return product


def class_factors(labels: Labels, class_weight: Any, weights: Array | None) -> Array:
    """The factor of each class; "balanced" as scikit-learn >= 1.7 has it, from the weighted counts."""
    if labels.targets.ndim == 2:
        raise ValueError(
            "class_weight needs one label a row, but soft labels were given; put the weights into sample_weight."
        )
    if isinstance(class_weight, dict):
        return _given_class_weights(labels, class_weight)
    if not (isinstance(class_weight, str) and class_weight == "balanced"):
        raise ValueError(
            f"class_weight of type {type(class_weight).__name__} was given; "
            "pass a dict {label: weight}, 'balanced' or None."
        )
    seen = labels.targets if weights is None else labels.targets[weights > 0]
    present = np.unique(seen)
    factors = np.ones(len(labels.classes))
    factors[present] = compute_class_weight(
        class_weight,
        classes=labels.classes[present],
        y=labels.classes[seen],
        sample_weight=None if weights is None else weights[weights > 0],
    )
    return factors


def _given_class_weights(labels: Labels, class_weight: dict[Any, Any]) -> Array:
    """A dict's weights, 1 for classes that it does not name; names of no class are refused unless all are weighted."""
    for label, weight in class_weight.items():
        check_number(f"class_weight[{label!r}]", weight, "a finite weight >= 0")
    classes = labels.classes.tolist()
    unknown = [label for label in class_weight if label not in classes]
    if unknown and not all(label in class_weight for label in classes):
        raise ValueError(
            f"class_weight names {unknown[:5]}, which are no classes; the classes are {classes[:20]}."
        )
    factors = np.array([float(class_weight.get(label, 1.0)) for label in classes])
    if not factors[np.unique(labels.targets)].any():
        raise ValueError(
            f"class_weight={class_weight!r} gives every class weight zero; give one a positive weight."
        )
    return factors


def _sample_weights(sample_weight: Any, n_rows: int) -> Array:
    weights = as_array(sample_weight, "sample_weight")
    if weights.dtype.kind == "O":
        try:
            weights = weights.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"sample_weight holds what is no number ({error}); pass one number a row."
            ) from error
    checked = np.asarray(check_weights(weights, n_rows))
    if weight_sum(checked) == 0:
        raise ValueError("all sample weights are zero; at least one must be a non-zero number.")
    return checked.astype(np.float64, copy=False)


def as_array(values: Any, name: str) -> Array:
    """A list, series, frame or array as a NumPy array."""
    if scipy.sparse.issparse(values):
        raise ValueError(f"{name} is a sparse matrix; pass a dense array, for example {name}.toarray().")
    native = nw.from_native(values, pass_through=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series):
        return np.asarray(native.to_numpy())
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} has rows of unequal lengths; pass one entry a row.") from error


def declared(classes: Any) -> Array:
    """The labels named up front, in their order.

    Raises
    ------
    ValueError
        If they are not at least two different labels of one kind.
    """
    named = as_array(classes, "classes")
    if named.ndim != 1 or len(named) < 2:
        raise ValueError(f"classes of shape {named.shape} was given; pass a list of at least two labels.")
    named = of_one_kind(named, "classes")
    if len(_unique(named, "classes")[0]) != len(named):
        raise ValueError(f"classes={named.tolist()[:20]} names a label twice; name each once.")
    return named


def _soft(values: Array, named: Array | None) -> Labels:
    if not np.issubdtype(values.dtype, np.floating):
        raise ValueError(
            f"y of shape {values.shape} and type {values.dtype} was given; pass one label a row, or floating soft "
            "labels whose rows sum to 1 (multilabel and multioutput targets are another model)."
        )
    classes = np.arange(values.shape[1]) if named is None else named
    if len(classes) != values.shape[1]:
        raise ValueError(
            f"y has {values.shape[1]} columns of soft labels, but classes names {len(classes)} labels; they must agree."
        )
    return Labels(classes, check_targets(values, *values.shape))


def of_one_kind(labels: Array, name: str = "y") -> Array:
    """Labels of one sortable type without missing ones; objects become integers, booleans or floats where they are."""
    if labels.dtype.kind not in "biufUMO":
        kind = "bytes" if labels.dtype.kind == "S" else labels.dtype
        raise ValueError(
            f"{name} holds labels of type {kind}; pass integers, strings or booleans (Unknown label type)."
        )
    missing = _missing(labels)
    if missing.any():
        raise ValueError(
            f"Input {name} contains NaN, infinity or None: {int(missing.sum())} of {len(labels)} labels are missing; "
            "drop these rows or fill them."
        )
    if labels.dtype.kind == "O":
        labels = _from_objects(labels, name)
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        example = labels[labels != np.floor(labels)][0]
        raise ValueError(
            f"Unknown label type: {name} holds continuous values such as {example}; "
            "a classifier needs classes, so bin them or use a regression."
        )
    return labels


def _missing(labels: Array) -> Array:
    if labels.dtype.kind == "f":
        return ~np.isfinite(labels)
    if labels.dtype.kind == "M":
        return np.isnat(labels)
    if labels.dtype.kind == "O":
        return np.array([_is_missing(label) for label in labels], dtype=bool)
    return np.zeros(len(labels), dtype=bool)


def _is_missing(label: Any) -> bool:
    """None, NaN, NaT or pandas' NA, which is neither equal to itself nor not."""
    if label is None or isinstance(label, str):
        return label is None
    try:
        return bool(label != label)
    except (TypeError, ValueError):
        return not isinstance(label, np.ndarray)


def _from_objects(labels: Array, name: str) -> Array:
    kinds = {_kind(label) for label in labels}
    if len(kinds) != 1 or not isinstance(labels[0], Hashable) or isinstance(labels[0], bytes | complex):
        found = ", ".join(sorted(kinds))
        raise ValueError(
            f"{name} mixes labels of the types {found}; "
            "make them all integers, strings or booleans (Unknown label type)."
        )
    types = {"bool": bool, "int": np.int64, "float": np.float64}
    kind = kinds.pop()
    return labels.astype(types[kind]) if kind in types else labels


def _kind(label: Any) -> str:
    for kind, types in (
        ("str", str),
        ("bool", bool | np.bool_),
        ("int", int | np.integer),
        ("float", float | np.floating),
    ):
        if isinstance(label, types):
            return kind
    return type(label).__name__


def _unique(labels: Array, name: str = "y") -> tuple[Array, Array]:
    try:
        found, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"the labels in {name} cannot be sorted ({error}); make them all one type."
        ) from error
    return found, codes


def _among(named: Array, found: Array, codes: Array) -> Labels:
    known = named
    if named.dtype.kind == found.dtype.kind == "M":  # days and seconds are equal as dates, not as objects
        unit = np.promote_types(named.dtype, found.dtype)
        known, found = named.astype(unit), found.astype(unit)
    places = {label: place for place, label in enumerate(known.tolist())}
    refuse_unknown(found, known)
    return Labels(named, np.array([places[label] for label in found.tolist()], dtype=np.intp)[codes])


def refuse_unknown(found: Array, named: Array) -> None:
    """Refuse labels that are not among those named.

    Raises
    ------
    ValueError
    """
    known = set(named.tolist())
    unknown = [label for label in found.tolist() if label not in known]
    if unknown:
        raise ValueError(
            f"y holds the labels {unknown[:5]}, which classes does not name; add them to classes."
        )
