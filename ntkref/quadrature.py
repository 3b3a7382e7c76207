"""Duals by integration: any activation, in float64 and at n digits, each number with the accuracy that was asked.

Which rule answers, for E[f(u)f(v)], f = φ or φ′:

- the variances 𝒯(q), 𝒯̇(q): the trapezoid rule for smooth φ, Gauss–Legendre panels between the kinks otherwise;
- pairs: the Hermite series, where it ends within a few thousand terms at c = 1, or cⁿ ends it;
- the remaining pairs, large variances of smooth φ and nearly parallel inputs of kinked φ: panels in the plane, and
  the fall from c = 1 by Price's theorem, r ∫₀^θ sin t 𝒯̇(t) dt, where a difference would cancel.

`benchmarks/rules_against_each_other.py` measures them.  What cannot be integrated raises ArithmeticError.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .definition import Definition
from .expansion import enough, expansions
from .line import mean
from .numbers import Digits, Floats, Numbers, Symbols, float64
from .one_pair import one_pair
from .pair import Covariance, Pair
from .polar import plane_mean
from .series import Drift, Sides, cut, pair_fields

__all__ = ["Quadrature"]

_BLOCK = 1 << 14  # pairs whose sums stay in cache


@dataclass(frozen=True)
class Quadrature:
    """The expectations of one `Definition`, under the names that closed forms have in an `Activation`."""

    definition: Definition

    def duals(self, k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
        """𝒯 and 𝒯̇, to 1e-13 of √(𝒯₁₁𝒯₂₂) (the gaps to 1e-11 of themselves) in float64, to n digits in digits(n).

        Raises TypeError in other number systems, ArithmeticError where the moments of φ diverge or nothing settles.
        """
        _check_system(self.definition, numbers)
        with np.errstate(all="ignore"):  # functions may overflow far out, where rules look for the end
            return _duals(self.definition, k, numbers)

    def moments(self, q, numbers: Numbers) -> tuple:
        """𝒯(q, q), its slope in q and 𝒯̇(q, q), of a variance or an array of them, without the pairs."""
        d = self.definition
        _check_system(d, numbers)
        q = np.asarray(numbers.asarray(q, "q"))

        def squares(x, z):
            value, slope = d.value(numbers, x), d.derivative(numbers, x)
            return value**2, value * slope * z, slope**2

        with np.errstate(all="ignore"):
            found = [
                mean(d, squares, v, numbers, even=bool(d.parity)) if v else _moments_at_zero(d, numbers)
                for v in q.ravel()
            ]
        T, slope, Tdot = (np.array(column).reshape(q.shape)[()] for column in zip(*found, strict=True))
        return T, slope / numbers.sqrt(numbers.where(q == 0, q + 1, q)), Tdot

    def slopes(self, q, numbers: Numbers) -> tuple:
        """(slope of q ↦ 𝒯(q, q), derivatives of q₁₂ ↦ 𝒯 at q₁₂ = q, orders 1 to 4) at one variance.

        The first order that a kink makes infinite and those after it are left out.
        """
        _check_system(self.definition, numbers)
        work = Digits(17) if isinstance(numbers, Floats) else numbers
        with np.errstate(all="ignore"):
            slope, orders = _slopes(self.definition, np.asarray(work.asarray(q, "q")).item(), work)
        if isinstance(numbers, Floats):
            return float(slope), tuple(map(float, orders))
        return slope, orders

    def curvature(self, k: Covariance, numbers: Numbers):
        """E[φ″(u) φ″(v)] of pairs; ValueError where φ′ jumps, for φ″ is then no function."""
        d = self.definition
        if d.jumps(d.derivative):
            raise ValueError(f"{d.name} has a kink: E[φ″(u)φ″(v)] is no integral of functions")
        _check_system(d, numbers)
        flat = [np.ravel(np.broadcast_to(a, np.shape(k.xy))) for a in (k.x, k.y, k.xy, k.area)]
        with np.errstate(all="ignore"):
            found = [_curvature(d, *fields, numbers) for fields in zip(*flat, strict=True)]
        return np.array(found).reshape(np.shape(k.xy))[()]


def _curvature(d, x, y, xy, area, numbers):
    """E[φ″(u)φ″(v)] = d𝒯̇/dq₁₂ of one pair, by the series of φ′ or in the plane."""
    r = numbers.sqrt(x) * numbers.sqrt(y)
    cosine = xy / r
    _, e = expansions(d, tuple(np.unique([x, y])), numbers, enough(min(1.0, abs(float(cosine))), numbers))
    if abs(cosine) <= cut(e, numbers):
        total = 0 * r
        for parity, a in enumerate((e.even, e.odd)):
            n = 2 * np.arange(len(a)) + parity
            first = 1 - parity  # n = 0 contributes nothing
            total = total + np.sum((n * a[:, 0] * a[:, -1])[first:] * cosine ** (n[first:] - 1))
        return total / r
    second = _differentiated(d, 2, numbers)
    r1, r2, angle = numbers.sqrt(x), numbers.sqrt(y), numbers.atan2(area, xy)
    what = f"E[φ″φ″] of {d.name}"
    return plane_mean(lambda u, v: (second(u) * second(v),), r1, r2, angle, d.kinks, numbers, what)[0]


def _check_system(definition, numbers):
    if isinstance(numbers, Symbols):
        raise TypeError(f"{definition.name} has no closed form: numbers must be float64 or digits(n), got {numbers}")
    if isinstance(numbers, Floats) and numbers != float64:
        raise TypeError(
            f"{definition.name} is integrated in NumPy: numbers must be float64 or digits(n), got {numbers!r}"
        )
    if numbers.worked > 300:
        raise ArithmeticError(f"{definition.name} is integrated with at most 300 digits, guard digits included")


def _duals(definition, k, numbers):
    x, y = np.asarray(k.x), np.asarray(k.y)
    q, where = np.unique(np.concatenate([x.ravel(), y.ravel()]), return_inverse=True)
    first, second = where[: x.size].reshape(x.shape), where[x.size :].reshape(y.shape)
    r = numbers.sqrt(k.x) * numbers.sqrt(k.y)
    some = numbers.where(r == 0, r + 1, r)
    alive = r != 0
    cosine = numbers.where(alive, k.xy / some, 0 * r)  # at a zero input the angle does not matter
    sine2 = numbers.where(alive, (k.area / some) ** 2, 1 + 0 * r)
    widest = float(np.max(numbers.abs(cosine), initial=0))
    found = expansions(definition, tuple(q), numbers, enough(widest, numbers))
    sides = Sides(first, second, k.diff, cosine, sine2)
    results = []
    for f, e in zip((definition.value, definition.derivative), found, strict=True):
        fields = _in_blocks(e, _drift(definition, f, e, k.diff, numbers), sides, numbers)
        _in_the_plane(definition, f, e, sides, fields, numbers)
        results.append((e.mean_square[first], e.mean_square[second], fields))
    (x1, y1, t), (x2, y2, dot) = results
    zeros = (k.x == 0) & (k.y == 0)
    if np.any(zeros):  # two zero inputs are one
        for name in ("diff", "gap", "area"):
            t[name], dot[name] = (numbers.where(zeros, 0 * v[name], v[name]) for v in (t, dot))
    T = Covariance(x1, y1, t["xy"], t["diff"], t["gap"], t["cogap"], t["area"])
    return T, Pair(x2, y2, dot["xy"], dot["diff"], dot["gap"])


def _drift(definition, f, e, diff, numbers):
    none = 0 * e.q
    if np.all(diff == 0):
        return Drift(0, none, none, (none, none), (none, none))
    if e.complete:
        return Drift.of(e, numbers)

    # The recursion for da/dq needs the whole series; E[f²]′ = E[f²(z² − 1)]/(2q) does not.
    def moved(x, z):
        return (f(numbers, x) ** 2 * (z * z - 1),)

    some = numbers.where(e.q == 0, e.q + 1, e.q)
    slope = np.array([mean(definition, moved, q, numbers)[0] for q in e.q]) / (2 * some)
    return Drift(10.0 ** (-numbers.worked / 3), slope, none, (none, none), (none, none))


def _in_blocks(e, drift, sides, numbers):
    shape = np.broadcast_shapes(sides.first.shape, sides.second.shape, np.shape(sides.cosine))
    fields = {}
    rows = max(1, _BLOCK // max(1, int(np.prod(shape[1:])))) if shape else 1
    for start in range(0, shape[0] if shape else 1, rows):
        part = slice(start, start + rows)

        def cut_out(a, part=part):
            a = np.asarray(a)
            return a[part] if a.ndim and a.shape[0] > 1 else a

        block = Sides(*(cut_out(a) for a in (sides.first, sides.second, sides.diff, sides.cosine, sides.sine2)))
        for name, values in pair_fields(e, drift, block, numbers).items():
            if name not in fields:
                fields[name] = np.empty(shape, dtype=np.asarray(values).dtype)
            if shape:
                fields[name][part] = values
            else:
                fields[name][()] = values
    return fields


def _in_the_plane(definition, f, e, sides, fields, numbers):
    """Replace, pair by pair, what the series could not give."""
    if e.complete:
        return
    limit = cut(e, numbers) if e.samples is not None else -1.0
    shape = fields["xy"].shape
    beyond = np.broadcast_to(np.asarray(numbers.abs(sides.cosine) > limit, dtype=bool), shape)
    known = {}
    for index in zip(*np.nonzero(beyond), strict=True) if shape else ([()] if beyond else []):
        i, j, diff, cosine, sine2 = (
            np.broadcast_to(a, shape)[index] for a in (sides.first, sides.second, sides.diff, sides.cosine, sides.sine2)
        )
        key = (i, j, diff, cosine, sine2)
        mirrored = (j, i, -diff, cosine, sine2)
        if key not in known and mirrored in known:
            known[key] = {**known[mirrored], "diff": -known[mirrored]["diff"]}
        if key not in known:
            squares, q = (e.mean_square[i], e.mean_square[j]), (e.q[i], e.q[j])
            known[key] = one_pair(definition, f, squares, q, diff, cosine, sine2, numbers)
        for name, value in known[key].items():
            fields[name][index] = value


def _slopes(d, q, work):
    _, slope, first = Quadrature(d).moments(q, work)
    found = [] if d.jumps(d.value) else [first]
    for n in range(2, 5):
        if d.kinks and (n > 2 or d.jumps(d.value) or d.jumps(d.derivative)):
            break
        f = _differentiated(d, n, work)
        found.append(mean(d, lambda x, z, f=f: (f(x) ** 2,), q, work)[0] if q else f(q) ** 2)
    return slope, tuple(found)


def _moments_at_zero(d, numbers):
    """The limits of φ(√q z)², φφ′z/√q and φ′² as q → 0."""
    zero = numbers.convert(Fraction(0))
    if 0 not in d.kinks:
        work = Digits(numbers.worked, 0) if isinstance(numbers, Floats) else numbers
        value, first = d.value(numbers, zero), d.derivative(numbers, zero)
        second = _differentiated(d, 2, work)(work.convert(Fraction(0)))
        return value**2, first**2 + value * numbers.asarray(second, "second"), first**2
    if d.value(numbers, zero) != 0:
        raise ArithmeticError(f"the variance map of {d.name} has no slope at q = 0: a kink at 0, and φ(0) ≠ 0")
    tiny = numbers.convert(Fraction(1, 10 ** (2 * numbers.worked)))
    square = (d.derivative(numbers, tiny) ** 2 + d.derivative(numbers, -tiny) ** 2) / 2
    return zero, square, square


def _differentiated(d, n, work):
    """φ⁽ⁿ⁾ as a function of arrays: as stated up to φ″, beyond by mpmath's differences at as many more digits."""
    if n == 1:
        return lambda x: d.derivative(work, x)
    base, more = (d.derivative, n - 1) if d.second is None else (d.second, n - 2)
    if not more:
        return lambda x: base(work, x)
    if isinstance(work, Floats):
        raise ValueError(f"state `second`, the second derivative of {d.name}, or use digits(n)")
    context = work.context
    return np.frompyfunc(lambda x: context.diff(lambda t: base(work, t), x, more), 1, 1)
