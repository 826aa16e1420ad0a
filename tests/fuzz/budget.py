"""How many cases a fuzz test runs: its share of the number that SOFTGRAD_FUZZ_CASES asks for in all."""

import os

from hypothesis import HealthCheck, settings

__all__ = ["cases"]

VARIABLE = "SOFTGRAD_FUZZ_CASES"
DEFAULT = 3000
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def cases(per_mille: float) -> settings:
    """That many thousandths of all cases; a test's share is large where its cases are quick."""
    total = int(os.environ.get(VARIABLE, DEFAULT))
    return settings(
        max_examples=max(5, round(total * per_mille / 1000)),
        deadline=None,
        suppress_health_check=SLOW_IS_FINE,
        print_blob=True,
    )
