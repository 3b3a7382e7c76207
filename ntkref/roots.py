"""Numbers that are solved for: a bracketed root, and the precision at which it has settled."""

from __future__ import annotations

import mpmath

from .numbers import Digits

__all__ = ["bracketed_root", "settled"]


def bracketed_root(function, low, high, context):
    """The root of `function` between `low` and `high`, to the last bits of the mpmath `context`.

    ``function(x)`` returns value and slope; its values at the ends must differ in sign.  Newton steps are
    taken while they stay inside the bracket and shrink; otherwise the bracket is bisected, so the result
    lies in it whatever the function does.

    Raises ArithmeticError if the ends do not bracket a root.
    """
    at_low, at_high = function(low)[0], function(high)[0]
    if not at_low or not at_high:
        return high if at_low else low
    if (at_low > 0) == (at_high > 0):
        raise ArithmeticError(f"no sign change between {mpmath.nstr(low, 10)} and {mpmath.nstr(high, 10)}")
    x, last_step = (low + high) / 2, high - low
    while True:
        value, slope = function(x)
        if not value:
            return x
        low, high = (low, x) if (value > 0) == (at_high > 0) else (x, high)
        newton = x - value / slope if slope else low
        good = low < newton < high and abs(newton - x) < last_step / 2
        new = newton if good else (low + high) / 2
        last_step, x = abs(new - x), new
        if last_step <= 4 * context.eps * abs(x) or not low < x < high:
            return x


def settled(compute, n: int) -> dict:
    """``compute(numbers)``, a dict of mpmath numbers, at a precision where each has `n` correct digits.

    The guard digits are doubled until two precisions agree to n + 3 digits.  Raises ArithmeticError if they
    do not at 5000 digits.
    """
    guard = 20
    current = compute(Digits(n, guard))
    while guard < 5000:
        guard *= 2
        previous, current = current, compute(Digits(n, guard))
        if previous.keys() == current.keys() and all(
            abs(previous[key] - current[key]) <= abs(current[key]) / 10 ** (n + 3) for key in current
        ):
            return current
    raise ArithmeticError(f"no {n} digits settle with {guard} guard digits: {sorted(current)}")
