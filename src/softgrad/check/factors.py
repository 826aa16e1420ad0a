"""What a factor may stand for."""

import math

from softgrad.check.problem import Problem

CLOSE = 1e-6


def names_of(factor: float, problem: Problem, close: float = CLOSE) -> list[str]:
    """The usual names of a factor on these data, the likeliest first; empty where it has none.

    On 150 rows, 150.0 is "n", and 1/150 is "1/n".
    """
    if factor == 0 or not math.isfinite(factor) or math.isclose(abs(factor), 1, rel_tol=CLOSE):
        return []
    close = max(close, CLOSE)
    found = [
        name
        for name, value in _named(problem).items()
        if value not in (0, 1) and math.isclose(abs(factor), value, rel_tol=close)
    ]
    if found or close > CLOSE:
        return found
    return _batch(abs(factor), problem.n)


def _named(problem: Problem) -> dict[str, float]:
    n, K, d = float(problem.n), float(problem.n_classes), float(problem.n_features)
    named = {
        "n": n, "1/n": 1 / n, "2": 2.0, "1/2": 0.5, "K": K, "1/K": 1 / K, "d": d, "1/d": 1 / d,
        "n*K": n * K, "1/(n*K)": 1 / (n * K), "n/d": n / d, "d/n": d / n, "n/K": n / K, "K/n": K / n,
        "n*d": n * d, "1/(n*d)": 1 / (n * d), "K*d": K * d, "1/(K*d)": 1 / (K * d),
        "2/n": 2 / n, "n/2": n / 2, "2n": 2 * n, "1/(2n)": 1 / (2 * n), "1/n^2": 1 / n**2, "n^2": n**2,
        "ln 2": math.log(2), "1/ln 2": 1 / math.log(2), "ln 10": math.log(10), "1/ln 10": 1 / math.log(10),
        "K - 1": K - 1, "1/10": 0.1, "10": 10.0, "1/100": 0.01, "100": 100.0,
    }  # fmt: skip
    if n > 1:
        named |= {"n/(n - 1)": n / (n - 1), "(n - 1)/n": (n - 1) / n}
    if K > 1:
        named["1/(K - 1)"] = 1 / (K - 1)
    return named


def _batch(size: float, n: int) -> list[str]:
    """A whole number in place of n: divided by a constant size, or not."""
    for value, pattern in ((n / size, "n/{}"), (n * size, "{}/n"), (1 / size, "1/{}"), (size, "{}")):
        whole = round(value)
        if 1 < whole < 100_000 and math.isclose(value, whole, rel_tol=CLOSE):
            return [pattern.format(whole)]
    return []


def described(factor: float, problem: Problem, close: float = CLOSE) -> str:
    """The factor with its names, "150 = n"."""
    sign = "-" if factor < 0 else ""
    names = names_of(factor, problem, close)
    return f"{factor:.{6 if names or close > CLOSE else 10}g}" + "".join(
        f" = {sign}{name}" for name in names[:3]
    )
