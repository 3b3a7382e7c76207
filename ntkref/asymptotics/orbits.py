"""Constants that an orbit keeps for ever: limits along the recursion of a pair of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import mpmath
import numpy as np

from ..inputs import covariance_of_pair
from ..mean_field import MeanField
from ..network import fcn
from ..numbers import Numbers
from ..pair import Covariance
from ..recursion import Kernels, pairs_by_depth

__all__ = ["fatou_constant", "fatou_limit", "kernels_at", "of_distinct", "settling_depth"]

_PATIENCE = 100_000  # layers; more would take minutes


def of_distinct(one_minus_c, numbers: Numbers, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`function` on each value of 1 − c once; 0 on the diagonal of a Gram matrix, which no law uses.

    A Gram matrix is one of two inputs or more, symmetric, with 0 on its diagonal, both up to rounding.  Raises
    ValueError for other 1 − c outside (0, 2]: the laws are about different inputs.
    """
    values = np.asarray(numbers.asarray(one_minus_c, "one_minus_c"))
    if values.size == 0:
        raise ValueError("one_minus_c is empty")
    used = ~np.eye(len(values), dtype=bool) if _is_gram(values) else np.ones(values.shape, dtype=bool)
    wrong = values[used & ~((values > 0) & (values <= 2))]
    if wrong.size:
        raise ValueError(f"one_minus_c must lie in (0, 2] for two different inputs, got {wrong[0]}")
    distinct, where = np.unique(values[used], return_inverse=True)
    result = np.asarray(function(distinct))
    whole = np.full(values.shape, 0 * result.ravel()[0], dtype=result.dtype)
    whole[used] = result[where.ravel()]
    return whole[()]


def _is_gram(values) -> bool:
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        return False
    floats = values.astype(float)
    if len(values) < 2 or np.any(np.abs(np.diag(floats)) > 8 * 2.0**-53):
        return False
    if np.max(np.abs(floats - floats.T)) >= 1e-12:
        raise ValueError("one_minus_c has a diagonal of 0, as a Gram matrix has, but is not symmetric")
    return True


@lru_cache(maxsize=8)  # the two constants of a pair are mostly asked for together
def kernels_at(mf: MeanField, q, one_minus_c: tuple, depth: int, numbers: Numbers) -> Kernels:
    """K and Θ of pairs at `depth`."""
    net = fcn(depth, mf.activation, mf.sigma_w2, mf.sigma_b2)
    *_, (_, last) = pairs_by_depth(net, q, np.array(one_minus_c), numbers)
    return last


def settling_depth(tolerance, depth_scale) -> int:
    """The depth at which exp(−l/ξ) is `tolerance`; ArithmeticError where that is out of reach."""
    layers = -float(mpmath.log(tolerance)) * float(depth_scale)
    if layers > _PATIENCE:
        raise ArithmeticError(f"the constants would take {layers:.0f} layers to settle: too near the critical line")
    return int(layers) + 1


def fatou_constant(mf: MeanField, q, one_minus_c, reciprocal, alpha, r, s1, onset) -> np.ndarray:
    """`fatou_limit` of u = reciprocal(K) along the orbit of Eq. 2, whose time is l."""

    def orbit(last):
        return ((l, l, K) for l, K in _orbit(mf, q, one_minus_c, last))

    return fatou_limit(orbit, reciprocal, alpha, r, s1, onset)


def fatou_limit(orbit, reciprocal, alpha, r, s1, onset) -> np.ndarray:
    """C in u = α t + r log t + C + o(1), for u = reciprocal(state) along an orbit; a float64 array.

    `orbit` of a last layer yields (l, t, state) for l = 1, 2, …  Φ(u) = u − r log u + s₁/u grows as α t, up to
    O(u⁻³) a layer, so Φ(u_l) − α t + r log α is C + O(u_l⁻²).  The leading error is eliminated between two depths,
    the second 16 times max(250, 60 onsets).  What that changed bounds what is left: below 1e-6 of C, or
    ArithmeticError.
    """
    alpha, r, s1 = map(float, (alpha, r, s1))
    last = 16 * max(250, int(60 * float(onset)) + 1)
    if last > _PATIENCE:
        raise ArithmeticError(f"C would take {last} layers to settle: too near the tip of the critical line")
    us, estimates = [], []
    for l, time, state in orbit(last):
        if l in (last // 2, last):
            u = np.asarray(reciprocal(state), dtype=float)
            us.append(u)
            estimates.append(u - r * np.log(u / alpha) + s1 / u - alpha * time)
    ratio = (us[0] / us[1]) ** 2  # of the errors: 1/4, or 1 for inputs so close that u has not changed yet
    step = (estimates[1] - estimates[0]) * np.where(ratio < 0.9, ratio / (1 - ratio), 0)
    C = estimates[1] + step
    if not np.all(np.abs(step) <= 1e-6 * (np.abs(C) + alpha)):
        raise ArithmeticError(f"C is known to {np.max(np.abs(step)):.1g} only, after {last} layers")
    return C


def _orbit(mf: MeanField, q, one_minus_c, last: int) -> Iterator[tuple[int, Covariance]]:
    """(l, K⁽ˡ⁾) for l = 1 … last: Eq. 2 alone."""
    numbers = mf.numbers
    sw2, sb2 = numbers.convert(mf.sigma_w2), numbers.convert(mf.sigma_b2)
    K = covariance_of_pair(q, one_minus_c, numbers)
    for depth in range(1, last + 1):
        yield depth, K
        T, _ = mf.activation.duals(K, numbers)
        K = T.affine(sw2, sb2, numbers)
