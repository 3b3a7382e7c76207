"""Constants that an orbit keeps for ever: limits along the recursion of a pair of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import mpmath
import numpy as np

from ..inputs import covariance_of_pair
from ..mean_field import MeanField
from ..network import fcn
from ..numbers import Numbers
from ..pair import Covariance
from ..recursion import Kernels, pairs_by_depth

__all__ = ["fatou_constant", "kernels_at", "koenigs_limit", "of_distinct", "settling_depth"]

_PATIENCE = 100_000  # layers; more would take minutes


def orbit(mf: MeanField, q, one_minus_c, numbers: Numbers) -> Iterator[tuple[int, Covariance]]:
    """(l, K⁽ˡ⁾) for l = 1, 2, … without end: Eq. 2 alone."""
    sw2, sb2 = numbers.convert(mf.sigma_w2), numbers.convert(mf.sigma_b2)
    K, depth = covariance_of_pair(q, one_minus_c, numbers), 1
    while True:
        yield depth, K
        T, _ = mf.activation.duals(K, numbers)
        K, depth = T.affine(sw2, sb2, numbers), depth + 1


def kernels_at(mf: MeanField, q, one_minus_c, depth: int, numbers: Numbers) -> Kernels:
    """K and Θ of pairs at `depth`."""
    *_, (_, last) = pairs_by_depth(fcn(depth, mf.activation, mf.sigma_w2, mf.sigma_b2), q, one_minus_c, numbers)
    return last


def of_distinct(one_minus_c, numbers: Numbers, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`function` on each value of 1 − c once; 0 on the diagonal of a symmetric matrix, which no law uses.

    Raises ValueError for 1 − c outside (0, 2] elsewhere: the laws are about different inputs.
    """
    values = np.asarray(numbers.asarray(one_minus_c, "one_minus_c"))
    gram = values.ndim == 2 and values.shape[0] == values.shape[1] and np.array_equal(values, values.T)
    used = ~np.eye(len(values), dtype=bool) if gram else np.ones(values.shape, dtype=bool)
    wrong = values[used & ~((values > 0) & (values <= 2))]
    if wrong.size:
        raise ValueError(f"one_minus_c must lie in (0, 2] for two different inputs, got {wrong[0]}")
    distinct, where = np.unique(values[used], return_inverse=True)
    result = np.asarray(function(distinct))
    whole = np.zeros(values.shape, dtype=result.dtype)
    whole[used] = result[where.ravel()]
    return whole[()]


def settling_depth(tolerance, depth_scale) -> int:
    """The depth at which exp(−l/ξ) is `tolerance`; ArithmeticError where that is out of reach."""
    layers = -float(mpmath.log(tolerance)) * float(depth_scale)
    if layers > _PATIENCE:
        raise ArithmeticError(f"the constants would take {layers:.0f} layers to settle: too near the critical line")
    return int(layers) + 1


def koenigs_limit(ratios: Iterator[np.ndarray], tolerance: float, depth_scale) -> np.ndarray:
    """The first of a sequence of arrays, converging over `depth_scale`, that agrees with the one before it."""
    settling_depth(tolerance, depth_scale)
    previous = next(ratios)
    for current in ratios:
        if np.all(np.abs(current - previous) <= tolerance * np.abs(current)):
            return current
        previous = current


def fatou_constant(mf: MeanField, q, one_minus_c, reciprocal, slope: float, log_slope: float, onset: float):
    """C in u_l = `slope` l + `log_slope` log l + C + o(1), for u = reciprocal(K) along an orbit; a float64 array.

    u − r log(u/slope) − slope l is C plus a power series in 1/u; its first four terms are eliminated between
    five depths, each twice the one before.  The same with four depths tells the error: below 1e-7 of the
    constants' scale, or ArithmeticError.  The laws set in at depth `onset`, and the first depth is 60 times that.
    """
    first = max(250, int(60 * onset) + 1)
    depths = [first << i for i in range(5)]
    if depths[-1] > _PATIENCE:
        raise ArithmeticError(f"C would take {depths[-1]} layers to settle: too near the tip of the critical line")
    us = np.array([reciprocal(K) for l, K in _until(orbit(mf, q, one_minus_c, mf.numbers), depths[-1]) if l in depths])
    us = np.moveaxis(us.astype(float), 0, -1)
    estimates = us - log_slope * np.log(us / slope) - slope * np.array(depths, dtype=float)
    constants = [_extrapolated(us[..., i:], estimates[..., i:]) for i in (0, 1)]
    error = np.max(np.abs(constants[1] - constants[0]) / (np.abs(constants[0]) + slope))
    if not error < 1e-7:
        raise ArithmeticError(f"C is known to a relative {error:.1g} only, after {depths[-1]} layers")
    return constants[0]


def _until(steps, last: int):
    for depth, K in steps:
        yield depth, K
        if depth == last:
            return


def _extrapolated(us, estimates):
    powers = np.stack([us**-i for i in range(us.shape[-1])], axis=-1)
    return np.linalg.solve(powers, estimates[..., None])[..., 0, 0]
