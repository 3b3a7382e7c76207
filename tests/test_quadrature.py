"""What is integrated against closed forms, against another route, and against itself."""

import math
from fractions import Fraction

import array_api_strict
import brute_expectations
import numpy as np
import pytest
from compare import covariance
from hypothesis import given
from hypothesis import strategies as st
from strategies import ACTIVATIONS, one_minus_cosines, variances

import ntkref as nk
from ntkref.pair import Covariance
from ntkref.quadrature import Quadrature

INTEGRATED = [a for a in ACTIVATIONS if a.integrated]
SMOOTH = [a for a in INTEGRATED if not a.kinks]
KNOWN = [a for a in ACTIVATIONS if a.closed_form or not a.integrated]
BRUTE = {a.name: a for a in INTEGRATED if not a.closed_form and a.name in brute_expectations.TRAITS}
FIELDS = ("x", "y", "xy", "diff", "gap", "cogap", "area")
D15, D30 = nk.digits(15), nk.digits(30)


def pair(q1, q2, e, side, numbers):
    """From exact variances, 1 − |c| = `e` and the sign of c, so that no field cancels; arrays or numbers."""
    q1, q2, e = np.broadcast_arrays(*(numbers.asarray(v, "pair") for v in (q1, q2, e)))
    q1, q2, e = (v[()] for v in (q1, q2, e))
    r, across = numbers.sqrt(q1) * numbers.sqrt(q2), numbers.sqrt(e * (2 - e))
    radial = ((q1 - q2) / (numbers.sqrt(q1) + numbers.sqrt(q2))) ** 2
    near, far = radial + 2 * r * e, radial + 2 * r * (2 - e)
    gap, cogap = (near, far) if side > 0 else (far, near)
    return Covariance(q1, q2, side * r * (1 - e), q1 - q2, gap, cogap, r * across)


def closed(activation, q1, q2, e, side):
    """The fields of 𝒯, and x, y, xy, gap of 𝒯̇, by a closed form at 90 digits, where subtraction costs nothing."""
    numbers = nk.digits(90)
    k = pair(q1, q2, e, side, numbers)
    (t1, d1), (t2, d2), (t, d) = (
        activation.closed_form(*q, numbers) for q in ((k.x, k.x, k.x), (k.y, k.y, k.y), (k.x, k.y, k.xy))
    )
    area = numbers.sqrt(t1 * t2 - t * t)
    return (
        {"x": t1, "y": t2, "xy": t, "diff": t1 - t2, "gap": t1 + t2 - 2 * t, "cogap": t1 + t2 + 2 * t, "area": area},
        {"x": d1, "y": d2, "xy": d, "gap": d1 + d2 - 2 * d},
    )


def brute(activation, q1, q2, e, side):
    which = {"one_minus_c" if side > 0 else "one_plus_c": Fraction(e)}
    found = brute_expectations.expectations(activation.name, Fraction(q1), Fraction(q2), digits=18, **which)
    return (
        {"x": found["T1"], "y": found["T2"], "xy": found["T"], "gap": found["gap"]},
        {"x": found["Tdot1"], "y": found["Tdot2"], "xy": found["Tdot"], "gap": found["Tdot_gap"]},
    )


def check(ours, truth, entries, gaps):
    """Entries relative to √(𝒯₁₁𝒯₂₂), gaps to themselves, the area to itself, the difference to the larger variance.

    A gap that is exactly 0 has only 0 as its value.
    """
    for mine, true in zip(ours, truth, strict=True):
        size = math.sqrt(abs(float(true["x"] * true["y"])))
        for name, value in true.items():
            scale = {"xy": size, "diff": max(true["x"], true["y"])}.get(name, abs(value))
            tolerance = gaps if name in ("gap", "cogap", "area") else entries
            assert abs(np.ravel(getattr(mine, name))[0] - value) <= tolerance * scale, (name, value)


@pytest.mark.parametrize("activation", KNOWN, ids=repr)
def test_closed_form_is_the_integral(activation):
    """Every field to 30 digits: unequal variances at an acute angle, equal ones at an obtuse angle."""
    k = pair(["1.5", "0.75"], ["0.5", "0.75"], ["0.4", "0.4"], 1, D30)
    other = pair(["1.5", "0.75"], ["0.5", "0.75"], ["0.4", "0.4"], -1, D30)
    k = Covariance(*(np.array([getattr(k, f)[0], getattr(other, f)[1]]) for f in FIELDS))
    T, Tdot = Quadrature(activation.definition).duals(k, D30)
    if activation.integrated:
        values, slopes = activation.closed_form(k.x, k.y, k.xy, D30)
        pairs = [(T.xy, values), (Tdot.xy, slopes)]
        for side, q in (("x", k.x), ("y", k.y)):
            values, slopes = activation.closed_form(q, q, q, D30)
            pairs += [(getattr(T, side), values), (getattr(Tdot, side), slopes)]
    else:
        closed_T, closed_Tdot = activation.duals(k, D30)
        pairs = [(getattr(T, f), getattr(closed_T, f)) for f in FIELDS]
        pairs += [(getattr(Tdot, f), getattr(closed_Tdot, f)) for f in FIELDS[:5]]
    for ours, truth in pairs:
        assert np.shape(ours) == np.shape(truth)
        assert (abs(ours - truth) <= D30.eps * (abs(truth) + (truth == 0))).all()


