"""From inputs to the first `Covariance`: x·x'/n₀ on every pair, with its gap, difference and area."""

from __future__ import annotations

import numpy as np

from .numbers import Numbers, Symbols
from .pair import Covariance, each

__all__ = ["checked_inputs", "covariance_of_inputs", "covariance_of_pair", "covariance_of_vectors", "distinct_inputs"]

_BLOCK = 1 << 21  # numbers in one temporary: rows of x1 are taken in blocks, to bound memory


def checked_inputs(x, name: str, numbers: Numbers, images: bool = False):
    """`x` as an (n, features) array of `numbers`, or (n, …space, channels); or an error that names what is wrong."""
    x = numbers.asarray(x, name)
    if images and np.ndim(x) not in (3, 4):
        shape = "(n, height, width, channels) or (n, length, channels)"
        raise ValueError(f"{name} must be images of shape {shape}, got shape {np.shape(x)}")
    if not images and np.ndim(x) != 2:
        hint = "; flatten images first" if np.ndim(x) > 2 else ""
        raise ValueError(f"{name} must have shape (n, features), got shape {np.shape(x)}{hint}")
    if 0 in x.shape:
        raise ValueError(f"{name} is empty: shape {tuple(x.shape)}")
    if isinstance(numbers, Symbols) and any(getattr(v, "free_symbols", False) for v in x.ravel()):
        raise TypeError(f"{name} must hold numbers, also with symbols(); kernels_of_pair takes a symbolic q and 1 - c")
    return x


def covariance_of_inputs(x1, x2, numbers: Numbers) -> Covariance:
    """x·x'/n₀ for every row x of `x1` (n1, features) and x' of `x2` (n2, features).

    The differences x − x' are formed entry by entry, so gap, diff and area are as accurate for nearly equal
    inputs as for distant ones; with inner products alone they would cancel.  In any order of the inputs the
    result is the same to the last bit.
    """
    blocks = [covariance_of_vectors(rows[:, None, :], x2[None, :, :], numbers) for rows in _blocks(x1, x2)]
    return each(lambda name, *parts: parts[0] if name == "y" else numbers.concat(parts), *blocks)


def distinct_inputs(x1, x2, numbers: Numbers):
    """Where x and x' differ, (n1, n2); their gap may be 0 for all that, if its float64 underflows."""
    parts = [numbers.any(rows[:, None, :] != x2[None, :, :]) for rows in _blocks(x1, x2)]
    return numbers.concat(parts)


def _blocks(x1, x2):
    n, features = x1.shape
    rows = max(1, _BLOCK // (x2.shape[0] * features))
    return [x1[i : min(i + rows, n), :] for i in range(0, n, rows)]


def covariance_of_vectors(x1, x2, numbers: Numbers) -> Covariance:
    """x·x'/n₀ of vectors, the last axes of arrays that broadcast against each other."""
    minus, plus = x1 - x2, x1 + x2
    x, y, xy = (numbers.dot(a, b) for a, b in ((x1, x1), (x2, x2), (x1, x2)))
    gap, cogap, diff = (numbers.dot(a, b) for a, b in ((minus, minus), (plus, plus), (minus, plus)))
    # The area is that of x and x', and half that of x + x' and x − x'.  It is the length of one vector times what
    # the other has across it.  For like norms project the shorter of x ± x' on the longer, or the digits of a
    # small x − x' would be lost; for unlike ones the shorter input on the longer, or the ratio would be lost.
    acute, unlike, first = xy >= 0, 3 * numbers.abs(diff) > x + y, diff > 0
    base, side, square, along = (
        numbers.where(unlike[..., None], numbers.where(first[..., None], a, b), numbers.where(acute[..., None], c, d))
        for a, b, c, d in (
            (x1, x2, plus, minus),
            (x2, x1, minus, plus),
            (x[..., None], y[..., None], cogap[..., None], gap[..., None]),
            (xy[..., None], xy[..., None], diff[..., None], diff[..., None]),
        )
    )
    across = side - along / numbers.where(square == 0, square + 1, square) * base
    area = numbers.sqrt(square[..., 0]) * numbers.sqrt(numbers.dot(across, across))
    pair = Covariance(x, y, xy, diff, gap, cogap, numbers.where(unlike, area, area / 2))
    return each(lambda name, field: field / x1.shape[-1], pair)


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
        raise ValueError(f"q {np.shape(q)} and one_minus_c {np.shape(e)} do not broadcast together") from None
    q, e = q + zero, e + zero
    return Covariance(q, q, q * (1 - e), zero, 2 * (q * e), 2 * (q * (2 - e)), q * numbers.sqrt(e * (2 - e)))
