"""The recursion against the definition in plain loops, the exact solution, and itself at more digits."""

from fractions import Fraction

import brute_force as bf
import mpmath
import numpy as np
import pytest
from compare import FIELDS, U, agrees, one_pair, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CLOSED_FORM, hyperparameters, near, pairs

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# A hundred decimal digits beyond any gap that occurs here: subtraction is harmless.
WIDE = bf.context(400)
POINTS = {
    "erf ordered": ("erf", "1.0", "0.18"),
    "erf chaotic": ("erf", "3", "0.18"),
    "erf, no bias": ("erf", "2.5", 0),
    "relu critical": ("relu", 2, 0),
    "relu ordered": ("relu", "1.5", "0.3"),
    "relu unbounded": ("relu", "2.2", "0.1"),
}
X1 = [0.5, -1.25, 2.0]
VECTORS = {
    "acute": [1.0, 0.25, 1.5],
    "obtuse": [-1.0, 1.0, 0.125],
    "near": near(np.array(X1), np.array([1.0, 2.0, 1.0]), 1e-8),
    "near opposite": -near(np.array(X1), np.array([1.0, 0.0, 1.0]), 1e-8),
    "identical": X1,
    "opposite": [-v for v in X1],
    "doubled": [2 * v for v in X1],
}


def check(kernels, entry, digits, depth):
    truth = (entry.k12, entry.t12, entry.nngp_gap, entry.ntk_gap)
    # A true zero (gap of identical inputs; ReLU of opposite ones) is what 400-digit subtraction leaves of it: a square
    # root of it, at a ReLU angle. The package must be as small.
    for name, value, true in zip(FIELDS, one_pair(kernels), truth, strict=True):
        if abs(true) < mpmath.mpf("1e-150"):
            assert abs(value) < mpmath.mpf("1e-60"), (name, depth)
        else:
            assert agrees(value, true, digits), (name, depth, mpmath.nstr(value, 30), mpmath.nstr(true, 30))


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("point", POINTS)
def test_digits_against_the_textbook(point, vector):
    """39 of digits(40)'s digits for K, Theta and both gaps, every depth to 30, against 400-digit subtraction."""
    activation, sigma_w2, sigma_b2 = POINTS[point]
    net = nk.fcn(30, getattr(nk, activation), sigma_w2, sigma_b2)
    covariance = bf.first_layer(WIDE, sigma_w2, sigma_b2, X1, VECTORS[vector])
    truth = bf.layers(WIDE, activation, 30, sigma_w2, sigma_b2, covariance)
    ours = nk.kernels_by_depth(net, [X1], [VECTORS[vector]], nk.digits(40))
    for (depth, kernels), entry in zip(ours, truth, strict=True):
        check(kernels, entry, 39, depth)


@pytest.mark.parametrize("vector", ["acute", "obtuse", "near"])
@pytest.mark.parametrize("point", ["erf ordered", "erf, no bias", "relu critical", "relu unbounded"])
def test_digits_against_integration(point, vector):
    """Depth 3 with every expectation integrated numerically: nothing closed-form is shared with the package.

    30 digits of the entries; a gap that is 1e-16 of the entries keeps 30 - 16 of them under plain subtraction.
    """
    activation, sigma_w2, sigma_b2 = POINTS[point]
    ctx = bf.context(36)
    covariance = bf.first_layer(ctx, sigma_w2, sigma_b2, X1, VECTORS[vector])
    *_, entry = bf.layers(ctx, activation, 3, sigma_w2, sigma_b2, covariance, bf.integral)
    kernels = nk.kernels(nk.fcn(3, getattr(nk, activation), sigma_w2, sigma_b2), [X1], [VECTORS[vector]], nk.digits(40))
    k, theta, k_gap, theta_gap = one_pair(kernels)
    # ReLU near c = 1: the integral's angle is the root of 1 - c, of which 36 digits leave 36 - 16 and a half lost.
    digits = 24 if vector == "near" else 30
    assert agrees(k, entry.k12, digits)
    assert agrees(theta, entry.t12, 18 if activation == "relu" and vector == "near" else digits)
    if vector != "near":
        assert agrees(k_gap, entry.nngp_gap, 28)
        assert agrees(theta_gap, entry.ntk_gap, 28)
    else:
        assert agrees(k_gap, entry.nngp_gap, 10)


