"""E[φ(u)φ(v)] and its relatives by brute force in mpmath: a second route that shares nothing with the package.

For (u, v) Gaussian with variances q1, q2 and correlation c, given exactly as 1 − c or 1 + c, `expectations` returns
T = E[φ(u)φ(v)], gap = E[(φ(u) − φ(v))²], both also of φ', and the moments at q1 and q2. It knows no closed form, no
series in c and no moment of φ: it evaluates φ and adds. Every rule is a trapezoid rule after an analytic change of
variable, so its error falls like exp(−2πd/h), with d the half-width of the strip where the integrand stays analytic.

  plane    u = √q1 (A m + B n), v = ±√q2 (A m − B n) with m, n independent and A ≥ B. The main coordinate is ε sinh(t),
           graded towards the origin, where φ(√q ·) varies. For |c| near 1, for small q, and for entire φ.
  lattice  u = √q1 x, v = ±√q2 y with x, y on one lattice. The density is diagonal · Toeplitz · diagonal there, so the
           double sum is one exact convolution, done as one product of long decimals. For smooth φ otherwise.
  wedge    polar coordinates in each quadrant of (u, v), graded in the logarithms of the radius and of the angles to
           u = 0 and to v = 0. For φ with a kink or jump at 0; smooth φ may use it too, as a check on the other two.

Each answer is computed twice, with different steps and ranges, and the two must agree.
"""

import decimal
import math
from fractions import Fraction

import numpy as np
from mpmath.ctx_mp import MPContext
from mpmath.libmp import to_fixed

mp = MPContext()  # private: the global mpmath.mp is never touched
exps, sines = np.frompyfunc(lambda x: mp.exp(x), 1, 1), np.frompyfunc(lambda x: mp.sin(x), 1, 1)


def _traits(kind, strip=math.inf, growth=0.0, sector=0.7, frequency=0.0, tilt=0.0, scale=0.0):
    """φ (each side of it, if kinked) is analytic for |Im x| < strip and |arg x| < sector, and at most of the size of
    exp(growth Im² + frequency |Im| + tilt |Re|) times a power. A kinked φ has features at |x| = 1/scale."""
    return locals()


TRAITS = {
    **dict.fromkeys(("sigmoid", "softplus", "silu"), _traits("smooth", strip=math.pi)),
    "tanh": _traits("smooth", strip=math.pi / 2),
    "mish": _traits("smooth", strip=3 * math.pi / 4),
    "gelu": _traits("smooth", strip=1.5, growth=0.5),
    "gelu_tanh": _traits("smooth", strip=1.5, sector=0.45),  # poles along arg x = ±30°
    **dict.fromkeys(("erf", "gaussian"), _traits("smooth", strip=1.0, growth=1.0)),
    **dict.fromkeys(("sin", "cos"), _traits("entire", frequency=1.0)),
    "exp": _traits("entire", tilt=1.0),
    **dict.fromkeys(("monomial", "hermite"), _traits("entire")),
    **dict.fromkeys(("elu", "selu"), _traits("kinked", scale=1.0)),
    **dict.fromkeys(("relu", "leaky_relu", "absolute", "step", "sign", "rectified_monomial"), _traits("kinked")),
}


def _exact(x):
    return mp.mpf(Fraction(x).numerator) / Fraction(x).denominator


def _positive(x):
    return not x._mpf_[0]


def _sigmoid(x):
    """(σ(x), 1 − σ(x)), neither by subtraction."""
    e = mp.exp(-abs(x))
    small, large = e / (1 + e), 1 / (1 + e)
    return (large, small) if _positive(x) else (small, large)


