"""𝒯 on every pair from the Hermite coefficients of every input: entry, gap, cogap and area.

Written for arrays of pairs that share coefficients, a Gram matrix foremost: 6 operations a pair and term, no
memory beyond the result and a block.  Even and odd terms are summed apart, so that at c < 0 the gap, or for nearly
odd φ the cogap, is a sum of small positive things too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .expansion import Expansion
from .numbers import Numbers

_FEW = 1 << 14  # numbers in one temporary where all terms are taken at once

__all__ = ["Drift", "Sides", "cut", "pair_fields"]


@dataclass(frozen=True)
class Sides:
    """A block of pairs: which input each side is, the difference of the variances, the cosine and what it lacks."""

    first: Any  # indices into the expansions
    second: Any
    diff: Any
    cosine: Any
    sine2: Any


@dataclass(frozen=True)
class Drift:
    """How f(√q ·) moves with q, for pairs whose variances nearly agree.

    With ′ = d/dq and · the inner product, for f even and odd: `speed` = a′·a′ and `bend` = a″·a″/4 + a′·a‴/6, so that
    |a(q₁) − a(q₂)|² = d² (mean speed − d² mean bend) + O(d⁶), d = q₁ − q₂.  `slope` = (a·a)′, `third` = (a·a)‴.
    """

    near: Any  # the largest d/q for which this is used
    slope: Any
    third: Any
    speed: tuple
    bend: tuple

    @staticmethod
    def of(expansion: Expansion, numbers: Numbers) -> Drift:
        near = 10.0 ** (-numbers.worked / 4)
        rows = expansion.drift(3, numbers)
        slope, third, speed, bend = 0, 0, [], []
        for parity in (0, 1):
            a, first, second, last = (row[parity] for row in rows)
            slope = slope + 2 * _dot(a, first)
            third = third + 2 * _dot(a, last) + 6 * _dot(first, second)
            speed.append(_dot(first, first))
            bend.append(_dot(second, second) / 4 + _dot(first, last) / 6)
        return Drift(near, slope, third, tuple(speed), tuple(bend))


def _dot(a, b):
    return np.sum(a * b, axis=0)


def pair_fields(e: Expansion, drift: Drift, sides: Sides, numbers: Numbers) -> dict:
    """xy, diff, gap, cogap and area of the kernel E[f(u)f(v)] on a block of pairs."""
    i, j, c = sides.first, sides.second, sides.cosine
    size = numbers.abs(c)
    x = size * size
    fall = sides.sine2 / (1 + size)  # 1 − |c|
    even, odd = (_class_sums(a[:, i], a[:, j], x) for a in (e.even, e.odd))
    near = numbers.abs(sides.diff) <= drift.near * e.q[i]
    same_side = c >= 0

    (t_even, g_even, s_even), (p_odd, g_odd, s_odd) = even, odd
    f_even = sides.sine2 * g_even  # Σ A_n (1 − cⁿ) over even n, then over odd n
    f_odd = sides.sine2 * g_odd + fall * p_odd
    if e.complete or e.samples is None:
        r_even, r_odd = _radial(e, drift, sides, near, numbers)
    else:
        (f_even, f_odd), (s_even, s_odd), (r_even, r_odd) = _from_samples(e, i, j, even, odd, size, numbers)
    t_odd = size * p_odd
    xy = numbers.where(same_side, t_even + t_odd, t_even - t_odd)
    short_odd, long_odd = r_odd + 2 * f_odd, r_odd + 4 * s_odd - 2 * f_odd
    gap = r_even + 2 * f_even + numbers.where(same_side, short_odd, long_odd)
    cogap = r_even + 4 * s_even - 2 * f_even + numbers.where(same_side, long_odd, short_odd)

    t1, t2 = e.mean_square[i], e.mean_square[j]
    slopes, thirds = (drift.slope[i] + drift.slope[j]) / 2, (drift.third[i] + drift.third[j]) / 2
    diff = numbers.where(near, sides.diff * (slopes - sides.diff**2 * thirds / 12), t1 - t2)
    # area² = T₁T₂ − T₁₂², as in duals.py: from gap and cogap unless the norms differ much.
    product, square = gap * cogap, diff * diff
    r, s, f = r_even + r_odd, s_even + s_odd, f_even + f_odd
    across = numbers.nonnegative((r * (2 * (t1 + t2) - r) - square) / 4) + f * (2 * s - f)
    across = numbers.where((2 * square <= product) | ~same_side, numbers.nonnegative(product - square) / 4, across)
    return {"xy": xy, "diff": diff, "gap": gap, "cogap": cogap, "area": numbers.sqrt(numbers.nonnegative(across))}


def _class_sums(a, b, x):
    """For Aₖ = aₖbₖ: Σ Aₖ xᵏ, Σₖ xᵏ Σ_{n>k} Aₙ and Σ Aₖ."""
    polynomial, falls, total = 0 * x, 0 * x, 0 * (a[0] * b[0])
    if not np.any(a):  # φ is odd, or even
        return polynomial, falls, total
    if a.dtype != object and np.size(x) * len(a) <= _FEW:
        terms = a * b
        powers = x ** np.arange(len(a)).reshape(-1, *(1,) * np.ndim(x))
        sums = np.cumsum(terms[::-1], axis=0)[::-1]
        beyond = np.concatenate([sums[1:], 0 * sums[:1]])
        return tuple(np.sum(v, axis=0) for v in (terms * powers, beyond * powers, terms))
    polynomial, falls = polynomial + total, falls + total
    for one, other in zip(a[::-1], b[::-1], strict=True):
        term = one * other
        falls *= x
        falls += total
        polynomial *= x
        polynomial += term
        total += term
    return polynomial, falls, total


def _radial(e, drift, sides, near, numbers):
    """|a(q₁) − a(q₂)|² of the even and of the odd coefficients."""
    i, j, d2 = sides.first, sides.second, sides.diff**2
    result = []
    far = not numbers.holds(near)
    for a, speed, bend in zip((e.even, e.odd), drift.speed, drift.bend, strict=True):
        close = d2 * ((speed[i] + speed[j]) / 2 - d2 * (bend[i] + bend[j]) / 2)
        if far and np.any(a):
            apart = 0 * close
            for row in a:
                change = row[i] - row[j]
                change *= change
                apart += change
            close = numbers.where(near, close, apart)
        result.append(numbers.nonnegative(close))
    return result


def _from_samples(e, i, j, even, odd, size, numbers):
    """Falls, totals and radial parts where the series is cut at a |c|ⁿ that is negligible: Σ_{n>0} Aₙ is integrated.

    Differences will do: c is not near 1, so they are not small.
    """
    first, second = e.even[0][i], e.even[0][j]
    wholes = [_products(sample, i, j) for sample in e.samples]
    norms = [np.sum(sample**2, axis=1) for sample in e.samples]
    apart = [numbers.nonnegative(norm[i] + norm[j] - 2 * whole) for norm, whole in zip(norms, wholes, strict=True)]
    return (
        (wholes[0] - (even[0] - first * second), wholes[1] - size * odd[0]),
        (wholes[0] + first * second, wholes[1]),
        (apart[0] + (first - second) ** 2, apart[1]),
    )


def _products(sample, i, j):
    """Σ over nodes of sample[i] sample[j], as a matrix product for a Gram matrix's block."""
    if i.ndim == 2 and i.shape[1] == 1 and j.shape[0] == 1:
        return sample[i[:, 0]] @ sample[j[0]].T
    return np.sum(sample[i] * sample[j], axis=-1)


def cut(e: Expansion, numbers: Numbers) -> float:
    """The largest |c| at which the series may end where it does."""
    if e.complete:
        return 1.0
    return 10.0 ** (-(numbers.worked + 1) / e.terms)