@pytest.mark.parametrize("e", ["0.3", "1.6", "1e-9"])
@pytest.mark.parametrize("point", POINTS)
def test_exact_solution(point, e):
    """p_ab^L = D_L sum_k q_k/D_k (THEORY section 0), to 40 digits at every tenth depth."""
    activation, sigma_w2, sigma_b2 = POINTS[point]
    net = nk.fcn(61, getattr(nk, activation), sigma_w2, sigma_b2)
    q = Fraction(3, 2)
    covariance = q, q * (1 - Fraction(e)), q
    for depth, kernels in pairs_by_depth(net, q, e, nk.digits(42)):
        if depth % 10 == 1:
            truth = bf.exact_solution(WIDE, activation, depth, sigma_w2, sigma_b2, covariance)
            assert agrees(kernels.ntk, truth, 40), depth


def test_exact_diagonal():
    """THEORY a and b: at K(x, x) = q* the NTK's diagonal is q* (chi_1^l - 1)/(chi_1 - 1), ordered and chaotic."""
    numbers = nk.digits(40)
    for sigma_w2, sigma_b2 in (("1.0", "0.18"), ("3", "0.18")):
        mf = nk.mean_field(nk.erf, sigma_w2, sigma_b2, nk.digits(60))
        for depth, kernels in pairs_by_depth(nk.fcn(40, nk.erf, sigma_w2, sigma_b2), mf.q_star, 0, numbers):
            chi = WIDE.mpf(mf.chi_1)
            # q* carries 60 digits, and chi_1^l - 1 loses a few of them near chi_1 = 1.
            assert agrees(kernels.ntk, mf.q_star * (chi**depth - 1) / (chi - 1), 38)
            assert agrees(kernels.nngp, mf.q_star, 39)


@pytest.mark.parametrize("n", [1, 5, 17, 60])
@pytest.mark.parametrize("point", POINTS)
def test_n_digits_are_n_digits(point, n):
    """A second run with 30 more digits confirms every digit, depth 150, near and far pairs."""
    activation, sigma_w2, sigma_b2 = POINTS[point]
    net = nk.fcn(150, getattr(nk, activation), sigma_w2, sigma_b2)
    e = np.array(["1e-20", "1.7"], dtype=object)
    ours, better = (nk.kernels_of_pair(net, "1.3", e, numbers) for numbers in (nk.digits(n), nk.digits(n + 30)))
    for name in FIELDS:
        for value, true in zip(getattr(ours, name), getattr(better, name), strict=True):
            assert agrees(value, true, n), name


@pytest.mark.parametrize("n", [5, 10, 40])
def test_digits_survive_cancellation_in_the_inputs(n):
    """x.x' = (1 + 2^-52)(1 - 2^-52) - 1 = -2^-104: the products agree in 31 digits, K is none the less right to n."""
    x1, x2 = [1 + 2.0**-52, 1.0], [1 - 2.0**-52, -1.0]
    ours = nk.kernels(nk.fcn(2, nk.erf, 1, 0), [x1], [x2], nk.digits(n))
    *_, truth = bf.layers(WIDE, "erf", 2, 1, 0, bf.first_layer(WIDE, 1, 0, x1, x2))
    assert agrees(ours.nngp[0, 0], truth.k12, n)
    assert agrees(ours.ntk[0, 0], truth.t12, n)


DEEP = [("erf ordered", "1e-8"), ("erf chaotic", "1e-8"), ("relu critical", "0.3"), ("erf, no bias", "1.7")]


@pytest.mark.parametrize(
    ("point", "e"), [DEEP[0], *(pytest.param(*case, marks=pytest.mark.nightly) for case in DEEP[1:])]
)
def test_n_digits_at_depth_ten_thousand(point, e):
    """20 guard digits cover 1e4 layers: confirmed with 40 more."""
    activation, sigma_w2, sigma_b2 = POINTS[point]
    net = nk.fcn(10_000, getattr(nk, activation), sigma_w2, sigma_b2)
    ours, better = (one_pair(nk.kernels_of_pair(net, "0.7", e, numbers)) for numbers in (nk.digits(20), nk.digits(60)))
    for name, value, true in zip(FIELDS, ours, better, strict=True):
        assert agrees(value, true, 20), name


