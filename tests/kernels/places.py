"""What the tests compute in other processes and threads, and a way to start a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from softgrad.kernels import choice, passes
from tests.kernels.cases import Case

ROOT = Path(__file__).parents[2]


def bits(name: str, n_threads: int = 2) -> bytes:
    """All bits of a pass over many tiles with the named kernels."""
    os.environ[choice.VARIABLE] = name
    choice._chosen.cache_clear()
    case = Case(9000, 21, 6, kept=True, soft=True, n_threads=n_threads)
    return bits_of(case.job(np.random.default_rng(5)))


def bits_of(job) -> bytes:
    sums = passes.run(job)
    arrays = [np.array(sums.loss), sums.by_intercept, sums.by_coef, job.logits]
    return b"".join(array.tobytes() for array in arrays if array is not None)


def script(text: str, *arguments: str, **environment: str) -> subprocess.Popen:
    """Python that runs `text` with what the tests share at hand; its output comes through pipes."""
    paths = [str(ROOT), *sys.path]
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(text: str, *arguments: str, **environment: str) -> str:
    process = script(text, *arguments, **environment)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out