CHEAP = [
    ("1/1000", "1/1000", "7/10", 1),
    (1, 1, Fraction(1, 10**12), 1),
    (1, 1, Fraction(1, 10**5), 1),
    (1, 1, Fraction(1, 10**5), -1),
    (50, 50, Fraction(1, 10**12), -1),
    (1000, 1000, Fraction(1, 10**5), 1),
    (1000, 1000, Fraction(3, 10), -1),
    (Fraction(1, 16), 16, Fraction(3, 10), 1),
    (2, 2 + Fraction(1, 2**10), Fraction(1, 10**5), 1),
    (50, 50 + Fraction(1, 2**20), Fraction(1, 10**9), 1),
]


@pytest.mark.parametrize("point", CHEAP, ids=str)
@pytest.mark.parametrize("activation", [a for a in INTEGRATED if a.closed_form], ids=repr)
def test_float64_against_closed_forms(activation, point):
    """1e-13 of 𝒯 and 𝒯̇, 1e-11 of the gaps and the area: the promise."""
    q1, q2, e = (Fraction(v) for v in point[:3])
    ours = activation.duals(pair(*map(float, (q1, q2, e)), point[3], nk.float64), nk.float64)
    truth = closed(activation, *map(Fraction, map(float, (q1, q2, e))), point[3])
    check(ours, truth, 1e-13, 1e-11)


