"""The kernels straight from their definition, in plain loops: the tests' independent route.

Written from the paper and from DESIGN section 2 alone, before its author read ntkref/. Nothing here is carried,
factored or rearranged: a gap is K11 + K22 - 2 K12, subtracted at so many digits that cancellation cannot matter.

    K^(1) = sigma_w2 x.x'/n0 + sigma_b2,   Theta^(1) = K^(1)
    K^(l+1) = sigma_w2 E[phi(u) phi(v)] + sigma_b2
    Theta^(l+1) = K^(l+1) + sigma_w2 E[phi'(u) phi'(v)] Theta^(l),   (u, v) ~ N(0, [[K11, K12], [K12, K22]])

Two routes to the expectations: `integral` (numerical integration of the definition) and `textbook` (the arc-sine
kernel of Williams 1997, the arc-cosine kernel of Cho and Saul 2009, as printed in textbooks).
"""

from fractions import Fraction
from typing import NamedTuple

from mpmath.ctx_mp import MPContext

__all__ = [
    "Entry",
    "FixedPoint",
    "bisect",
    "context",
    "erf_fixed_point",
    "exact",
    "exact_solution",
    "first_layer",
    "integral",
    "layers",
    "number",
    "textbook",
]


class Entry(NamedTuple):
    """K and Theta at one depth, on the two diagonals and off them."""

    k11: object
    k12: object
    k22: object
    t11: object
    t12: object
    t22: object

    @property
    def nngp_gap(self):
        return self.k11 + self.k22 - 2 * self.k12

    @property
    def ntk_gap(self):
        return self.t11 + self.t22 - 2 * self.t12


def context(digits):
    """A private context: the global mpmath.mp stays as it is."""
    ctx = MPContext()
    ctx.dps = digits
    return ctx


def exact(value):
    """A Fraction from what the public API takes: int, float (its binary value), Fraction, Decimal, decimal text."""
    return Fraction(str(value)) if isinstance(value, str) else Fraction(value)


def number(ctx, value):
    """Any such value, or an mpf of any context, at ctx's precision."""
    if hasattr(value, "_mpf_"):
        return ctx.mpf(value)
    fraction = exact(value)
    return ctx.mpf(fraction.numerator) / fraction.denominator


# --- the expectations, by numerical integration of the definition ---------------------------------------------------


def _factor(ctx, q11, q12, q22):
    """u = a z1, v = b z1 + s z2 with z1, z2 independent standard normal."""
    if q11 == 0:
        return ctx.zero, ctx.zero, ctx.sqrt(q22)
    a = ctx.sqrt(q11)
    return a, q12 / a, ctx.sqrt(max(q22 - q12 * q12 / q11, 0))


def _half_line(ctx, decay, growth):
    """Trapezoid nodes and Gaussian weights on z >= 0, for an integrand at most exp(growth y^2) along the axis i y.

    Shifting the line of integration to i y costs exp(-2 pi y/h + y^2 (1/2 + growth)); the best y gives the rule's
    error exp(-2 pi^2/(h^2 (1 + 2 growth))) for step h (Trefethen and Weideman 2014, theorem 5.1).
    """
    step = ctx.pi * ctx.sqrt(2 / (decay * (1 + 2 * growth)))
    nodes = [step * i for i in range(int(ctx.sqrt(2 * decay) / step) + 1)]
    return [(z, step * ctx.exp(-z * z / 2) / ctx.sqrt(2 * ctx.pi)) for z in nodes]


