"""Every test that asks for `kernels` runs on the NumPy path and on each compiled instruction set of this machine."""

import numpy as np
import pytest

from softgrad.kernels import choice

NAMES = ("numpy", *choice.available())


def _choose(monkeypatch, name):
    monkeypatch.setenv(choice.VARIABLE, name)
    choice._chosen.cache_clear()
    assert choice.backend() == name


@pytest.fixture(params=NAMES)
def kernels(request, monkeypatch):
    _choose(monkeypatch, request.param)
    yield request.param
    choice._chosen.cache_clear()


@pytest.fixture(params=NAMES[1:])
def compiled(request, monkeypatch):
    _choose(monkeypatch, request.param)
    yield request.param
    choice._chosen.cache_clear()


@pytest.fixture(autouse=True)
def quiet():
    """Limits are what some tests are about, and warnings are errors elsewhere."""
    with np.errstate(all="ignore"):
        yield
