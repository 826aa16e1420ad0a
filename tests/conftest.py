"""What every test may use: one seed, chosen in one place, and the random generator made from it."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.built_site import built

DEFAULT_SEED = 42
SEED_VARIABLE = "SOFTGRAD_TEST_SEED"

# Examples are drawn anew where a seed is asked for, and are always the same otherwise. Time limits on single
# examples would fail on a busy machine.
settings.register_profile("softgrad", deadline=None, derandomize=SEED_VARIABLE not in os.environ)
settings.load_profile("softgrad")


def seeds(text: str | None) -> list[int]:
    """The seeds named by SOFTGRAD_TEST_SEED: nothing, "all" (0 to 9), or numbers such as "7" or "1,2,3"."""
    if not text:
        return [DEFAULT_SEED]
    if text == "all":
        return list(range(10))
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise pytest.UsageError(
            f'{SEED_VARIABLE} is {text!r}; it must be "all" or numbers such as "7" or "1,2,3".'
        )
    return [int(part) for part in text.split(",")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(os.environ.get(SEED_VARIABLE)), ids=lambda seed: f"seed{seed}")


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """A fresh generator for each test: its draws do not depend on which tests ran before."""
    return np.random.default_rng(seed)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the documents' site, built once a run."""
    return built(tmp_path_factory.mktemp("documents"))
