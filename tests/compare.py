"""How far a value is from the truth, in the unit that a promise is stated in."""

import mpmath
import numpy as np

from ntkref.pair import Covariance

U = 2.0**-53
FIELDS = ("nngp", "ntk", "nngp_gap", "ntk_gap")

__all__ = ["FIELDS", "U", "agrees", "covariance", "one_pair", "relative_error", "worst_error"]


def relative_error(value, truth, scale=None):
    """|value - truth| / |scale|, scale the truth itself unless given; a wrong zero is infinitely wrong."""
    scale = abs(truth if scale is None else scale)
    difference = abs(mpmath.fsub(value, truth, exact=True))  # exact: the global precision (15 digits) has no say
    if not difference:
        return 0.0
    return float(difference / scale) if scale else float("inf")


def agrees(value, truth, digits):
    """Whether `value` has `digits` correct significant digits of `truth`."""
    return relative_error(value, truth) <= 10.0**-digits


def worst_error(values, truths, scales=None):
    """The largest `relative_error` of an array, in units of u = 2^-53."""
    values, truths = np.atleast_1d(values), np.atleast_1d(truths)
    scales = truths if scales is None else np.broadcast_to(scales, truths.shape)
    return max(
        relative_error(mpmath.mpmathify(v.item() if isinstance(v, np.generic) else v), t, s) / U
        for v, t, s in zip(values.ravel(), truths.ravel(), scales.ravel(), strict=True)
    )


def one_pair(kernels):
    """The four published numbers of a `Kernels` on one pair."""
    return tuple(np.ravel(getattr(kernels, name)).item() for name in FIELDS)


def covariance(numbers, q11, q12, q22, area=True):
    """A consistent `Covariance` from three entries that are exact in `numbers`."""
    square = q11 * q22 - q12 * q12
    return Covariance(
        q11, q22, q12, q11 - q22, q11 + q22 - 2 * q12, q11 + q22 + 2 * q12, numbers.sqrt(square) if area else None
    )
