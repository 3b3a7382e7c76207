"""Chapters 16 and 17 run, and their formulas are the package's numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from test_derivations import agree, at, chapter, systems

import ntkref as nk
from ntkref.convolution import convolution_spectrum
from ntkref.inputs import covariance_of_pair

convolution, flattening_and_pooling = chapter("convolution"), chapter("flattening_and_pooling")
POINTS = {"order": ("1", "0.18"), "chaos": ("3", "0.18")}
ROWS = nk.optical_digits()[0][[0, 1, 2, 3, 10, 15]]  # images of eight pixels, their rows, of eight channels


def pixels_normalised(images, point, activation=nk.erf, q=None, system=nk.float64):
    """`images` with K⁽¹⁾(i, i) = q* at every pixel."""
    vectors = np.reshape(images, (-1, np.shape(images)[-1]))
    return np.reshape(nk.normalised(vectors, nk.fcn(2, activation, *point), q, system), np.shape(images))


def critical():
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    return point.sigma_w2, point.sigma_b2


# ---- convolution


@pytest.mark.parametrize(("k", "r"), [(6, 1), (6, 2), (7, 1), (5, 3)])
def test_eigenvalues(convolution, k, r):
    """Sums of sines of order 1, in float64."""
    expected = [1.0] + [float(at(convolution["rho"], r, k, n)) for n in range(1, k)]
    assert np.max(np.abs(convolution_spectrum(k, 2 * r + 1).eigenvalues - expected)) < 1e-15
    plane = convolution_spectrum((k, k), 2 * r + 1).eigenvalues
    assert np.max(np.abs(plane - np.outer(expected, expected))) < 1e-15


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_zero_padding_splits_the_eigenvalue_1(convolution, offset):
    """A linear CNN-P of two images with one lit pixel each has one pair of pixels, at one offset."""
    one, other = np.zeros((2, 1, 6, 1))
    one[0, 1, 0] = other[0, 1 + offset, 0] = 1
    linear = nk.monomial(1)
    for padding, expected in (("same", at(convolution["rho_zero"], 6 - offset, 1)), ("circular", 1)):
        entries = [
            float(nk.kernels(nk.cnn(depth, linear, 1, 0, 3, padding, "pool"), one, other).nngp[0, 0])
            for depth in (100, 101)
        ]
        agree(entries[1] / entries[0], expected, digits=12)  # (ρ₂/ρ₁)^100, 3e-13 at six positions


def test_images_that_are_constant_in_space_make_an_fcn():
    vectors = np.random.default_rng(0).normal(size=(3, 5))
    images = np.broadcast_to(vectors[:, None, None, :], (3, 4, 3, 5))
    single = nk.kernels(nk.fcn(6, nk.erf, *POINTS["chaos"]), vectors)
    for readout in ("flatten", "pool"):
        k = nk.kernels(nk.cnn(6, nk.erf, *POINTS["chaos"], readout=readout), images)
        assert np.allclose(k.nngp, single.nngp, rtol=1e-13, atol=0)
        assert np.allclose(k.ntk, single.ntk, rtol=1e-13, atol=0)
    padded = nk.kernels(nk.cnn(6, nk.erf, *POINTS["chaos"], padding="same"), images)
    assert np.all(np.diag(padded.nngp) < 0.97 * np.diag(single.nngp))


def waves(k, n, system):
    """cos(2πni/k)."""
    return system.cos(system.asarray(range(k), "i") * (2 * system.pi * n / k))


def orbit(mf, e, depth):
    """1 − c of one offset's positions on a circle after `depth` layers, three equal taps."""
    for _ in range(depth - 1):
        T, _ = mf.activation.duals(covariance_of_pair(mf.q_star, e, mf.numbers), mf.numbers)
        gap = (np.roll(T.gap, 1) + T.gap + np.roll(T.gap, -1)) / 3
        e = gap * (mf.numbers.convert(mf.sigma_w2) / (2 * mf.q_star))
    return e


