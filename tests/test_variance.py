"""Fixed variances, critical lines and mean fields of activations without a closed form."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from compare import agrees, relative_error
from mpmath.ctx_mp import MPContext

import ntkref as nk
from ntkref.critical import critical_line
from ntkref.variance import fixed_variances, stable_variance


def context(digits):
    """A private context: the global mpmath.mp stays as it is."""
    ctx = MPContext()
    ctx.dps = digits
    return ctx


def tanh_moments(ctx, q):
    """E[tanh²] and E[(1 − tanh²)²] at variance q, by a trapezoid rule written here: step 1/20, the pole is at π/(2√q),
    so exp(−2π · 20 π/(2√q)) = 1e-60 for q ≤ 2."""
    h, r, value, slope = ctx.mpf(1) / 20, ctx.sqrt(q), ctx.zero, ctx.zero
    for k in range(-300, 301):
        w = h * ctx.exp(-((k * h) ** 2) / 2) / ctx.sqrt(2 * ctx.pi)
        square = ctx.tanh(r * k * h) ** 2
        value, slope = value + w * square, slope + w * (1 - square) ** 2
    return value, slope


def test_tanh_s_line():
    """σ_b² = 0.05: σ_w² = 1.760954639607 (the issue prints …964, whose last digits are wrong), by the secant rule on
    q − 𝒯/𝒯̇ = 0.05 at 30 digits, with an integral that shares nothing with the package."""
    ctx = context(35)

    def excess(q):
        value, slope = tanh_moments(ctx, q)
        return q - value / slope - ctx.mpf("0.05")

    q = ctx.findroot(excess, (ctx.mpf("0.56"), ctx.mpf("0.58")), solver="secant", tol=1e-60)
    truth = 1 / tanh_moments(ctx, q)[1]
    assert agrees(truth, ctx.mpf("1.760954639607"), 12)
    point = nk.critical_point(nk.tanh, sigma_b2="0.05")
    assert relative_error(point.sigma_w2, truth) <= 2.0**-52
    assert relative_error(point.q_star, q) <= 2.0**-52
    point = nk.critical_point(nk.tanh, q_star=q, numbers=nk.digits(30))
    assert agrees(point.sigma_w2, truth, 29)
    assert agrees(point.sigma_b2, ctx.mpf("0.05"), 29)


def test_erf_s_line():
    assert nk.critical_point(nk.erf, sigma_b2="0.18").sigma_w2 == 1.7476037497677033  # …03749767703…


@pytest.mark.parametrize(
    ("activation", "q", "sigma_w2", "sigma_b2"),
    [(nk.gelu, None, 1.98305826, 0.17292239), (nk.silu, 14.32017362, 1.98800468, 0.55514317)],
    ids=repr,
)
def test_half_stable_ends(activation, q, sigma_w2, sigma_b2):
    """Where |χ_q| = 1 on the line, as Roberts, Yaida and Hanin (2022, section 5.3.4) print it: 9 and 8 digits."""
    segment, line = critical_line(activation)[-1]
    assert abs(line[0][0] - sigma_w2) <= 0.5e-8
    assert abs(line[1][0] - sigma_b2) <= 0.5e-8
    assert q is None or abs(segment[0] - q) <= 0.5e-6  # where two slopes meet the square root of rounding is lost
    _, slope, Tdot = activation.moments(segment[0], nk.float64)
    assert abs(slope / Tdot - 1) < 1e-8
    with pytest.raises(ValueError, match=rf"{activation} is not critical at q_star.*unstable"):
        nk.critical_point(activation, q_star=0.9 * segment[0])
    with pytest.raises(ValueError, match=rf"no critical point of {activation} has sigma_b2 = 0\.1.*0\.17|0\.55"):
        nk.critical_point(activation, sigma_b2="0.1")


@pytest.mark.parametrize("activation", [nk.softplus, nk.exp, nk.monomial(2), nk.monomial(3)], ids=repr)
@pytest.mark.parametrize("given", [{"sigma_b2": "0.05"}, {"sigma_w2": 1}])
def test_no_critical_line(activation, given):
    with pytest.raises(ValueError, match=re.escape(f"{activation} has no critical line")):
        nk.critical_point(activation, **given)
    with pytest.raises(ValueError, match="is not critical at q_star"):
        nk.critical_point(activation, q_star=1)


@pytest.mark.parametrize("activation", [nk.sign, nk.step], ids=repr)
def test_jumps_have_no_mean_field(activation):
    for call in (nk.critical_point, nk.mean_field):
        with pytest.raises(ValueError, match=f"{activation} jumps"):
            call(activation, sigma_b2=1) if call is nk.critical_point else call(activation, 1, 1)


@pytest.mark.parametrize(
    ("activation", "given", "sigma_w2"),
    [(nk.tanh, {"sigma_b2": 0}, 1.0), (nk.tanh, {"sigma_w2": 1}, 1.0), (nk.sin, {"sigma_b2": 0}, 1.0)],
    ids=repr,
)
def test_the_tip_of_the_line(activation, given, sigma_w2):
    point = nk.critical_point(activation, **given)
    assert (point.sigma_w2, point.sigma_b2, point.q_star) == (sigma_w2, 0, 0)


def test_below_the_tip():
    with pytest.raises(ValueError, match=r"sigma_w2 must be at least 1, .*tanh.*got 0\.9"):
        nk.critical_point(nk.tanh, sigma_w2="0.9")


def test_tanh_in_order():
    """q* and χ₁ by iterating the trapezoid rule: 90 rounds of a map of slope 0.56 leave 1e-22."""
    ctx = context(25)
    q = ctx.mpf(1) / 2
    for _ in range(90):
        value, _ = tanh_moments(ctx, q)
        q = ctx.mpf("1.5") * value + ctx.mpf("0.05")
    mf = nk.mean_field(nk.tanh, "1.5", "0.05")
    assert mf.phase == "ordered"
    assert relative_error(mf.q_star, q) <= 2.0**-52
    assert relative_error(mf.chi_1, ctx.mpf("1.5") * tanh_moments(ctx, q)[1]) <= 2.0**-52
    assert mf.c_star == 1
    precise = nk.mean_field(nk.tanh, "1.5", "0.05", nk.digits(20))
    assert agrees(precise.q_star, q, 19)


def test_tanh_in_chaos():
    """q* and c* by iterating kernels of Gauss–Hermite's 120 × 120 nodes in NumPy, to 1e-9."""
    z, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    q, c = 1.0, 0.5
    for _ in range(400):
        q = 2.5 * (w @ np.tanh(math.sqrt(q) * z) ** 2) + 0.05
    for _ in range(400):
        v = math.sqrt(q) * (c * z[:, None] + math.sqrt(1 - c * c) * z[None, :])
        inner = np.tanh(v) @ w
        c = (2.5 * (w @ (np.tanh(math.sqrt(q) * z) * inner)) + 0.05) / q
    mf = nk.mean_field(nk.tanh, "2.5", "0.05")
    assert mf.phase == "chaotic"
    assert abs(mf.q_star - q) < 1e-7
    assert abs(mf.c_star - c) < 1e-6
    assert mf.chi_1 > 1 > mf.chi_c > 0


