"""One pair of inputs by integration in the plane, where no Hermite series ends.

The entry is an integral; what it falls short of its value for parallel inputs is another, so that nothing cancels:
with S = E[f(√q₁z)f(√q₂z)], R = E[(f(√q₁z) − f(√q₂z))²] and F = S − E[f(u)f(v)], the gap is R + 2F, and by Price's
theorem F = √(q₁q₂) ∫₀^θ sin t E[f′f′](t) dt.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from .gauss import gauss_legendre
from .line import half_line, rule_scale
from .numbers import Digits, Floats
from .polar import plane_mean

__all__ = ["one_pair"]

_PLAIN = 0.01  # a fall that is this part of S keeps enough digits when it is subtracted


def one_pair(definition, f, mean_squares, q, diff, cosine, sine2, numbers) -> dict:
    """xy, diff, gap, cogap and area of the kernel of `f`, φ or φ′, for variances `q` = (q₁, q₂)."""
    t1, t2 = mean_squares
    r1, r2 = numbers.sqrt(q[0]), numbers.sqrt(q[1])
    angle = numbers.atan2(numbers.sqrt(sine2), cosine)
    parity = definition.parity * (1 if f is definition.value else -1)
    flip = cosine < 0 and parity
    if flip:
        angle = numbers.atan2(numbers.sqrt(sine2), -cosine)
    change = _increments(definition, f, r1, r2, diff / (r1 + r2), numbers)
    if cosine < 0 and not flip:
        xy = _entry(definition, f, r1, r2, angle, numbers)
        gap, cogap = t1 + t2 - 2 * xy, t1 + t2 + 2 * xy
        area = (gap * cogap - change["diff"] ** 2) / 4
    else:
        s, r = change["product"], change["square"]
        fall = _fall(definition, f, s, r, r1, r2, angle, numbers)
        xy, gap, cogap = s - fall, r + 2 * fall, r + 4 * s - 2 * fall
        area = numbers.nonnegative((r * (2 * (t1 + t2) - r) - change["diff"] ** 2) / 4) + fall * (2 * s - fall)
        if flip:
            xy = parity * xy
            gap, cogap = (cogap, gap) if parity < 0 else (gap, cogap)
    area = numbers.sqrt(numbers.nonnegative(area))
    return {"xy": xy, "diff": change["diff"], "gap": gap, "cogap": cogap, "area": area}


def _derivative(definition, f):
    """The function whose integral `f` is, where there is one: `f` must not jump."""
    following = definition.derivative if f is definition.value else definition.second
    return following if following is not None and not definition.jumps(f) else None


def _increments(definition, f, r1, r2, dr, numbers) -> dict:
    """E[f₁f₂], E[(f₁ − f₂)²] and E[f₁² − f₂²] for fᵢ = f(rᵢ z); r1 − r2 = `dr` to all its digits."""
    scale = rule_scale(definition, r1 * r1 if r1 >= r2 else r2 * r2, numbers)
    z, w = (
        half_line(definition, scale, numbers, other=r2 if r1 >= r2 else r1)
        if any(definition.kinks)
        else half_line(definition, scale, numbers)
    )
    slope = _derivative(definition, f) if abs(dr) < 0.1 * r1 else None
    sums = {"product": 0, "square": 0, "diff": 0}
    for side in (z, -z):
        one, other = f(numbers, r1 * side), f(numbers, r2 * side)
        change = one - other if slope is None else _integral(slope, r2 * side, dr * side, definition.kinks, numbers)
        for name, values in (("product", one * other), ("square", change**2), ("diff", change * (one + other))):
            sums[name] = sums[name] + np.sum(w * values) / 2
    return sums


def _integral(slope, start, length, kinks, numbers):
    """∫ of `slope` from `start` over `length`, split at the kinks."""
    nodes, weights = gauss_legendre(8, numbers)
    if not any(kinks):  # start and end have one sign
        halves = length[:, None] / 2
        return np.sum(halves * weights * slope(numbers, start[:, None] + halves * (1 + nodes)), axis=1)
    total, end = 0 * start, start + length
    bounds = [-math.inf, *(numbers.convert(k) for k in kinks), math.inf]
    for low, high in pairwise(bounds):
        a, b = (np.minimum(np.maximum(x, low), high) for x in (start, end))
        inside = (start > low) & (start < high) & (end > low) & (end < high)
        halves = (np.where(inside, length, b - a) / 2)[:, None]
        total = total + np.sum(halves * weights * slope(numbers, a[:, None] + halves * (1 + nodes)), axis=1)
    return total


def _entry(definition, f, r1, r2, angle, numbers):
    what = f"E[{definition.name}(u){definition.name}(v)]"
    (value,) = plane_mean(lambda u, v: (f(numbers, u) * f(numbers, v),), r1, r2, angle, definition.kinks, numbers, what)
    return value


def _fall(definition, f, s, r, r1, r2, angle, numbers):
    """S − E[f(u)f(v)] to its own relative accuracy."""
    if angle == 0:
        return 0 * s
    plain = s - _entry(definition, f, r1, r2, angle, numbers)
    if plain > _PLAIN * s:
        return plain
    slope = _derivative(definition, f)
    if slope is None:
        return (_squared_distance(definition, f, s, r1, r2, angle, numbers) - r) / 2
    # Panels of t that double, from where √q makes E[f′f′] vary.
    nodes, weights = gauss_legendre(12, numbers)
    first = min(float(angle), 0.5 / max(float(r1), float(r2)))
    doublings = math.ceil(math.log2(float(angle) / first)) if first < angle else 0
    edges = [0 * angle, *(angle / 2**k for k in range(doublings, -1, -1))]
    total = 0 * s
    for low, high in pairwise(edges):
        half = (high - low) / 2
        for x, weight in zip(low + half * (1 + nodes), half * weights, strict=True):
            total = total + weight * numbers.sin(x) * _entry(definition, slope, r1, r2, x, numbers)
    return r1 * r2 * total


def _squared_distance(definition, f, s, r1, r2, angle, numbers):
    """E[(f(u) − f(v))²] where `f` jumps, or its slope is not known: differences, at more digits if need be."""
    work = numbers
    if isinstance(numbers, Digits):
        work = Digits(numbers.n, numbers.guard + 5 + math.ceil(-2 * math.log10(float(angle))))
    (value,) = plane_mean(
        lambda u, v: ((f(work, u) - f(work, v)) ** 2,),
        r1,
        r2,
        angle,
        definition.kinks,
        work,
        f"the gap of {definition.name}",
    )
    if isinstance(numbers, Floats) and not definition.jumps(f) and value < 1e-8 * s:
        raise ArithmeticError(
            f"the gap of {definition.name}'s NTK is lost in float64 at angle {float(angle):.3g}: state `second`, the "
            "second derivative, or use digits(n)"
        )
    return value