@pytest.mark.parametrize(("phase", "sign"), [("order", -1), ("chaos", 1)])
def test_the_trace_that_modes_leave(convolution, phase, sign):
    """(16.14) with δ = h · pattern: the next order is a relative h."""
    system, h = nk.digits(50), nk.digits(50).context.mpf("1e-12")
    mf = nk.mean_field(nk.erf, *POINTS[phase], system)
    chi, limit = (mf.chi_1, 0 * h) if phase == "order" else (mf.chi_c, mf.one_minus_c_star)
    f2 = sign * mf.sigma_w2 * nk.erf.curvature(covariance_of_pair(mf.q_star, limit, system), system)
    pattern = 1 + waves(6, 1, system) / 2 + waves(6, 3, system) / 4
    e = orbit(mf, limit - sign * h * pattern / mf.q_star, 200)  # χ^200: 4e-14 in chaos
    E = sign * mf.q_star * np.mean(limit - e) / chi**199
    squares = {1: 1, Fraction(4, 9): Fraction(1, 8), Fraction(1, 9): Fraction(1, 16)}  # |ρ_q|²: Σ |δ_q|²/h²
    expected = sum(weight * at(convolution["second_order"], f2, chi, square) for square, weight in squares.items())
    agree((E - h) / h**2, expected, digits=10)


def test_a_driven_mode(convolution):
    """(16.15) on a circle of eight, where mode 2 would be free as (χ/3)ˡ: left is (ρ₂/(χρ₁²))ˡ, 1e-14, and χˡ."""
    system = nk.digits(60)
    mf = nk.mean_field(nk.erf, *POINTS["order"], system)
    first, second = waves(8, 1, system), waves(8, 2, system)
    delta = mf.q_star * orbit(mf, system.context.mpf("0.2") + first / 10, 120)
    rho_1, rho_2 = (1 + 2 * first[1]) / 3, (1 + 2 * second[1]) / 3
    f2 = -mf.sigma_w2 * nk.erf.curvature(covariance_of_pair(mf.q_star, 0 * rho_1, system), system)
    assert mf.chi_1 * rho_1**2 > rho_2
    forced = at(convolution["forced"], f2, mf.chi_1, rho_1, rho_2)
    agree(np.mean(delta * second) / np.mean(delta * first) ** 2, forced, digits=12)


# ---- flattening_and_pooling


@systems
@pytest.mark.parametrize("phase", ["order", "chaos"])
def test_equal_entries(flattening_and_pooling, phase, system, digits):
    """Pixels that are all orthogonal: Θ_P of two images of three pixels, and its spectrum."""
    x = pixels_normalised(np.eye(6).reshape(2, 3, 6), POINTS[phase], system=system)
    k = nk.kernels(nk.cnn(8, nk.erf, *POINTS[phase], readout="pool"), x, numbers=system)
    single = nk.kernels(nk.fcn(8, nk.erf, *POINTS[phase]), x.reshape(6, 6), numbers=system)
    p, p_ab = single.ntk[0, :2]
    agree(k.ntk[0, 0], at(flattening_and_pooling["diagonal"], p, p_ab, 3), digits - 1)  # 40 units of 4 l
    agree(k.ntk[0, 1], p_ab, digits - 1)
    spectrum = nk.spectrum(k)
    agree(spectrum.lambda_max, at(flattening_and_pooling["lambda_max"], p, p_ab, 2, 3), digits - 1)
    agree(spectrum.lambda_bulk[0], at(flattening_and_pooling["lambda_bulk"], p, p_ab, 3), digits - 2)  # a difference
    agree(spectrum.kappa, at(flattening_and_pooling["kappa"], p, p_ab, 2, 3), digits - 2)


def test_chaos(flattening_and_pooling):
    """κ − 1 and P y of real images at l = 60, where what is left out, l χ_cˡ, is 3e-3."""
    point, l = POINTS["chaos"], 60
    mf, x = nk.mean_field(nk.erf, *point), pixels_normalised(ROWS, point)
    net, y = nk.cnn(l, nk.erf, *point, readout="pool"), np.array([1.0, 2, 0, -3])
    k, cross = nk.kernels(net, x[:4]), nk.kernels(net, x[4:], x[:4])
    kappa = at(flattening_and_pooling["kappa_minus_1_chaotic"], 4, 8, mf.p_ab_star, mf.q_star, mf.chi_1, l)
    agree(nk.spectrum(k).kappa - 1, kappa, digits=2)
    laws = nk.asymptotics.of(mf)
    E, V = (constants.mean(-1) for constants in nk.asymptotics.constants_of_images(laws, net, x[4:], x[:4]))
    factor = float(at(flattening_and_pooling["predictor_factor_chaotic"], 8, mf.q_star, mf.chi_1, laws.resonance))
    predicted = factor * (mf.chi_c / mf.chi_1) ** l * (l * E + V / laws.resonance) @ y  # V, as in (7.17)
    assert np.max(np.abs(nk.mean_predictor(k, cross, y) / predicted - 1)) < 5e-3
    K = nk.kernels(nk.cnn(300, nk.erf, *point, readout="pool"), x[:4])  # χ_c^300, 1e-20
    agree(nk.spectrum(K, "nngp").kappa, at(flattening_and_pooling["nngp_kappa_chaotic"], 4, 8, mf.c_star), digits=12)


