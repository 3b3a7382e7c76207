"""One pair of inputs by integration in the plane, where no Hermite series ends.

The entry is an integral; what it falls short of its value for parallel inputs is another, so that nothing cancels:
with S = E[f(√q₁z)f(√q₂z)], R = E[(f(√q₁z) − f(√q₂z))²] and F = S − E[f(u)f(v)], the gap is R + 2F, and by Price's
theorem F = √(q₁q₂) ∫₀^θ sin t E[f′f′](t) dt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .definition import Definition
from .gauss import gauss_legendre
from .line import half_line, rule_scale
from .numbers import Digits, Floats
from .polar import fineness_of, plane_mean

__all__ = ["one_pair"]

_PLAIN = 0.01  # a fall that is this part of S keeps enough digits when it is subtracted


@dataclass(frozen=True)
class _Part:
    """φ or φ′, or the even (`sign` 1) or odd (−1) part of it, with the slope where that is known."""

    definition: Definition
    f: Callable
    slope: Callable | None
    kinks: tuple
    sign: int = 0

    @property
    def jumps(self) -> bool:
        return self.definition.jumps(self)

    def __call__(self, numbers, x):
        return self._of(self.f, self.sign, numbers, x)

    def differentiated(self, numbers, x):
        return self._of(self.slope, -self.sign, numbers, x)

    @staticmethod
    def _of(f, sign, numbers, x):
        return (f(numbers, x) + sign * f(numbers, -x)) / 2 if sign else f(numbers, x)


def one_pair(definition, f, mean_squares, q, diff, cosine, sine2, numbers) -> dict:
    """xy, diff, gap, cogap and area of the kernel of `f`, φ or φ′, for variances `q` = (q₁, q₂).

    At c < 0 v is replaced by −v: that changes the sign of what the odd part of `f` contributes, and nothing else.
    """
    t1, t2 = mean_squares
    r1, r2 = numbers.sqrt(q[0]), numbers.sqrt(q[1])
    angle = numbers.atan2(numbers.sqrt(sine2), abs(cosine))
    following = definition.derivative if f is definition.value else definition.second
    whole = _Part(definition, f, following, definition.kinks)
    parity = definition.parity_of(f)
    parts = [(whole, 1 if cosine >= 0 else parity)]
    if cosine < 0 and not parity:
        kinks = tuple(sorted({*definition.kinks, *(-k for k in definition.kinks)}))
        parts = [(_Part(definition, f, following, kinks, sign), sign) for sign in (1, -1)]
    xy = gap = cogap = move = 0 * t1
    for part, sign in parts:
        s, r, change = _parallel(part, r1, r2, diff / (r1 + r2), numbers)
        fall = _fall(part, s, r, r1, r2, angle, numbers)
        near, far = r + 2 * fall, r + 4 * s - 2 * fall
        across = numbers.nonnegative((r * (2 * (t1 + t2) - r) - change**2) / 4) + fall * (2 * s - fall)
        xy, move = xy + sign * (s - fall), move + change
        gap, cogap = (gap + near, cogap + far) if sign > 0 else (gap + far, cogap + near)
    if len(parts) > 1:
        across = (gap * cogap - move**2) / 4
    area = numbers.sqrt(numbers.nonnegative(across))
    return {"xy": xy, "diff": move, "gap": gap, "cogap": cogap, "area": area}


def _parallel(part, r1, r2, dr, numbers) -> tuple:
    """E[f₁f₂], E[(f₁ − f₂)²] and E[f₁² − f₂²] for fᵢ = f(rᵢ z); r1 − r2 = `dr` to all its digits."""
    larger, smaller = (r1, r2) if r1 >= r2 else (r2, r1)
    scale = rule_scale(part.definition, larger * larger, numbers)
    z, w = half_line(part.definition, scale, numbers, other=smaller if any(part.kinks) else None)
    close = part.slope is not None and abs(dr) < 0.1 * r1 and not part.jumps
    product = square = move = 0
    for side in (z, -z):
        one, other = part(numbers, r1 * side), part(numbers, r2 * side)
        change = _integral(part, r2 * side, dr * side, numbers) if close else one - other
        product = product + np.sum(w * one * other) / 2
        square = square + np.sum(w * change**2) / 2
        move = move + np.sum(w * change * (one + other)) / 2
    return product, square, move


def _integral(part, start, length, numbers):
    """∫ of the slope from `start` over `length`, split at the kinks."""
    nodes, weights = gauss_legendre(8, numbers)
    if not any(part.kinks):  # start and end have one sign
        halves = length[:, None] / 2
        return np.sum(halves * weights * part.differentiated(numbers, start[:, None] + halves * (1 + nodes)), axis=1)
    total, end = 0 * start, start + length
    bounds = [-math.inf, *(numbers.convert(k) for k in part.kinks), math.inf]
    for low, high in pairwise(bounds):
        a, b = (np.minimum(np.maximum(x, low), high) for x in (start, end))
        inside = (start > low) & (start < high) & (end > low) & (end < high)
        halves = (np.where(inside, length, b - a) / 2)[:, None]
        values = part.differentiated(numbers, a[:, None] + halves * (1 + nodes))
        total = total + np.sum(halves * weights * values, axis=1)
    return total


def _entry(part, f, r1, r2, angle, numbers):
    what = f"E[{part.definition.name}(u){part.definition.name}(v)]"
    (value,) = plane_mean(lambda u, v: (f(numbers, u) * f(numbers, v),), r1, r2, angle, part.kinks, numbers, what)
    return value


def _fall(part, s, r, r1, r2, angle, numbers):
    """S − E[f(u)f(v)] to its own relative accuracy."""
    if angle == 0:
        return 0 * s
    if isinstance(numbers, Digits):  # digits are cheaper than integrals there
        return (_squared_distance(part, s, r1, r2, angle, numbers) - r) / 2
    plain = s - _entry(part, part, r1, r2, angle, numbers)
    if plain > _PLAIN * s:
        return plain
    if part.slope is None or part.jumps:
        return (_squared_distance(part, s, r1, r2, angle, numbers) - r) / 2
    # Panels of t that double, from where √q makes E[f′f′] vary.  It is smooth in t, and most demanding at t = θ.
    slope, what = part.differentiated, f"the slope of the kernel of {part.definition.name}"

    def products(u, v):
        return (slope(numbers, u) * slope(numbers, v),)

    # The even part of σ is constant: the slope of that is rounding, and so is a fall of the square of a rounding.
    floor = 1e-32 * s / (r1 * r2 * angle**2)
    fineness = fineness_of(products, r1, r2, angle, part.kinks, numbers, what, floor)
    nodes, weights = gauss_legendre(10, numbers)
    first = min(float(angle), 0.5 / max(float(r1), float(r2)))
    doublings = math.ceil(math.log2(float(angle) / first)) if first < angle else 0
    edges = [0 * angle, *(angle / 2**k for k in range(doublings, -1, -1))]
    total = 0 * s
    for low, high in pairwise(edges):
        half = (high - low) / 2
        for x, weight in zip(low + half * (1 + nodes), half * weights, strict=True):
            (value,) = plane_mean(products, r1, r2, x, part.kinks, numbers, what, fineness=fineness)
            total = total + weight * numbers.sin(x) * value
    return r1 * r2 * total


def _squared_distance(part, s, r1, r2, angle, numbers):
    """E[(f(u) − f(v))²] where f jumps, or its slope is not known: differences, at more digits if need be."""
    work = numbers
    if isinstance(numbers, Digits):
        work = Digits(numbers.n, numbers.guard + 5 + math.ceil(-2 * math.log10(float(angle))))
    what = f"the gap of {part.definition.name}"
    # Rounding of f(u) and f(v) is u √(S/gap) of the gap: 1e-12 at the smallest that is let through.
    noise = 1e-11 if isinstance(numbers, Floats) else None
    (value,) = plane_mean(
        lambda u, v: ((part(work, u) - part(work, v)) ** 2,), r1, r2, angle, part.kinks, work, what, noise
    )
    if isinstance(numbers, Floats) and not part.jumps and value < 1e-8 * s:
        raise ArithmeticError(
            f"the gap of {part.definition.name}'s NTK is lost in float64 at angle {float(angle):.3g}: state `second`, "
            "the second derivative, or use digits(n)"
        )
    return value
