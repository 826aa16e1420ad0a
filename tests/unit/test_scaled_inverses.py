"""Both forms of the scaled inverses against dense inverses, computed in float64 by another route."""

import tracemalloc

import numpy as np
import pytest

from softgrad.optimize.block_preconditioner import block_preconditioner
from softgrad.optimize.scaled_inverses import (
    LARGEST_CACHED,
    PANEL,
    CachedInverses,
    FactoredInverses,
    scaled_inverses,
)
from softgrad.rows.dense import DenseRows


def blocks_of(rng, n_blocks, width, unit_range=8.0):
    """Positive definite blocks of condition about 1e4 in units that differ by 10^unit_range."""
    units = 10.0 ** rng.uniform(-unit_range / 2, unit_range / 2, size=width)
    blocks = []
    for _ in range(n_blocks):
        basis = np.linalg.qr(rng.normal(size=(width, width)))[0]
        block = (basis * np.geomspace(1, 1e-4, width)) @ basis.T
        blocks.append(block * units * units[:, None])
    return blocks, units


@pytest.mark.parametrize("width", [PANEL - 1, PANEL, PANEL + 1, 2 * PANEL + 7])
@pytest.mark.parametrize(
    ("largest", "kind", "accuracy"), [(LARGEST_CACHED, CachedInverses, 1e-6), (0, FactoredInverses, 1e-4)]
)
def test_solves_with_each_block(rng, monkeypatch, width, largest, kind, accuracy):
    monkeypatch.setattr("softgrad.optimize.scaled_inverses.LARGEST_CACHED", largest)
    blocks, units = blocks_of(rng, 3, width)
    solution = rng.normal(size=(3, width)) / units
    residual = np.array([block @ one for block, one in zip(blocks, solution, strict=True)])
    inverses = scaled_inverses((block.copy() for block in blocks), 3, width)
    assert type(inverses) is kind
    error = (inverses.solve(residual) - solution) * units
    assert np.abs(error).max() <= accuracy * np.abs(solution * units).max()


def test_the_size_decides(rng):
    blocks, _ = blocks_of(rng, 1, 1025)
    assert type(scaled_inverses(iter(blocks), 1, 1025)) is FactoredInverses
    blocks, _ = blocks_of(rng, 1, 1024)
    assert type(scaled_inverses(iter(blocks), 1, 1024)) is CachedInverses


@pytest.mark.parametrize("largest", [LARGEST_CACHED, 0])
def test_positive_definite_where_the_block_is_not(rng, monkeypatch, largest):
    """Duplicated columns: the factor in float32 of a block that is singular to working precision."""
    monkeypatch.setattr("softgrad.optimize.scaled_inverses.LARGEST_CACHED", largest)
    half = rng.normal(size=(500, 80))
    X = np.column_stack([half, half])
    inverses = scaled_inverses(iter([X.T @ X]), 1, 160)
    for _ in range(20):
        residual = rng.normal(size=(1, 160))
        assert np.vdot(residual, inverses.solve(residual)) > 0


@pytest.mark.parametrize("largest", [LARGEST_CACHED, 0])
def test_nothing_large_along_a_null_vector(rng, monkeypatch, largest):
    """A system whose solution is at hand; with a ridge of 1e-11 float32 factors would add 1e4 times as much to it."""
    monkeypatch.setattr("softgrad.optimize.scaled_inverses.LARGEST_CACHED", largest)
    A, B = rng.normal(size=(2, 900, 60))
    X = np.column_stack([A, B, A + B]) / 30
    solution = rng.normal(size=(1, 180))
    found = scaled_inverses(iter([X.T @ X]), 1, 180).solve(solution @ X.T @ X)
    assert np.linalg.norm(found) <= 2 * np.linalg.norm(solution)


@pytest.mark.parametrize("largest", [LARGEST_CACHED, 0])
def test_an_indefinite_block_is_lifted_until_it_has_a_factor(monkeypatch, largest):
    monkeypatch.setattr("softgrad.optimize.scaled_inverses.LARGEST_CACHED", largest)
    block = np.array([[1.0, 2.0], [2.0, 1.0]])
    inverses = scaled_inverses(iter([block.copy()]), 1, 2)
    expected = np.linalg.inv(block + 10 * np.eye(2))
    np.testing.assert_allclose(inverses.solve(np.array([[1.0, 0.0]]))[0], expected[0], rtol=1e-6)


def test_one_gram_matrix_at_a_time_is_in_memory(rng, monkeypatch):
    """Of wide rows in memory: less than the float64 matrices of all classes together."""
    monkeypatch.setattr("softgrad.optimize.scaled_inverses.LARGEST_CACHED", 0)
    n, d, K = 1000, 250, 60
    rows = DenseRows(rng.normal(size=(n, d)), np.arange(n) % K, K)
    point = rows.at(np.zeros((K, d)), np.zeros(K))
    tracemalloc.start()
    block_preconditioner(point.class_grams(), K, d, 1e-3, fit_intercept=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.8 * 8 * K * (d + 1) ** 2
