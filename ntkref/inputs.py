"""From inputs to the first `Covariance`: x·x'/n₀ on every pair, with its gap, difference and area."""

from __future__ import annotations

from .numbers import Numbers
from .pair import Covariance

__all__ = ["checked_inputs", "covariance_of_inputs", "covariance_of_pair"]

_BLOCK = 1 << 21  # numbers in one temporary: rows of x1 are taken in blocks, to bound memory


def checked_inputs(x, name: str, numbers: Numbers):
    """`x` as an (n, features) array of `numbers`, or an error that names what is wrong with it."""
    x = numbers.asarray(x, name)
    if x.ndim != 2:
        raise ValueError(f"{name} must have shape (n, features), got shape {tuple(x.shape)}; flatten images first")
    if 0 in x.shape:
        raise ValueError(f"{name} is empty: shape {tuple(x.shape)}")
    return x


def covariance_of_inputs(x1, x2, numbers: Numbers) -> Covariance:
    """x·x'/n₀ for every row x of `x1` (n1, features) and x' of `x2` (n2, features).

    The differences x − x' are formed entry by entry, so gap, diff and area are as accurate for nearly equal
    inputs as for distant ones; with inner products alone they would cancel.  In any order of the inputs the
    result is the same to the last bit.
    """
    n, features = x1.shape
    rows = max(1, _BLOCK // (x2.shape[0] * features))
    blocks = [_block(x1[i : min(i + rows, n), :], x2, numbers) for i in range(0, n, rows)]
    xy, diff, gap, cogap, area = (numbers.concat(parts) / features for parts in zip(*blocks, strict=True))
    x, y = (numbers.sum(x1 * x1) / features)[:, None], (numbers.sum(x2 * x2) / features)[None, :]
    return Covariance(x, y, xy, diff, gap, cogap, area)


def _block(x1, x2, numbers: Numbers):
    x1, x2 = x1[:, None, :], x2[None, :, :]
    minus, plus = x1 - x2, x1 + x2
    gap, cogap, diff, xy = (numbers.sum(a) for a in (minus * minus, plus * plus, minus * plus, x1 * x2))
    # The area is half that of x + x' and x − x': what the shorter has across the longer, times the longer.
    acute = xy >= 0
    longer = numbers.where(acute, cogap, gap)
    along = (diff / numbers.where(longer == 0, longer + 1, longer))[..., None]
    across = numbers.where(acute[..., None], minus - along * plus, plus - along * minus)
    area = numbers.sqrt(longer) * numbers.sqrt(numbers.sum(across * across)) / 2
    return xy, diff, gap, cogap, area


def covariance_of_pair(q, one_minus_c, numbers: Numbers) -> Covariance:
    """The `Covariance` of two vectors of variance `q` and cosine 1 − `one_minus_c` (broadcast together).

    Raises
    ------
    ValueError
        q < 0, one_minus_c outside [0, 2], or shapes that do not broadcast.
    """
    q, e = numbers.asarray(q, "q"), numbers.asarray(one_minus_c, "one_minus_c")
    if not numbers.holds(q >= 0):
        raise ValueError(f"q is a variance and must be >= 0, got {q}")
    if not (numbers.holds(e >= 0) and numbers.holds(e <= 2)):
        raise ValueError(f"one_minus_c is 1 - cosine and must lie in [0, 2], got {e}")
    try:
        zero = 0 * (q * e)
    except ValueError:
        raise ValueError(f"q {q.shape} and one_minus_c {e.shape} do not broadcast together") from None
    q, e = q + zero, e + zero
    return Covariance(q, q, q * (1 - e), zero, 2 * (q * e), 2 * (q * (2 - e)), q * numbers.sqrt(e * (2 - e)))
