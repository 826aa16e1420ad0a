"""Mistakes with a number to be found: a temperature, a threshold, fractions cut off."""

import numpy as np
from scipy.optimize import minimize_scalar

from softgrad.check.fit import Amounts, Target
from softgrad.check.mixture import Finding, Mixture
from softgrad.check.pipeline import Changes
from softgrad.check.probe import Probe


def temperature(probe: Probe, _: Changes) -> list[Finding] | None:
    """Logits multiplied by t, and the gradient by t or not."""
    problem = probe.problem
    target = Target.of(problem, probe.places, probe.gradients)

    def fitted(t: float) -> Amounts | None:
        return target.amounts(probe.data_terms({"logits": lambda Z: t * Z}), probe.places)

    def misfit(log_t: float, sign: int) -> float:
        amounts = fitted(sign * float(np.exp(log_t)))
        return np.inf if amounts is None else amounts.residual

    grid = np.linspace(-5, 5, 41)
    for sign in (1, -1):
        best = int(np.argmin([misfit(x, sign) for x in grid]))
        bounds = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 40)]))
        found = minimize_scalar(
            misfit, bounds=bounds, args=(sign,), method="bounded", options={"xatol": 1e-12}
        )
        t = sign * float(np.exp(found.x))
        amounts = fitted(t)
        if amounts is not None and found.fun <= max(1e-6, probe.tolerance) and abs(t - 1) > 1e-5:
            return _at_temperature(probe, t, amounts)
    return None


def _at_temperature(probe: Probe, t: float, amounts: Amounts) -> list[Finding]:
    words = f"multiplies the logits by {t:.6g} (a temperature of {1 / t:.6g})"
    evidence = f"P = softmax({t:.6g} * Z) reproduces it to {amounts.residual:.1e}"
    numbers = {"factor": t, "temperature": 1 / t}
    main = Finding("temperature", words, evidence, "logits", "softmax", numbers)
    scales = (t,) if abs(amounts.data - t) < 1e-4 * abs(t) else ()
    rounded = (
        t
        if scales
        else round(amounts.data)
        if abs(amounts.data - round(amounts.data)) < 1e-5
        else amounts.data
    )
    same = abs(amounts.on_b - amounts.data) < 1e-4 * abs(amounts.data)
    on_b = float(rounded) if same else amounts.on_b
    errors = tuple(max(error, 1e-7) for error in amounts.errors)
    snapped = Amounts(float(rounded), on_b, amounts.penalty, amounts.penalty_b, errors, amounts.residual)  # type: ignore[arg-type]
    return [main, *Mixture(snapped, probe.problem, scales).findings()]


def clipped(probe: Probe, _: Changes) -> list[Finding] | None:
    """By value or by norm, of the whole gradient, the right one or n times it."""
    for factor in (1.0, float(probe.problem.n), 1 / probe.problem.n, -1.0):
        found = _by_value(probe, factor) or _by_norm(probe, factor)
        if found is not None:
            amounts = Amounts(
                factor, factor, factor * probe.problem.alpha, factor * probe.problem.alpha_on_intercept
            )
            return [found, *Mixture(amounts, probe.problem).findings()]
    return None


def _by_value(probe: Probe, factor: float) -> Finding | None:
    right = factor * np.concatenate([probe.problem.gradient(place).vector() for place in probe.places])
    given = np.concatenate([gradient.vector() for gradient in probe.gradients])
    limit = float(np.abs(given).max())
    terms = abs(factor) * np.concatenate([probe.problem.terms(place) for place in probe.places])
    count = int((np.abs(right) > limit * (1 + 1e-9)).sum())
    if count == 0 or not (np.abs(np.clip(right, -limit, limit) - given) <= probe.tolerance * terms).all():
        return None
    words = f"is clipped by value at {limit:.6g}"
    evidence = f"{count} of {right.size} entries are cut to +-{limit:.6g}; all others are right"
    return Finding("clipped", words, evidence, "weights", "weights", {"threshold": limit, "by": "value"})


def _by_norm(probe: Probe, scale: float) -> Finding | None:
    for joint in (True, False):
        factors, norms = [], []
        for place, gradient in zip(probe.places, probe.gradients, strict=True):
            right = probe.problem.gradient(place).scaled(scale)
            a, b = (
                (right.vector(), gradient.vector())
                if joint
                else (right.weights.ravel(), gradient.weights.ravel())
            )
            factor = float(a @ b / max(a @ a, 1e-300))
            if np.abs(b - factor * a).max() > max(1e-7, probe.tolerance) * np.abs(a).max():
                break
            factors.append(factor)
            norms.append(float(np.linalg.norm(b)))
        cut = [norm for norm, factor in zip(norms, factors, strict=True) if factor < 1 - 1e-6]
        whole = len(factors) == len(probe.places) and all(0 < factor <= 1 + 1e-6 for factor in factors)
        if whole and cut and np.ptp(cut) <= 1e-5 * max(cut):
            words = f"is clipped by norm at {cut[0]:.6g}"
            evidence = f"right in direction, but of norm {cut[0]:.6g} wherever it would be longer ({len(cut)} places)"
            return Finding(
                "clipped", words, evidence, "weights", "weights", {"threshold": cut[0], "by": "norm"}
            )
    return None


def cut_off(probe: Probe, _: Changes) -> list[Finding] | None:
    """Sums kept in an array of an integer type: all entries are whole numbers, before the division by n or after."""
    n, whole = probe.problem.n, np.concatenate([gradient.vector() for gradient in probe.gradients])
    right = np.concatenate([probe.problem.gradient(place).vector() for place in probe.places])
    for unit, name in ((1.0, "a whole number"), (1 / n, "a whole number divided by n")):
        steps = whole / unit
        near = np.abs(whole - right).max() <= max(1.0, n * unit)
        if near and np.abs(steps - np.round(steps)).max() <= 1e-9 * max(1.0, np.abs(steps).max()):
            words = "is kept in an array of an integer type, which cuts off every fraction"
            evidence = f"every entry is {name}"
            return [Finding("integer-dtype", words, evidence, "weights", "weights", {"unit": unit})]
    return None
