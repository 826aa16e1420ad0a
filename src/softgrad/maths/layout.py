"""Layout: where a convention puts samples, classes, the intercept and labels, and the exact maps to and from the
canonical places: X (n, d), coef (K, d), intercept (K,), logits (n, K), labels as codes (n,) or distributions (n, K).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from softgrad.maths.arrays import COMPLEX, as_array, as_numbers
from softgrad.maths.cross_entropy import check_targets

Array = npt.NDArray[Any]

Samples = Literal["rows", "columns"]
Weights = Literal["features_by_classes", "classes_by_features"]
Intercept = Literal["none", "separate", "first", "last"]
Labels = Literal["index", "one_hot"]


@dataclass(frozen=True)
class Layout:
    """The fields of :class:`softgrad.Convention` that say where things are, not what is computed of them."""

    samples: Samples
    weights: Weights
    intercept: Intercept
    labels: Labels

    # ------------------------------------------------------------------------------- to the canonical places

    def model(
        self, W: npt.ArrayLike, X: npt.ArrayLike, b: npt.ArrayLike | None
    ) -> tuple[Array, Array | None, Array]:
        """coef, intercept and X.

        Raises
        ------
        ValueError
            If shapes do not fit, or b is missing or given against the layout.
        """
        weights, features = numbers("W", W), numbers("X", X)
        if weights.ndim != 2 or features.ndim != 2 or 0 in weights.shape:
            raise ValueError(
                f"W of shape {weights.shape} and X of shape {features.shape} were given; "
                "both must have two axes, and W at least one class and one feature."
            )
        coef = weights if self.weights == "classes_by_features" else weights.T
        features = features if self.samples == "rows" else features.T
        if coef.shape[1] != features.shape[1]:
            raise ValueError(
                f"W of shape {weights.shape} holds {coef.shape[1]} features ({self.weights}), but X of shape "
                f"{np.shape(X)} holds {features.shape[1]} (samples in {self.samples}); pass arrays that agree."
            )
        if self.folded:
            if b is not None:
                raise ValueError(
                    f"b was given, but the intercept is folded into W ({self.intercept}); leave b out."
                )
            return self._unfolded(coef, features)
        if (b is None) != (self.intercept == "none"):
            raise ValueError(
                f"this convention has intercept={self.intercept!r}, but b was {'left out' if b is None else 'given'}; "
                f"{'pass b with one entry a class' if b is None else 'leave it out'}."
            )
        return coef, None if b is None else entries(b, coef.shape[0]), features

    def problem(
        self, W: npt.ArrayLike, X: npt.ArrayLike, y: npt.ArrayLike, b: npt.ArrayLike | None
    ) -> tuple[Array, Array | None, Array, Array]:
        """coef, intercept, X and labels.

        Raises
        ------
        ValueError
            As :meth:`model`, or if there is no sample, or labels do not fit.
        """
        coef, intercept, features = self.model(W, X, b)
        if len(features) == 0:
            raise ValueError(
                f"X of shape {np.shape(X)} holds no sample; the value and gradient need at least one."
            )
        targets = as_array(y, "y", "labels as the convention has them")
        if (targets.ndim == 1) != (self.labels == "index"):
            raise ValueError(
                f"labels of shape {targets.shape} were given, but this convention has labels={self.labels!r}; "
                f"pass {'integers of shape (n,)' if self.labels == 'index' else 'one distribution a sample'}."
            )
        if targets.ndim == 2 and self.samples == "columns":
            targets = targets.T
        return coef, intercept, features, check_targets(targets, len(features), coef.shape[0])

    @property
    def folded(self) -> bool:
        """Whether W holds the intercept, and X the constant feature of ones."""
        return self.intercept in ("first", "last")

    def _unfolded(self, coef: Array, features: Array) -> tuple[Array, Array, Array]:
        place = 0 if self.intercept == "first" else features.shape[1] - 1
        if not (features[:, place] == 1).all():
            raise ValueError(
                f"intercept={self.intercept!r} means that the {self.intercept} feature of X is the constant 1, "
                "but it is not; add the feature of ones there, or use intercept='separate'."
            )
        return np.delete(coef, place, axis=1), coef[:, place], np.delete(features, place, axis=1)

    # ----------------------------------------------------------------------------- from the canonical places

    def by_sample(self, array: Array) -> Array:
        """What is (n, K), as the convention has it."""
        return array if self.samples == "rows" else array.T

    def parameters(self, coef: Array, intercept: Array | None) -> tuple[Array, Array | None]:
        """A pair (K, d), (K,) as W and the separate b."""
        if self.folded and intercept is not None:
            coef = self._insert(coef, intercept[:, None])
        weights = coef if self.weights == "classes_by_features" else coef.T
        if self.intercept != "separate" or intercept is None:
            return weights, None
        return weights, intercept if self.samples == "rows" else intercept[:, None]

    def features(self, X: Array) -> Array:
        """X (n, d), with the feature of ones where the intercept is folded."""
        if self.folded:
            X = self._insert(X, np.ones((len(X), 1), dtype=X.dtype))
        return self.by_sample(X)

    def targets(self, labels: Array, n_classes: int) -> Array:
        """Codes (n,) or distributions (n, K) as this layout's labels.

        Raises
        ------
        ValueError
            If soft labels are to be an index.
        """
        if self.labels == "index":
            if labels.ndim == 1:
                return labels
            if not ((labels == 0) | (labels == 1)).all():
                raise ValueError("soft labels cannot be written as index labels; use labels='one_hot'.")
            return np.asarray(labels.argmax(axis=1))
        return self.by_sample(labels if labels.ndim == 2 else np.eye(n_classes)[labels])

    def _insert(self, by_feature: Array, constant: Array) -> Array:
        parts = [constant, by_feature] if self.intercept == "first" else [by_feature, constant]
        return np.concatenate(parts, axis=1)


def numbers(name: str, values: npt.ArrayLike) -> Array:
    """An argument as an array of numbers, real or complex.

    Raises
    ------
    ValueError
    """
    return as_numbers(values, name, "numbers", COMPLEX)


def entries(b: npt.ArrayLike, n_classes: int) -> Array:
    """The intercept as (K,), from any array of K entries.

    Raises
    ------
    ValueError
    """
    found = numbers("b", b)
    if found.size != n_classes:
        raise ValueError(
            f"b of shape {found.shape} was given; it must hold one entry for each of the {n_classes} classes."
        )
    return found.reshape(n_classes)
