"""Calling the user's functions as black boxes: arrays go in and come back in the convention's layout."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from softgrad.check.layout import laid_out, taken_apart
from softgrad.check.problem import Blocks, Problem

Array = npt.NDArray[Any]


class Refusal(Exception):  # noqa: N818 - not an error of softgrad's, but a finding
    """A call that cannot be judged: `code` and what happened, in words."""

    def __init__(self, code: str, words: str, **numbers: Any) -> None:
        super().__init__(words)
        self.code, self.words, self.numbers = code, words, numbers


class UserFunctions:
    """The user's gradient and value, called by position with fresh copies of what they are given.

    Attributes
    ----------
    n_calls : int
    mutates : str or None
        Which argument a call changed in place.
    dtype : numpy.dtype or None
        Of the last gradient.
    flat, transposed, summed : bool
        How the gradient came back: as one vector; as W'; with a scalar in place of db.
    """

    def __init__(
        self,
        problem: Problem,
        gradient: Callable[..., Any],
        value: Callable[..., Any] | None,
        data: tuple[Array, Array],
    ) -> None:
        self.problem, self._gradient, self._value = problem, gradient, value
        self._X, self._y = data
        self.n_calls = 0
        self.mutates: str | None = None
        self.dtype: np.dtype[Any] | None = None
        self.flat = self.transposed = self.summed = False

    def gradient(self, place: Blocks, X: Array | None = None) -> Blocks:
        """The user's gradient at `place`, on the data of the problem or on other features, samples as rows.

        Raises
        ------
        Refusal
            With one of the codes raises, wrong-shape, integer-dtype.
        """
        W, b = self._parameters(place)
        result = self._call(self._gradient, W, b, X)
        if self.problem.convention.intercept == "separate":
            return self._pair(result, W)
        dW = self._weights(_single(result), W)
        return taken_apart(dW.astype(np.float64), self.problem)

    def value(self, place: Blocks) -> float:
        """The user's value at `place`.

        Raises
        ------
        Refusal
            With the code raises, or value-mismatch where what comes back is no number.
        """
        assert self._value is not None
        W, b = self._parameters(place)
        result = _plain(self._call(self._value, W, b, None))
        if result.size != 1 or result.dtype.kind not in "fiu":
            words = (
                f"the value came back with shape {result.shape} and type {result.dtype}, not as one number"
            )
            raise Refusal("value-mismatch", words)
        return float(result.ravel()[0])

    def _parameters(self, place: Blocks) -> tuple[Array, Array | None]:
        W = np.array(laid_out(place, self.problem), order="C")
        if self.problem.convention.intercept != "separate" or place.intercept is None:
            return W, None
        b = place.intercept.copy()
        return W, b[:, None] if self.problem.convention.samples == "columns" else b

    def _call(self, function: Callable[..., Any], W: Array, b: Array | None, features: Array | None) -> Any:
        X = self._X if features is None else self._in_columns(features)
        given = {"W": W, "X": X, "y": self._y} if b is None else {"W": W, "b": b, "X": X, "y": self._y}
        handed = {name: copy.deepcopy(array) for name, array in given.items()}
        self.n_calls += 1
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = function(*handed.values())
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split())[:300]
            words = f"it raises {type(error).__name__}: {text}"
            raise Refusal("raises", words, exception=type(error).__name__) from error
        for name, array in given.items():
            if self.mutates is None and not np.array_equal(array, handed[name]):
                self.mutates = name
        return result

    def _in_columns(self, features: Array) -> Array:
        """Features laid out as the convention has them, with the constant one where it is folded."""
        if self.problem.folded:
            parts = [np.ones((len(features), 1)), features]
            features = np.hstack(parts if self.problem.convention.intercept == "first" else parts[::-1])
        return np.ascontiguousarray(features if self.problem.convention.samples == "rows" else features.T)

    def _pair(self, result: Any, W: Array) -> Blocks:
        K = self.problem.n_classes
        if isinstance(result, tuple | list) and len(result) == 2:
            weights = self._weights(result[0], W)
            db = self._intercept(result[1])
        else:
            flat = _plain(result)
            if flat.shape != (W.size + K,):
                words = f"one array of shape {flat.shape} came back, but a pair (dW, db) is expected"
                raise Refusal("wrong-shape", words, shape=flat.shape)
            _check_type(flat, "the gradient")
            self.flat, self.dtype = True, flat.dtype
            weights, db = flat[: W.size].reshape(W.shape), flat[W.size :]
        return taken_apart(weights.astype(np.float64), self.problem, db.astype(np.float64))

    def _intercept(self, given: Any) -> Array:
        K = self.problem.n_classes
        db = np.zeros(K) if given is None else _plain(given)
        self.summed = db.size == 1 and K > 1
        if db.size not in (1, K):
            words = f"db came back with shape {db.shape}, but {K} entries are expected, one a class"
            raise Refusal("wrong-shape", words, shape=db.shape)
        if not self.summed:
            _check_type(db, "db")
        return np.full(K, float(db.ravel()[0])) if self.summed else db.ravel()

    def _weights(self, result: Any, W: Array) -> Array:
        dW = _plain(result)
        _check_type(dW, "dW")
        self.dtype = dW.dtype
        if dW.shape == W.shape:
            return dW
        if dW.shape == W.T.shape:
            self.transposed = True
            return dW.T
        if dW.shape == (W.size,):
            self.flat = True
            return dW.reshape(W.shape)
        words = f"dW came back with shape {dW.shape}, but W has shape {W.shape}"
        raise Refusal("wrong-shape", words, shape=dW.shape)


def _single(result: Any) -> Any:
    """A gradient without a separate intercept, also where it comes as the pair (dW, None)."""
    pair = isinstance(result, tuple) and len(result) == 2
    return result[0] if pair and result[1] is None else result


def _plain(result: Any) -> Array:
    """Whatever NumPy can turn into an array; a tensor that records gradients is detached first."""
    if hasattr(result, "detach"):
        result = result.detach()
        result = result.cpu() if hasattr(result, "cpu") else result
    if result is None:
        raise Refusal("wrong-shape", "nothing came back (None): is a return missing?", shape=None)
    try:
        return np.asarray(result)
    except Exception as error:
        raise Refusal("wrong-shape", f"what came back is no array ({type(result).__name__})") from error


def _check_type(array: Array, name: str) -> None:
    if array.dtype.kind in "iub":
        words = f"{name} came back with the integer type {array.dtype}, which cuts off every fraction"
        raise Refusal("integer-dtype", words, dtype=str(array.dtype))
    if array.dtype.kind != "f":
        words = f"{name} came back with the type {array.dtype}, but an array of real numbers is expected"
        raise Refusal("wrong-shape", words, dtype=str(array.dtype))