@pytest.mark.parametrize(
    "point",
    [
        (1.0, 1.0, 1e-12, 1),
        (16.0, 16.0, 1e-5, -1),
        (2.0, 2 + 2.0**-10, 1e-5, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("activation", BRUTE.values(), ids=repr)
def test_float64_against_brute_force(activation, point):
    """The same against trapezoid rules in the plane that share nothing with the package; 18 digits."""
    check(activation.duals(pair(*point, nk.float64), nk.float64), brute(activation, *point), 1e-13, 1e-11)


@pytest.mark.parametrize("name", ["tanh", "softplus", "selu"])
def test_a_thousandfold_variance(name):
    """q = 1000, where tanh is nearly sign, at 1 − c = 1e-12."""
    point = (1000.0, 1000.0, 1e-12, 1)
    check(BRUTE[name].duals(pair(*point, nk.float64), nk.float64), brute(BRUTE[name], *point), 1e-13, 1e-11)


@pytest.mark.parametrize("activation", [a for a in INTEGRATED if a.name not in BRUTE and not a.closed_form], ids=repr)
def test_float64_against_digits(activation):
    """For what brute_expectations.py does not know."""
    point = (0.75, 1.5, 0.4, 1)
    T, Tdot = activation.duals(pair(*point, D15), D15)
    truth = [{f: np.ravel(getattr(k, f))[0] for f in ("x", "y", "xy", "gap")} for k in (T, Tdot)]
    check(activation.duals(pair(*point, nk.float64), nk.float64), truth, 1e-13, 1e-11)


@pytest.mark.parametrize("activation", [nk.tanh, nk.gelu, nk.softplus, nk.gaussian, nk.hermite(4)], ids=repr)
def test_nearly_equal_variances(activation):
    """Relative distances of 1e-3, 6e-5, 1e-6 and 1e-12, at 1 − c = 1e-6, against digits(15).

    Differences to 1e-12 where a series in the distance gives them, which is below 1e-4.
    """
    q2 = 1.5 * (1 + np.array([2.0**-10, 2.0**-14, 2.0**-20, 2.0**-40]))
    series = np.array([1e-11, 1e-12, 1e-12, 1e-12])
    ours, truth = (activation.duals(pair(1.5, q2, 2.0**-20, 1, f), f) for f in (nk.float64, D15))
    for mine, true, fields in zip(ours, truth, (("diff", "gap", "cogap", "area"), ("diff", "gap")), strict=True):
        for name in fields:
            a, b = getattr(mine, name), getattr(true, name)
            assert (abs(a - b) <= (series if name == "diff" else 1e-11) * abs(b)).all(), (name, a, b)


@pytest.mark.parametrize("activation", SMOOTH, ids=repr)
def test_prices_theorem(activation):
    """d𝒯/dq₁₂ = 𝒯̇: a central difference of step 1e-15 errs by 1e-30; 35 digits carried leave 1e-20."""
    h = D15.context.mpf(10) ** -15
    q = D15.asarray(["0.5", "0.75"], "q")
    xy = D15.asarray("0.25", "q12") + np.array([h, -h, 0 * h])
    x, y = q[0] + 0 * xy, q[1] + 0 * xy
    k = Covariance(x, y, xy, x - y, x + y - 2 * xy, x + y + 2 * xy, D15.sqrt(x * y - xy * xy))
    T, Tdot = activation.duals(k, D15)
    assert abs((T.xy[0] - T.xy[1]) / (2 * h) - Tdot.xy[2]) <= 1e-18 * (abs(Tdot.xy[2]) + abs(T.xy[2]))


@given(q=variances(0.05, 30), ratio=st.floats(0.2, 5), c=st.floats(-0.9, 0.9), activation=st.sampled_from(ACTIVATIONS))
def test_prices_theorem_in_float64(q, ratio, c, activation):
    """A fourth-order difference of step h = 1e-3 √(q₁q₂) errs by h⁴ 𝒯⁽⁵⁾/30, its rounding by 1e-13 𝒯/h."""
    if activation.jumps:
        return  # 𝒯̇ leaves the distributional part out, and Price's theorem needs it
    q2 = q * ratio
    r = math.sqrt(q * q2)
    steps = np.array([-2, -1, 1, 2, 0]) * 1e-3
    points = c + steps
    k = pair(q, q2, np.minimum(1, 1 - abs(points)), 1, nk.float64)
    k = Covariance(k.x, k.y, r * points, k.diff, q + q2 - 2 * r * points, q + q2 + 2 * r * points, k.area)
    T, Tdot = activation.duals(k, nk.float64)
    slope = (T.xy[0] - 8 * T.xy[1] + 8 * T.xy[2] - T.xy[3]) / (12 * 1e-3 * r)
    size = math.sqrt(Tdot.x[0] * Tdot.y[0]) + math.sqrt(T.x[0] * T.y[0]) / r
    assert abs(slope - Tdot.xy[4]) <= 1e-7 * size


@given(q=variances(0.01, 100), e=one_minus_cosines(), activation=st.sampled_from(INTEGRATED))
def test_falls_are_positive_and_bounded(q, e, activation):
    """0 ≤ gap, cogap; gap + cogap = 2 (𝒯₁₁ + 𝒯₂₂); no gap at c = 1, to the last bit."""
    T, Tdot = activation.duals(pair(q, q, min(e, 2 - e), 1 if e <= 1 else -1, nk.float64), nk.float64)
    for k in (T, Tdot):
        assert k.gap >= 0
        assert (k.gap == 0) == (e == 0) or e == 2
        assert abs(k.xy) <= k.x * (1 + 1e-13)
        assert abs(k.x + k.y - 2 * k.xy - k.gap) <= 1e-13 * k.x
    assert T.cogap >= 0
    assert abs(T.gap + T.cogap - 4 * T.x) <= 1e-13 * T.x


@pytest.mark.parametrize("activation", INTEGRATED, ids=repr)
def test_swapping_the_pair(activation):
    for e, side in ((0.3, 1), (1e-6, 1), (1e-3, -1)):
        one = activation.duals(pair(0.5, 2.0, e, side, nk.float64), nk.float64)
        two = activation.duals(pair(2.0, 0.5, e, side, nk.float64), nk.float64)
        for a, b in zip(one, two, strict=True):
            assert (a.x, a.y) == (b.y, b.x)
            assert abs(a.diff + b.diff) <= 1e-15 * (a.x + a.y)
            assert abs(a.xy - b.xy) <= 1e-14 * math.sqrt(a.x * a.y)
            assert abs(a.gap - b.gap) <= 1e-13 * a.gap


@pytest.mark.parametrize(
    ("activation", "numbers"),
    [*((a, nk.float64) for a in INTEGRATED), *((a, nk.digits(10)) for a in (nk.tanh, nk.sigmoid, nk.monomial(3)))],
    ids=repr,
)
def test_zero_variance(activation, numbers):
    """φ(0) for both, or φ(0) E[φ(v)] against another input; no area, no division by zero."""
    zero, other = numbers.asarray(0, "zero") + 0 * numbers.asarray([0], "q"), numbers.asarray([2], "q")
    phi0 = activation.value(numbers, zero)
    T, Tdot = activation.duals(Covariance(*[zero] * 7), numbers)
    tolerance = 1e-13 if numbers is nk.float64 else 1e-10
    for value in (T.x, T.y, T.xy):
        assert abs(value - phi0**2) <= tolerance * phi0**2
    assert T.gap == T.area == T.diff == Tdot.gap == 0
    T, Tdot = activation.duals(Covariance(zero, other, zero, -other, other, other, zero), numbers)
    T2, _, Tdot2 = activation.moments(other, numbers)
    assert abs(T.x - phi0**2) <= tolerance * phi0**2
    assert abs(T.y - T2) <= tolerance * T2
    assert abs(Tdot.y - Tdot2) <= tolerance * Tdot2
    assert abs(T.gap - (T.x + T.y - 2 * T.xy)) <= tolerance * T.y
    assert abs(T.cogap - (T.x + T.y + 2 * T.xy)) <= tolerance * T.y
    if phi0 == 0:
        assert abs(T.xy) <= tolerance * T.y


def inputs(seed=0, rows=40):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 5)) * np.exp(rng.normal(size=(rows, 1)))


@pytest.mark.parametrize("activation", [nk.tanh, nk.selu, nk.softplus, nk.gaussian], ids=repr)
def test_a_gram_matrix_is_its_pairs(activation):
    """Inputs of any norm: all at once, and by twos.  The rules differ, so the promise is what they share."""
    net, x = nk.fcn(3, activation, sigma_w2="1.5", sigma_b2="0.1"), inputs()
    whole = nk.kernels(net, x)
    assert np.array_equal(whole.ntk, whole.ntk.T)
    for i, j in ((0, 1), (3, 30), (7, 22), (11, 39), (38, 2)):
        two = nk.kernels(net, x[[i, j]])
        for name, tolerance in (("nngp", 2e-13), ("ntk", 2e-13), ("nngp_gap", 2e-11), ("ntk_gap", 2e-11)):
            a, b = getattr(whole, name)[i, j], getattr(two, name)[0, 1]
            size = b if name.endswith("gap") else math.sqrt(getattr(two, name)[0, 0] * getattr(two, name)[1, 1])
            assert abs(a - b) <= tolerance * size, name


@pytest.mark.parametrize("activation", [nk.tanh, nk.selu, nk.gaussian], ids=repr)
def test_a_gram_matrix_is_a_cross_matrix(activation):
    """To the last bit off the diagonal; on it the series' sum meets the variance to 1e-13."""
    net, x = nk.fcn(3, activation, sigma_w2="1.5", sigma_b2="0.1"), inputs(rows=12)
    gram, cross = nk.kernels(net, x), nk.kernels(net, x, x)
    off = ~np.eye(12, dtype=bool)
    for name in ("nngp", "ntk", "nngp_gap", "ntk_gap"):
        a, b = getattr(gram, name), getattr(cross, name)
        assert np.array_equal(a[off], b[off]), name
        assert (abs(np.diag(a) - np.diag(b)) <= 1e-13 * abs(np.diag(a))).all(), name


@pytest.mark.parametrize("activation", INTEGRATED, ids=repr)
def test_other_number_systems_are_refused(activation):
    net = nk.fcn(2, activation, sigma_w2=1)
    for numbers in (nk.symbols(), nk.floats(array_api_strict)):
        with pytest.raises(TypeError) as error:
            nk.kernels_of_pair(net, q=1, one_minus_c="0.5", numbers=numbers)
        assert activation.name in str(error.value)
        assert repr(numbers) in str(error.value)


def test_gram_matrices_take_one_polynomial_per_pair():
    """200 inputs of every listed smooth activation in well under a second each: nothing goes pair by pair."""
    import time

    x = inputs(rows=200) / 2
    for activation in (nk.tanh, nk.sigmoid, nk.gelu, nk.silu, nk.softplus):
        nk.kernels(nk.fcn(2, activation, sigma_w2=1), x[:2])
        start = time.process_time()
        nk.kernels(nk.fcn(2, activation, sigma_w2=1), x / np.sqrt(np.sum(x * x, axis=1, keepdims=True)))
        assert time.process_time() - start < 5, activation  # 0.1 s, and minutes pair by pair


@pytest.mark.parametrize("activation", [nk.selu, nk.elu(2)], ids=repr)
def test_nearly_equal_variances_of_a_kinked_activation(activation):
    """Where the series is cut the difference of the variances still keeps its digits (error d²/q² ~ 1e-16)."""
    q, distance, c = 1.5, 2.0**-27, 0.5
    q2 = q * (1 - distance)
    results = []
    for numbers in (nk.float64, nk.digits(40)):
        k = covariance(numbers, *(numbers.convert(Fraction(v)) for v in (q, c * q, q2)))
        if numbers is nk.float64:
            k = Covariance(*(np.asarray(v) for v in vars(k).values()))
        results.append(activation.duals(k, numbers))
    for ours, truth in zip(*results, strict=True):
        assert abs(float(ours.diff) / truth.diff - 1) < 1e-12
