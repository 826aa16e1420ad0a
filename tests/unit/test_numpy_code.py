"""Convention.numpy_code: the text runs, agrees with the convention in every combination, and reads like a hand-in."""

import ast
import shutil
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from softgrad.conventions import COLUMNS, LOG_LIKELIHOOD, NUMPY, PER_CLASS
from softgrad.maths.convention import Convention
from tests.oracles import high_precision, layouts

N, D, K = 9, 4, 3
PENALTIES = [(alpha, folded) for alpha in (0.0, 0.37) for folded in (False, True)]
ALL = pytest.mark.parametrize("fields", layouts.COMBINATIONS, ids=layouts.name)
PENALTY = pytest.mark.parametrize(("alpha", "penalize_intercept"), PENALTIES)


@cache
def text(fields, alpha, penalize_intercept):
    return Convention(**dict(fields)).numpy_code(alpha=alpha, penalize_intercept=penalize_intercept)


def texts():
    """Every combination's text."""
    return {
        (*sorted(f.items()), p): text(tuple(sorted(f.items())), *p)
        for f in layouts.COMBINATIONS
        for p in PENALTIES
    }


def run(source):
    """The (value, gradient) that a text defines."""
    names = {}
    exec(compile(source, "hand-in", "exec"), names)
    return names["value"], names["gradient"]


def problem(fields, rng, scale=1.0):
    """(W, b, X, y) in the fields' layout, as check_gradient passes them, and the codes' canonical arrays."""
    X, codes = rng.standard_normal((N, D)), rng.permutation(np.arange(N) % K)
    coef = scale * rng.standard_normal((K, D))
    intercept = rng.standard_normal(K) if layouts.has_intercept(fields) else np.zeros(K)
    W, b = layouts.weights(fields, coef, intercept), layouts.bias(fields, intercept)
    return W, b, layouts.samples(fields, X), layouts.labels(fields, codes, K)


def arguments(W, b, X, y):
    return (W, X, y) if b is None else (W, b, X, y)


def blocks(gradient):
    return gradient if isinstance(gradient, tuple) else (gradient,)


def close(result, truth, rtol):
    np.testing.assert_allclose(result, truth, rtol=0, atol=rtol * max(np.abs(truth).max(), 1e-300))


@ALL
@PENALTY
def test_value_and_gradient_are_the_convention_s(fields, alpha, penalize_intercept, rng):
    convention = Convention(**fields)
    options = {"alpha": alpha, "penalize_intercept": penalize_intercept}
    value, gradient = run(convention.numpy_code(**options))
    for _ in range(3):
        W, b, X, y = problem(fields, rng)
        exact = convention.gradient(W, X, y, b, **options)
        np.testing.assert_allclose(
            value(*arguments(W, b, X, y)), convention.value(W, X, y, b, **options), rtol=1e-13
        )
        result = gradient(*arguments(W, b, X, y))
        assert isinstance(result, tuple) == (fields["intercept"] == "separate")
        for block, truth in zip(blocks(result), exact[:2] if b is not None else exact[:1], strict=True):
            assert block.shape == truth.shape
            close(block, truth, 1e-13)


@ALL
def test_arguments_stay_as_they_were(fields, rng):
    before = problem(fields, rng)
    given = arguments(*(None if part is None else part.copy() for part in before))
    for function in run(Convention(**fields).numpy_code(alpha=0.5)):
        function(*given)
    for part, original in zip(given, arguments(*before), strict=True):
        np.testing.assert_array_equal(part, original)


@ALL
def test_near_certain_logits_neither_overflow_nor_give_nan(fields, rng):
    """Warnings are errors here, so an overflow in exp or a log of zero fails by itself."""
    convention = Convention(**fields)
    value, gradient = run(convention.numpy_code())
    W, b, X, y = problem(fields, rng, scale=1e5)
    np.testing.assert_allclose(value(*arguments(W, b, X, y)), convention.value(W, X, y, b), rtol=1e-12)
    close(blocks(gradient(*arguments(W, b, X, y)))[0], convention.gradient(W, X, y, b).weights, 1e-12)


