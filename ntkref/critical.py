"""The critical line χ₁ = 1, by whichever of its three coordinates is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .activations import Activation
from .exact import is_symbolic
from .inputs import covariance_of_pair
from .network import variance
from .numbers import Floats, Numbers, Symbols, float64
from .roots import bracketed_root, settled

__all__ = ["CriticalPoint", "critical_point", "line_at"]


@dataclass(frozen=True)
class CriticalPoint:
    """A point of the critical line: `sigma_w2`, `sigma_b2` and the fixed point `q_star` there."""

    sigma_w2: Any
    sigma_b2: Any
    q_star: Any


def line_at(activation: Activation, q, numbers: Numbers):
    """The critical line by q*: σ_w² = 1/𝒯̇(q, q), σ_b² = q − σ_w² 𝒯(q, q); in any number system."""
    T, Tdot = activation.duals(covariance_of_pair(q, 0 * q, numbers), numbers)
    sw2 = 1 / Tdot.x
    return sw2, q - sw2 * T.x


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
    sw2, sb2 = 1 / activation.slopes(variance(1, "q"), None)[0], 0 * value
    if name != "q_star" and value != (sw2 if name == "sigma_w2" else 0):
        raise ValueError(f"{activation} is critical at sigma_w2 = {sw2}, sigma_b2 = 0 only, got {name} = {value}")
    q = numbers.convert(value) if name == "q_star" else None
    return CriticalPoint(numbers.convert(sw2), numbers.convert(sb2), q)


def _variance_on_line(activation, name, value, work):
    """q* of the point whose coordinate `name` is `value`: both σ² rise with q* from the tip on."""
    if name == "q_star":
        return value
    index = 0 if name == "sigma_w2" else 1
    tip = line_at(activation, 0 * value, work)[index]
    if value < tip:
        value, tip = (work.context.nstr(v, 15) for v in (value, tip))
        raise ValueError(f"{name} must be at least {tip}, where the critical line of {activation} ends, got {value}")
    if value == tip:
        return 0 * value

    def excess(q):
        step = q * work.context.sqrt(work.context.eps)
        here, there = (line_at(activation, at, work)[index] for at in (q, q + step))
        return here - value, (there - here) / step

    low = high = work.context.one
    while excess(low)[0] > 0:
        low = low / 2
    while excess(high)[0] < 0:
        high = high * 2
    return bracketed_root(excess, low, high, work.context)
