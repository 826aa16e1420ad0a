"""Right gradients are never accused."""

import numpy as np
import pytest

from softgrad import check_gradient
from tests.check.homework import CONVENTIONS, Homework, laid_out, sheet, softmax


def silent(homework, gradient=None, **arguments):
    one = homework.sheet
    report = check_gradient(
        gradient or homework.gradient,
        X=one.X,
        y=one.y,
        convention=one.convention,
        alpha=one.alpha,
        n_classes=one.K,
        **arguments,
    )
    assert report.ok, str(report)
    assert not report.diagnoses, str(report)
    return report


def degenerate(convention):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 4))
    X[:, 1], X[:, 2], X[:, 3] = X[:, 0], 7.0, 0.0
    return laid_out(convention, X, rng.integers(0, 3, 40), 3, 0.1)


def absent(convention):
    rng = np.random.default_rng(1)
    return laid_out(convention, rng.normal(size=(40, 3)), rng.integers(0, 2, 40), 4)


SHEETS = {
    "plain": sheet,
    "penalised": lambda c: sheet(c, alpha=0.1),
    "one row": lambda c: sheet(c, n=1, alpha=0.1),
    "two classes": lambda c: sheet(c, K=2),
    "ten classes": lambda c: sheet(c, K=10, d=20, n=100),
    "square": lambda c: sheet(c, n=4, K=4, d=4),
    "integers": lambda c: sheet(c, integers=True),
    "degenerate": degenerate,
    "absent class": absent,
}


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_right_on_all_kinds_of_data(convention, kind):
    silent(Homework(SHEETS[kind](CONVENTIONS[convention])))


def by_lse(Z, h):
    top = Z.max(axis=1, keepdims=True)
    return np.exp(Z - top - np.log(np.exp(Z - top).sum(axis=1, keepdims=True)))


def pairwise(Z, h):
    return np.array([[1 / np.exp(row - row[k]).sum() for k in range(len(row))] for row in Z])


SOFTMAXES = {
    "log-sum-exp": by_lse,
    "pairwise": pairwise,
    "epsilon": lambda Z, h: softmax(Z) / (softmax(Z).sum(axis=1, keepdims=True) + 1e-12),
    "whole maximum": lambda Z, h: np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum(axis=1, keepdims=True),
}


@pytest.mark.parametrize("way", ["log-sum-exp", "pairwise"])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_right_in_algebraically_equal_code(convention, way):
    one = Homework(sheet(CONVENTIONS[convention], alpha=0.01)).planted(proba=SOFTMAXES[way])
    assert not [f for f in check(one).diagnoses if f.severity == "error"]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_an_epsilon_in_the_denominator_passes_with_a_note(convention):
    one = Homework(sheet(CONVENTIONS[convention], alpha=0.01)).planted(proba=SOFTMAXES["epsilon"])
    report = check(one)
    assert report.ok, str(report)


def check(one):
    s = one.sheet
    return check_gradient(one.gradient, X=s.X, y=s.y, convention=s.convention, alpha=s.alpha)


def single(gradient):
    def convert(array):
        return array.astype(np.float32) if array.dtype.kind == "f" else array

    def rounded(*arguments):
        result = gradient(*[convert(array) for array in arguments])
        return tuple(convert(part) for part in result) if isinstance(result, tuple) else convert(result)

    return rounded


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_float32(convention):
    one = Homework(sheet(CONVENTIONS[convention], alpha=0.01))
    silent(one, single(one.gradient))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_float32_returned_as_float64(convention):
    one = Homework(sheet(CONVENTIONS[convention], alpha=0.01))
    lower = single(one.gradient)

    def gradient(*arguments):
        result = lower(*arguments)
        return (
            tuple(part.astype(float) for part in result)
            if isinstance(result, tuple)
            else result.astype(float)
        )

    silent(one, gradient)


@pytest.mark.parametrize("code", ["missing 1/n", "sigmoid", "penalty twice"])
def test_float32_mistakes_are_told_too(code):
    from tests.check.faults import FAULTS

    fault, convention = FAULTS[code], CONVENTIONS["columns"]
    one = fault.plant(Homework(sheet(convention, alpha=fault.alpha)))
    s = one.sheet
    report = check_gradient(single(one.gradient), X=s.X, y=s.y, convention=convention, alpha=s.alpha)
    assert report.diagnoses[0].code == fault.code, str(report)


def weights(one, scale, tied=0.0):
    """Random parameters of logits of about `scale`; with `tied`, all classes alike up to that."""
    convention, rng = one.convention, np.random.default_rng(2)
    d = one.d + (convention.intercept in ("first", "last"))
    W = scale * rng.normal(size=(one.K, d))
    if tied:
        W = W[:1] + tied * W
    W = W if convention.weights == "classes_by_features" else W.T
    return (W, rng.normal(size=one.K)) if convention.intercept == "separate" else W


@pytest.mark.parametrize(("scale", "tied"), [(1e4, 0.0), (1e4, 1e-9), (0.0, 0.0)])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_logits_of_ten_thousand_and_near_ties(convention, scale, tied):
    one = Homework(sheet(CONVENTIONS[convention]))
    silent(one, params=[weights(one.sheet, scale, tied)])


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_flat_return(convention):
    one = Homework(sheet(CONVENTIONS[convention]))

    def gradient(*arguments):
        result = one.gradient(*arguments)
        return np.concatenate(
            [np.ravel(part) for part in (result if isinstance(result, tuple) else [result])]
        )

    report = silent(one, gradient)
    assert any("flat" in note for note in report.notes)


@pytest.mark.parametrize("convention", [name for name, c in CONVENTIONS.items() if c.labels == "one_hot"])
def test_soft_labels(convention):
    one = sheet(CONVENTIONS[convention])
    soft = np.random.default_rng(0).dirichlet(np.ones(3), size=one.n)
    one.y = soft if one.convention.samples == "rows" else np.ascontiguousarray(soft.T)
    silent(Homework(one))


class Tensor:
    """Refuses to become an array before it is detached."""

    def __init__(self, array, attached=True):
        self.array, self.attached = array, attached

    def detach(self):
        return Tensor(self.array, attached=False)

    def cpu(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if self.attached:
            raise RuntimeError("call detach() first")
        return self.array


def test_tensors_are_detached():
    one = Homework(sheet(CONVENTIONS["numpy"]))
    silent(one, lambda *arguments: Tensor(one.gradient(*arguments)))