def _activation(name, parameter=None):
    """x -> (φ(x), φ'(x)) on arrays, at the working precision."""
    one, zero, log1p, exp, erf, erfc = mp.one, mp.zero, mp.log1p, mp.exp, mp.erf, mp.erfc
    p, n = (_exact(parameter or 0), int(Fraction(parameter or 0)))
    pdf, half, root2, root6 = 1 / mp.sqrt(2 * mp.pi), one / 2, mp.sqrt(2), mp.sqrt(6)
    k, cubic = 2 * mp.sqrt(2 / mp.pi), _exact("0.044715")
    scale, alpha = _exact("1.0507009873554804934193349852946"), _exact("1.6732632423543772848170429916717")
    beta = scale * alpha
    f = {
        "sigmoid": lambda x: ((s := _sigmoid(x))[0], s[0] * s[1]),
        "tanh": lambda x: ((s := _sigmoid(2 * x))[0] - s[1], 4 * s[0] * s[1]),
        "softplus": lambda x: ((x if _positive(x) else zero) + log1p(exp(-abs(x))), _sigmoid(x)[0]),
        "silu": lambda x: (x * (s := _sigmoid(x))[0], s[0] + x * s[0] * s[1]),
        "mish": lambda x: (x * (t := (m := (w := exp(x)) * (w + 2)) / (m + 2)), t + 4 * x * w * (w + 1) / (m + 2) ** 2),
        "gelu": lambda x: (x * (s := half * erfc(-x / root2)), s + x * pdf * exp(-half * x * x)),
        "gelu_tanh": lambda x: (
            x * (s := _sigmoid(k * x * (1 + cubic * x * x)))[0],
            s[0] + x * s[0] * s[1] * k * (1 + 3 * cubic * x * x),
        ),
        "erf": lambda x: (erf(x), 2 * pdf * root2 * exp(-x * x)),
        "gaussian": lambda x: (e := exp(-x * x), -2 * x * e),
        "sin": lambda x: mp.cos_sin(x)[::-1],
        "cos": lambda x: ((s := mp.cos_sin(x))[0], -s[1]),
        "exp": lambda x: (e := exp(x), e),
        "monomial": lambda x: (x**n, n * x ** (n - 1)),
        "hermite": lambda x: ((x * x - 3) * x / root6, 3 * (x * x - 1) / root6),  # He_3 / √6 only
        "elu": lambda x: (x, one) if _positive(x) else ((e := exp(x)) - one, e),
        "selu": lambda x: (scale * x, scale) if _positive(x) else ((e := beta * exp(x)) - beta, e),
        "relu": lambda x: (x, one) if _positive(x) else (zero, zero),
        "leaky_relu": lambda x: (x, one) if _positive(x) else (p * x, p),
        "absolute": lambda x: (x, one) if _positive(x) else (-x, -one),
        "step": lambda x: (one if _positive(x) else zero, zero),
        "sign": lambda x: (one if _positive(x) else -one, zero),
        "rectified_monomial": lambda x: (x**n, n * x ** (n - 1)) if _positive(x) else (zero, zero),
    }
    return np.frompyfunc(f[name], 1, 2)


def _points(h, lo, hi):
    """The lattice (k + 1/2) h over [lo, hi], and h. Midpoints, so that a symmetric rule halves cleanly."""
    h = mp.mpf(h)
    return np.array([(2 * k + 1) * h / 2 for k in range(math.floor(lo / h), math.ceil(hi / h))], dtype=object), h


def _step(nats, strip, exponent):
    """The largest h for which some shift α < strip gives exp(exponent(α) − 2πα/h) ≤ exp(−nats)."""
    alpha = np.linspace(0, strip, 4001)[1:]
    return float(np.max(2 * math.pi * alpha / (nats + exponent(alpha))))


def _reach(nats):
    return math.sqrt(2 * nats + 60)


