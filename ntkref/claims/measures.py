"""How a statement with an O(·), a limit or a rate in it is measured."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["BOUNDED", "DECADE", "SETTLED", "STRAIGHT", "bend", "drift", "growth", "logs", "settling", "straightness"]

BOUNDED = 0.03, "a bounded sequence stops growing; even 2 + log l would grow by 9 % as l doubles from 200"
SETTLED = 0.03, "what is left falls at least as 1/l, and halves as l doubles from 200"
DECADE = 0.15, "what is left is log l/l or less; even 2 + log l would grow by 20 % and more over a decade to 10⁵"
STRAIGHT = 0.01, "what curves the line is of order l χˡ, below 0.004 at these depths"


def _floats(values):
    return [np.asarray(v, dtype=float) for v in values]


def growth(values) -> float:
    """By what fraction max |values| still grows from the last depth but one to the last: 0 for O(1)."""
    before, after = (float(np.max(np.abs(v))) for v in _floats(values)[-2:])
    return max(0.0, after / before - 1)


def settling(values) -> float:
    """The last relative step of a sequence of arrays that should tend to a limit that is not 0."""
    before, after = _floats(values)[-2:]
    return float(np.max(np.abs(after / before - 1)))


def straightness(values) -> float:
    """By what fraction the slope of three arrays at equal steps of l changes: 0 for a + b l with b not 0."""
    first, second, third = _floats(values)
    return float(np.max(np.abs((third - second) / (second - first) - 1)))


def bend(values, depths) -> float:
    """By what fraction the slope of three numbers at any three depths changes: 0 for a line."""
    slopes = [(b - a) / (m - l) for a, b, l, m in zip(values, values[1:], depths, depths[1:], strict=False)]
    return slopes[0] / slopes[1] - 1


def drift(values, unit, reach: int) -> tuple:
    """(error, allowed, reason) of "O(1)": how far a remainder moves over the decade of depth that ends at `reach`.

    In units of `unit`; c + O(log l/l) moves by about log l/l at the decade's start.
    """
    before, after = _floats(values)[-2:]
    allowed = 10 * np.log(reach) / (reach / 10)
    return float(np.max(np.abs(after - before))) / float(unit), float(allowed), "c + O(log l/l) moves no further"


def logs(depth: int) -> tuple:
    """(allowed, reason) of a quantity of order 1 that is met to O(log l/l)."""
    return 5 * math.log(depth) / depth, "O(log l/l)"
