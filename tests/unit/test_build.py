"""The package as it is built: its version, its kernels, and the NumPy twins where the compiled ones are missing."""

import importlib.metadata
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import softgrad
from softgrad import kernels
from softgrad.maths.logits import log_sum_exp

ROOT = Path(__file__).parents[2]
INF, NAN = np.inf, np.nan


def test_version_is_that_of_the_project():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert softgrad.__version__ == importlib.metadata.version("softgrad") == declared


def test_backend_tells_whether_the_extension_module_is_there():
    found = importlib.util.find_spec("softgrad.kernels._native") is not None
    assert kernels.backend() == ("compiled" if found else "numpy")


@pytest.mark.parametrize("n_classes", [1, 2, 3, 10, 257])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 30.0, 1e3, 1e9])
def test_row_log_sum_exp_equals_its_twin(rng, n_classes, scale):
    logits = scale * rng.standard_normal((50, n_classes))
    np.testing.assert_allclose(kernels.row_log_sum_exp(logits), log_sum_exp(logits), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([INF, 0.0, -INF], INF),
        ([INF, INF, 0.0], NAN),
        ([-INF, 2.0, -INF], 2.0),
        ([-INF, -INF, -INF], NAN),
        ([NAN, 0.0, 0.0], NAN),
        ([0.0, 0.0, NAN], NAN),
        ([INF, NAN, 0.0], NAN),
        ([NAN, INF, 0.0], NAN),
        ([0.0, -1e3, -1e3], 0.0),
        ([0.0, -40.0, -INF], np.log1p(np.exp(-40.0))),
    ],
)
def test_row_log_sum_exp_at_the_limits(row, expected):
    logits = np.array([row, [0.0, 0.0, 0.0], row[::-1]])
    expected = [expected, np.log(3.0), expected]
    np.testing.assert_allclose(kernels.row_log_sum_exp(logits), expected, rtol=1e-15)
    np.testing.assert_allclose(log_sum_exp(logits), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "variant",
    [
        np.asfortranarray,
        lambda z: z.astype(np.float32),
        lambda z: z.astype(np.int8),
        lambda z: z.tolist(),
        lambda z: np.broadcast_to(z[0], z.shape),
        lambda z: np.hstack([z, z])[:, ::2],
    ],
    ids=["fortran", "float32", "int8", "list", "read-only", "strided"],
)
def test_row_log_sum_exp_takes_any_layout_and_real_type(rng, variant):
    logits = variant(4 * rng.standard_normal((7, 6)))
    expected = log_sum_exp(np.array(logits, dtype=np.float64))
    np.testing.assert_allclose(kernels.row_log_sum_exp(logits), expected, rtol=1e-14)


def test_row_log_sum_exp_of_no_rows_is_empty():
    assert kernels.row_log_sum_exp(np.empty((0, 3))).shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (2, 0), (0, 0), (2, 2, 2), ()])
def test_row_log_sum_exp_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"shape \(n, K\) with K >= 1"):
        kernels.row_log_sum_exp(np.zeros(shape))


def run_python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_the_extension_module_numpy_is_used():
    code = (
        "import sys; sys.modules['softgrad.kernels._native'] = None\n"
        "from softgrad import kernels\n"
        "print(kernels.backend(), kernels.row_log_sum_exp([[3.0, float('-inf')]])[0])"
    )
    assert run_python(code) == "numpy 3.0"


def test_an_extension_module_that_does_not_load_is_reported():
    code = (
        "import sys, types, warnings; sys.modules['softgrad.kernels._native'] = types.ModuleType('_native')\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    from softgrad import kernels\n"
        "print(kernels.backend(), len(caught), 'do not load' in str(caught[0].message))"
    )
    assert run_python(code) == "numpy 1 True"


def test_version_of_the_citation_is_that_of_the_project():
    assert f"version: {softgrad.__version__}" in (ROOT / "CITATION.cff").read_text().splitlines()