def test_value_keeps_a_probability_that_float64_cannot_hold():
    value, gradient = run(NUMPY.numpy_code())
    X, Y = np.eye(2), np.array([[0, 1], [1, 0]])
    W = np.array([[2000.0, 0.0], [0.0, 3000.0]])
    assert value(W, X, Y) == 2500.0
    close(gradient(W, X, Y), X.T @ high_precision.residual(X @ W, [1, 0]) / 2, 1e-15)


@pytest.mark.parametrize("convention", [NUMPY, LOG_LIKELIHOOD, COLUMNS])
def test_soft_labels_are_taken_where_labels_are_one_hot(convention, rng):
    X, W, Y = rng.standard_normal((N, D)), rng.standard_normal((K, D)), rng.dirichlet(np.ones(K), N)
    b = np.zeros((K, 1)) if convention.intercept == "separate" else None
    W = W.T if convention.weights == "features_by_classes" else W
    X, Y = (X.T, Y.T) if convention.samples == "columns" else (X, Y)
    value, gradient = run(convention.numpy_code())
    np.testing.assert_allclose(value(*arguments(W, b, X, Y)), convention.value(W, X, Y, b), rtol=1e-13)
    close(blocks(gradient(*arguments(W, b, X, Y)))[0], convention.gradient(W, X, Y, b).weights, 1e-13)


# The text.


def test_there_are_as_many_texts_as_differ_in_meaning():
    """The intercept's penalty changes nothing where alpha is 0 or there is no intercept."""
    with_intercept = sum(layouts.has_intercept(fields) for fields in layouts.COMBINATIONS)
    assert len(set(texts().values())) == 2 * len(layouts.COMBINATIONS) + with_intercept


def test_signatures_are_check_gradient_s():
    for fields in layouts.COMBINATIONS:
        wanted = ["W", "b", "X", "y"] if fields["intercept"] == "separate" else ["W", "X", "y"]
        functions = {
            node.name: [argument.arg for argument in node.args.args]
            for node in ast.parse(Convention(**fields).numpy_code()).body
            if isinstance(node, ast.FunctionDef)
        }
        assert functions["value"] == functions["gradient"] == wanted


def test_only_numpy_is_imported_and_every_name_is_used():
    for source in texts().values():
        tree = ast.parse(source)
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
        for scope in [tree, *(node for node in tree.body if isinstance(node, ast.FunctionDef))]:
            assert assigned(scope) <= read(scope)


def assigned(scope):
    """Names that a function binds, its arguments among them; for the module, its constants."""
    if isinstance(scope, ast.Module):
        return {target.id for node in scope.body if isinstance(node, ast.Assign) for target in node.targets}
    names = {
        node.id for node in ast.walk(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return names | {argument.arg for argument in scope.args.args}


def read(scope):
    return {
        node.id for node in ast.walk(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def test_the_text_is_short_and_without_penalty_has_no_penalty_lines():
    for key, source in texts().items():
        lines = [line for line in source.splitlines() if line]
        assert 11 <= len(lines) <= 21
        assert max(map(len, lines)) <= 88
        assert ("alpha" in source) == (key[-1][0] != 0.0)
        assert source.isascii()


@pytest.mark.skipif(
    shutil.which("ruff", path=str(sys.prefix) + "/bin") is None, reason="ruff is not installed"
)
def test_every_text_is_formatted_and_lints_clean(tmp_path):
    for number, source in enumerate(sorted(set(texts().values()))):
        (tmp_path / f"hand_in_{number}.py").write_text(source)
    ruff = shutil.which("ruff", path=str(sys.prefix) + "/bin")
    for command in (
        ["format", "--isolated", "--check", "--diff", "."],
        ["check", "--isolated", "--select", "E,F,W,B,RET,SIM,PERF,UP,I,ARG,NPY,RUF,ERA", "."],
    ):
        done = subprocess.run(
            [ruff, *command, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_alpha_is_written_so_that_it_reads_back_exactly():
    for alpha in (0.1, 1, 1e-300, np.float64(1 / 3), -0.5):
        names = {}
        exec(PER_CLASS.numpy_code(alpha=alpha), names)
        assert names["alpha"] == alpha


@pytest.mark.parametrize("alpha", [np.nan, np.inf, -np.inf])
def test_alpha_that_is_no_number_is_refused(alpha):
    with pytest.raises(ValueError, match="cannot be written as code; pass a finite number"):
        NUMPY.numpy_code(alpha=alpha)