@given(hyper=hyperparameters(), pair=pairs(), depth=st.integers(1, 12))
def test_float64_is_within_its_bound_of_50_digits(hyper, pair, depth):
    """(20 + 4 l) u at any hyperparameters and first-layer variance, on the scale that `Kernels` states."""
    activation, sigma_w2, sigma_b2, phase = hyper
    sigma_w2, sigma_b2 = (v if phase != "critical" else float(v) for v in (sigma_w2, sigma_b2))
    net = nk.fcn(depth, activation, sigma_w2, sigma_b2)
    floats, exact = (nk.kernels_of_pair(net, *pair, numbers) for numbers in (nk.float64, nk.digits(50)))
    for name in FIELDS:
        variances = exact.nngp_variances if name == "nngp" else exact.ntk_variances
        signed = pair[1] > 1 and sigma_b2 > 0 and not name.endswith("gap")
        value, true = float(getattr(floats, name)), getattr(exact, name)
        assert relative_error(value, true, variances[0] if signed else true) <= (20 + 4 * depth) * U, name


@settings(max_examples=max(5, settings().max_examples // 3))
@given(hyper=hyperparameters(), depth=st.integers(1, 5), e=st.sampled_from(["1/1000", "1/3", "5/4", "19/10"]))
def test_symbols_are_the_same_text(hyper, depth, e):
    """The formula that symbols() builds from exact variances, evaluated to 30 digits, is digits(30) and float64."""
    activation, sigma_w2, sigma_b2, _ = hyper
    sigma_w2, sigma_b2 = (Fraction(float(v)).limit_denominator(50) for v in (sigma_w2, sigma_b2))
    net = nk.fcn(min(depth, 3), activation, sigma_w2 or 1, sigma_b2)
    formula, exact, floats = (
        nk.kernels_of_pair(net, Fraction(4, 3), Fraction(e), n) for n in (nk.symbols(), nk.digits(30), nk.float64)
    )
    for name in FIELDS:
        (text,) = np.ravel(getattr(formula, name))
        value = WIDE.mpf(str(text.evalf(40)))
        scale = getattr(exact, "nngp_variances" if name.startswith("nngp") else "ntk_variances")[0]
        assert relative_error(value, getattr(exact, name), scale) <= 1e-29, name
        assert relative_error(float(getattr(floats, name)), value, scale) <= (20 + 4 * net.depth) * U, name


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_layers_may_differ(activation):
    """A network whose layers have their own variances, and one without an activation between two of them."""
    layers = [nk.Dense("1.5", "0.1"), activation, nk.Dense(2, 0), nk.Dense("0.7", "0.3"), activation, nk.Dense(3, 1)]
    numbers = nk.digits(40)
    ours = [k for _, k in nk.kernels_by_depth(nk.Network(layers), [X1], [VECTORS["acute"]], numbers)]
    ctx = bf.context(80)
    k11, k12, k22 = bf.first_layer(ctx, "1.5", "0.1", X1, VECTORS["acute"])
    t12 = k12
    for depth, (weight, bias, linear) in enumerate([("2", "0", False), ("0.7", "0.3", True), ("3", "1", False)], 1):
        weight, bias = bf.number(ctx, weight), bf.number(ctx, bias)
        if linear:
            slope = ctx.one
        else:
            diagonals = [bf.textbook(ctx, activation.name, k, k, k)[0] for k in (k11, k22)]
            k12, slope = bf.textbook(ctx, activation.name, k11, k12, k22)
            k11, k22 = diagonals
        k11, k12, k22 = (weight * k + bias for k in (k11, k12, k22))
        t12 = k12 + weight * slope * t12
        assert agrees(ours[depth].nngp[0, 0], k12, 39)
        assert agrees(ours[depth].ntk[0, 0], t12, 39)
        assert ours[depth].depth == depth + 1