def test_criticality(flattening_and_pooling):
    """Orthogonal pixels at l = 1000: from l to 2l slopes are left with log l/l, 7e-3, κ with (log l)²/l, 5e-2."""
    point, m, d, l = critical(), 3, 3, 1000
    mf = nk.mean_field(nk.erf, *point)
    rho = nk.asymptotics.of(mf).rho
    x = pixels_normalised(np.eye(m * d).reshape(m, d, m * d), point)
    depths = {depth: nk.kernels(nk.cnn(depth, nk.erf, *point, readout="pool"), x) for depth in (l, 2 * l)}
    low, high = nk.spectrum(depths[l]), nk.spectrum(depths[2 * l])
    top = float(at(flattening_and_pooling["lambda_max_slope"], m, d, mf.q_star)) * l
    bulk = float(at(flattening_and_pooling["lambda_bulk_slope"], d, mf.q_star)) * l
    logarithm = mf.q_star * rho / 3 * math.log(2)
    assert high.lambda_max - low.lambda_max - top == pytest.approx((m * d - 1) / d * logarithm, rel=1e-2)
    assert high.lambda_bulk[0] - low.lambda_bulk[0] - bulk == pytest.approx(-logarithm / d, rel=1e-2)
    limit = float(at(flattening_and_pooling["kappa_critical"], m, d))
    slope = float(at(flattening_and_pooling["kappa_log"], m, d, rho))
    assert limit == (m * d + 2) / 2
    scaled = [(spectrum.kappa - limit) * depth for spectrum, depth in ((low, l), (high, 2 * l))]
    assert scaled[1] - scaled[0] == pytest.approx(slope * math.log(2), rel=1e-2)
    kappa = at(flattening_and_pooling["nngp_kappa_critical"], m, d, mf.q_star, nk.asymptotics.of(mf).alpha, 2 * l)
    assert nk.spectrum(depths[2 * l], "nngp").kappa == pytest.approx(float(kappa), rel=1e-2)  # log l/l


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_the_laws_of_a_pool_are_the_chapters(flattening_and_pooling, name):
    """Random constants at every offset, at l = 1e9: κ to (log l/l)², P y to d log l/l."""
    point, m, d, l = (critical() if name == "erf" else (2, 0)), 3, 5, 1e9
    mf = nk.mean_field(getattr(nk, name), *point)
    laws = nk.asymptotics.of(mf) if name == "erf" else nk.asymptotics.of(mf, 1)
    pooled, rng = nk.asymptotics.pooled(laws, d), np.random.default_rng(0)
    C, C_test, y = rng.uniform(1, 3, (m, m, d)), rng.uniform(1, 3, (2, m, d)), np.array([1.0, 1, -2])
    C = C + np.swapaxes(C, 0, 1)
    C[range(m), range(m), 0] = 0
    if name == "erf":
        c0 = np.where(C > 0, laws.c0(C), 0).mean(-1)
        centre = np.eye(m) - 1 / m
        mu = np.linalg.eigvalsh(centre @ c0 @ centre + 1e3 * (np.eye(m) - centre))[0]
        k = float(at(flattening_and_pooling["k"], m, d, mf.q_star, c0.sum() / m, mu))
        limit = at(flattening_and_pooling["kappa_critical"], m, d)
        slope = float(at(flattening_and_pooling["kappa_log"], m, d, laws.rho))
        assert (pooled.kappa(1e5, C) - float(limit)) * 1e5 == pytest.approx(
            slope * math.log(1e5) + 3 * m * d / 4 * k, rel=1e-2
        )
        factor = float(at(flattening_and_pooling["predictor_factor"], d, laws.alpha))
        mean = float(at(flattening_and_pooling["predictor_mean"], m, d))
    else:
        limit, factor = at(flattening_and_pooling["relu_kappa"], m, d), math.pi * d
        slope = float(at(flattening_and_pooling["relu_kappa_log"], m, d))
        scaled = [(pooled.kappa(depth, C) - float(limit)) * depth for depth in (1e5, 1e6)]
        assert scaled[1] - scaled[0] == pytest.approx(slope * math.log(10), rel=1e-2)
        mean = float(at(flattening_and_pooling["relu_predictor_mean"], m, d))
    agree(pooled.kappa(l, C), limit, digits=6)
    expected = factor * (C_test.mean(-1) @ y - mean * np.sum(C.mean(-1) @ y))
    assert np.allclose(l * pooled.predictor(l, C, C_test, y), expected, rtol=1e-5, atol=0)
