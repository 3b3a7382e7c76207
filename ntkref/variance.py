"""The variance map q ↦ σ_w² 𝒯(q, q) + σ_b²: all its fixed points, and the stable one."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import mpmath
import numpy as np

from .numbers import Numbers, float64
from .roots import bracketed_root

__all__ = ["fixed_variances", "stable_variance"]

_LEAST, _LARGEST, _PER_DECADE = 1e-9, 1e6, 48


def fixed_variances(activation, sigma_w2: Fraction, sigma_b2: Fraction, work: Numbers) -> list[tuple]:
    """(q, slope of the map at q) of every fixed point, in order: q = 0 where it is one, and those up to 1e6 (closed
    forms: 1e60).

    They are found where the map crosses the diagonal between neighbours of a grid with 48 points a decade; where it
    turns round between neighbours it is followed to its turning point, so two that are close together are found too.
    """
    sw2, sb2 = work.convert(sigma_w2), work.convert(sigma_b2)
    found = []
    zero = 0 * sw2
    if sigma_b2 == 0:
        T, slope, _ = activation.moments(zero, work)
        found += [(zero, sw2 * slope)] if T == 0 else []

    def excess(q):
        T, slope, _ = activation.moments(q, work)
        return q - sw2 * T - sb2, 1 - sw2 * slope

    for low, high in _crossings(activation, float(sigma_w2), float(sigma_b2)):
        # float64 may see a fixed point that lies on the grid on the wrong side of it.
        low, high = work.context.mpf(low * (1 - 1e-9)), work.context.mpf(high * (1 + 1e-9))
        q = bracketed_root(excess, low, high, work.context)
        found.append((q, 1 - excess(q)[1]))
    return found


def _crossings(activation, sigma_w2: float, sigma_b2: float) -> list:
    """Pairs of variances between which the map crosses the diagonal once, in float64."""
    grid, T, slope = _mapped(activation)
    excess, rise = sigma_w2 * T + sigma_b2 - grid, sigma_w2 * slope - 1
    found = []
    if sigma_b2 > 0 and excess[0] < 0:  # no fixed point is below σ_b²
        found.append((sigma_b2 * (1 - 2.0**-20), float(grid[0])))
    for k in range(len(grid) - 1):
        low, high = float(grid[k]), float(grid[k + 1])
        if (excess[k] > 0) != (excess[k + 1] > 0):
            found.append((low, high))
        elif (rise[k] > 0) != (rise[k + 1] > 0) and (rise[k] > 0) != (excess[k] > 0):  # it turns towards the diagonal
            turn = _turning_point(activation, sigma_w2, low, high)
            if (sigma_w2 * float(activation.moments(turn, float64)[0]) + sigma_b2 > turn) != (excess[k] > 0):
                found += [(low, turn), (turn, high)]
    return found


def _turning_point(activation, sigma_w2, low, high):
    """Where the slope of the map is 1, between two points where it is on either side of that."""
    rising = sigma_w2 * float(activation.moments(low, float64)[1]) > 1
    for _ in range(50):
        middle = (low + high) / 2
        same = (sigma_w2 * float(activation.moments(middle, float64)[1]) > 1) == rising
        low, high = (middle, high) if same else (low, middle)
    return low


@lru_cache(maxsize=64)
def _mapped(activation) -> tuple:
    """The grid (to 1e60 for closed forms) as far as 𝒯 exists on it, 𝒯 and its slope.

    Where 𝒯 does not exist anywhere, the reason is raised.
    """
    if not activation.integrated:
        largest = min(1e60, activation.largest)
        grid = np.geomspace(_LEAST, largest, int(np.log10(largest / _LEAST) * _PER_DECADE) + 1)
        return grid, *(np.asarray(v, dtype=float) for v in activation.moments(grid, float64)[:2])
    grid = np.geomspace(_LEAST, _LARGEST, 15 * _PER_DECADE + 1)
    values = []
    for q in grid:
        try:
            values.append([float(v) for v in activation.moments(q, float64)[:2]])
        except ArithmeticError:
            if len(values) < 2:
                raise
            break
    return grid[: len(values)], *np.array(values).T


def stable_variance(activation, sigma_w2: Fraction, sigma_b2: Fraction, work: Numbers, near=None):
    """The fixed point with |slope| < 1, or None where there is none and the map leads upwards without end.

    Raises ValueError where several are stable and `near` does not choose, or where none is though the map is bounded.
    """
    found = fixed_variances(activation, sigma_w2, sigma_b2, work)
    stable = [q for q, slope in found if abs(slope) < 1 or (q == 0 and slope == 1)]
    if len(stable) > 1 and near is None:
        listed = ", ".join(mpmath.nstr(q, 8) for q in stable)
        raise ValueError(f"{activation} has {len(stable)} stable variances here, q = {listed}: choose with near=q")
    if stable:
        return min(stable, key=lambda q: abs(q - (0 if near is None else near)))
    if found and found[-1][1] < -1:
        q = mpmath.nstr(found[-1][0], 8)
        raise ValueError(f"{activation} has no stable variance here: the map turns round q = {q} with slope below -1")
    grid, T, slope = _mapped(activation)
    if float(sigma_w2) * T[-1] + float(sigma_b2) > grid[-1] and float(sigma_w2) * slope[-1] < 1:
        raise ValueError(
            f"{activation} has no fixed variance up to {grid[-1]:.0e} here, and the map rises less than the diagonal "
            "there: there may be one beyond"
        )
    return None