def test_selu_at_its_own_point():
    """SELU is made so that q = 1 is fixed at σ_w² = 1, σ_b² = 0, to the digits of its constants."""
    mf = nk.mean_field(nk.selu, 1, 0)
    assert abs(mf.q_star - 1) < 1e-12
    assert mf.phase == "chaotic"
    assert abs(mf.chi_1 - 1.0715749924557993) < 1e-12  # σ_w² 𝒯̇(1, 1) by brute_expectations.py


def test_all_fixed_variances_are_reported():
    """E[x⁶] = 15 q³: with σ_b² = 0 the map 15 σ_w² q³ has 0, stable, and 15^(−1/2), of slope 3."""
    mf = nk.mean_field(nk.monomial(3), 1, 0)
    assert (mf.q_star, mf.phase) == (0, "ordered")
    (zero, unstable) = mf.fixed_variances
    assert zero == (0, 0)
    assert abs(unstable[0] - 15**-0.5) < 1e-15
    assert abs(unstable[1] - 3) < 1e-14


@pytest.mark.parametrize(
    ("activation", "sigma_w2", "sigma_b2"),
    [(nk.softplus, 3, "0.1"), (nk.exp, 1, "0.1"), (nk.monomial(2), 1, 1)],
    ids=repr,
)
def test_unbounded(activation, sigma_w2, sigma_b2):
    mf = nk.mean_field(activation, sigma_w2, sigma_b2)
    assert mf.phase == "unbounded"
    with pytest.raises(ValueError, match="grows without bound"):
        _ = mf.q_star
    assert "unbounded" in str(mf)


