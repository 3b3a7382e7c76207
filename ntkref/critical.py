"""The critical line χ₁ = 1, by whichever of its three coordinates is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .activation import Activation
from .exact import is_symbolic
from .layers import variance
from .numbers import Floats, Numbers, Symbols, float64
from .roots import bracketed_root, settled

__all__ = ["CriticalPoint", "critical_line", "critical_point", "line_at"]


@dataclass(frozen=True)
class CriticalPoint:
    """A point of the critical line: `sigma_w2`, `sigma_b2` and the fixed point `q_star` there."""

    sigma_w2: Any
    sigma_b2: Any
    q_star: Any


def line_at(activation: Activation, q, numbers: Numbers):
    """The critical line by q*: σ_w² = 1/𝒯̇(q, q), σ_b² = q − σ_w² 𝒯(q, q); in any number system."""
    T, _, Tdot = activation.moments(q, numbers)
    sw2 = 1 / Tdot
    return sw2, q - sw2 * T


def critical_point(
    activation: Activation, *, sigma_w2=None, sigma_b2=None, q_star=None, numbers: Numbers = float64
) -> CriticalPoint:
    """The point of the critical line with the one coordinate that is given.

    erf: σ_w² = (π/4)√(1+4q*), σ_b² = q* − ½√(1+4q*) asin(2q*/(1+2q*)); with s = 4σ_w²/π, q* = (s²−1)/4.
    ReLU: (2, 0), where every q* is fixed, so q* is given or None.  With ``numbers=symbols()``, `q_star` and
    (erf) `sigma_w2` may be SymPy expressions.

    Accuracy: correctly rounded float64, or n digits, found by a bracketed root at rising precision.

    Raises
    ------
    TypeError, ValueError
        Not exactly one coordinate; a coordinate no critical point has (erf: σ_w² < π/4; ReLU: σ_w² ≠ 2 or
        σ_b² ≠ 0); σ_b² or q* = 0 for erf, the line's tip, is (π/4, 0).

    Source: Section 3, χ₁ = 1; chapter `fixed_points`.

    >>> import ntkref as nk
    >>> nk.critical_point(nk.erf, sigma_b2="0.18")
    CriticalPoint(sigma_w2=1.7476037497677033, sigma_b2=0.18, q_star=0.9877877540319806)
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.erf, got {activation!r}")
    if not isinstance(numbers, Numbers):
        raise TypeError(f"numbers must be float64, floats(xp), digits(n) or symbols(), got {numbers!r}")
    given = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2, "q_star": q_star}
    given = {name: variance(value, name) for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise TypeError(f"give exactly one of sigma_w2, sigma_b2 and q_star, got {sorted(given) or 'none'}")
    ((name, value),) = given.items()
    if isinstance(numbers, Symbols) or is_symbolic(value):
        return _of_symbols(activation, name, value, numbers)
    if activation.homogeneous:
        return _of_homogeneous(activation, name, value, numbers)
    if activation.value is not None and activation.jumps:
        raise ValueError(f"{activation} jumps: χ₁ is infinite, and there is no critical line")

    def solve(work):
        q = _variance_on_line(activation, name, work.convert(value), work)
        sw2, sb2 = line_at(activation, q, work)
        return {"sigma_w2": sw2, "sigma_b2": sb2, "q_star": q, name: work.convert(value)}

    point = settled(solve, 17 if isinstance(numbers, Floats) else numbers.n)
    finish = float if isinstance(numbers, Floats) else numbers.finish
    return CriticalPoint(**{key: finish(number) for key, number in point.items()})


def _of_symbols(activation, name, value, numbers):
    if not isinstance(numbers, Symbols):
        raise TypeError(f"{name} = {value} is symbolic: use numbers=symbols()")
    value = numbers.convert(value)
    if name == "sigma_w2" and activation.critical_variance is not None:
        q = activation.critical_variance(value, numbers)
    elif name == "q_star":
        q = value
    else:
        raise ValueError(f"{activation}'s critical line has no closed form in {name}; give q_star")
    sw2, sb2 = line_at(activation, q, numbers)
    return CriticalPoint(sw2, sb2, q)


def _of_homogeneous(activation, name, value, numbers):
    """𝒯 is linear in the variance: one σ_w², σ_b² = 0, any q*."""
    sw2, sb2 = 1 / activation.gain, 0 * value
    if name != "q_star" and value != (sw2 if name == "sigma_w2" else 0):
        raise ValueError(f"{activation} is critical at sigma_w2 = {sw2}, sigma_b2 = 0 only, got {name} = {value}")
    q = numbers.convert(value) if name == "q_star" else None
    return CriticalPoint(numbers.convert(sw2), numbers.convert(sb2), q)


def _variance_on_line(activation, name, value, work):
    """q* of the point whose coordinate `name` is `value`."""
    index = 0 if name == "sigma_w2" else 1
    if name == "q_star":
        T, slope, Tdot = activation.moments(value, work)
        if value and (value - T / Tdot < 0 or abs(slope) > Tdot):
            why = "σ_b² would be negative" if value - T / Tdot < 0 else "the variance is unstable there, |χ_q| > 1"
            raise ValueError(f"{activation} is not critical at q_star = {work.context.nstr(value, 15)}: {why}")
        return value
    segments = critical_line(activation)
    if segments and segments[0][0][0] == 0 and value == line_at(activation, 0 * value, work)[index]:
        return 0 * value
    brackets = []
    for q, line in segments:
        above = line[index] > float(value)
        brackets += [(q[k], q[k + 1]) for k in np.nonzero(above[1:] != above[:-1])[0]]
    if segments and not brackets and not activation.integrated and value > segments[-1][1][index][-1]:
        brackets = _beyond(activation, index, value, float(segments[-1][0][-1]), work)
    if len(brackets) != 1:
        raise ValueError(_no_single_point(activation, name, work.context.nstr(value, 15), segments, index, brackets))

    def excess(q):
        step = q * work.context.sqrt(work.context.eps)
        here, there = (line_at(activation, at, work)[index] for at in (q, q + step))
        return here - value, (there - here) / step if step else 0 * here

    # float64 may see a point that lies on the grid on the wrong side of it.
    low, high = brackets[0]
    low, high = work.context.mpf(float(low) * (1 - 1e-9)), work.context.mpf(float(high) * (1 + 1e-9))
    return bracketed_root(excess, low, high, work.context)


def _beyond(activation, index, value, low, work) -> list:
    """A bracket beyond the grid, where a closed form still tells: both σ² rise there."""
    high = 4 * low
    while high < activation.largest and line_at(activation, work.context.mpf(high), work)[index] < value:
        low, high = high, 4 * high
    return [(low, high)] if high < activation.largest else []


def _no_single_point(activation, name, value, segments, index, brackets):
    if not segments:
        return (
            f"{activation} has no critical line: wherever χ₁ = 1 and σ_b² >= 0 the variance is unstable, or σ_b² would "
            f"be negative; got {name} = {value}"
        )
    if brackets:
        listed = ", ".join(f"{low:.4g}" for low, _ in brackets)
        found = f"{activation} has {len(brackets)} critical points with {name} = {value}"
        return f"{found}, near q_star = {listed}: give q_star"
    q, line = segments[0]
    if len(segments) == 1 and q[0] == 0 and float(value) < line[index].min():
        return (
            f"{name} must be at least {line[index][0]:.15g}, where the critical line of {activation} ends, got {value}"
        )
    spans = " and ".join(
        f"from {line[index].min():.6g} to {line[index].max():.6g} (q_star to {q[-1]:.4g})"
        if len(q) > 1
        else "0 at the tip"
        for q, line in segments
        if len(q) > 1 or index == 1
    )
    return f"no critical point of {activation} has {name} = {value}: on the line it lies {spans}"


@lru_cache(maxsize=64)
def critical_line(activation: Activation) -> tuple:
    """The critical line in float64, as far as it exists: σ_b² ≥ 0 and a variance that is not unstable, |χ_q| ≤ 1.

    Segments (q* (n,), (σ_w², σ_b²) (2, n)), on a grid with 12 points a decade from 1e-6 to 1e6, q* = 0 where φ(0) = 0
    and the ends at which a segment begins or stops.
    """
    largest = min(1e6, activation.largest)
    segments, run, before = [], [], None
    for q in np.concatenate([[0.0], np.geomspace(1e-6, largest, int(12 * np.log10(largest * 1e6)) + 2)]):
        here = _point(activation, q)
        if before is not None and (before[1] is None) != (here is None) and before[0]:
            run.append(_end(activation, before[0], q))
        if here is not None:
            run.append((q, *here))
        elif run:
            segments.append(run)
            run = []
        before = (q, here)
    segments += [run] if run else []
    return tuple((np.array(run)[:, 0], np.array(run)[:, 1:].T) for run in segments)


def _point(activation, q):
    """(σ_w², σ_b²) of the critical point with variance `q`, or None where there is none."""
    try:
        with np.errstate(all="ignore"):
            T, slope, Tdot = (float(v) for v in activation.moments(q, float64))
    except ArithmeticError:
        return None
    # At q → 0 σ_b² is the small difference of two numbers of size q.
    there = Tdot > 1e-30 and q - T / Tdot >= -1e-15 * q and abs(slope) <= Tdot * (1 + 1e-12)
    return (1 / Tdot, max(0.0, q - T / Tdot)) if there else None


def _end(activation, low, high):
    """The last point of the line between `low` and `high`, on one of which it exists."""
    inside, outside = (low, high) if _point(activation, low) is not None else (high, low)
    for _ in range(50):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _point(activation, middle) is not None else (inside, middle)
    return (inside, *_point(activation, inside))
