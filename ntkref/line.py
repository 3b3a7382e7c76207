"""The line: a rule for E[f(√q z)] that has been refined until it is right, or an error.

Smooth φ take the trapezoid rule, kinked φ Gauss–Legendre panels between the kinks.  Both are refined on E[φ²] and
E[φ′²] until what a refinement changes says that the next one would change nothing.  Even and odd parts are
integrated apart elsewhere, so nodes are on z > 0 with the weight of both sides.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .gauss import density, graded, panels, reach, trapezoid
from .numbers import Floats, Numbers

__all__ = ["half_line", "mean", "rule_scale"]

_FURTHEST = 38.0  # exp(−38²/2) is the smallest float64


def rule_scale(definition, q, numbers: Numbers):
    """√q as far as rules depend on it: rounded up, to be shared, unless a kink off 0 must be met exactly."""
    if any(definition.kinks):
        return numbers.sqrt(q)
    rounded = 2.0 ** (math.ceil(2 * math.log2(max(float(q), 1e-300)) / 2) / 2)
    try:
        _converged(definition, rounded, numbers)
    except ArithmeticError:  # it may be the rounding that goes too far; if not, the error names q
        return numbers.sqrt(q)
    return rounded


@lru_cache(maxsize=64)
def half_line(definition, scale, numbers: Numbers, terms: int = 0, other=None):
    """Nodes z > 0 and weights of both sides for f(s ·), s ≤ `scale`, f one of φ, φ′, φφ′ z and the like.

    With `terms`, also for f times heₙ, n < `terms`, whose wavelength is 2π/√n.  With `other`, a second scale whose
    kinks are met too.

    Raises ArithmeticError where the moments of φ diverge, or refining does not end.
    """
    end, fineness = _converged(definition, scale, numbers)
    return _half(_rule(definition, scale, numbers, end, fineness, terms, other), numbers)


@lru_cache(maxsize=256)
def _converged(definition, scale, numbers):
    """(where the integrals may end, how fine the rule must be)."""
    end = _end(definition, scale, numbers)
    tolerance = 10.0 ** -(numbers.worked - 1)
    for fineness in range(16 if not definition.kinks else 8):
        sums = [_squares(definition, scale, numbers, end, fineness - k) for k in (2, 1, 0)]
        for coarse, middle, fine in zip(*sums, strict=True):
            first, second = abs(middle - coarse), abs(fine - middle)
            # The error of a geometrically convergent rule is about second²·(second/first)²⁄second; a kink that is not
            # listed gives first = 4 second, and then this falls no faster than the error itself.
            shrinks = second / first if first > second else 1
            if second * float(shrinks) ** (2 if not definition.kinks else 1) > tolerance * abs(fine):
                break
        else:
            return end, fineness
    raise ArithmeticError(
        f"E[{definition.name}(u)²] at variance {float(scale) ** 2:.6g} does not settle as the rule is refined: "
        f"the variance is too large, or {definition.name} is rough or has a kink that is not listed"
    )


def _end(definition, scale, numbers):
    """Where φ² and φ′² times the density have become negligible."""
    end = reach(numbers)
    while end <= _FURTHEST or not isinstance(numbers, Floats):
        z = numbers.asarray(np.linspace(0, end, 65), "z")
        weight = density(z, numbers)
        tails = []
        for f in (definition.value, definition.derivative):
            for side in (1, -1):
                size = f(numbers, side * scale * z) ** 2 * weight
                if not all(math.isfinite(v) for v in size):
                    raise ArithmeticError(_diverges(definition, scale))
                tails.append(max(size[-4:]) <= max(size) * 10.0 ** (-numbers.worked - 2))
        if all(tails):
            return end
        if end > 60:
            break
        end = end * 1.25
    raise ArithmeticError(_diverges(definition, scale))


def _diverges(definition, scale):
    return (
        f"E[{definition.name}(u)²] does not exist, or cannot be integrated, at variance {float(scale) ** 2:.6g}: "
        f"{definition.name} grows too fast"
    )


def _squares(definition, scale, numbers, end, fineness):
    z, w = _rule(definition, scale, numbers, end, fineness)
    return [np.sum(w * f(numbers, scale * z) ** 2) for f in (definition.value, definition.derivative)]


@lru_cache(maxsize=64)
def _rule(definition, scale, numbers, end, fineness, terms=0, other=None):
    """The rule on the whole line, symmetric about 0."""
    if terms and isinstance(numbers, Floats):
        end = 1.42 * end  # |heₙ| is at most of the size of density^(−1/2)
    if not definition.kinks:
        step = 2.0**-fineness / 2
        if terms:  # heₙ adds its wavenumber √n to those of φ
            step = 1 / (1 / step + (math.sqrt(terms) + 2) / (2 * math.pi))
        return trapezoid(step, numbers, end)
    order = 16 if isinstance(numbers, Floats) else int(0.75 * numbers.worked)
    longest = 2.0 ** (1 - fineness / 2)
    if terms:
        longest = min(longest, order / 3 / math.sqrt(terms))
    scales = (scale,) if other is None else (scale, other)
    exact = [abs(numbers.convert(kink)) / s for kink in definition.kinks for s in scales]
    exact = [k for k in exact if k < end]
    centres = np.unique([0.0, *(float(k) for k in exact)])
    edges = graded(centres, 2.0**-fineness / float(scale), end, longest, fineness)
    edges = edges[np.min(np.abs(edges[:, None] - centres), axis=1) > 1e-12]
    edges = np.unique(np.concatenate([numbers.asarray(edges, "edges"), numbers.asarray([0, *exact], "kinks")]))
    z, w = panels(edges, order, numbers)
    return np.concatenate([-z[::-1], z]), np.concatenate([w[::-1], w])


def _half(rule, numbers):
    z, w = rule
    middle = len(z) // 2
    if len(z) % 2 == 0:
        return z[middle:], 2 * w[middle:]
    weights = 2 * w[middle:]
    weights[0] = w[middle]
    return z[middle:], weights


def mean(definition, f, q, numbers: Numbers, even: bool = False) -> tuple:
    """E of each function that the tuple ``f(√q z, z)`` holds, at one variance; `even` says that all are even in z."""
    z, w = half_line(definition, rule_scale(definition, q, numbers), numbers)
    x = numbers.sqrt(q) * z
    right = f(x, z)
    if even:
        return tuple(np.sum(w * values) for values in right)
    return tuple(np.sum(w * (a + b)) / 2 for a, b in zip(right, f(-x, -z), strict=True))