STEEP = nk.Activation(
    "steep", lambda f, x: f.exp(-x * x / 2) * x * x * x, lambda f, x: f.exp(-x * x / 2) * (3 - x * x) * x * x, parity=-1
)


def test_several_stable_variances_are_reported():
    """x³ e^(−x²/2): the map is flat at q = 0 and rises before it falls, so 0 and one variance beyond are stable."""
    with pytest.raises(ValueError, match=r"steep has 2 stable variances here.*choose with near=q"):
        nk.mean_field(STEEP, 6, 0)
    low, high = (nk.mean_field(STEEP, 6, 0, near=q) for q in (0, 10))
    assert low.q_star == 0 < high.q_star
    (zero, unstable, stable) = high.fixed_variances
    assert zero[0] == 0 < unstable[0] < stable[0] == high.q_star
    assert unstable[1] > 1 > abs(stable[1])
    T = nk.mean_field(STEEP, 6, 0, near=10).activation.moments(high.q_star, nk.float64)[0]
    assert abs(6 * T / high.q_star - 1) < 1e-13


def test_close_variances_are_told_apart():
    """Just beyond GELU's half-stable point three variances are fixed, the middle one unstable: none is guessed."""
    point = nk.critical_point(nk.gelu, q_star="3.562")
    variances = Fraction(point.sigma_w2), Fraction(point.sigma_b2)
    found = fixed_variances(nk.gelu, *variances, nk.float64)
    (_, first), (middle, unstable), (_, third) = found
    assert abs(middle - 3.5306) < 1e-4  # by a separate scan, to the digits it printed
    assert first < 1 < unstable < 1.5
    assert third < 1
    with pytest.raises(ValueError, match=r"2 stable variances here, q = 3\.0597\d+, 3\.562\d*: choose with near=q"):
        stable_variance(nk.gelu, *variances, nk.float64)
    assert stable_variance(nk.gelu, *variances, nk.float64, near=4) == found[2][0]


def test_far_variances_are_not_called_unbounded():
    """A closed form is followed to 1e60; an integral to 1e6, where a map that flattens is not said to grow for ever."""
    assert nk.mean_field(nk.erf, "1e8", 0).phase == "chaotic"
    with pytest.raises(ValueError, match=r"tanh has no fixed variance up to 1e\+06 here, .*: there may be one beyond"):
        nk.mean_field(nk.tanh, "1e8", 0)
    assert nk.mean_field(nk.softplus, 3, "0.1").phase == "unbounded"  # T ~ q/2, and 3/2 > 1


def test_the_identity_is_critical_at_its_only_point():
    """chi_1 = sigma_w2 exactly: 1 - chi_1 is no difference of rounded numbers."""
    mf = nk.mean_field(nk.monomial(1), 1, 0)
    assert (mf.phase, mf.chi_1, mf.chi_q) == ("critical", 1, 1)
    assert nk.mean_field(nk.leaky_relu("0.5"), "1.6", 0).phase == "critical"  # gain (1 + 1/4)/2 = 5/8


def test_what_does_not_exist_in_an_unbounded_phase_is_left_out():
    text = str(nk.mean_field(nk.softplus, 3, "0.1"))
    assert text == "softplus, sigma_w2 = 3, sigma_b2 = 1/10: unbounded"


def test_digits_beyond_what_is_integrated_are_refused():
    with pytest.raises(ArithmeticError, match="tanh is integrated with at most 300 digits"):
        nk.kernels_of_pair(nk.fcn(2, nk.tanh, 1), 1, 1, nk.digits(400))