def _linear(traits, scale, nats, half=False):
    """Nodes and weights of E over N(0, 1) for two factors φ(scale x + …); only x > 0, doubled, if half."""
    g, w, reach = traits["growth"], traits["frequency"], _reach(nats) + 2 * traits["tilt"] * scale
    strip = min(0.95 * traits["strip"] / scale, 2 * reach)
    h = _step(nats + 20, strip, lambda s: s * s / 2 + 2 * g * (scale * s) ** 2 + 2 * w * scale * s)
    x, h = _points(h, 0 if half else -reach, reach)
    return x, (2 if half else 1) * h * exps(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _graded(traits, scale, nats, half=False):
    """The same by x = ε sinh(t), graded towards 0, where φ(scale x) varies. Entire φ need no grading."""
    if traits["kind"] == "entire":
        return _linear(traits, scale, nats, half)
    epsilon = min(traits["strip"] / scale, 4.0)
    reach = math.asinh(_reach(nats) / epsilon)
    t, h = _points(2 * math.pi * traits["sector"] / nats, 0 if half else -reach, reach)
    x, dx = (epsilon / 2 * (exps(t) + s * exps(-t)) for s in (-1, 1))
    return x, (2 if half else 1) * h * dx * exps(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _radial(traits, scale, nats, power):
    """Nodes r and weights r^power dr of the half-line: log r = t − exp(−t − t1), t1 below the finest scale."""
    t1 = math.log(max(1.0, scale))
    t, h = _points(6.0 * traits["sector"] / (nats + 12), -t1 - math.log(nats / (power + 1)), math.log(_reach(nats)))
    e = exps(-t - t1)
    r = exps(t - e)
    return r, h * r ** (power + 1) * (1 + e)


def _sums(p, dp, r, dr, left, right, nats=0.0):
    """[T, gap, Tdot, Tdot_gap] over a tensor rule, in fixed point: Python integers add and multiply fast."""
    bits, more = 2 * mp.prec, 2 * mp.prec + int(1.5 * nats)
    fixed = np.frompyfunc(lambda x, b: to_fixed(x._mpf_, b), 2, 1)
    p, dp, r, dr, left, right = *(fixed(x, bits) for x in (p, dp, r, dr)), fixed(left, more), fixed(right, more)
    integrands = (p * r, (p - r) ** 2, dp * dr, (dp - dr) ** 2)
    return np.array([mp.ldexp(left @ (x @ right), -2 * (bits + more)) for x in integrands])


def _plane(f, traits, q1, q2, a, b, nats):
    sign, a, b = 1 if a >= b else -1, max(a, b), min(a, b)
    root1, root2, largest = mp.sqrt(q1), sign * mp.sqrt(q2), math.sqrt(max(q1, q2))
    m, left = _graded(traits, float(a) * largest, nats, half=q1 == q2 and sign < 0)
    n, right = _linear(traits, float(b) * largest, nats, half=q1 == q2 and sign > 0)
    m, n = a * m[:, None], b * n[None, :]
    smallest = (_reach(nats) + 2 * traits["tilt"] * largest) ** 2 / 2  # −log of the smallest weight
    return _sums(*f(root1 * m + root1 * n), *f(root2 * m - root2 * n), left, right, smallest)


def _correlation(f, g):
    """Σ_i f_i g_{i+k} for every lag k, of two lists of integers, by one product of decimals with a slot per lag."""
    width = len(str(max(map(abs, f)) * max(map(abs, g)) * len(f))) + 1
    slots, middle = 2 * len(f) - 1, "5" + "0" * (width - 1)
    exact = decimal.Context(prec=width * (slots + 2), Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    digits = lambda x, s: decimal.Decimal("".join(str(max(s * y, 0)).zfill(width) for y in reversed(x)))  # noqa: E731
    product = exact.multiply(*(exact.subtract(digits(x, 1), digits(x, -1)) for x in (f[::-1], g)))
    text = str(exact.add(product, decimal.Decimal(middle * slots))).zfill(width * slots)
    return [int(text[i : i + width]) - int(middle) for i in range(len(text) - width, -1, -width)]


def _lattice(f, traits, q1, q2, a, b, nats):
    sign, plus, minus = 1 if a >= b else -1, 2 * max(a, b) ** 2, 2 * min(a, b) ** 2  # 1 + |c|, 1 − |c|
    scale, variance = math.sqrt(max(q1, q2)), float(plus * minus)
    strip = min(0.95 * traits["strip"] / scale, 20.0)
    h = _step(nats, strip, lambda s: s * s / (2 * variance) + 2 * traits["growth"] * (scale * s) ** 2)
    x, h = _points(h, -_reach(nats), _reach(nats))
    lag = h * np.arange(1 - len(x), len(x))
    diagonal, toeplitz = exps(-x * x / (2 * plus)), exps((minus - plus) / (4 * plus * minus) * lag * lag)
    big, out = mp.mpf(10) ** int(nats / math.log(10) + 12), []
    fixed = np.frompyfunc(lambda y: int(mp.nint(y * big)), 1, 1)
    for p, r in zip(f(mp.sqrt(q1) * x), f(sign * mp.sqrt(q2) * x), strict=True):
        unit = max(abs(p * diagonal)), max(abs(r * diagonal))
        parts = (list(fixed(y * diagonal / z)) for y, z in zip((p, r), unit, strict=True))
        total = fixed(toeplitz) @ np.array(_correlation(*parts), dtype=object) * unit[0] * unit[1] / big**3
        out.append(total * h * h / (2 * mp.pi * mp.sqrt(plus * minus)))
    return out[0], None, out[1], None


def _wedge(f, traits, q1, q2, a, b, nats):
    even, totals = q1 == q2, 0
    scale = math.sqrt(max(q1, q2)) * max(traits["scale"], 1 / traits["strip"])
    angle = 2 * mp.asin(b) if b < a else mp.pi - 2 * mp.asin(a)
    rho, left = _radial(traits, scale, nats, 1)
    left = left * exps(-rho * rho / 2) / (2 * mp.pi)
    for opening, other, side in ((mp.pi - angle, angle, 1), (angle, mp.pi - angle, -1)):
        t0 = max(1.0, math.log(opening / other), math.log(14 * scale * float(opening) + 1))
        t, h = _points(4 * math.pi * traits["sector"] / nats, 0 if even else -t0 - math.log(nats), t0 + math.log(nats))
        up, down = exps(t - t0), exps(-t - t0)
        e = exps(t + up - down)  # log(ω / (opening − ω)) = t + 2 exp(−t0) sinh(t)
        omega, rest = opening * e / (1 + e), opening / (1 + e)
        right = (2 if even else 1) * h * omega / (1 + e) * (1 + up + down)
        u, v = np.outer(mp.sqrt(q1) * rho, sines(omega)), np.outer(mp.sqrt(q2) * rho, sines(rest))
        for x, y in ((u, v), (-u, -v)) if side > 0 else ((u, -v), (-u, v)):
            totals = totals + _sums(*f(x), *f(y), left, right)
    return totals


def _moments(f, traits, q, nats):
    """(E[φ(√q z)²], E[φ'(√q z)²])."""
    if traits["kind"] != "kinked":
        x, w = _graded(traits, math.sqrt(q), nats)
    else:
        x, w = _radial(traits, math.sqrt(q) * traits["scale"], nats, 0)
        x, w = np.concatenate([x, -x]), np.tile(w * exps(-x * x / 2) / mp.sqrt(2 * mp.pi), 2)
    return [w @ (y * y) for y in f(mp.sqrt(q) * x)]


def _once(f, traits, q1, q2, a, b, digits, method):
    nats = (digits + 6 * (method == "lattice")) * math.log(10)  # on the lattice the gap is a difference
    t, gap, dt, dgap = {"plane": _plane, "lattice": _lattice, "wedge": _wedge}[method](f, traits, q1, q2, a, b, nats)
    t1, dt1 = _moments(f, traits, q1, nats)
    t2, dt2 = (t1, dt1) if q1 == q2 else _moments(f, traits, q2, nats)
    gap, dgap = (t1 + t2 - 2 * t, dt1 + dt2 - 2 * dt) if gap is None else (gap, dgap)
    return {"T1": t1, "T2": t2, "T": t, "gap": gap, "Tdot1": dt1, "Tdot2": dt2, "Tdot": dt, "Tdot_gap": dgap}


def expectations(name, q1, q2, one_minus_c=None, one_plus_c=None, digits=40, method=None):
    """T, gap, Tdot, Tdot_gap and the moments, for φ a name or (name, parameter); numbers as str, int or Fraction."""
    name, mp.dps = (name,) if isinstance(name, str) else tuple(name), digits + 25
    f, traits, q1, q2 = _activation(*name), TRAITS[name[0]], _exact(q1), _exact(q2)
    minus = 2 - _exact(one_plus_c) if one_minus_c is None else _exact(one_minus_c)
    plus = 2 - minus if one_plus_c is None else _exact(one_plus_c)
    a, b = mp.sqrt(plus / 2), mp.sqrt(minus / 2)
    if method is None:
        narrow = 14 * float(min(a, b)) * math.sqrt(max(q1, q2)) < 0.7 * traits["strip"]
        method = "wedge" if traits["kind"] == "kinked" else "plane" if narrow else "lattice"
    coarse, fine = (_once(f, traits, q1, q2, a, b, digits + d, method) for d in (1, 4))
    for key, value in fine.items():
        scale = mp.sqrt(fine[key + "1"] * fine[key + "2"]) if key in ("T", "Tdot") else abs(value)
        if not abs(value - coarse[key]) <= scale * mp.mpf(10) ** -digits:
            raise ArithmeticError(f"{name} by {method}: two rules for {key} differ by {value - coarse[key]} of {scale}")
    return fine
