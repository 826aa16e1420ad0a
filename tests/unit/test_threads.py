"""The limit on threads: where it comes from, and that it ends."""

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (its BLAS must be loaded to be counted)
from threadpoolctl import threadpool_info, threadpool_limits

from softgrad.fitting import fit
from softgrad.kernels.threads import SMALL_FOR_BLAS, limited
from tests import problems

VARIABLE = "SOFTGRAD_NUM_THREADS"
LARGE = 10 * SMALL_FOR_BLAS


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    """Three before the test, so that one and two can be told from them."""
    monkeypatch.delenv(VARIABLE, raising=False)
    with threadpool_limits(limits=3, user_api="blas"):
        if blas_threads() != {3}:
            pytest.skip("this BLAS does not take a number of threads")
        yield


def test_an_argument_counts_first(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    with limited(2, LARGE):
        assert blas_threads() == {2}
    assert blas_threads() == {3}


@pytest.mark.parametrize("flop", [1.0, LARGE])
def test_the_environment_counts_next(monkeypatch, flop):
    monkeypatch.setenv(VARIABLE, "2")
    with limited(None, flop):
        assert blas_threads() == {2}
    assert blas_threads() == {3}


def test_small_work_stays_on_one_thread():
    with limited(None, SMALL_FOR_BLAS / 2):
        assert blas_threads() == {1}
    with limited(None, LARGE):
        assert blas_threads() == {3}


def test_the_limit_ends_with_an_error():
    with pytest.raises(KeyError), limited(1, LARGE):
        raise KeyError
    assert blas_threads() == {3}


@pytest.mark.parametrize("text", ["", "0", "-1", "two", "1.5", " 2", "\u0662"])
def test_a_bad_number_is_refused(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with (
        pytest.raises(ValueError, match=f"{VARIABLE}=.* is set; it must be a whole number >= 1"),
        limited(None, 1.0),
    ):
        pass


def test_a_fit_respects_them(rng, monkeypatch):
    problem, seen = problems.plain(rng), []
    given = {"alpha": 0.05, "callback": lambda record: seen.append(blas_threads())}
    fit(problem.X, problem.targets, n_threads=2, **given)
    monkeypatch.setenv(VARIABLE, "2")
    fit(problem.X, problem.targets, **given)
    assert len(seen) > 2
    assert all(threads == {2} for threads in seen)
    monkeypatch.setenv(VARIABLE, "many")
    with pytest.raises(ValueError, match=VARIABLE):
        fit(problem.X, problem.targets, **given)


def test_the_number_of_threads_does_not_matter(rng):
    problem = problems.plain(rng)
    one, two = (fit(problem.X, problem.targets, alpha=0.05, tol=1e-12, n_threads=n) for n in (1, 2))
    np.testing.assert_allclose(one.coef, two.coef, rtol=1e-10, atol=1e-13)