def _erf_integral(ctx, q11, q12, q22):
    """Sums over z1, z2 of f(a z1) f(b z1 + s z2); |erf(i y sqrt(q))| < exp(q y^2), and erf' likewise."""
    a, b, s = _factor(ctx, q11, q12, q22)
    decay = (ctx.dps + 3) * ctx.log(10)
    first = _half_line(ctx, decay, a * a + b * b)
    second = _half_line(ctx, decay, s * s) if s else [(ctx.zero, ctx.one)]
    second = [(-z, w) for z, w in reversed(second) if z] + second
    value = slope = ctx.zero
    for z1, w1 in first:
        double = w1 if z1 == 0 else 2 * w1  # (z1, z2) -> (-z1, -z2) leaves both products as they are
        inner_value = inner_slope = ctx.zero
        for z2, w2 in second:
            if z1 * z1 + z2 * z2 < 2 * decay:
                z = b * z1 + s * z2
                inner_value += w2 * ctx.erf(z)
                inner_slope += w2 * ctx.exp(-z * z)
        value += double * ctx.erf(a * z1) * inner_value
        slope += double * ctx.exp(-((a * z1) ** 2)) * inner_slope
    return value, 4 / ctx.pi * slope  # phi' = 2/sqrt(pi) exp(-z^2)


def _relu_integral(ctx, q11, q12, q22):
    """Polar coordinates: u = sqrt(q11) r cos t, v = sqrt(q22) r cos(t - theta), both positive on one arc of t."""
    if q11 == 0 or q22 == 0:
        return ctx.zero, ctx.zero
    cosine = max(min(q12 / ctx.sqrt(q11 * q22), 1), -1)
    theta = ctx.acos(cosine)
    arc = [theta - ctx.pi / 2, ctx.pi / 2]
    radial = [0, 1, 3, 6, 10, 20, 40]

    def cubic(r):
        return r**3 * ctx.exp(-r * r / 2)

    def linear(r):
        return r * ctx.exp(-r * r / 2)

    def product(t):
        return ctx.cos(t) * ctx.cos(t - theta)

    if arc[0] == arc[1]:
        return ctx.zero, ctx.zero
    density = 1 / (2 * ctx.pi)
    value = density * ctx.sqrt(q11 * q22) * ctx.quad(cubic, radial) * ctx.quad(product, arc)
    slope = density * ctx.quad(linear, radial) * ctx.quad(lambda t: ctx.one, arc)
    return value, slope


def integral(ctx, activation, q11, q12, q22):
    """E[phi(u) phi(v)] and E[phi'(u) phi'(v)] by integration, to about ctx.dps - 4 digits (test_duals compares two)."""
    return {"erf": _erf_integral, "relu": _relu_integral}[activation](ctx, q11, q12, q22)


# --- the expectations, as textbooks print them ----------------------------------------------------------------------


def textbook(ctx, activation, q11, q12, q22):
    """The arc-sine kernel, or the arc-cosine kernels of order 1 and 0, and nothing clever about c = 1."""
    if activation == "erf":
        product = (1 + 2 * q11) * (1 + 2 * q22)
        value = 2 / ctx.pi * ctx.asin(2 * q12 / ctx.sqrt(product))
        return value, 4 / ctx.pi / ctx.sqrt(product - 4 * q12 * q12)
    if q11 == 0 or q22 == 0:
        return ctx.zero, ctx.zero  # phi(0) = 0; the slope meets only Theta = 0 unless sigma_b2 > 0, where K > 0
    norm = ctx.sqrt(q11 * q22)
    cosine = max(min(q12 / norm, 1), -1)  # rounding may leave the interval by one unit in the last of many digits
    theta = ctx.acos(cosine)
    value = norm / (2 * ctx.pi) * (ctx.sqrt(1 - cosine * cosine) + (ctx.pi - theta) * cosine)
    return value, (ctx.pi - theta) / (2 * ctx.pi)


# --- the recursion --------------------------------------------------------------------------------------------------


def first_layer(ctx, sigma_w2, sigma_b2, x1, x2):
    """(K11, K12, K22) of the first layer for two vectors."""
    weight, bias = number(ctx, sigma_w2), number(ctx, sigma_b2)
    a = [number(ctx, v) for v in x1]
    b = [number(ctx, v) for v in x2]

    def entry(x, y):
        total = ctx.zero
        for u, v in zip(x, y, strict=True):
            total += u * v
        return weight * total / len(x) + bias

    return entry(a, a), entry(a, b), entry(b, b)


def layers(ctx, activation, depth, sigma_w2, sigma_b2, covariance, expectations=textbook):
    """Yield Entry for l = 1..depth from the first layer's (K11, K12, K22)."""
    weight, bias = number(ctx, sigma_w2), number(ctx, sigma_b2)
    k11, k12, k22 = (number(ctx, k) for k in covariance)
    t11, t12, t22 = k11, k12, k22
    yield Entry(k11, k12, k22, t11, t12, t22)
    for _ in range(depth - 1):
        value11, slope11 = expectations(ctx, activation, k11, k11, k11)
        value12, slope12 = expectations(ctx, activation, k11, k12, k22)
        value22, slope22 = expectations(ctx, activation, k22, k22, k22)
        k11, k12, k22 = (weight * value + bias for value in (value11, value12, value22))
        t11 = k11 + weight * slope11 * t11
        t12 = k12 + weight * slope12 * t12
        t22 = k22 + weight * slope22 * t22
        yield Entry(k11, k12, k22, t11, t12, t22)


def exact_solution(ctx, activation, depth, sigma_w2, sigma_b2, covariance):
    """Theta12 at `depth` as D_L sum_k q_k/D_k, D_l = prod_{j<l} sigma_w2 Tdot(K^(j)) (induction; THEORY section 0)."""
    weight, bias = number(ctx, sigma_w2), number(ctx, sigma_b2)
    k11, k12, k22 = (number(ctx, k) for k in covariance)
    product, total = ctx.one, k12
    for _ in range(depth - 1):
        value11, _unused = textbook(ctx, activation, k11, k11, k11)
        value12, slope12 = textbook(ctx, activation, k11, k12, k22)
        value22, _unused = textbook(ctx, activation, k22, k22, k22)
        k11, k12, k22 = (weight * value + bias for value in (value11, value12, value22))
        product *= weight * slope12
        total += k12 / product
    return product * total


# --- the mean field, by bisection ------------------------------------------------------------------------------------


def bisect(ctx, function, low, high):
    """The sign change of `function` on [low, high], halved until nothing between is left."""
    below = function(low) < 0
    for _ in range(4 * ctx.prec):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if (function(middle) < 0) == below:
            low = middle
        else:
            high = middle
    return (low + high) / 2


class FixedPoint(NamedTuple):
    """What THEORY section h defines, for an erf network."""

    q_star: object
    c_star: object
    chi_1: object
    chi_c: object
    chi_q: object


def erf_fixed_point(ctx, sigma_w2, sigma_b2):
    """Bisection on q -> f(q, q) - q, then on q -> f(q, q*) - q below the least of that convex function."""
    weight, bias = number(ctx, sigma_w2), number(ctx, sigma_b2)

    def diagonal(q):
        return weight * textbook(ctx, "erf", q, q, q)[0] + bias

    tiny = ctx.mpf(10) ** (-ctx.dps // 3)
    if bias == 0 and weight <= ctx.pi / 4:
        q_star = ctx.zero
    else:
        q_star = bisect(ctx, lambda q: diagonal(q) - q, tiny, weight + bias + 1)

    def slope(q):
        return weight * textbook(ctx, "erf", q_star, q, q_star)[1]

    chi_1 = slope(q_star)
    q_ab = q_star
    if chi_1 > 1:
        lowest = ctx.zero if slope(ctx.zero) >= 1 else bisect(ctx, lambda q: slope(q) - 1, ctx.zero, q_star)
        q_ab = ctx.zero
        if bias > 0:
            q_ab = bisect(
                ctx, lambda q: weight * textbook(ctx, "erf", q_star, q, q_star)[0] + bias - q, ctx.zero, lowest
            )
    step = ctx.mpf(10) ** (-ctx.dps // 3)  # a central difference errs by step^2, its rounding by 10^-dps/step
    chi_q = (diagonal(q_star + step) - diagonal(q_star - step)) / (2 * step)
    return FixedPoint(q_star, q_ab / q_star if q_star else ctx.one, chi_1, slope(q_ab), chi_q)
